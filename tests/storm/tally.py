"""Counts what a storm did: fault × database, how many stories, deaths and violations; shows a line while it runs.

`make storm` sets PAYLOOM_STORM: then everything is tried; PAYLOOM_STORM_TIMES=5 makes it five times as long where it
tries at random. `make test` takes a slice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

STORM = bool(os.environ.get("PAYLOOM_STORM"))
TIMES = float(os.environ.get("PAYLOOM_STORM_TIMES", "1"))
"""How many times as long a storm is where it tries things at random or picks some of many; 0.2 is a fifth."""
MATRIX = {
    "A1": "kill -9 at every journal boundary",
    "A2": "a second kill while it recovers",
    "A3": "random kill -9 of workers while events flow",
    "A4": "acknowledged only once it is on disk",
    "A5": "disk full, then space again",
    "A6": "I/O errors, torn writes, failed fsync, power cut",
    "A7": "3 % of reads, writes and syncs fail",
    "A8": "Postgres crashes and restarts under load",
    "A9": "Postgres fails over to a standby",
    "A10": "lost races, deadlocks, connections cut at the commit",
    "A11": "workers race for one job, one order, one refund",
    "A12": "several processes write one SQLite file",
    "A13": "Stripe unreachable, silent, answers lost, cut short or late",
    "A14": "Stripe answers 429, 500, 502, 409, 402, 401, 400",
    "A16": "every event many times, one after another and at once",
    "A17": "every order of events, with duplicates",
}
"""The fault matrix, by number. A15 is held by the Stripe connector's own tests."""


def some(everything: int, slice_: int) -> int:
    """Return how many: all in a storm, else a slice."""
    return max(int(everything * TIMES), slice_) if STORM else slice_


def picked(items: Sequence[int], slice_: int, most: int = 10_000) -> list[int]:
    """Return all items (at most `most`) in a storm, else `slice_` of them, spread evenly."""
    wanted = max(int(most * TIMES), slice_) if STORM else slice_
    if len(items) <= wanted:
        return list(items)
    return [items[at * len(items) // wanted] for at in range(wanted)]


@dataclasses.dataclass
class Row:
    """One fault on one database."""

    runs: int = 0
    kills: int = 0
    violations: int = 0
    seconds: float = 0.0


class Tally:
    """What was counted."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.uncaptured: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext
        self.began = self._last = self._shown = time.monotonic()

    def judge(
        self, fault: str, database: str, wrong: Sequence[str], *, kills: int = 0, runs: int = 1, what: str
    ) -> None:
        """Count one story (or several) and fail if something is wrong with it."""
        assert fault in MATRIX, fault
        now = time.monotonic()
        row = self.rows.setdefault((fault, database), Row())
        row.runs += runs
        row.kills += kills
        row.violations += len(wrong)
        row.seconds += now - self._last
        self._last = now
        self._show(fault, database, row)
        assert list(wrong) == [], f"{fault} on {database}, {what}"

    def starting(self) -> None:
        """A test begins: what went before is not counted to it."""
        self._last = time.monotonic()

    def _show(self, fault: str, database: str, row: Row) -> None:
        if not STORM or time.monotonic() - self._shown < (0.5 if _terminal() else 15.0):
            return
        self._shown = time.monotonic()
        total = [sum(getattr(one, name) for one in self.rows.values()) for name in ("runs", "kills", "violations")]
        line = (
            f"storm {self._shown - self.began:5.0f} s  {fault} on {database}: {row.runs} stories, {row.kills} kills"
            f"   all: {total[0]} stories, {total[1]} kills, {total[2]} violations"
        )
        with self.uncaptured():
            sys.stderr.write(f"\r{line:<118}" if _terminal() else f"{line}\n")
            sys.stderr.flush()

    def table(self) -> list[str]:
        """Return the summary as lines of a Markdown table, in the matrix's order."""
        lines = ["| fault | | database | stories | kills | violations | seconds |", "|---|---|---|--:|--:|--:|--:|"]
        for fault, what in MATRIX.items():
            for (name, database), row in self.rows.items():
                if name == fault:
                    counts = f"{row.runs:,} | {row.kills:,} | {row.violations} | {row.seconds:.0f}"
                    lines.append(f"| {fault} | {what} | {database} | {counts} |")
        return lines


def _terminal() -> bool:
    return bool(sys.__stderr__ and sys.__stderr__.isatty())


def write_table(lines: Sequence[str]) -> None:
    """Also write the table to the file named by PAYLOOM_STORM_TABLE."""
    if name := os.environ.get("PAYLOOM_STORM_TABLE"):
        Path(name).write_text("\n".join(lines) + "\n", "utf-8")
