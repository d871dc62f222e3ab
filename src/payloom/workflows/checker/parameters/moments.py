"""F137, of moments: those that are over when the call is made, too soon, or too far away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.workflows.catalog.catalog import Action
from payloom.workflows.catalog.limits import LIMITS, Limits
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.parameters.constants import Moment, moment
from payloom.workflows.checker.parameters.limits import Problem, parameters

_OVER = 1_767_225_600
"""The start of 2026. No workflow of this language is older."""
_LONG = 30 * 86_400
_UNITS = (("year", 365 * 86_400), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def moments(findings: Findings, action: Action, values: Any, path: Path) -> Iterator[Problem]:
    """Yield the moments that an action does not take."""
    for at, name, value, part in parameters(values, action.params or {}, path):
        limits = part.get(LIMITS)
        if not isinstance(limits, Limits) or (limits.soonest is None and limits.latest is None):
            continue
        named = moment(findings, value, at)
        if named is not None:
            yield from _of_one(name, named, limits, at)


def _of_one(name: str, named: Moment, limits: Limits, path: Path) -> Iterator[Problem]:
    soonest, latest = limits.soonest, limits.latest
    example = _example(soonest, latest)
    if named.fixed:
        if soonest is not None and soonest >= 0 and named.seconds < _OVER:
            yield path, f"`{name}` lies in the future, and {named.seconds} is over", f"write {example}"
        elif latest is not None and 0 < latest <= _LONG and named.seconds < 10**11:
            yield path, f"`{name}` is at most {_words(latest)} away, so no moment in a file holds", f"write {example}"
    elif soonest is not None and named.seconds < soonest:
        if soonest < 0:
            message = f"`{name}` is at most {_words(-soonest)} ago"
        elif soonest <= 1:
            message = f"`{name}` lies in the future"
        else:
            message = f"`{name}` is at least {_words(soonest)} from now"
        yield path, f"{message}, not {_words(named.seconds)}", f"write {example}"
    elif latest is not None and named.seconds > latest:
        message = f"`{name}` lies in the past" if latest == 0 else f"`{name}` is at most {_words(latest)} from now"
        yield path, f"{message}, not {_words(named.seconds)}", f"write {example}"


def _example(soonest: int | None, latest: int | None) -> str:
    if latest is not None and latest <= 0:
        return "now() - duration('24h')"
    if soonest is not None and soonest < 0:
        return "now()"
    seconds = max(3600, 2 * (soonest or 0))
    if latest is not None and seconds > latest:
        seconds = latest
    return f"now() + duration('{seconds // 3600}h')" if seconds >= 3600 else f"now() + duration('{seconds}s')"


def _words(seconds: int) -> str:
    ago = seconds < 0
    for unit, length in _UNITS:
        if abs(seconds) >= length:
            count = abs(seconds) // length
            return f"{count} {unit}{'s' if count != 1 else ''}{' ago' if ago else ''}"
    return "now"
