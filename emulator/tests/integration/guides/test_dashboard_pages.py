"""The pages behind the front page: one for each list, object, event and call; and what their buttons do."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from payloom_emulator.http.acting import ACTIONS
from payloom_emulator.http.pages.dashboard.words import LISTS

if TYPE_CHECKING:
    from payloom_emulator.embedded import RunningEmulator

CARD = {"amount": 2000, "currency": "usd", "confirm": "true", "return_url": "https://shop.example"}


def page(local: RunningEmulator, path: str, status: int = 200) -> str:
    try:
        answer: Any = urllib.request.urlopen(f"{local.url}{path}", timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        html = answer.read().decode()
    assert answer.status == status, html
    return html


def test_every_list_says_what_to_do_while_it_is_empty_and_leads_to_its_objects(
    stripe_emulator: RunningEmulator,
) -> None:
    for kind in LISTS:
        assert kind.empty.split(",")[0] in page(stripe_emulator, f"/dashboard/{kind.name}"), kind.name
    for place in ("events", "logs"):
        assert "yet." in page(stripe_emulator, f"/dashboard/{place}"), place
    for event in ("charge.refunded", "invoice.paid", "checkout.session.completed", "charge.dispute.created"):
        stripe_emulator.control("trigger", event=event)
    stripe_emulator.control("trigger", event="customer.subscription.created")
    for kind in LISTS:
        newest = stripe_emulator.emulator.call("GET", kind.path, {"limit": 1})[1]["data"][0]["id"]
        assert f"/dashboard/objects/{newest}" in page(stripe_emulator, f"/dashboard/{kind.name}"), kind.name
        html = page(stripe_emulator, f"/dashboard/objects/{newest}")
        assert "As the API answers it" in html
        assert "/dashboard/events/evt_" in html, kind.name
    filtered = page(stripe_emulator, "/dashboard/events?type=invoice.paid")
    assert set(re.findall(r'class="row-link"[^>]*><b>([^<]+)</b>', filtered)) == {"invoice.paid"}
    for path in (
        "/dashboard/nothing",
        "/dashboard/objects/pi_no",
        "/dashboard/events/evt_no",
        "/dashboard/logs/req_no",
    ):
        assert "Nothing here" in page(stripe_emulator, path, 404)


def test_every_button_does_what_it_says(stripe_emulator: RunningEmulator) -> None:
    call = stripe_emulator.emulator.call

    def create(path: str, **params: Any) -> str:
        status, body = call("POST", path, params)
        assert status == 200, body
        return body["id"]

    def paid(**more: Any) -> str:
        return create("/v1/payment_intents", **{**CARD, "payment_method": "pm_card_visa", **more})

    def disputed() -> str:
        intent = paid()
        return str(stripe_emulator.control("act", id=intent, action="dispute")["result"])

    def charged() -> str:
        return create("/v1/charges", amount=2000, currency="usd", source="tok_visa")

    def subscribed() -> str:
        customer = create("/v1/customers", payment_method="pm_card_visa", name="Jenny")
        method = call("GET", "/v1/payment_methods", {"customer": customer})[1]["data"][0]["id"]
        item = {
            "price": create(
                "/v1/prices",
                currency="usd",
                unit_amount=900,
                recurring={"interval": "month"},
                product_data={"name": "x"},
            )
        }
        return create("/v1/subscriptions", customer=customer, items=[item], default_payment_method=method)

    def invoiced(*, final: bool = True) -> str:
        customer = create("/v1/customers", source="tok_visa")
        create("/v1/invoiceitems", customer=customer, amount=900, currency="usd")
        draft = create(
            "/v1/invoices", customer=customer, pending_invoice_items_behavior="include", auto_advance="false"
        )
        return create(f"/v1/invoices/{draft}/finalize") if final else draft

    cases = {
        ("payment_intent", "refund"): (paid, "refund", "succeeded"),
        ("payment_intent", "dispute"): (paid, "dispute", "needs_response"),
        ("payment_intent", "capture"): (lambda: paid(capture_method="manual"), "payment_intent", "succeeded"),
        ("payment_intent", "cancel"): (lambda: paid(capture_method="manual"), "payment_intent", "canceled"),
        ("charge", "refund"): (charged, "refund", "succeeded"),
        ("charge", "dispute"): (charged, "dispute", "needs_response"),
        ("dispute", "win"): (disputed, "dispute", None),
        ("dispute", "lose"): (disputed, "dispute", "lost"),
        ("subscription", "cancel"): (subscribed, "subscription", "canceled"),
        ("subscription", "end_later"): (subscribed, "subscription", "active"),
        ("invoice", "finalize"): (lambda: invoiced(final=False), "invoice", "open"),
        ("invoice", "pay"): (invoiced, "invoice", "paid"),
        ("invoice", "pay_outside"): (invoiced, "invoice", "paid"),
        ("invoice", "void"): (invoiced, "invoice", "void"),
        ("customer", "delete"): (lambda: create("/v1/customers"), "customer", None),
    }
    assert set(cases) == {(kind, action.name) for kind, actions in ACTIONS.items() for action in actions}
    for (_, action), (make, kind, status) in cases.items():
        result = str(stripe_emulator.control("act", id=make(), action=action)["result"])
        path = next(k.path for k in LISTS if k.object == kind)
        body = call("GET", f"{path}/{result}")[1]
        assert status is None or body["status"] == status, (action, body)
