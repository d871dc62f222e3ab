"""Functions of moments, days and durations, and `uuid()`."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import zoneinfo
from collections.abc import Callable
from typing import Any

from payloom.kit.clock import from_epoch
from payloom.workflows.expressions.functions.registry import (
    DURATION,
    INT,
    TIMESTAMP,
    define,
    moment_of,
    need,
    text_of,
)
from payloom.workflows.expressions.values import (
    Budget,
    EvalError,
    parse_duration,
    parse_timestamp,
)


@define(
    "now() -> timestamp",
    "The time when the step started. A replay after a crash reads the same time.",
    "now() - duration('14d')", args=(0, 0), returns=TIMESTAMP,
)  # fmt: skip
def _now(budget: Budget) -> dt.datetime:
    return budget.eval_context.now()


@define(
    "today([zone]) -> timestamp",
    "Midnight at the start of the current day, in UTC or in a time zone.",
    "today('Europe/Berlin')", args=(0, 1), returns=TIMESTAMP,
)  # fmt: skip
def _today(budget: Budget, zone: Any = "UTC") -> dt.datetime:
    local = budget.eval_context.now().astimezone(_zone(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC)


@define(
    "date(timestamp[, zone]) -> string",
    "The calendar day of a timestamp as `2026-01-31`, in UTC or in a time zone.",
    "date(timestamp(object.created), 'America/New_York')", args=(1, 2),
    takes=("timestamp", "string"), returns={"type": "string", "format": "date"},
)  # fmt: skip
def _date(_budget: Budget, moment: Any, zone: Any = "UTC") -> str:
    try:
        return moment_of(moment).astimezone(_zone(zone)).date().isoformat()
    except OverflowError:
        raise EvalError("the timestamp is outside the years 1 to 9999") from None


@define(
    "uuid() -> string",
    "A new random ID. A replay after a crash reads the same one.",
    "uuid()", args=(0, 0), returns={"type": "string", "format": "uuid"},
)  # fmt: skip
def _uuid(budget: Budget) -> str:
    return budget.eval_context.uuid()


@define(
    "add_days(timestamp, days[, zone]) -> timestamp",
    "The same time of day, so many calendar days later (or earlier), in UTC or in a time zone.",
    "add_days(today('Europe/Berlin'), -1, 'Europe/Berlin')", args=(2, 3),
    takes=("timestamp", "int", "string"), returns=TIMESTAMP,
)  # fmt: skip
def _add_days(_budget: Budget, moment: Any, days: Any, zone: Any = "UTC") -> dt.datetime:
    return _shifted(moment, zone, days=need(days, int, "the number of days", "a whole number"))


@define(
    "add_months(timestamp, months[, zone]) -> timestamp",
    "The same day so many months later (or earlier), or the last day of a shorter month, in UTC or in a time zone.",
    "add_months(now(), 12, 'America/New_York')", args=(2, 3),
    takes=("timestamp", "int", "string"), returns=TIMESTAMP,
)  # fmt: skip
def _add_months(_budget: Budget, moment: Any, months: Any, zone: Any = "UTC") -> dt.datetime:
    return _shifted(moment, zone, months=need(months, int, "the number of months", "a whole number"))


def _shifted(moment: Any, zone: Any, *, days: int = 0, months: int = 0) -> dt.datetime:
    place = _zone(zone)
    try:
        local = moment_of(moment).astimezone(place).replace(tzinfo=None)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        local = local.replace(year=year, month=month + 1, day=min(local.day, last)) + dt.timedelta(days=days)
        # A time of day that the clocks skip is as long after the gap.
        return local.replace(tzinfo=place).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise EvalError("the timestamp is outside the years 1 to 9999") from None


@define(
    "timestamp(value[, zone]) -> timestamp",
    "The timestamp of Unix seconds (Stripe's format), RFC 3339 text, or a date (midnight in UTC or in a time zone).",
    "timestamp(object.created)", args=(1, 2),
    takes=("int | string | timestamp", "string"), returns=TIMESTAMP,
)  # fmt: skip
def _timestamp(_budget: Budget, value: Any, zone: Any = "UTC") -> dt.datetime:
    place = _zone(zone)
    if isinstance(value, dt.datetime):
        return moment_of(value)
    if isinstance(value, str):
        moment = parse_timestamp(value)
        if len(value) > len("2026-01-31"):
            return moment
        try:
            return moment.replace(tzinfo=place).astimezone(dt.UTC)
        except OverflowError:
            raise EvalError("the timestamp is outside the years 1 to 9999") from None
    try:
        return from_epoch(need(value, int, "the argument", "whole seconds or text"))
    except (ValueError, OverflowError, OSError):
        raise EvalError(
            "the timestamp is outside the years 1 to 9999", "Stripe counts seconds, not milliseconds"
        ) from None


@define(
    "duration(text) -> duration",
    "A length of time: `30s`, `15m`, `2h`, `14d` (of 24 hours; see `add_days`), `1w`, or joined as in `1h30m`.",
    "now() + duration('14d')", args=(1, 1),
    takes=("duration | string",), returns=DURATION,
)  # fmt: skip
def _duration(_budget: Budget, value: Any) -> dt.timedelta:
    return value if isinstance(value, dt.timedelta) else parse_duration(text_of(value))


def _zone(name: Any) -> dt.tzinfo:
    text = text_of(name, "the time zone")
    offset = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text)
    if offset:
        delta = dt.timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if delta < dt.timedelta(hours=24):
            return dt.timezone(-delta if offset[1] == "-" else delta)
    elif re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", text):
        try:
            return dt.UTC if text == "UTC" else zoneinfo.ZoneInfo(text)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            pass
    raise EvalError(f"{text[:40]!r} is not a time zone", "write a name such as Europe/Berlin, or +02:00")


_PARTS: dict[str, tuple[str, Callable[[dt.datetime], int], int | None]] = {
    "getFullYear": ("The year.", lambda t: t.year, None),
    "getMonth": ("The month, from 0.", lambda t: t.month - 1, None),
    "getDate": ("The day of the month, from 1.", lambda t: t.day, None),
    "getDayOfMonth": ("The day of the month, from 0.", lambda t: t.day - 1, None),
    "getDayOfWeek": ("The day of the week, Sunday is 0.", lambda t: t.isoweekday() % 7, None),
    "getDayOfYear": ("The day of the year, from 0.", lambda t: t.timetuple().tm_yday - 1, None),
    "getHours": ("The hour of a timestamp, or whole hours of a duration.", lambda t: t.hour, 3600),
    "getMinutes": ("The minute of a timestamp, or whole minutes of a duration.", lambda t: t.minute, 60),
    "getSeconds": ("The second of a timestamp, or whole seconds of a duration.", lambda t: t.second, 1),
    "getMilliseconds": ("The milliseconds within the second.", lambda t: t.microsecond // 1000, None),
}


def _reader(name: str, read: Callable[[dt.datetime], int], unit: int | None) -> Callable[..., int]:
    def part(_budget: Budget, value: Any, zone: Any = "UTC") -> int:
        if isinstance(value, dt.timedelta):
            if unit is not None:
                seconds = abs(value) // dt.timedelta(seconds=unit)
                return -seconds if value < dt.timedelta() else seconds
            if name == "getMilliseconds":
                return abs(value).microseconds // 1000
        try:
            return read(moment_of(value).astimezone(_zone(zone)))
        except OverflowError:
            raise EvalError("the timestamp is outside the years 1 to 9999") from None

    return part


for _name, (_summary, _read, _unit) in _PARTS.items():
    define(f"timestamp.{_name}([zone]) -> int", _summary, f"now().{_name}('Europe/Berlin')", args=(0, 1), returns=INT)(
        _reader(_name, _read, _unit)
    )
