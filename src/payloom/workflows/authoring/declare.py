"""`@workflow` and the triggers: turns a Python function into a workflow's model."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from payloom.workflows.authoring.symbols import Expr, SymbolicValue, plain, text_of
from payloom.workflows.authoring.trace import tracing
from payloom.workflows.syntax.filemodel.file import WorkflowFile

Trigger = Mapping[str, Any]


def _given(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value is not None}


class _Api:
    """`api.post("/path", auth="user")`, and `get`, `put`, `patch`, `delete`."""

    def __getattr__(self, method: str) -> Callable[..., Trigger]:
        if method.upper() not in {"GET", "POST", "PUT", "PATCH", "DELETE"}:
            raise AttributeError(method)

        def trigger(path: str, *, auth: Any, dedupe: Any = None, **more: Any) -> Trigger:
            return {"api": f"{method.upper()} {path}", "auth": auth, **_given(dedupe=plain(dedupe)), **more}

        return trigger


api = _Api()


def on_stripe(
    family: str, *, actions: list[str] | None = None, match: Any = None, queue: Any = None, **more: Any
) -> Trigger:
    """A Stripe event."""
    condition = None if match is None else text_of(match)
    return {"stripe": family, **_given(actions=actions, match=condition, queue=plain(queue)), **more}


def on_schedule(cron: str, timezone: str = "UTC", *, catch_up: str | None = None) -> Trigger:
    """A moment on the clock."""
    return {"schedule": cron, "timezone": timezone, **_given(catch_up=catch_up)}


def on_table(name: str, *changes: str, match: Any = None) -> Trigger:
    """A change to a row: insert, update, delete."""
    return {"table": name, "on": list(changes), **_given(match=None if match is None else text_of(match))}


def manual(auth: Any = "user") -> Trigger:
    """A person."""
    return {"manual": True, "auth": auth}


def called() -> Trigger:
    """Another workflow."""
    return {"called": True}


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """A workflow written in Python. `data`: what its file would hold; `model`: the same, checked for shape."""

    id: str
    data: Mapping[str, Any]
    model: WorkflowFile


def workflow(
    workflow_id: str,
    *,
    on: Trigger | list[Trigger],
    name: str | None = None,
    input: Mapping[str, Any] | None = None,  # noqa: A002 - as in the file
    output: Mapping[str, Any] | None = None,
    description: str | None = None,
    once: Any = None,
    vars: Mapping[str, Any] | None = None,  # noqa: A002 - as in the file
) -> Callable[[Callable[..., Any]], Definition]:
    """Trace the function and return its workflow.

    Its parameters are roots: `inputs`, `user`, `event`, `object`, and so on.

    What the function returns is the workflow's answer; its docstring is the description. Raises SymbolicValue where
    Python wants to know a value that only a run has, pydantic's ValidationError when the shape is wrong.
    """

    def decorate(function: Callable[..., Any]) -> Definition:
        _refuse_identity(function)
        roots = [Expr(parameter) for parameter in inspect.signature(function).parameters]
        with tracing(function) as trace:
            answer = function(*roots)
            steps = trace.blocks[0]
            if answer is not None:
                steps.append({"return": plain(answer)})
        data: dict[str, Any] = {"name": name or workflow_id.replace("-", " ").capitalize()}
        if description or function.__doc__:
            data["description"] = description or inspect.cleandoc(function.__doc__ or "").splitlines()[0]
        data["on"] = on
        data |= _given(
            input=dict(input) if input else None,
            output=dict(output) if output else None,
            once=plain(once),
            vars=plain(vars),
        )
        data["steps"] = steps
        if trace.on_error:
            data["on_error"] = trace.on_error
        return Definition(workflow_id, data, WorkflowFile.model_validate(data))

    return decorate


def _refuse_identity(function: Callable[..., Any]) -> None:
    """Raise SymbolicValue for a comparison by `is`: Python decides it at once, and never as the run would.

    Everything else that wants a value that only a run has reaches the value itself, which says so.
    """
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(sign, ast.Is | ast.IsNot) for sign in node.ops):
            sign = "!=" if any(isinstance(sign, ast.IsNot) for sign in node.ops) else "=="
            place, text = f"line {first + node.lineno - 1}", ast.unparse(node)
            hint = f"use `with x.when(… {sign} None):`"
            raise SymbolicValue(f"{place}: `{text}` is decided before the workflow runs: {hint}")
