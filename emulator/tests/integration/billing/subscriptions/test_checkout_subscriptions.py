"""Subscriptions that begin in Checkout, from the session to the first renewal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator

URLS = {"success_url": "https://shop.example/thanks", "cancel_url": "https://shop.example/cart"}


def card(number: str) -> dict:
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}}


@pytest.fixture
def session(shop: Shop) -> Callable[..., stripe.checkout.Session]:
    price = shop.price()
    return lambda **data: shop.v1.checkout.sessions.create(
        request_params({"mode": "subscription", "line_items": [{"price": price.id, "quantity": 1}], **URLS, **data})
    )


def pay(emulator: RunningEmulator, session: stripe.checkout.Session, number: str) -> tuple[int, dict[str, Any]]:
    params = {"email": "jenny@example.com", "payment_method_data": card(number)}
    return emulator.emulator.call("POST", f"/v1/payment_pages/{session.id}/confirm", params, key="pk_test_browser_1")


def test_events_come_in_stripes_order(
    shop: Shop, session: Callable[..., stripe.checkout.Session], stripe_emulator: RunningEmulator
) -> None:
    checkout = session(subscription_data={"metadata": {"order": "7"}})
    seen = len(shop.events())
    status, _ = pay(stripe_emulator, checkout, "4242424242424242")
    assert status == 200
    stripe_emulator.settle()
    assert shop.types()[seen:] == [
        "customer.created",
        "payment_method.attached",
        "customer.updated",
        "invoice.created",
        "invoice.finalized",
        "customer.subscription.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "customer.subscription.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "checkout.session.completed",
    ]
    done = shop.v1.checkout.sessions.retrieve(checkout.id)
    subscription = shop.v1.subscriptions.retrieve(id_of(done.subscription))
    assert (done.payment_status, subscription.status, subscription.metadata["order"]) == ("paid", "active", "7")
    assert subscription.default_payment_method is not None
    assert done.invoice == subscription.latest_invoice


def test_a_trial_costs_nothing_now_and_renews_off_the_saved_card(
    shop: Shop, session: Callable[..., stripe.checkout.Session], stripe_emulator: RunningEmulator
) -> None:
    checkout = session(subscription_data={"trial_period_days": 14})
    assert checkout.amount_total == 0
    status, _ = pay(stripe_emulator, checkout, "4242424242424242")
    assert status == 200
    done = shop.v1.checkout.sessions.retrieve(checkout.id)
    assert done.payment_status == "no_payment_required"
    assert shop.status(id_of(done.subscription)) == "trialing"
    stripe_emulator.advance("14d")
    stripe_emulator.advance("2h")
    assert shop.status(id_of(done.subscription)) == "active"
    assert shop.invoice(id_of(done.subscription)).amount_paid == 2000


def test_a_declined_card_leaves_the_session_open_for_another(
    shop: Shop, session: Callable[..., stripe.checkout.Session], stripe_emulator: RunningEmulator
) -> None:
    checkout = session()
    status, body = pay(stripe_emulator, checkout, "4000000000000341")
    assert (status, body["error"]["code"]) == (402, "card_declined")
    assert shop.v1.checkout.sessions.retrieve(checkout.id).status == "open"
    assert pay(stripe_emulator, checkout, "4242424242424242")[0] == 200
    done = shop.v1.checkout.sessions.retrieve(checkout.id)
    assert (done.status, shop.status(id_of(done.subscription))) == ("complete", "active")
    assert len(shop.v1.subscriptions.list({"status": "all"}).data) == 1


def test_discounts_and_one_time_items_are_on_the_first_invoice(shop: Shop, stripe_emulator: RunningEmulator) -> None:
    price = shop.price()
    once = shop.v1.prices.create({"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Set-up"}})
    coupon = shop.v1.coupons.create({"percent_off": 50, "duration": "once"})
    checkout = shop.v1.checkout.sessions.create(
        request_params(
            {
                "mode": "subscription",
                "line_items": [{"price": price.id, "quantity": 1}, {"price": once.id, "quantity": 1}],
                "discounts": [{"coupon": coupon.id}],
                **URLS,
            }
        )
    )
    assert checkout.amount_total == 1500
    assert pay(stripe_emulator, checkout, "4242424242424242")[0] == 200
    done = shop.v1.checkout.sessions.retrieve(checkout.id)
    assert shop.invoice(id_of(done.subscription)).total == 1500


def test_a_payment_session_can_make_an_invoice(shop: Shop, stripe_emulator: RunningEmulator) -> None:
    line = {"price_data": {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Mug"}}, "quantity": 2}
    checkout = shop.v1.checkout.sessions.create(
        request_params(
            {
                "mode": "payment",
                "line_items": [line],
                "invoice_creation": {"enabled": True, "invoice_data": {"footer": "Bye"}},
                "customer_creation": "always",
                **URLS,
            }
        )
    )
    assert pay(stripe_emulator, checkout, "4242424242424242")[0] == 200
    done = shop.v1.checkout.sessions.retrieve(checkout.id)
    invoice = shop.v1.invoices.retrieve(id_of(done.invoice), {"expand": ["payments"]})
    assert (invoice.status, invoice.total, invoice.footer) == ("paid", 3000, "Bye")
    assert present(invoice.payments).data[0].payment.payment_intent == done.payment_intent
