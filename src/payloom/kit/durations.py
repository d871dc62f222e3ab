"""Durations and rates as people write them in files: `30s`, `15m`, `2h`, `14d`, `1w`, `1h30m`, and `10/m`."""

from __future__ import annotations

import datetime as dt
import re

_PART = re.compile(r"(\d+)(ms|s|m|h|d|w)")
_RATE = re.compile(r"(\d{1,6})\s*/\s*(\d*)(s|m|h|d|second|minute|hour|day)")
_UNIT = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(text: str) -> dt.timedelta:
    """Return the timedelta; raises ValueError naming the forms that are understood."""
    if not re.fullmatch(r"(?:\d+(?:ms|s|m|h|d|w))+", text):
        raise ValueError(f"{text!r} is not a duration: write 30s, 15m, 2h, 14d, 1w or 1h30m")
    return dt.timedelta(seconds=sum(int(count) * _UNIT[unit] for count, unit in _PART.findall(text)))


def parse_rate(text: str) -> tuple[int, float]:
    """Return how many in how many seconds: `10/minute`, `100/1h`, `5/10s`."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a rate: write 10/minute, 100/1h or 5/10s")
    return int(match[1]), parse_duration(f"{match[2] or 1}{match[3][0]}").total_seconds()
