"""What an expression in a parameter gives if no run decides: a constant, or a moment that is counted from the call."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.workflows.checker.findings import Findings, root_of
from payloom.workflows.checker.narrowing import NOWHERE
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.values import EvalContext

_NOWS = (dt.datetime(2027, 3, 3, 12, tzinfo=dt.UTC), dt.datetime(2027, 8, 19, 7, tzinfo=dt.UTC))
"""Two times of a call: what lies as far from the one as from the other is counted from the call."""


@dataclasses.dataclass(frozen=True, slots=True)
class Moment:
    """A moment that the file says. seconds: from the call, or since 1970 if it is fixed."""

    seconds: int
    fixed: bool


def constant(findings: Findings, value: Any, path: Path) -> Any:
    """Return a value as it is sent if its expression is constant; otherwise as it stands in the file."""
    site = findings.single(value, path)
    if site is None or not site.compiled.constant:
        return value
    try:
        return site.compiled.evaluate({}, NOWHERE)
    except ExpressionError:
        return value


def moment(findings: Findings, value: Any, path: Path) -> Moment | None:
    """Return the moment that a parameter names; None if a run decides, and if it names none."""
    site = findings.single(value, path)
    if site is None:
        return Moment(value, fixed=True) if type(value) is int else None
    first, second = (_seconds(site.compiled, now) for now in _NOWS)
    if first is None or second is None:
        return None
    if first == second:
        return Moment(first, fixed=True)
    offset = first - int(_NOWS[0].timestamp())
    # Months and days of a calendar are not equally long: what they give lies a day apart at most.
    other = second - int(_NOWS[1].timestamp())
    return Moment(offset, fixed=False) if abs(offset - other) <= 4 * 86_400 else None


def _seconds(compiled: Compiled, now: dt.datetime) -> int | None:
    if any(root_of(ref.path) != ("run", "started_at") for ref in compiled.refs) or compiled.uses_uuid:
        return None
    run = {"started_at": now}
    try:
        value = compiled.evaluate(
            {"run": run, "context": {"run": run}}, EvalContext(now=lambda: now, uuid=NOWHERE.uuid)
        )
    except ExpressionError:
        return None
    if isinstance(value, dt.datetime):
        return int(value.timestamp())
    return value if type(value) is int else None
