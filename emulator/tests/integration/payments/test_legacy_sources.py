"""What older programs do: cards in full, legacy cards as payment methods, bank accounts, and routes of another time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from payloom_emulator.protocol.form import decode
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

CARD = "[number]=4242424242424242&{0}[exp_month]=9&{0}[exp_year]=2034&{0}[cvc]=123"
BANK = "[account_number]=000123456789&{0}[routing_number]=110000000&{0}[country]=US&{0}[currency]=usd"


def full(name: str, text: str = CARD) -> str:
    return f"{name}{text.format(name)}"


@pytest.fixture(scope="module")
def call() -> Callable[..., dict[str, Any]]:
    emulator = Emulator()

    def call(
        method: str, path: str, query: str = "", *, status: int = 200, version: str | None = None
    ) -> dict[str, Any]:
        answered, body = emulator.call(method, path, decode(query), version=version)
        assert answered == status, body
        return body

    return call


@pytest.mark.parametrize("name", ["card", "source"])
def test_a_card_in_full_is_charged_and_shown_as_the_source(call: Callable[..., dict[str, Any]], name: str) -> None:
    charge = call("POST", "/v1/charges", f"amount=2000&currency=usd&{full(name)}")
    assert (charge["status"], charge["source"]["last4"]) == ("succeeded", "4242")
    assert charge["balance_transaction"].startswith("txn_")
    assert charge["payment_method"] == charge["source"]["id"]


@pytest.mark.parametrize("query", [full("card"), f"source[object]=card&{full('source')}", "source=tok_visa"])
def test_a_customers_legacy_card_is_a_payment_method_by_its_own_id(
    call: Callable[..., dict[str, Any]], query: str
) -> None:
    customer = call("POST", "/v1/customers", query)
    card = customer["default_source"]
    method = call("GET", f"/v1/payment_methods/{card}")
    assert (method["id"], method["type"], method["customer"]) == (card, "card", customer["id"])
    assert [m["id"] for m in call("GET", f"/v1/customers/{customer['id']}/payment_methods")["data"]] == [card]
    intent = call(
        "POST",
        "/v1/payment_intents",
        f"amount=500&currency=usd&customer={customer['id']}&payment_method={card}&confirm=true&off_session=true&expand[]=payment_method",
    )
    assert (intent["status"], intent["payment_method"]["id"]) == ("succeeded", card)
    call("POST", f"/v1/payment_methods/{card}/detach")
    assert call("GET", f"/v1/customers/{customer['id']}/sources")["data"] == []


def test_a_bank_account_is_charged_once_it_is_verified(call: Callable[..., dict[str, Any]]) -> None:
    token = call("POST", "/v1/tokens", full("bank_account", BANK))
    customer = call("POST", "/v1/customers", f"source={token['id']}")
    account = customer["default_source"]
    assert account.startswith("ba_1")
    charging = f"amount=500&currency=usd&customer={customer['id']}"
    call("POST", "/v1/charges", charging, status=400)
    verify = f"/v1/customers/{customer['id']}/sources/{account}/verify"
    call("POST", verify, "amounts[]=1&amounts[]=2", status=400)
    assert call("POST", verify, "amounts[]=32&amounts[]=45")["status"] == "verified"
    assert call("POST", "/v1/charges", charging)["payment_method"] == account
    assert [a["id"] for a in call("GET", f"/v1/customers/{customer['id']}/bank_accounts")["data"]] == [account]
    assert call("GET", f"/v1/customers/{customer['id']}/cards")["data"] == []


def test_a_deleted_id_can_be_given_again(call: Callable[..., dict[str, Any]]) -> None:
    product = call("POST", "/v1/products", "name=Tea")["id"]
    plan = f"amount=100&currency=usd&interval=month&product={product}"
    for path, query in (
        ("/v1/coupons", "id=AGAIN&percent_off=10&duration=once"),
        ("/v1/products", "id=AGAIN&name=Tea"),
        ("/v1/plans", f"id=AGAIN&{plan}"),
    ):
        for _ in range(2):
            assert call("POST", path, query)["id"] == "AGAIN"
            call("POST", path, query, status=400)
            assert call("DELETE", f"{path}/AGAIN")["deleted"] is True


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/customers/x", "id"),
        ("/v1/charges/x", "id"),
        ("/v1/subscriptions/x", "id"),
        ("/v1/payment_intents/x", "intent"),
        ("/v1/setup_intents/x", "intent"),
        ("/v1/payment_methods/x", "payment_method"),
        ("/v1/coupons/x", "coupon"),
        ("/v1/prices/x", "price"),
        ("/v1/invoices/x", "invoice"),
        ("/v1/customers/x/sources", "customer"),
    ],
)
def test_a_404_names_the_paths_parameter(call: Callable[..., dict[str, Any]], path: str, param: str) -> None:
    error = call("GET", path, status=404)["error"]
    assert (error["code"], error["param"]) == ("resource_missing", param)


def test_a_dispute_is_there_in_the_next_call(call: Callable[..., dict[str, Any]]) -> None:
    query = "amount=2000&currency=usd&source=tok_createDispute"
    charge = call("POST", "/v1/charges", query)
    assert charge["disputed"] is False
    assert [d["charge"] for d in call("GET", "/v1/disputes", f"charge={charge['id']}")["data"]] == [charge["id"]]


def test_what_a_capture_says_is_on_the_payment(call: Callable[..., dict[str, Any]]) -> None:
    uncaptured = call("POST", "/v1/charges", "amount=2000&currency=usd&source=tok_visa&capture=false")
    params = "amount=900&receipt_email=a@example.com&statement_descriptor=Tea house&transfer_group=g1"
    charge = call("POST", f"/v1/charges/{uncaptured['id']}/capture", params)
    assert (charge["receipt_email"], charge["statement_descriptor"], charge["transfer_group"]) == (
        "a@example.com",
        "Tea house",
        "g1",
    )
    assert call("GET", f"/v1/balance_transactions/{charge['balance_transaction']}")["amount"] == 900


def test_one_currency_for_a_customer(call: Callable[..., dict[str, Any]]) -> None:
    customer = call(
        "POST", "/v1/customers", "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa"
    )["id"]
    for currency, status in (("usd", 200), ("eur", 400)):
        data = f"product_data[name]=x&currency={currency}&unit_amount=900&recurring[interval]=month"
        price = call("POST", "/v1/prices", data)["id"]
        call("POST", "/v1/subscriptions", f"customer={customer}&items[0][price]={price}", status=status)
        session = f"mode=subscription&success_url=https://x.example&customer={customer}&line_items[0][price]={price}&line_items[0][quantity]=1"
        call("POST", "/v1/checkout/sessions", session, status=status)
        call("POST", "/v1/invoiceitems", f"customer={customer}&amount=100&currency={currency}", status=status)


def test_checkout_adds_the_subscriptions_tax_rates(call: Callable[..., dict[str, Any]]) -> None:
    rate = call("POST", "/v1/tax_rates", "display_name=VAT&inclusive=false&percentage=21")["id"]
    price = "price_data][currency]=usd&line_items[0][price_data][unit_amount]=1500&line_items[0][price_data][recurring][interval]=month&line_items[0][price_data][product_data][name]=x"
    query = f"mode=subscription&success_url=https://x.example&line_items[0][quantity]=1&line_items[0][{price}&subscription_data[default_tax_rates][]={rate}"
    session = call("POST", "/v1/checkout/sessions", query)
    assert (session["amount_total"], session["total_details"]["amount_tax"]) == (1815, 315)
