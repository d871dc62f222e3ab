"""Runs what was planned for a moment, in order, when the emulator's clock or a test clock gets there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from payloom_emulator.core.unit_of_work import UnitOfWork
from payloom_emulator.runtime import bug_report

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from payloom_emulator.core.declarations.resource import Rule
    from payloom_emulator.core.environment import Environment
    from payloom_emulator.runtime.delivery import Delivery

MAX_SLEEP = 30.0
MAX_BATCH = 50
"""How many timers run in one transaction at most: other calls wait until it ends."""


class Timers:
    """The rows of `timers`, run one by one, each in its own unit of work whose time is the row's."""

    def __init__(
        self, environment: Environment, delivery: Delivery, rule_of: Callable[[str, str], Rule | None]
    ) -> None:
        """Run for `environment`. delivery: woken after timers ran. rule_of: (object name, timer name) to its rule."""
        self._environment, self._delivery, self._rule_of = environment, delivery, rule_of
        self._wake: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_due(self, until: int | None = None, test_clock: str = "") -> int:
        """Run everything due by `until` (the clock's time by default) on one clock; return how many ran.

        A timer may plan further timers; those due by `until` run too.
        """
        moment = self._environment.clock.now() if until is None else until
        ran = 0
        while (due := self.next_due(test_clock)) is not None and due <= moment:
            ran += self._run_some(moment, test_clock)
        if ran:
            self._delivery.wake()
        return ran

    def next_due(self, test_clock: str = "") -> int | None:
        """Return when the next timer of a clock is due, or None."""
        return self._environment.store.query("SELECT min(due) FROM timers WHERE clock = ?", (test_clock,))[0][0]

    def _run_some(self, moment: int, test_clock: str) -> int:
        """Run the next few that are due, in one transaction; return how many ran."""
        with self._environment.store.transaction() as db:
            for ran in range(MAX_BATCH):
                if not self._run_next(db, moment, test_clock):
                    return ran
        return MAX_BATCH

    def _run_next(self, db: sqlite3.Connection, moment: int, test_clock: str) -> bool:
        row = db.execute(
            "DELETE FROM timers WHERE seq = (SELECT seq FROM timers WHERE clock = ? AND due <= ? ORDER BY due, seq LIMIT 1) RETURNING account, object, object_id, name, due",
            (test_clock, moment),
        ).fetchone()
        if row is None:
            return False
        account, object_name, object_id, name, due = row
        unit = UnitOfWork(self._environment, account, now=due, test_clock=test_clock or None)
        obj = unit.find(object_name, object_id)
        if not test_clock:
            unit.use_clock_of(obj)
        db.execute("SAVEPOINT timer")
        try:
            rule = self._rule_of(object_name, name)
            if rule is not None and obj is not None:
                rule(unit, obj)
            unit.finish()
        except Exception as error:  # noqa: BLE001 - one broken plan must not stop the clock for all the others
            db.execute("ROLLBACK TO timer")
            bug_report.report_bug(error)
        db.execute("RELEASE timer")
        return True

    def advance(self, moment: int) -> int:
        """Move the emulator's clock to `moment`, running what is due on the way; return how many timers ran."""
        ran = self.run_due(moment)
        if moment > self._environment.clock.now():
            self._environment.clock.set(moment)
            self.wake()
        self._delivery.wake()
        return ran

    def run_due_unserved(self) -> None:
        """Run what is due when no ticker does: an emulator that is called without being served."""
        if self._loop is None:
            self.run_due()

    def wake_for(self, due: int) -> None:
        """Look again at what is planned if `due` comes before the ticker looks by itself."""
        if self._loop is not None and due - self._environment.clock.now() <= MAX_SLEEP:
            self.wake()

    def wake(self) -> None:
        """Look again at what is planned. Safe from any thread."""
        if self._loop is not None and self._wake is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Let real time pass: run timers as they come due, until cancelled."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        try:
            while True:
                self._wake.clear()
                self.run_due()
                due = self.next_due()
                wait = MAX_SLEEP if due is None else min(MAX_SLEEP, max(0.05, due - self._environment.clock.precise()))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        finally:
            self._loop = None
