"""Closing an engine so that no connection outlives it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event


def close_engine(engine: sa.Engine) -> None:
    """Close all connections of `engine`, those that a thread still uses as soon as it returns them.

    `Engine.dispose` alone closes the connections that lie in the pool; a later one would stay open until it is
    collected.
    """
    event.listen(engine, "checkin", _close_late_one)
    engine.dispose()


def _close_late_one(_connection: Any, record: Any) -> None:
    record.close()
