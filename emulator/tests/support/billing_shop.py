"""What the billing tests need again and again: a customer on a clock, a price, time that moves."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from emulator.tests.support.request_params import request_params

if TYPE_CHECKING:
    import stripe


def moment(text: str) -> int:
    """Return Unix seconds of "2030-01-31" or "2030-01-31 12:00", in UTC."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp())


def day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d")


class Shop:
    """A client with shortcuts."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client
        self.v1 = client.v1
        self.clock: stripe.test_helpers.TestClock | None = None

    def begin(self, text: str = "2030-01-01") -> stripe.test_helpers.TestClock:
        self.clock = self.v1.test_helpers.test_clocks.create({"frozen_time": moment(text)})
        return self.clock

    def advance(self, text: str | int) -> None:
        """Advance the clock and wait until it is there, as Stripe's documentation asks."""
        assert self.clock is not None
        target = text if isinstance(text, int) else moment(text)
        clock = self.v1.test_helpers.test_clocks.advance(self.clock.id, {"frozen_time": target})
        assert clock.status == "advancing"
        until = time.monotonic() + 20
        while clock.status != "ready":
            assert time.monotonic() < until, clock
            time.sleep(0.005)
            clock = self.v1.test_helpers.test_clocks.retrieve(self.clock.id)
        assert clock.frozen_time == target

    def customer(self, card: str | None = "pm_card_visa", **more: Any) -> stripe.Customer:
        params: dict[str, Any] = {"email": "jenny@example.com", "name": "Jenny", **more}
        if self.clock is not None:
            params["test_clock"] = self.clock.id
        customer = self.v1.customers.create(request_params(params))
        if card:
            method = self.v1.payment_methods.attach(card, {"customer": customer.id})
            customer = self.v1.customers.update(
                customer.id, {"invoice_settings": {"default_payment_method": method.id}}
            )
        return customer

    def switch_card(self, customer: str, card: str) -> None:
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        self.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})

    def price(self, amount: int = 2000, interval: str = "month", *, name: str = "Gold", **more: Any) -> stripe.Price:
        recurring = {"interval": interval, **more.pop("recurring", {})}
        product = more.pop("product", None) or self.v1.products.create({"name": name}).id
        if not more.get("tiers"):
            more["unit_amount"] = amount
        params = {"currency": "usd", "product": product, "recurring": recurring, **more}
        return self.v1.prices.create(request_params(params))

    def subscribe(self, customer: str, price: str, **more: Any) -> stripe.Subscription:
        quantity = more.pop("quantity", None)
        item = {"price": price} | ({"quantity": quantity} if quantity is not None else {})
        return self.v1.subscriptions.create(request_params({"customer": customer, "items": [item], **more}))

    def invoice(self, subscription: str, **more: Any) -> stripe.Invoice:
        """Return the subscription's latest invoice."""
        seen = self.v1.subscriptions.retrieve(subscription)
        assert isinstance(seen.latest_invoice, str)
        return self.v1.invoices.retrieve(seen.latest_invoice, request_params(more))

    def status(self, subscription: str) -> str:
        return self.v1.subscriptions.retrieve(subscription).status

    def events(self, *prefixes: str) -> list[stripe.Event]:
        """Return all events, oldest first, whose type begins with one of `prefixes`."""
        events = list(self.v1.events.list({"limit": 100}).auto_paging_iter())
        events.reverse()
        return [e for e in events if not prefixes or e.type.startswith(prefixes)]

    def types(self, *prefixes: str) -> list[str]:
        return [e.type for e in self.events(*prefixes)]


def data(event: stripe.Event) -> dict[str, Any]:
    return event.to_dict()["data"]
