"""The types of the language and what holds between their values: equality, order, text and JSON forms, limits.

    null bool int float string list map timestamp duration

Ints are 64-bit, floats are finite, maps have string keys, timestamps are aware datetimes, durations are timedeltas.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from payloom.kit.clock import rfc3339
from payloom.kit.json_types import is_any_map, is_map, is_sequence
from payloom.workflows.expressions.errors import BudgetExceeded

MAX_STEPS = 10_000
MAX_OUTPUT = 64 * 1024
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_MAX_NESTING = 64


@dataclasses.dataclass(frozen=True, slots=True)
class EvalContext:
    """What an expression can read from its environment: the time and new IDs, both set by the caller."""

    now: Callable[[], dt.datetime]
    uuid: Callable[[], str]


class Budget:
    """One evaluation: its context and how many steps are left."""

    __slots__ = ("eval_context", "left")

    def __init__(self, eval_context: EvalContext) -> None:
        self.eval_context = eval_context
        self.left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Use up steps; raises BudgetExceeded."""
        self.left -= steps
        if self.left < 0:
            raise BudgetExceeded(
                f"the expression needs more than {MAX_STEPS} steps",
                hint="use a `for_each` step, or select fewer rows",
            )


class EvalError(Exception):
    """What a function says about wrong arguments; the compiler adds the place."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def type_name(value: Any) -> str:
    """Return the language's word for the type of `value`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    if is_map(value):
        return "map"
    if is_sequence(value):
        return "list"
    if isinstance(value, dt.datetime):
        return "timestamp"
    if isinstance(value, dt.timedelta):
        return "duration"
    return type(value).__name__


def is_number(value: Any) -> bool:
    """Tell ints and floats from everything else, also from bools."""
    return type(value) is int or type(value) is float


def equal(left: Any, right: Any, budget: Budget | None = None) -> bool:
    """Compare by value. Ints equal floats of the same value; otherwise different types are never equal."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if is_map(left):
        if not is_map(right) or len(left) != len(right):
            return False
        if budget:
            budget.spend(1 + len(left))
        return all(key in right and equal(value, right[key], budget) for key, value in left.items())
    if is_sequence(left):
        if not is_sequence(right) or len(left) != len(right):
            return False
        if budget:
            budget.spend(1 + len(left))
        return all(equal(left_item, right_item, budget) for left_item, right_item in zip(left, right, strict=True))
    if isinstance(right, Mapping | list | tuple):
        return False
    try:
        return bool(left == right)
    except TypeError:
        return False


def comparable(left: Any, right: Any) -> bool:
    """Tell whether `<` is defined: two numbers, or two strings, bools, timestamps or durations."""
    if is_number(left) and is_number(right):
        return True
    if isinstance(left, dt.datetime) and isinstance(right, dt.datetime):
        return left.tzinfo is not None and right.tzinfo is not None
    return any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, bool, dt.timedelta))


def checked(value: Any) -> Any:
    """Return a computed number or text if it stays within the limits of the types; raises EvalError."""
    if type(value) is int:
        if not INT_MIN <= value <= INT_MAX:
            raise EvalError("the result does not fit into 64 bits")
    elif type(value) is float:
        if not math.isfinite(value):
            raise EvalError("the result is not a finite number")
    elif isinstance(value, str) and len(value) > MAX_OUTPUT:
        raise EvalError(f"the text is longer than {MAX_OUTPUT} characters")
    return value


def to_json(value: Any) -> Any:
    """Return `value` as JSON can hold it: timestamps as RFC 3339 text, durations as `90s`; else raises EvalError."""
    return _to_json(value, 0)


def _to_json(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return checked(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise EvalError("a timestamp has no time zone")
        return rfc3339(value)
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    if depth >= _MAX_NESTING:
        raise EvalError(f"the value is nested deeper than {_MAX_NESTING} levels")
    if is_any_map(value):
        plain: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise EvalError(f"a map has the key {key!r}; keys are strings")
            plain[key] = _to_json(item, depth + 1)
        return plain
    if is_sequence(value):
        return [_to_json(item, depth + 1) for item in value]
    raise EvalError(f"a {type(value).__name__} is no value of the language")


def to_text(value: Any) -> str:
    """Return the text form: strings as they are, numbers and bools as JSON, times as RFC 3339; raises EvalError."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dt.datetime | dt.timedelta):
        return str(to_json(value))
    raise EvalError(
        f"a {type_name(value)} has no text form" if value is not None else "null has no text form",
        "say what to write with ??" if value is None else "use json() for its JSON text",
    )


def measure(value: Any) -> None:
    """Refuse a result whose JSON form would be larger than 64 KB; raises BudgetExceeded.

    Counts as it walks and stops at the limit, so a small value that holds itself many times costs no more than that.
    """
    left = MAX_OUTPUT
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, str):
            left -= len(item) + 2
        elif is_any_map(item):
            left -= 2
            for key, part in item.items():
                left -= len(key) + 4 if isinstance(key, str) else 4
                waiting.append((part, depth + 1))
                if left < 0:
                    break
        elif is_sequence(item):
            left -= 2 + len(item)
            if left >= 0:
                waiting.extend((part, depth + 1) for part in item)
        else:
            left -= 4
        if depth > _MAX_NESTING:
            raise BudgetExceeded(f"the result is nested deeper than {_MAX_NESTING} levels")
        if left < 0:
            raise BudgetExceeded(f"the result is larger than {MAX_OUTPUT // 1024} KB", hint="take fewer rows or fields")


_UNITS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0,
}  # fmt: skip
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)")
_WHOLE_DURATION = re.compile(rf"-?(?:{_DURATION.pattern})+")
_TIMESTAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}:\d{2}(?:\.(?P<fraction>\d{1,9}))?(?:[Zz]|[+-]\d{2}:\d{2}))?", re.ASCII
)


def parse_duration(text: str) -> dt.timedelta:
    """Return `14d`, `1h30m`, `-1.5s` as a timedelta; raises EvalError."""
    if len(text) > 100 or not _WHOLE_DURATION.fullmatch(text):
        raise EvalError(f"{text[:60]!r} is not a duration", "write 30s, 15m, 2h, 14d, 1w or 1h30m")
    try:
        total = sum((_part(count, _UNITS[unit]) for count, unit in _DURATION.findall(text)), start=dt.timedelta())
        return -total if text.startswith("-") else total
    except OverflowError:
        raise EvalError(f"the duration {text!r} is too long") from None


def _part(count: str, unit: float) -> dt.timedelta:
    # Whole numbers of whole seconds stay exact; a float would lose microseconds in long ones.
    if count.isdigit() and unit >= 1:
        return dt.timedelta(seconds=int(count) * int(unit))
    return dt.timedelta(seconds=float(count) * unit)


def duration_text(value: dt.timedelta) -> str:
    """Return `1209600s`, or `1s500ms` with milliseconds; parts below a millisecond as a fraction, `0.000250s`."""
    sign = "-" if value < dt.timedelta() else ""
    value = abs(value)
    seconds = value.days * 86_400 + value.seconds
    micros = value.microseconds
    if micros % 1000:
        return f"{sign}{seconds}.{micros:06d}s"
    if micros:
        return f"{sign}{seconds}s{micros // 1000}ms" if seconds else f"{sign}{micros // 1000}ms"
    return f"{sign}{seconds}s"


def parse_timestamp(text: str) -> dt.datetime:
    """Return RFC 3339 text, or a date (its first moment in UTC), as an aware datetime; raises EvalError."""
    match = _TIMESTAMP.fullmatch(text)
    hint = "write 2026-01-31T10:00:00Z or 2026-01-31"
    if match is None:
        raise EvalError(f"{text[:60]!r} is not a timestamp", hint)
    fraction = match["fraction"]
    if fraction:
        text = text.replace(f".{fraction}", f".{fraction[:6].ljust(6, '0')}", 1)
    try:
        moment = dt.datetime.fromisoformat(text.upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise EvalError(f"{text[:60]!r} is not a timestamp", hint) from None
