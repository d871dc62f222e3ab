"""Workflows written in Python: a function is traced once, and what it did is the same model that a file loads to.

    @workflow("create-intent", on=api.post("/payments/intent", auth="user"), input={"order_id": "uuid"})
    def create_intent(inputs, user):
        order = table.orders.select_one(id=inputs.order_id, user_id=user.id, status="pending")
        intent = stripe.payment_intents.create(amount=order.amount, currency=order.currency)
        return {"client_secret": intent.client_secret}

Variable names become step ids. `if` on a value of the run is refused: use `with x.when(condition):`.
"""

from payloom.workflows.authoring.declare import (
    Definition,
    api,
    called,
    manual,
    on_schedule,
    on_stripe,
    on_table,
    workflow,
)
from payloom.workflows.authoring.export import to_yaml
from payloom.workflows.authoring.generate import to_python
from payloom.workflows.authoring.steps import (
    approve,
    call,
    email,
    ensure,
    filter_,
    http,
    let,
    log,
    python,
    raise_,
    respond,
    return_,
    stripe,
    table,
    wait,
    wait_for,
)
from payloom.workflows.authoring.symbols import Expr
from payloom.workflows.authoring.x import x

__all__ = [
    "Definition",
    "Expr",
    "api",
    "approve",
    "call",
    "called",
    "email",
    "ensure",
    "filter_",
    "http",
    "let",
    "log",
    "manual",
    "on_schedule",
    "on_stripe",
    "on_table",
    "python",
    "raise_",
    "respond",
    "return_",
    "stripe",
    "table",
    "to_python",
    "to_yaml",
    "wait",
    "wait_for",
    "workflow",
    "x",
]
