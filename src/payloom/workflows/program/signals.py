"""How a step ends other than by giving a value: it fails, the workflow returns, the run stops quietly."""

from __future__ import annotations

from typing import Any

from payloom.workflows.program.commands import AuthorsFailure, StepFailure


class Signal(Exception):
    """Leaves the steps around it."""


class Failed(Signal):
    """A step failed.

    path: which one. answer: what the workflow's `on_error` wants the caller to get. beside: the steps of other branches
    that failed as well.
    """

    def __init__(self, failure: StepFailure, path: str) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.path = path
        self.answer: Returned | None = None
        self.beside: tuple[str, ...] = ()


class Returned(Signal):
    """The workflow is over, with an answer."""

    def __init__(self, body: Any, status: int) -> None:
        super().__init__()
        self.body = body
        self.status = status


class Stopped(Signal):
    """The workflow is over: a filter said no, or no case fitted and the file says `stop`. path: of the step."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


def fail_in_words(path: str, kind: str, message: str, *, status: int, hint: str | None, data: Any = None) -> Failed:
    """Return the signal of a failure whose message the workflow's author wrote for the caller."""
    return Failed(AuthorsFailure(kind, message, status=status, hint=hint, data=data or {}), path)


def fail(path: str, kind: str, message: str, *, status: int = 500, hint: str | None = None, **data: Any) -> Failed:
    """Return the signal of a failure."""
    return Failed(StepFailure(kind, message, status=status, hint=hint, data=data), path)
