"""Gives old SQLite libraries the clock with fractions of a second that newer ones have.

The durable engine's tables have defaults of `unixepoch('subsec')` on Python 3.12 and newer, whatever SQLite that has.
SQLite older than 3.42 answers NULL (Debian 12 has 3.40), and the row is refused.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from payloom.kit.clock import SystemClock, to_epoch

_SINCE = (3, 42, 0)


def add_clock(dbapi: Any) -> None:
    """Define `unixepoch('subsec')` on a connection whose SQLite lacks it."""
    if sqlite3.sqlite_version_info < _SINCE:
        dbapi.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(moment: str) -> float | int | None:
    now = SystemClock().now()
    if moment in {"subsec", "subsecond"}:
        return now.timestamp()
    return to_epoch(now) if moment == "now" else None
