"""Workflows written in Python are the same workflows as files."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.workflow_driver import EXAMPLES, load, unchecked

from payloom.workflows.authoring.symbols import SymbolicValue
from payloom.workflows.builder import (
    Definition,
    Expr,
    api,
    call,
    email,
    filter_,
    log,
    on_stripe,
    stripe,
    table,
    to_yaml,
    workflow,
    x,
)
from payloom.workflows.program.diff import diff


def same_as_example(definition: Definition) -> bool:
    loaded = load(to_yaml(definition), definition.id)
    assert loaded.workflow is not None, [diagnostic.format() for diagnostic in loaded.diagnostics]
    example = unchecked((EXAMPLES / f"{definition.id}.yaml").read_text(), definition.id)
    changes = [change for change in diff(example, loaded.workflow) if change.path != ("name",)]
    assert changes == [], [change.format() for change in changes]
    return True


def test_create_intent_is_the_example() -> None:
    @workflow("create-intent", on=api.post("/payments/intent", auth="user"), input={"order_id": "uuid"})
    def create_intent(inputs: Expr, user: Expr) -> dict[str, Expr]:
        """Create a payment intent for a pending order of the signed-in user."""
        order = table.orders.select_one(id=inputs.order_id, user_id=user.id, status="pending")
        customer = call("ensure-customer", user_id=user.id)
        intent = stripe.payment_intents.create(
            amount=order.amount,
            currency=order.currency,
            customer=customer,
            automatic_payment_methods={"enabled": True},
            metadata={"order_id": order.id},
            idempotency_key=x.f("intent-for-{}", order.id),
        )
        return {"client_secret": intent.client_secret}

    assert same_as_example(create_intent)


def test_charge_refunded_is_the_example() -> None:
    @workflow("charge-refunded", on=on_stripe("charge", actions=["refunded"], fresh=True))
    def charge_refunded(object: Expr) -> None:  # noqa: A002 - the language's own name
        order = table.orders.update(
            {"any": [{"payment_intent": object.payment_intent}, {"charge": object.id}]},
            refunded=object.amount_refunded,
            status=x.choose(object.refunded, "refunded", "partially_refunded"),
        )
        with x.when(object.refunded):
            table.users.update({"id": order.user_id}, has_access=False)

    assert same_as_example(charge_refunded)


def test_branches_loops_and_conditions_are_written_as_expressions() -> None:
    @workflow("all", on=on_stripe("payment_intent", match=x.object.amount > 100))
    def branching(event: Expr, object: Expr) -> None:  # noqa: A002 - the language's own name
        """Everything at once."""
        filter_((object.amount > 5) & ~object.livemode | (object.currency.is_in("usd", "eur")))
        users = table.users.select(plan="pro", order_by="email")
        with x.case(event.action, "succeeded"), x.each(users, as_="person", max=10) as person:
            email("receipt", person.email, total=x.money(object.amount, object.currency))
        with x.case(event.action, "payment_failed"):
            log(x.f("{} of {} failed", object.id, object.maybe("customer").or_else("nobody")), level="warning")

    text = to_yaml(branching)
    assert load(text).workflow is not None
    assert "((object.amount > 5) && !object.livemode) || (object.currency in ['usd', 'eur'])" in text
    assert "description: Everything at once." in text
    assert "log: \"${{ object.id }} of ${{ object?.customer ?? 'nobody' }} failed\"" in text
    assert list(branching.data["steps"][2]["cases"]) == ["succeeded", "payment_failed"]


def test_python_cannot_decide_what_only_the_run_knows() -> None:
    def trace(function: Callable[[Expr], None]) -> None:
        workflow("w", on={"manual": True})(function)

    def decides(inputs: Any) -> None:
        if inputs.amount > 5:
            log("big")

    def walks(inputs: Any) -> None:
        for item in inputs.items:
            log(item)

    def formats(inputs: Expr) -> None:
        log(f"Hello {inputs.name}")

    def is_there(inputs: Any) -> None:
        if inputs.amount is not None:
            log("there")

    def is_missing(inputs: Any) -> None:
        log("missing" if inputs.amount is None else "there")

    def both(inputs: Any) -> None:
        if inputs.a and inputs.b:
            log("both")

    def contains(inputs: Any) -> None:
        if "a" in inputs.words:
            log("a")

    def negated(inputs: Any) -> None:
        if not inputs.done:
            log("to do")

    cases = (
        (decides, "x.when"), (walks, "x.each"), (formats, "x.f"), (is_there, "x.when.*!= None"),
        (is_missing, "x.when.*== None"), (both, "x.when"), (contains, "contains"), (negated, "x.when"),
    )  # fmt: skip
    for function, hint in cases:
        with pytest.raises(SymbolicValue, match=hint):
            trace(function)


def test_the_same_variable_twice_gives_two_ids() -> None:
    @workflow("w", on={"manual": True})
    def twice() -> dict[str, Expr]:
        row = table.users.select_one(id="a")
        row = table.users.select_one(id=row.id)
        return {"id": row.id}

    assert [step.get("id") for step in twice.data["steps"]] == ["row", "row_2", None]
    assert twice.data["steps"][1]["where"] == {"id": "${{ row.id }}"}
    assert twice.data["steps"][2] == {"return": {"id": "${{ row_2.id }}"}}


def test_the_guides_example_is_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "workflows-in-python.md").read_text("utf-8")
    code = guide.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "guide_example.py").write_text(code, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("guide_example")
    assert same_as_example(module.create_intent)
