"""What a platform keeps, and what it passes on: of charges, invoices, subscriptions and payment links."""

from __future__ import annotations

from typing import Any

import pytest

from payloom_emulator.runtime.emulator import Emulator

BASIL = "2025-03-31.basil"
BEFORE = "2024-06-20"


class Platform:
    """An account with one connected account and a customer who pays by card; calls happen inside the process."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        requested = {"transfers": {"requested": True}, "card_payments": {"requested": True}}
        terms = {"date": 1700000000, "ip": "127.0.0.1"}
        account = {"type": "custom", "country": "US", "capabilities": requested, "tos_acceptance": terms}
        self.account = self.post("/v1/accounts", **account)["id"]
        self.customer = self.post("/v1/customers", source="tok_bypassPending")["id"]
        price = {"currency": "usd", "unit_amount": 1999, "recurring": {"interval": "month"}}
        self.price = self.post("/v1/prices", product_data={"name": "Seat"}, **price)["id"]

    def post(self, path: str, version: str = BASIL, **params: Any) -> dict[str, Any]:
        status, body = self.emulator.call("POST", path, params, version=version)
        assert status == 200, body
        return body

    def refused(self, path: str, **params: Any) -> dict[str, Any]:
        status, body = self.emulator.call("POST", path, params)
        assert status == 400, body
        return body["error"]

    def payment(self, invoice: str) -> dict[str, Any]:
        path = f"/v1/invoices/{invoice}?expand[]=payment_intent.latest_charge"
        intent = self.emulator.call("GET", path, version=BEFORE)[1]["payment_intent"]
        return intent["latest_charge"]

    def fees(self) -> list[int]:
        return [fee["amount"] for fee in self.emulator.call("GET", "/v1/application_fees")[1]["data"]]

    def transfers(self) -> list[tuple[int, str]]:
        rows = self.emulator.call("GET", "/v1/transfers")[1]["data"]
        return [(row["amount"], row["destination"]) for row in rows]


@pytest.fixture(scope="module")
def platform() -> Platform:
    return Platform()


def test_a_subscription_shares_each_payment_by_percent(platform: Platform) -> None:
    subscription = platform.post(
        "/v1/subscriptions",
        customer=platform.customer,
        items=[{"price": platform.price}],
        application_fee_percent=12.5,
        transfer_data={"destination": platform.account},
    )
    charge = platform.payment(subscription["latest_invoice"])
    assert (charge["application_fee_amount"], charge["destination"]) == (250, platform.account)
    assert (platform.fees()[0], platform.transfers()[0]) == (250, (1999, platform.account))
    part = platform.post(
        "/v1/subscriptions",
        customer=platform.customer,
        items=[{"price": platform.price}],
        transfer_data={"destination": platform.account, "amount_percent": 33.3},
    )
    assert platform.payment(part["latest_invoice"])["transfer_data"]["amount"] == 665
    assert platform.transfers()[0] == (665, platform.account)


def test_an_invoice_says_itself_what_is_shared_and_who_is_liable(platform: Platform) -> None:
    platform.post(f"/v1/customers/{platform.customer}", address={"country": "US", "postal_code": "94107"})
    invoice = platform.post(
        "/v1/invoices",
        BEFORE,
        customer=platform.customer,
        application_fee_amount=100,
        transfer_data={"destination": platform.account},
        on_behalf_of=platform.account,
        issuer={"type": "account", "account": platform.account},
        automatic_tax={"enabled": True, "liability": {"type": "account", "account": platform.account}},
    )
    owner = {"account": platform.account, "type": "account"}
    assert (invoice["issuer"], invoice["automatic_tax"]["liability"]) == (owner, owner)
    assert (invoice["application_fee_amount"], invoice["transfer_data"]["destination"]) == (100, platform.account)
    platform.post("/v1/invoiceitems", customer=platform.customer, amount=900, currency="usd", invoice=invoice["id"])
    platform.post(f"/v1/invoices/{invoice['id']}/pay")
    charge = platform.payment(invoice["id"])
    assert (charge["application_fee_amount"], charge["on_behalf_of"]) == (100, platform.account)


def test_the_destination_of_an_older_charge_is_a_transfer(platform: Platform) -> None:
    charge = platform.post(
        "/v1/charges",
        BEFORE,
        amount=1000,
        currency="usd",
        source="tok_visa",
        destination={"account": platform.account, "amount": 877},
    )
    assert (charge["destination"], charge["transfer_data"]["amount"]) == (platform.account, 877)
    assert platform.transfers()[0] == (877, platform.account)


def test_a_reversal_can_give_the_fee_back(platform: Platform) -> None:
    charge = platform.post(
        "/v1/charges",
        amount=1000,
        currency="usd",
        source="tok_bypassPending",
        application_fee_amount=100,
        transfer_data={"destination": platform.account},
    )
    params = {"amount": 500, "refund_application_fee": True, "description": "Half"}
    platform.post(f"/v1/transfers/{charge['transfer']}/reversals", **params)
    fee = platform.emulator.call("GET", f"/v1/application_fees/{charge['application_fee']}")[1]
    assert fee["amount_refunded"] == 50


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/charges", {"amount": 1000, "currency": "usd", "source": "tok_visa", "application_fee_amount": 10}),
        ("/v1/payment_intents", {"amount": 1000, "currency": "usd", "application_fee_amount": 10}),
        ("/v1/invoices", {"customer": "CUSTOMER", "application_fee_amount": 10}),
        ("/v1/subscriptions", {"customer": "CUSTOMER", "items": [{"price": "PRICE"}], "application_fee_percent": 10}),
        ("/v1/payment_links", {"line_items": [{"price": "PRICE", "quantity": 1}], "application_fee_percent": 10}),
    ],
)
def test_a_fee_without_a_connected_account_is_refused(platform: Platform, path: str, params: dict[str, Any]) -> None:
    names = {"CUSTOMER": platform.customer, "PRICE": platform.price}
    ids: Any = {name: names.get(str(value), value) for name, value in params.items()}
    for key in ("items", "line_items"):
        if key in ids:
            ids[key] = [{**item, "price": platform.price} for item in ids[key]]
    error = platform.refused(path, **ids)
    assert error["param"] in {"application_fee_amount", "application_fee_percent"}
    assert "Can only apply an application_fee" in error["message"]


def test_a_payment_link_passes_fee_and_transfer_to_its_sessions(platform: Platform) -> None:
    price = platform.post("/v1/prices", currency="usd", unit_amount=700, product_data={"name": "Mug"})["id"]
    link = platform.post("/v1/payment_links", line_items=[{"price": price, "quantity": 1}])
    shared = {"application_fee_amount": 70, "transfer_data": {"destination": platform.account}}
    assert platform.refused(f"/v1/payment_links/{link['id']}", transfer_data={"destination": "acct_none"})["param"]
    link = platform.post("/v1/payment_links", line_items=[{"price": price, "quantity": 1}], **shared)
    assert link["transfer_data"] == {"amount": None, "destination": platform.account}
    session = platform.post(f"/v1/payment_links/visits/{link['url'].rsplit('/', 1)[1]}")
    paid = {"payment_method": "pm_card_visa", "email": "a@example.com"}
    platform.post(f"/v1/payment_pages/{session['id']}/confirm", expected_amount=700, **paid)
    assert (platform.fees()[0], platform.transfers()[0]) == (70, (700, platform.account))
