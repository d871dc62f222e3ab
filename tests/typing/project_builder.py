"""Workflows that a user writes in Python. pyright checks them strictly; they are never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from payloom.workflows.builder import (
    Definition,
    Expr,
    api,
    call,
    email,
    ensure,
    log,
    on_schedule,
    on_stripe,
    respond,
    stripe,
    table,
    to_python,
    to_yaml,
    wait,
    wait_for,
    workflow,
    x,
)


@workflow("create-intent", on=api.post("/payments/intent", auth="user"), input={"order_id": "uuid"})
def create_intent(inputs: Expr, user: Expr) -> dict[str, Expr]:
    """Read a row, call Stripe, and return a field of its answer."""
    order = table.orders.select_one(id=inputs.order_id, user_id=user.id, status="pending")
    assert_type(order, Expr)
    assert_type(order.amount, Expr)
    assert_type(order.maybe("note").or_else("none"), Expr)
    customer = call("ensure-customer", user_id=user.id)
    intent = stripe.payment_intents.create(
        amount=order.amount, customer=customer, idempotency_key=x.f("intent-for-{}", order.id)
    )
    assert_type(intent, Expr)
    return {"client_secret": intent.client_secret}


@workflow("refunded", on=[on_stripe("charge", actions=["refunded"], match=x.object.amount > 100)])
def refunded(object: Expr) -> None:  # noqa: A002 - the root's name in the language
    """Branch on conditions, loop over rows, and send a mail for each."""
    ensure((object.amount > 5) & ~object.livemode, code="too_small", message="Too small")
    users = table.users.select(plan="pro", order_by="email")
    with x.when(object.refunded), x.each(users, as_="person", max=10) as person:
        email("receipt", person.email, total=x.money(object.amount, object.currency))
    with x.otherwise():
        log(x.f("{} stays", object.id), level="warning")
        wait("2d")
        assert_type(wait_for("charge", actions=["refunded"], timeout="1h"), Expr)


@workflow("nightly", on=on_schedule("0 3 * * *", "Europe/Berlin"))
def nightly() -> None:
    """Respond early on a schedule."""
    respond({"accepted": True}, status=202)


def definitions_keep_their_types() -> None:
    """Read a definition and write it as text."""
    assert_type(create_intent, Definition)
    assert_type(create_intent.id, str)
    assert_type(create_intent.data, Mapping[str, Any])
    assert_type(to_yaml(refunded), str)
    assert_type(to_python(nightly.data, nightly.id), str)
