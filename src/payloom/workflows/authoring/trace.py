"""Collects the steps that a function makes, and finds the variable each result is bound to: that is the step's id."""

from __future__ import annotations

import ast
import contextvars
import inspect
import re
import textwrap
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from payloom.workflows.authoring.symbols import Expr, SymbolicValue

_current: contextvars.ContextVar[Trace | None] = contextvars.ContextVar("trace", default=None)


class Trace:
    """One function being traced."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.code: CodeType = function.__code__
        self.targets = _targets(function)
        self.blocks: list[list[dict[str, Any]]] = [[]]
        self.taken: set[str] = set()
        self.heads: list[dict[str, Any]] = []
        self.on_error: list[dict[str, Any]] = []

    def add(self, step: dict[str, Any], *, named: bool = True) -> Expr:
        """Add a step; returns its result. The head given by `x.step` around it goes with it."""
        head: dict[str, Any] = {}
        if self.heads:
            head, self.heads[-1] = self.heads[-1], {}
        name = head.pop("id", None) or (self._free(self._name()) if named else None)
        self.blocks[-1].append({**({"id": name} if name else {}), **head, **step})
        return Expr(name or "null")

    def last(self, *verbs: str) -> dict[str, Any]:
        """Return the step just made, which must be one of these verbs (any, when none is named)."""
        step = self.blocks[-1][-1] if self.blocks[-1] else {}
        if not step or (verbs and not any(verb in step for verb in verbs)):
            raise SymbolicValue(f"this follows {' or '.join(verbs) or 'a step'} directly")
        return step

    def _name(self) -> str | None:
        frame: FrameType | None = inspect.currentframe()
        while frame is not None and frame.f_code is not self.code:
            frame = frame.f_back
        return self.targets.get(frame.f_lineno) if frame is not None else None

    def _free(self, name: str | None) -> str | None:
        if name is None:
            return None
        base = re.sub(r"[^a-z0-9_]", "_", name.lower()).strip("_") or "step"
        candidate, count = base, 2
        while candidate in self.taken:
            candidate, count = f"{base}_{count}", count + 1
        self.taken.add(candidate)
        return candidate

    @contextmanager
    def block(self) -> Generator[list[dict[str, Any]]]:
        """Collect the steps made inside into a list of their own."""
        steps: list[dict[str, Any]] = []
        self.blocks.append(steps)
        heads, self.heads = self.heads, []
        try:
            yield steps
        finally:
            self.blocks.pop()
            self.heads = heads


def _targets(function: Callable[..., Any]) -> dict[int, str]:
    """Return the variable that each line's assignment binds."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    targets: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                targets[first + line - 1] = node.targets[0].id
    return targets


def current() -> Trace:
    """Return the trace under way."""
    trace = _current.get()
    if trace is None:
        raise SymbolicValue("steps are made inside a function with @workflow")
    return trace


@contextmanager
def tracing(function: Callable[..., Any]) -> Generator[Trace]:
    """Trace one function."""
    trace = Trace(function)
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)
