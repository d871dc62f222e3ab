"""What the code in a project's actions/ folder imports: the decorator, the context to ask for, a way to fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])
MARK = "__payloom_step__"


@dataclasses.dataclass(frozen=True, slots=True)
class StepContext:
    """Which step calls. A function gets it by having a parameter named `context`.

    key: the step's idempotency key, the same however often the step is tried: pass it on to the outside.
    attempt: 1 for the first try. in_doubt: an earlier try may have had its effect.
    """

    key: str
    run_id: str
    attempt: int
    in_doubt: bool


class StepError(Exception):
    """Raised by a function to fail its step on purpose, with words for `catch` and for people."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "python_failed",
        status: int = 500,
        hint: str | None = None,
        retryable: bool = False,
        data: dict[str, Any] | None = None,
    ) -> None:
        """`kind`: the word `catch` looks for. `status`: what a waiting caller gets. `data`: JSON-able, no secrets."""
        self.message = message
        self.kind = kind
        self.status = status
        self.hint = hint
        self.retryable = retryable
        self.data = data or {}
        super().__init__(message)


@overload
def step(function: F) -> F: ...
@overload
def step(*, name: str | None = None) -> Callable[[F], F]: ...
def step(function: F | None = None, *, name: str | None = None) -> F | Callable[[F], F]:
    """Mark a function as one that workflows may call: `python: module:function`, or `python: NAME`.

    A function that is not marked cannot be called. It may be async; otherwise it runs in a thread. It returns JSON-able
    values (and datetimes).
    """

    def mark(marked: F) -> F:
        setattr(marked, MARK, name or "")
        return marked

    return mark(function) if function is not None else mark
