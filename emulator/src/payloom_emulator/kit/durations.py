"""Durations as people write them in files: `30s`, `15m`, `2h`, `14d`, `1w`, or joined as in `1h30m`."""

from __future__ import annotations

import datetime as dt
import re

_PART = re.compile(r"(\d+)(ms|s|m|h|d|w)")
_UNIT = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(text: str) -> dt.timedelta:
    """Return the timedelta; raises ValueError naming the forms that are understood."""
    if not re.fullmatch(r"(?:\d+(?:ms|s|m|h|d|w))+", text):
        raise ValueError(f"{text!r} is not a duration: write 30s, 15m, 2h, 14d, 1w or 1h30m")
    return dt.timedelta(seconds=sum(int(count) * _UNIT[unit] for count, unit in _PART.findall(text)))
