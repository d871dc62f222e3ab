"""Mistakes in a workflow written in Python. pyright must report the rules in the comments, on these lines only."""

from __future__ import annotations

from payloom.workflows.builder import Expr, api, log, on_stripe, respond, table, to_yaml, workflow, x


@workflow(on=api.post("/orders", auth="user"))  # error: reportCallIssue, reportUntypedFunctionDecorator
def unnamed(inputs: Expr) -> None:
    """Leave out the workflow's id."""
    log(inputs.note)


@workflow("no-trigger")  # error: reportCallIssue, reportUntypedFunctionDecorator
def no_trigger(inputs: Expr) -> None:
    """Leave out the trigger."""
    log(inputs.note)


@workflow("refunded", on=on_stripe("charge", actions="refunded"))  # error: reportArgumentType
def refunded(object: Expr) -> None:  # noqa: A002 - the root's name in the language
    """Give one action where a list is needed, and a status that is text."""
    respond({"id": object.id}, status="202")  # error: reportArgumentType
    log("kept", "warning", object.id)  # error: reportCallIssue
    table.orders.update(status="paid")  # error: reportCallIssue
    table.orders.select(key_by=1)  # error: reportArgumentType
    table.orders.merge(id=object.id)  # error: reportAttributeAccessIssue, reportUnknownMemberType


@workflow("decides", on=api.post("/decide", auth="user"))
def decides(inputs: Expr) -> None:
    """Ask Python for what only the run knows, and open a block without its bound."""
    if inputs.amount > 5:  # error: reportGeneralTypeIssues
        log("big")
    for item in inputs.items:  # error: reportGeneralTypeIssues, reportUnknownVariableType
        log(item)
    with x.repeat(inputs.amount > 5):  # error: reportCallIssue
        log("again")


to_yaml("refunded")  # error: reportArgumentType
refunded()  # error: reportCallIssue
refunded.id = "other"  # error: reportAttributeAccessIssue
