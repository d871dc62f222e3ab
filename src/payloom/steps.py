"""What the Python code of a project imports: `step`, `StepContext` and `StepError`. Public, and kept stable.

Write functions in `actions/*.py`, mark them with `@step`, and call them from a workflow with `python: FILE:FUNCTION`:

    from payloom.steps import StepContext, StepError, step

    @step
    def reserve(sku: str, quantity: int, context: StepContext) -> dict[str, int]:
        if quantity > 10:
            raise StepError(f"only 10 of {sku} are left", kind="out_of_stock", status=409)
        return {"reserved": quantity}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar, overload

__all__ = ["StepContext", "StepError", "step"]

P = ParamSpec("P")
R = TypeVar("R")
MARK = "__payloom_step__"


@dataclasses.dataclass(frozen=True, slots=True)
class StepContext:
    """The step that calls a function. A function that has a parameter named `context` receives it.

    key: the step's idempotency key, the same at every attempt. Send it with calls to other systems.
    run_id: the run that the step belongs to.
    attempt: 1 for the first attempt.
    in_doubt: whether an earlier attempt might have had its effect.
    """

    key: str
    run_id: str
    attempt: int
    in_doubt: bool


class StepError(Exception):
    """Raised by a function to fail its step on purpose."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "python_failed",
        status: int = 500,
        hint: str | None = None,
        retryable: bool = False,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Describe the failure.

        message: what happened, for people; shown on the run's page.
        kind: the word that `catch` compares with.
        status: the HTTP status for a caller who waits for the run.
        hint: what to do next.
        retryable: whether another attempt might succeed.
        data: facts for programs, as JSON values. Never put secrets here.
        """
        self.message = message
        self.kind = kind
        self.status = status
        self.hint = hint
        self.retryable = retryable
        self.data: dict[str, object] = dict(data or {})
        super().__init__(message)


@overload
def step(function: Callable[P, R]) -> Callable[P, R]: ...
@overload
def step(*, name: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def step(
    function: Callable[P, R] | None = None, *, name: str | None = None
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as one that workflows can call: `python: FILE:FUNCTION`, or `python: NAME` if `name` is given.

    Workflows can't call functions without this mark. A function returns JSON values and datetimes with a time zone.
    An async function runs in the server's event loop, any other function in a thread.
    """

    def mark(marked: Callable[P, R]) -> Callable[P, R]:
        setattr(marked, MARK, name or "")
        return marked

    return mark(function) if function is not None else mark
