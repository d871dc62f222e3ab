"""Checkout sells subscriptions: what the session, the subscription and its invoice show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from emulator.tests.support.payments import URLS, card, pay, types_of
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import expanded, id_of
from tests.support.present import present

if TYPE_CHECKING:
    import stripe

    from payloom_emulator.embedded import RunningEmulator

MONTHLY = {
    "price_data": {
        "currency": "usd",
        "unit_amount": 1500,
        "recurring": {"interval": "month"},
        "product_data": {"name": "Gold"},
    },
    "quantity": 1,
}


def subscribe(client: stripe.StripeClient, **more: Any) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.create(
        request_params({"mode": "subscription", "line_items": [MONTHLY], **URLS, **more})
    )


def test_paying_makes_the_customer_the_subscription_and_a_paid_invoice(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = subscribe(client, subscription_data={"metadata": {"plan": "gold"}})
    assert (session.customer_creation, session.amount_total) == ("always", 1500)
    status, body = pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))
    assert status == 200, body
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "customer", "invoice"]})
    assert (session.status, session.payment_status, session.payment_intent) == ("complete", "paid", None)
    assert expanded(session.subscription).status == "active"
    assert expanded(session.subscription).metadata["plan"] == "gold"
    assert id_of(expanded(session.subscription).default_payment_method).startswith("pm_")
    assert expanded(session.customer).email == "jenny@example.com"
    assert (expanded(session.invoice).status, expanded(session.invoice).amount_paid) == ("paid", 1500)
    types = types_of(client)
    for earlier, later in (
        ("customer.created", "customer.subscription.created"),
        ("payment_method.attached", "invoice.paid"),
        ("charge.succeeded", "invoice.paid"),
        ("invoice.paid", "checkout.session.completed"),
    ):
        assert types.index(earlier) < types.index(later)


def test_a_trial_needs_no_payment_now_and_is_charged_when_it_ends(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = subscribe(client, subscription_data={"trial_period_days": 14})
    assert session.amount_total == 0
    assert pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))[0] == 200
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (session.payment_status, expanded(session.subscription).status) == ("no_payment_required", "trialing")
    stripe_emulator.advance("15d")
    subscription = client.v1.subscriptions.retrieve(expanded(session.subscription).id, {"expand": ["latest_invoice"]})
    assert (subscription.status, expanded(subscription.latest_invoice).amount_paid) == ("active", 1500)


def test_a_declined_card_leaves_the_session_open_and_the_next_one_pays(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    session = subscribe(client)
    status, body = pay(stripe_emulator, session, payment_method_data=card("4000000000000341"))
    assert (status, body["error"]["code"]) == (402, "card_declined")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    status, body = pay(stripe_emulator, session, payment_method_data=card("4000000000000002"))
    assert (status, body["error"]["code"]) == (402, "card_declined")
    status, body = pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))
    assert status == 200, body
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (session.status, expanded(session.subscription).status) == ("complete", "active")
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1


@pytest.mark.parametrize(
    ("outcome", "session_status", "status"), [("complete", "complete", "active"), ("fail", "open", "incomplete")]
)
def test_a_challenge_decides_about_the_subscription(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, outcome: str, session_status: str, status: str
) -> None:
    session = subscribe(client)
    code, body = pay(stripe_emulator, session, payment_method_data=card("4000002760003184"))
    assert (code, body["status"], body["payment_intent"]["status"]) == (200, "open", "requires_action")
    intent = body["payment_intent"]
    stripe_emulator.control(f"3ds/{intent['id']}/{outcome}", client_secret=intent["client_secret"])
    assert client.v1.checkout.sessions.retrieve(session.id).status == session_status
    assert client.v1.subscriptions.list({"status": "all"}).data[0].status == status


def test_a_promotion_code_entered_on_the_page_takes_its_part_off(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SAVE20"})
    session = subscribe(client, allow_promotion_codes=True)
    status, body = stripe_emulator.emulator.call(
        "POST", f"/v1/payment_pages/{session.id}", {"promotion_code": "save20"}, key="pk_test_page"
    )
    assert (status, body["amount_total"], body["total_details"]["amount_discount"]) == (200, 1200, 300)
    status, _ = stripe_emulator.emulator.call(
        "POST", f"/v1/payment_pages/{session.id}", {"promotion_code": "WRONG"}, key="pk_test_page"
    )
    assert status == 400
    assert pay(stripe_emulator, session, payment_method_data=card("4242424242424242"), expected_amount=1200)[0] == 200
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
    assert present(session.discounts)[0].promotion_code == code.id
    assert expanded(session.invoice).amount_paid == 1200


def test_a_payment_session_with_invoice_creation_makes_a_paid_invoice(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    line = {"price_data": {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Mug"}}, "quantity": 1}
    session = client.v1.checkout.sessions.create(
        request_params({"mode": "payment", "line_items": [line], "invoice_creation": {"enabled": True}, **URLS})
    )
    assert pay(stripe_emulator, session, payment_method_data=card("4242424242424242"))[0] == 200
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
    assert (expanded(session.invoice).status, expanded(session.invoice).amount_paid) == ("paid", 700)


def test_a_payment_link_opens_a_session_each_time(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    product = client.v1.products.create({"name": "Mug"})
    price = client.v1.prices.create({"product": product.id, "unit_amount": 900, "currency": "usd"})
    link = client.v1.payment_links.create(
        {"line_items": [{"price": price.id, "quantity": 1}], "metadata": {"from": "poster"}}
    )

    answer = httpx.get(link.url, trust_env=False)
    assert answer.status_code == 303
    where = answer.headers["Location"]
    session = client.v1.checkout.sessions.list().data[0]
    assert where.startswith(f"{stripe_emulator.url}/c/pay/{session.id}")
    assert (session.payment_link, session.amount_total, present(session.metadata)["from"]) == (link.id, 900, "poster")
    assert client.v1.payment_links.line_items.list(link.id).data[0].description == "Mug"
