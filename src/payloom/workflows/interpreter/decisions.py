"""What the conditions of a run decided, and by which values: for people who ask why it did what it did."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from payloom.kit.clock import rfc3339
from payloom.kit.diagnostics import path_text, value_at
from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.secrets.patterns import is_secret_name
from payloom.kit.visible_text import count
from payloom.workflows.expressions.syntax.ast import Ref
from payloom.workflows.program.templates import Expression

DecisionKind = Literal["when", "if", "filter", "ensure", "switch", "case", "while"]
_SHOWN = 8
"""Values of a condition that are shown."""
_LONGEST = 200
"""Letters of a value that are shown."""
_HIDDEN = "[redacted]"


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """One condition that was asked, or the value of a `switch`.

    path: of its step in the run. where: file:line:column, if the file's text is known. values: what the paths that
    it reads led to, shortened. result: true or false; of a switch's value, the case it chose: `cases.paid`,
    `default`, `stop` or `raise`.
    """

    path: str
    kind: DecisionKind
    step_id: str | None
    where: str | None
    expression: str
    values: Mapping[str, Any]
    result: str


def kind_of(expression: Expression) -> DecisionKind:
    """Return what a condition is, by the key that it stands under."""
    *_, before, key = (None, *expression.path)
    return "case" if key == "when" and _in_cases(expression, before) else key  # pyright: ignore[reportReturnType] - conditions stand under no other


def _in_cases(expression: Expression, before: Any) -> bool:
    return isinstance(before, int) and len(expression.path) > 2 and expression.path[-3] == "cases"


def values_read(refs: Sequence[Ref], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the paths of an expression lead to, by path; short enough to be shown, and without secrets."""
    values: dict[str, Any] = {}
    for ref in refs:
        if len(values) >= _SHOWN:
            break
        path = tuple(ref.path)
        secret = path[0] == "secrets" or any(isinstance(part, str) and is_secret_name(part) for part in path)
        value = value_at(scope, path)
        values[path_text(path)] = _HIDDEN if secret and value is not None else _shortened(value)
    return values


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    if is_map(value) or is_sequence(value):
        if len(value) <= _SHOWN and len(json.dumps(value, default=str)) <= _LONGEST:
            return value
        return f"a map of {count(len(value), 'field')}" if is_map(value) else f"a list of {count(len(value), 'item')}"
    return rfc3339(value) if isinstance(value, dt.datetime) else value
