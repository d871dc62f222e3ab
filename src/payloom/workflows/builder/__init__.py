"""Workflows written in Python: a function is traced once, and what it did is the same model that a file loads to.

    @workflow("create-intent", on=api.post("/payments/intent", auth="user"), input={"order_id": "uuid"})
    def create_intent(inputs, user):
        order = table.orders.select_one(id=inputs.order_id, user_id=user.id, status="pending")
        intent = stripe.payment_intents.create(amount=order.amount, currency=order.currency)
        return {"client_secret": intent.client_secret}

Variable names become step ids. `if` on a value of the run is refused: use `with x.when(condition):`.
"""

from payloom.workflows.builder.declare import (
    Definition,
    api,
    called,
    manual,
    on_schedule,
    on_stripe,
    on_table,
    workflow,
)
from payloom.workflows.builder.export import to_yaml
from payloom.workflows.builder.steps import call, email, filter_, let, log, python, raise_, stripe, table, wait
from payloom.workflows.builder.symbols import Expr
from payloom.workflows.builder.x import x

__all__ = [
    "Definition",
    "Expr",
    "api",
    "call",
    "called",
    "email",
    "filter_",
    "let",
    "log",
    "manual",
    "on_schedule",
    "on_stripe",
    "on_table",
    "python",
    "raise_",
    "stripe",
    "table",
    "to_yaml",
    "wait",
    "workflow",
    "x",
]
