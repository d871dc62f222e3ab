"""Doing something to see what comes of it, and undoing it: how previews stay true to what later happens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from payloom_emulator.core.unit_of_work import UnitOfWork


@contextmanager
def savepoint(unit: UnitOfWork, *, now: int | None = None) -> Generator[UnitOfWork]:
    """Give a unit of work all of whose effects, events included, are undone at the end.

    now: its time in Unix seconds, that of `unit` by default.
    Objects read from it stay usable as plain values. The caller holds the store's transaction, as every handler does.
    """
    unit.flush()
    store = unit.store
    store.query("SAVEPOINT rehearsal")
    try:
        yield unit.at(unit.account, now=now, test_clock=unit.test_clock)
    finally:
        store.query("ROLLBACK TO rehearsal")
        store.query("RELEASE rehearsal")
