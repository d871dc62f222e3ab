from __future__ import annotations

from typing import Any

import pytest
import stripe
from emulator.tests.support.checked_client import client_of
from emulator.tests.support.payments import URLS, card, pay, types_of
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import expanded, id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator

LINE = {"price_data": {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Mug"}}, "quantity": 2}


def payment(client: stripe.StripeClient, **more: Any) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.create(request_params({"mode": "payment", "line_items": [LINE], **URLS, **more}))


def test_an_open_payment_session_has_its_url_totals_and_lines(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = payment(client, metadata={"order": "1"}, client_reference_id="ref")
    assert session.id.startswith("cs_test_")
    assert present(session.url).startswith(f"{stripe_emulator.url}/c/pay/{session.id}#")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_subtotal, session.amount_total, session.currency) == (3000, 3000, "usd")
    assert session.customer_creation == "if_required"
    lines = client.v1.checkout.sessions.line_items.list(session.id)
    assert [(i.description, i.quantity, i.amount_total) for i in lines.data] == [("Mug", 2, 3000)]
    seen = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items.data.price.product"]})
    assert expanded(present(present(seen.line_items).data[0].price).product).name == "Mug"


@pytest.mark.parametrize(
    ("currency", "amount", "fault"),
    [
        ("usd", 49, "amount_too_small"),
        ("usd", 50, None),
        ("gbp", 29, "amount_too_small"),
        ("jpy", 49, "amount_too_small"),
        ("jpy", 155, None),
        ("kwd", 12345, "last digit"),
        ("kwd", 12340, None),
        ("isk", 20050, "last two digits"),
        ("ugx", 500000, None),
    ],
)
def test_a_session_asks_only_for_what_a_payment_can_have(
    client: stripe.StripeClient, currency: str, amount: int, fault: str | None
) -> None:
    line = {"price_data": {"currency": currency, "unit_amount": amount, "product_data": {"name": "Mug"}}, "quantity": 1}
    if fault is None:
        assert payment(client, line_items=[line]).amount_total == amount
        return
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payment(client, line_items=[line])
    assert fault in f"{refused.value.code} {refused.value}"


def test_a_session_for_nothing_makes_no_payment_whatever_card_is_entered(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = payment(client, discounts=[{"coupon": coupon.id}])
    assert pay(stripe_emulator, session, payment_method="pm_card_visa")[0] == 200
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.payment_intent) == ("complete", "no_payment_required", None)


def test_a_code_that_leaves_less_than_a_payment_can_have_pays_nothing(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    coupon = client.v1.coupons.create({"amount_off": 2980, "currency": "usd", "duration": "once"})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "NEARLY"})
    session = payment(client, allow_promotion_codes=True)
    page = f"/v1/payment_pages/{session.id}"
    changed = stripe_emulator.emulator.call("POST", page, {"promotion_code": "NEARLY"}, key="pk_test_page")
    assert (changed[0], changed[1]["amount_total"]) == (200, 20)
    status, body = pay(stripe_emulator, session, payment_method="pm_card_visa")
    assert (status, body["error"]["code"]) == (400, "amount_too_small")


def test_paying_completes_the_session_in_stripes_order_of_events(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = payment(client, payment_intent_data={"metadata": {"order": "9"}})
    status, body = pay(stripe_emulator, session, payment_method_data=card("4242424242424242"), expected_amount=3000)
    assert status == 200, body
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert session.customer is None
    assert present(session.customer_details).email == "jenny@example.com"
    assert expanded(session.payment_intent).metadata["order"] == "9"
    assert expanded(expanded(session.payment_intent).latest_charge).billing_details.name == "Jenny"
    stripe_emulator.settle()
    types = [t for t in types_of(client) if not t.startswith(("product", "price"))]
    assert types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]


def test_a_declined_card_leaves_the_session_open_and_another_pays_the_same_intent(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = payment(client)
    status, body = pay(stripe_emulator, session, payment_method_data=card("4000000000009995"))
    assert (status, body["error"]["type"], body["error"]["decline_code"]) == (402, "card_error", "insufficient_funds")
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert session.status == "open"
    tried = session.payment_intent
    status, _ = pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))
    assert status == 200
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_intent) == ("complete", tried)


@pytest.mark.parametrize(("outcome", "status"), [("complete", "complete"), ("fail", "open")])
def test_a_challenge_decides_about_the_session(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, outcome: str, status: str
) -> None:
    session = payment(client)
    code, body = pay(stripe_emulator, session, payment_method_data=card("4000000000003220"))
    assert (code, body["status"], body["payment_intent"]["status"]) == (200, "open", "requires_action")
    intent = body["payment_intent"]
    stripe_emulator.control(f"3ds/{intent['id']}/{outcome}", client_secret=intent["client_secret"])
    assert client.v1.checkout.sessions.retrieve(session.id).status == status


def test_a_debit_completes_unpaid_and_the_money_arrives_later(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    line = {"price_data": {"currency": "eur", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}
    session = client.v1.checkout.sessions.create(
        request_params(
            {"mode": "payment", "line_items": [line], "allowed_payment_method_types": ["card", "sepa_debit"], **URLS}
        )
    )
    data = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}, "billing_details": {"name": "J"}}
    assert pay(stripe_emulator, session, payment_method_data=data)[0] == 200
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    stripe_emulator.settle()
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert "checkout.session.async_payment_succeeded" in types_of(client)


def test_setup_mode_saves_the_card(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    session = client.v1.checkout.sessions.create(
        request_params({"mode": "setup", "currency": "usd", "customer": customer.id, **URLS})
    )
    assert session.payment_status == "no_payment_required"
    assert pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))[0] == 200
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert expanded(session.setup_intent).status == "succeeded"
    assert (
        client.v1.customers.payment_methods.list(customer.id).data[0].id
        == expanded(session.setup_intent).payment_method
    )


def test_customer_creation_always_makes_a_customer(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = payment(client, customer_creation="always")
    pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer"]})
    assert expanded(session.customer).email == "jenny@example.com"


def test_sessions_expire_by_time_or_when_told(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    session, other = payment(client), payment(client)
    session = client.v1.checkout.sessions.expire(session.id)
    assert (session.status, session.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.v1.checkout.sessions.expire(session.id)
    stripe_emulator.advance("25h")
    assert client.v1.checkout.sessions.retrieve(other.id).status == "expired"
    assert types_of(client).count("checkout.session.expired") == 2
    assert pay(stripe_emulator, other, payment_method_data=card("4242424242424242"))[0] == 400


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"mode": "payment", "success_url": "https://a.example"}, "line_items"),
        ({"mode": "payment", "line_items": [LINE]}, "success_url"),
        ({"line_items": [LINE], **URLS}, "mode"),
        ({"mode": "payment", "line_items": [{"price": "price_none", "quantity": 1}], **URLS}, "line_items[0][price]"),
        ({"mode": "payment", "line_items": [{**LINE, "quantity": 0}], **URLS}, "line_items[0][quantity]"),
        ({"mode": "subscription", "line_items": [LINE], **URLS}, "line_items"),
        (
            {"mode": "payment", "line_items": [LINE], "subscription_data": {"trial_period_days": 3}, **URLS},
            "subscription_data",
        ),
        ({"mode": "payment", "line_items": [LINE], "expires_at": 5, **URLS}, "expires_at"),
        ({"mode": "payment", "line_items": [LINE], "custmer": "x", **URLS}, "custmer"),
        ({"mode": "pay", "line_items": [LINE], **URLS}, "mode"),
    ],
)
def test_what_stripe_refuses_is_refused_with_the_parameter_named(
    client: stripe.StripeClient, params: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(request_params(params))
    assert caught.value.param == param


def test_the_page_sees_the_session_with_a_publishable_key(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = payment(client)
    status, body = stripe_emulator.emulator.call("GET", f"/v1/payment_pages/{session.id}", key="pk_test_page")
    assert (status, body["amount_total"], body["line_items"]["data"][0]["description"]) == (200, 3000, "Mug")


def test_embedded_and_older_ui_modes_have_the_names_of_their_version(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = client.v1.checkout.sessions.create(
        request_params(
            {"mode": "payment", "line_items": [LINE], "ui_mode": "embedded_page", "return_url": "https://a.example"}
        )
    )
    assert present(session.client_secret).startswith(f"{session.id}_secret_")
    assert session.url is None
    older = client_of(stripe_emulator.url, stripe_version="2025-03-31.basil")
    seen = older.v1.checkout.sessions.create(
        request_params(
            {"mode": "payment", "line_items": [LINE], "ui_mode": "embedded", "return_url": "https://a.example"}
        )
    )
    assert seen.ui_mode == "embedded"


def test_shipping_custom_fields_and_adjustable_quantities(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = payment(
        client,
        shipping_address_collection={"allowed_countries": ["US"]},
        shipping_options=[
            {"shipping_rate_data": {"display_name": "Post", "fixed_amount": {"amount": 500, "currency": "usd"}}}
        ],
        custom_fields=[{"key": "gift", "label": {"type": "custom", "custom": "Gift note"}, "type": "text"}],
    )
    assert (session.amount_subtotal, session.amount_total, present(session.total_details).amount_shipping) == (
        3000,
        3500,
        500,
    )
    address = {"line1": "1 Main St", "city": "X", "country": "US", "postal_code": "12345"}
    status, body = pay(
        stripe_emulator,
        session,
        payment_method_data=card("4242424242424242"),
        shipping={"name": "J", "address": address},
        custom_fields={"gift": "hi"},
    )
    assert status == 200, body
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert present(present(session.collected_information).shipping_details).address.city == "X"
    assert present(session.custom_fields[0].text).value == "hi"


def test_before_2022_08_01_the_intent_exists_at_once_and_lines_hold_their_own_amount(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    older = client_of(stripe_emulator.url, stripe_version="2020-08-27")
    line = {"name": "Mug", "amount": 1500, "currency": "usd", "quantity": 2}
    session = older.v1.checkout.sessions.create(
        request_params({"mode": "payment", "payment_method_types": ["card"], "line_items": [line], **URLS})
    )
    assert id_of(session.payment_intent).startswith("pi_")
    assert session.amount_total == 3000
    assert pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))[0] == 200
    seen = older.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert expanded(seen.payment_intent).id == session.payment_intent
    assert seen.to_dict()["payment_intent"]["charges"]["data"][0]["refunds"]["data"] == []
