"""Mistakes in a project's Python file. pyright must report the rules in the comments, on these lines only."""

from __future__ import annotations

from payloom.steps import StepContext, StepError, step


@step
def reserve(sku: str, quantity: int = 1) -> dict[str, int]:
    """Take a name and a number."""
    return {sku: quantity}


reserve(3)  # error: reportArgumentType
reserve("mug", amount=1)  # error: reportCallIssue
total: str = reserve("mug")  # error: reportAssignmentType


def refuse() -> None:
    """Give a number where a word is needed."""
    raise StepError("no", kind=404)  # error: reportArgumentType


def attempt_of(context: StepContext) -> int:
    """Change what cannot be changed."""
    context.attempt = 2  # error: reportAttributeAccessIssue
    return context.tries  # error: reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType


@step("tax-rate")  # error: reportArgumentType, reportUntypedFunctionDecorator
def tax_rate() -> float:
    """Give the name by position."""
    return 0.19
