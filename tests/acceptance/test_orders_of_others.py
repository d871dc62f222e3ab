"""Another customer's objects at the templates' endpoints and pages: they answer as if there were none.

Each input that names something, and each address with a name in it, has a row. A new one without a row fails.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest
import stripe
from tests.acceptance.test_template_errors import Template, plausible, send, served
from tests.support.http_server import NO_TLS

from payloom.workflows.program.program import ApiTrigger, Workflow

__all__ = ["served"]

NAMES = re.compile(r"(?:^|_)(?:id|intent|session)$")
OWN, STAFF, ANYBODY = "its customer", "staff", "anybody"
OWNERS = {
    "shop": {
        "GET /checkout-result session_id": OWN,
        "GET /payments/status order_id": OWN,
        "GET /payments/status payment_intent": OWN,
        "POST /payments/intent order_id": OWN,
        "POST /create-checkout cart_id": "whoever makes it up",
        "POST /orders cart_id": "whoever makes it up",
        "POST /orders/{order_id}/refund order_id": STAFF,
        "POST /orders/{order_id}/refund request_id": "whoever makes it up",
        "/pay/{order_id}": OWN,
        "/paid/{order_id}": OWN,
    },
    "saas": {"POST /subscription request_id": "whoever makes it up"},
    "gallery": {
        "POST /gifts request_id": "whoever makes it up",
        "POST /listings/{listing_id}/buy listing_id": ANYBODY,
        "POST /listings/{listing_id}/buy request_id": "whoever makes it up",
        "POST /buy request_id": "whoever makes it up",
        "POST /seats request_id": "whoever makes it up",
        "POST /bonuses/{bonus_id}/pay bonus_id": STAFF,
        "POST /usage request_id": "whoever makes it up",
        "POST /usage user_id": STAFF,
        "POST /sales/{sale_id}/refund sale_id": STAFF,
        "POST /orders/{order_id}/refund order_id": STAFF,
        "POST /invoices request_id": "whoever makes it up",
        "POST /invoices user_id": STAFF,
    },
}
"""Whose the things are that callers name."""
VOLATILE = re.compile(
    r'"request_id":\s*"[^"]*"|req_\w+|run_\w+|nonce="[^"]*"|name="csrf_token" value="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}'
)


def inputs_of(template: Template) -> dict[str, tuple[Workflow, ApiTrigger]]:
    """Each input that names something, as `METHOD /path input`."""
    return {
        f"{trigger.method} {trigger.path} {name}": (workflow, trigger)
        for workflow, trigger in template.endpoints()
        for name in (workflow.input or {}).get("properties", {})
        if NAMES.search(name)
    }


def test_every_name_of_a_caller_has_a_row(served: Template) -> None:
    pages = [page.path for page in served.project.pages if page.parameters]
    assert {*inputs_of(served), *pages} == set(OWNERS[served.folder.name])


def order_of(served: Template, email: str | None) -> dict[str, Any]:
    """An order with its page at Stripe and its payment. email: of an account, or None for a guest."""
    key = served.server.settings.stripe.secret_key.get_secret_value()
    client = stripe.StripeClient(key, base_addresses={"api": served.server.settings.stripe.api_base or ""})
    users = {row["email"]: row["id"] for row in served.server.rows("users")}
    order = str(uuid.uuid4())
    item = {"price_data": {"currency": "usd", "unit_amount": 1900, "product_data": {"name": "Guide"}}, "quantity": 1}
    fields: Any = {"mode": "payment", "line_items": [item], "success_url": "https://shop.example/thanks"}
    page = client.v1.checkout.sessions.create(fields)
    intent = client.v1.payment_intents.create({"amount": 1900, "currency": "usd", "metadata": {"order_id": order}})
    values = {
        "id": order, "email": email or "guest@example.com", "user_id": users[email] if email else None, "amount": 1900,
        "currency": "usd", "checkout_session": page.id, "items": [{"sku": "guide", "quantity": 1, "name": "Guide", "amount": 1900}],
    }  # fmt: skip
    path = "/api/_payloom/tables/orders/rows"
    answer = served.server.http.post(path, json={"values": values}, headers=served.server.admin)
    assert answer.status_code == 201, answer.text
    return {"order_id": order, "session_id": page.id, "payment_intent": intent.id}


def asks(served: Template, name: str) -> httpx.Client:
    """Somebody who asks: nobody, or a new customer whose address is not proved."""
    if name not in served.people:
        client = served.people[name] = httpx.Client(
            base_url=served.server.url, headers={"origin": served.server.url}, timeout=20, verify=NO_TLS
        )
        email = f"{name}-{uuid.uuid4().hex[:6]}@example.com"
        fields = {"email": email, "password": "violet-ladder-917", "name": "Grace"}
        assert client.post("/api/auth/sign-up", json=fields).is_success
        client.post("/api/auth/sign-in", json={"email": email, "password": "violet-ladder-917"})
    return served.people[name]


def shown(answer: httpx.Response) -> tuple[int, str]:
    """An answer without what differs between any two."""
    return answer.status_code, VOLATILE.sub("", answer.text)


ONLY_SHOP = pytest.mark.parametrize("served", ["shop"], indirect=True)
"""The other templates have no endpoint that answers with something of one customer by its ID."""
NOTHING = {"order_id": str(uuid.uuid4()), "session_id": "cs_test_none", "payment_intent": "pi_none"}


@ONLY_SHOP
@pytest.mark.parametrize("asking", ["nobody", "stranger"])
def test_an_order_of_another_is_no_order(served: Template, asking: str) -> None:
    client = asks(served, asking)
    foreign = order_of(served, "ada@corner.test")
    for row, whose in OWNERS["shop"].items():
        if whose not in {OWN, STAFF}:
            continue
        if row.startswith("/"):
            pages = [client.get(row.replace("{order_id}", ids["order_id"])) for ids in (foreign, NOTHING)]
            assert shown(pages[0]) == shown(pages[1]), row
            assert pages[0].status_code in {303, 404}
            continue
        workflow, trigger = inputs_of(served)[row]
        name = row.rpartition(" ")[2]
        schemas = (workflow.input or {})["properties"]
        values = {each: plausible(schema) for each, schema in schemas.items() if each != "payment_intent"}
        there, none = (shown(send(client, trigger, {**values, name: ids[name]})) for ids in (foreign, NOTHING))
        assert there == none, row
        assert there[0] in {401, 403, 404}, (row, there)
        own = {each: named for each, named in foreign.items() if each in values or each == name}
        owner = shown(send(served.people["ada"], trigger, {**values, **own}))
        assert whose == STAFF or owner[0] == 200, (row, owner)


@ONLY_SHOP
def test_a_payment_of_another_is_no_payment_of_ones_own_order(served: Template) -> None:
    foreign, own = order_of(served, None), order_of(served, "ada@corner.test")
    _, trigger = inputs_of(served)["GET /payments/status payment_intent"]
    answers = [
        shown(send(served.people["ada"], trigger, {"order_id": own["order_id"], "payment_intent": intent}))
        for intent in (foreign["payment_intent"], NOTHING["payment_intent"])
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
