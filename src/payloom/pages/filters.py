"""What templates may do to values: `money` and `date`. Everything is escaped afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

from payloom.kit.money import Amount


def money(minor: int, currency: str, locale: str = "en_US") -> str:
    """Return `$21.98` for 2198 and `usd`. Only whole minor units are accepted."""
    return Amount(minor, currency).format(locale)


def date(value: Any, style: str = "medium", locale: str = "en_US") -> str:
    """Return a date for people, e.g. `Jan 31, 2026`. value: a datetime, a date, an RFC 3339 text or Unix seconds.

    style: `short`, `medium`, `long`, `full`, or with time: `time`.
    """
    from babel.dates import format_date, format_datetime  # noqa: PLC0415 - babel's data loads only where it is shown

    moment = _moment(value)
    if style == "time" and isinstance(moment, dt.datetime):
        return format_datetime(moment, "medium", locale=locale)
    return format_date(moment, style if style != "time" else "medium", locale=locale)


def _moment(value: Any) -> dt.datetime | dt.date:
    if isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    if isinstance(value, dt.datetime | dt.date):
        return value
    raise TypeError(f"{value!r} is not a date")
