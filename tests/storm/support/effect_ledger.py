"""Counts what a storm did: fault × database, how many scenarios, deaths and violations, and how much of the test plan;
shows a line while it runs.

`make storm` sets PAYLOOM_STORM: then everything is tried; PAYLOOM_STORM_TIMES=5 makes it five times as long where it
tries at random. `make test` takes a slice. The table is written after every test, so that it is there whatever ends the
storm.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

STORM = bool(os.environ.get("PAYLOOM_STORM"))
TIMES = float(os.environ.get("PAYLOOM_STORM_TIMES", "1"))
"""How many times as long a storm is where it tries things at random or picks some of many; 0.2 is a fifth."""
MATRIX = {
    "A1": "kill -9 at every journal boundary",
    "A2": "a second kill during recovery",
    "A3": "random kill -9 of workers under load",
    "A4": "acknowledged only after it is on disk",
    "A5": "disk full, then space again",
    "A6": "I/O errors, torn writes, failed fsync, power cut",
    "A7": "3 % of reads, writes and syncs fail",
    "A8": "Postgres crashes and restarts under load",
    "A9": "Postgres fails over to a standby",
    "A10": "lost races, deadlocks, connections cut at the commit",
    "A11": "workers race for one job, one order, one refund",
    "A12": "several processes write to one SQLite file",
    "A13": "Stripe unreachable, silent, responses lost, truncated, or late",
    "A14": "Stripe responds 429, 500, 502, 409, 402, 401, 400",
    "A15": "retried after Stripe's key expired",
    "A16": "every event many times, sequentially and in parallel",
    "A17": "every order of events, with duplicates",
}
"""The fault matrix, by number. Parts of A13 and A14, and A15, are the Stripe connector's own tests (`WIRE`)."""
WIRE = "the wire"


@dataclasses.dataclass(frozen=True, slots=True)
class Amount:
    """What the test plan asks for. count: of `by`; None: everything there is, which `unit` names."""

    count: int | None
    unit: str
    by: Literal["runs", "kills"] = "runs"

    def done(self, row: Row, *, whole: bool) -> str:
        """Return how much of it a row has done, for people. whole: nothing was left out."""
        if self.count is None:
            return self.unit if whole else f"a part: {self.unit}"
        percent = int(getattr(row, self.by) / self.count * 100)
        return f"{percent or '< 1'} % of {self.count:,} {self.unit}"


AMOUNTS: Mapping[tuple[str, str], Amount] = {
    **{("A1", kind): Amount(408, "points") for kind in ("sqlite", "postgresql")},
    ("A1", "in memory"): Amount(None, "every boundary of every case"),
    **{("A2", kind): Amount(None, "random pairs of points") for kind in ("sqlite", "postgresql")},
    ("A2", "in memory"): Amount(None, "every pair of two flows, 40 of each other case"),
    ("A3", "postgresql"): Amount(20_000, "events"),
    ("A4", "sqlite"): Amount(None, "every acknowledgement"),
    ("A4", "postgresql"): Amount(None, "the settings"),
    ("A5", "sqlite"): Amount(100, "writes"),
    ("A6", "sqlite"): Amount(800, "operations"),
    ("A7", "sqlite"): Amount(1_500, "events"),
    ("A8", "postgresql"): Amount(30, "crashes", by="kills"),
    ("A9", "postgresql, sync"): Amount(5, "failovers", by="kills"),
    ("A9", "postgresql, async"): Amount(5, "failovers", by="kills"),
    ("A10", "postgresql"): Amount(200, "commits"),
    **{("A11", kind): Amount(20_000, "calls") for kind in ("sqlite", "postgresql")},
    ("A12", "sqlite"): Amount(200, "writes"),
    ("A13", WIRE): Amount(150, "calls (5 ways, 30 actions)"),
    ("A14", WIRE): Amount(240, "calls (8 statuses, 30 actions)"),
    ("A15", WIRE): Amount(120, "calls (4 ages, 30 actions)"),
    **{(fault, "in memory"): Amount(None, "every request of every case") for fault in ("A13", "A14")},
    **{("A16", kind): Amount(None, "2, 10, 100 times, 50 in parallel") for kind in ("sqlite", "postgresql")},
    ("A16", "in memory"): Amount(None, "2, 10, 100 times"),
    **{("A17", kind): Amount(3_600, "sequences") for kind in ("sqlite", "postgresql")},
    ("A17", "in memory"): Amount(None, "every order of up to six events"),
}
"""What the test plan asks for, by fault and database."""


def amount(fault: str, database: str) -> Amount:
    """Return what is asked of a fault on a database ("shop, in memory" counts as "in memory")."""
    return AMOUNTS[fault, "in memory" if database.endswith(", in memory") else database]


def some(total: int, slice_: int) -> int:
    """Return how many: all in a storm, else a slice."""
    return max(int(total * TIMES), slice_) if STORM else slice_


def picked(items: Sequence[int], slice_: int, most: int = 10_000) -> list[int]:
    """Return all items (at most `most`) in a storm, else `slice_` of them, spread evenly."""
    count = max(int(most * TIMES), slice_) if STORM else slice_
    if len(items) <= count:
        return list(items)
    return [items[at * len(items) // count] for at in range(count)]


@dataclasses.dataclass
class Row:
    """One fault on one database."""

    runs: int = 0
    kills: int = 0
    violations: int = 0
    seconds: float = 0.0
    tests: set[str] = dataclasses.field(default_factory=set)


class Tally:
    """What was counted. tests: how each of the storm's tests ended, "" if it has not; a skipped one is none of them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.tests: dict[str, str] = {}
        self.now = ""
        self.uncaptured: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext
        self.began = self._last = self._shown = time.monotonic()

    def judge(
        self, fault: str, database: str, wrong: Sequence[str], *, kills: int = 0, runs: int = 1, detail: str
    ) -> None:
        """Count one scenario (or several) and fail if something is wrong with it."""
        now = time.monotonic()
        self.count(fault, database, runs=runs, kills=kills, violations=len(wrong), seconds=now - self._last)
        self._last = now
        assert list(wrong) == [], f"{fault} on {database}, {detail}"

    def count(
        self, fault: str, database: str, *, runs: int = 1, kills: int = 0, violations: int = 0, seconds: float = 0.0
    ) -> None:
        """Add to a row."""
        assert amount(fault, database)
        row = self.rows.setdefault((fault, database), Row())
        row.runs += runs
        row.kills += kills
        row.violations += violations
        row.seconds += seconds
        row.tests.add(self.now)
        self._show(fault, database, row)

    def starting(self, test: str) -> None:
        """A test begins: what went before is not counted to it."""
        self.now, self._last = test, time.monotonic()

    def ended(self, test: str, outcome: str) -> None:
        """A test is over: `passed`, or why not. The table is written anew."""
        self.tests[test] = outcome
        write_table(self.table())

    def _show(self, fault: str, database: str, row: Row) -> None:
        if not STORM or time.monotonic() - self._shown < (0.5 if _terminal() else 15.0):
            return
        self._shown = time.monotonic()
        total = [sum(getattr(row, name) for row in self.rows.values()) for name in ("runs", "kills", "violations")]
        line = f"storm {self._shown - self.began:5.0f} s  {fault} on {database}: {row.runs} scenarios, {row.kills} kills   all: {total[0]} scenarios, {total[1]} kills, {total[2]} violations"
        with self.uncaptured():
            sys.stderr.write(f"\r{line:<118}" if _terminal() else f"{line}\n")
            sys.stderr.flush()
        write_table(self.table())

    def table(self) -> list[str]:
        """Return the summary as lines of a Markdown table, in the matrix's order, and what is missing from it."""
        lines = [
            "| fault | | database | scenarios | kills | violations | seconds | of the plan |",
            "|---|---|---|--:|--:|--:|--:|---|",
        ]
        for fault, description in MATRIX.items():
            for (name, database), row in self.rows.items():
                if name == fault:
                    whole = STORM and all(self.tests.get(test) == "passed" for test in row.tests)
                    counts = f"{row.runs:,} | {row.kills:,} | {row.violations} | {row.seconds:.0f}"
                    done = amount(fault, database).done(row, whole=whole)
                    lines.append(f"| {fault} | {description} | {database} | {counts} | {done} |")
        return [*lines, *self._missing()]

    def _missing(self) -> list[str]:
        left = [test for test, outcome in self.tests.items() if not outcome]
        failed = {test: outcome for test, outcome in self.tests.items() if outcome not in ("", "passed")}
        passed = len(self.tests) - len(left) - len(failed)
        lines = [
            "",
            f"Tests: {passed} passed, {len(failed)} failed, {len(left)} not ended. PAYLOOM_STORM_TIMES={TIMES:g}",
        ]
        lines += [f"- FAILED {test}: {outcome}" for test, outcome in failed.items()]
        return lines + [f"- not ended: {test}" for test in left[:20]]


def _terminal() -> bool:
    return bool(sys.__stderr__ and sys.__stderr__.isatty())


def write_table(lines: Sequence[str]) -> None:
    """Also write the table to the file named by PAYLOOM_STORM_TABLE."""
    if name := os.environ.get("PAYLOOM_STORM_TABLE"):
        draft = Path(f"{name}.new")
        draft.write_text("\n".join(lines) + "\n", "utf-8")
        draft.replace(name)
