"""Runs that changes of one row start go one after another, in the order of the changes, whoever makes and does them."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.runs_fixture import RunsFixture, build

from payloom.db.transactions import locking_reads
from payloom.kit.clock import Clock, ManualClock
from payloom.runs.coordination import lanes
from payloom.runs.lane_names import row_lane
from payloom.runs.registry import RowChange

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database
    from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio

FOLLOW = """\
name: Follow
on: {table: orders, on: [insert, update, delete]}
steps:
  - http: POST https://api.test/orders
    body: {row: "${{ row.id }}", paid: "${{ row.paid }}"}
  - if: row.paid % 9 == 4
    then:
      - raise: {status: 400, code: unlucky, message: "Not this one."}
"""
TOUCH = """\
name: Touch
on: {manual: true}
input: {id: string}
steps:
  - id: order
    select: orders
    where: {id: "${{ inputs.id }}"}
    one: required
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {paid: "${{ order.paid + 1 }}"}
"""


class Seen:
    """What two workers do for each row, as it happens."""

    def __init__(self) -> None:
        self.by_row: dict[str, list[tuple[str, int]]] = {}

    async def hook(self, when: str, do: Do) -> None:
        """Take note of a call's begin and its end."""
        body = do.args["body"]
        self.by_row.setdefault(body["row"], []).append((when, body["paid"]))
        if when == "before":
            await asyncio.sleep(random.uniform(0, 0.004))

    def in_turn(self, row: str, *paid: int) -> None:
        """The calls were these, none began before the one before it had ended."""
        assert self.by_row[row] == [(when, amount) for amount in paid for when in ("before", "after")]


async def worker(database: Database, folder: Path, seen: Seen, clock: Clock | None = None, **files: str) -> RunsFixture:
    fixture = await build(database, folder, clock=clock)
    fixture.ledger.hooks.append(seen.hook)
    await fixture.service.start()
    await fixture.publish(**(files or {"follow": FOLLOW, "touch": TOUCH}))
    return fixture


async def change(fixture: RunsFixture, verb: str, name: str, **values: Any) -> None:
    """Change a row as the studio does."""

    def work(tx: Any) -> None:
        where, old = {"id": name}, None
        if verb != "insert":
            with locking_reads(tx):
                old = fixture.tables.perform(tx, "select", "orders", {"where": where, "one": "required"})
        args = {"insert": {"values": {"id": name, **values}}, "update": {"where": where, "set": values}}
        row = fixture.tables.perform(tx, verb, "orders", args.get(verb, {"where": where}))
        row = row[0] if isinstance(row, list) else row
        kind: Any = verb
        fixture.service.rows_changed(tx, verb, "orders", RowChange("orders", kind, row, old))

    await fixture.database.write(work)


async def over(*worlds: RunsFixture) -> dict[str, int]:
    """Wait until no run is open; returns how many ended how."""
    async with asyncio.timeout(60):
        while True:
            counts = await worlds[0].queries.counts()
            if not any(counts.get(status) for status in ("queued", "running", "waiting")):
                return counts
            await asyncio.sleep(0.02)


async def test_two_hundred_changes_of_five_rows_by_many_writers_on_two_workers(
    database: Database, tmp_path: Path
) -> None:
    """By runs and by hand at once; some of the runs fail, and no run behind them waits for ever."""
    seen = Seen()
    worlds = [await worker(database, tmp_path, seen) for _ in range(2)]
    rows = [f"o{number}" for number in range(5)]
    for name in rows:
        await change(worlds[0], "insert", name)
    todo = rows * 38
    random.Random(7).shuffle(todo)

    async def writer(fixture: RunsFixture) -> None:
        while todo:
            name = todo.pop()
            answer = await fixture.service.call("touch", {"id": name}, trigger="manual", wait=20)
            assert answer.state == "answered"

    await asyncio.gather(*(writer(worlds[number % 2]) for number in range(8)))
    for name in rows:
        await change(worlds[1], "delete", name)
    counts = await over(*worlds)
    for name in rows:
        seen.in_turn(name, *range(39), 38)
    assert (counts["failed"], counts["succeeded"]) == (5 * 4, 5 * 36 + len(rows) * 38)
    for fixture in worlds:
        await fixture.service.stop(2)


async def test_the_order_is_that_of_the_commits_not_that_of_the_workers_clocks(
    database: Database, tmp_path: Path
) -> None:
    """One worker's clock is an hour behind. The first run holds the others back until all changes are there."""
    seen, go = Seen(), asyncio.Event()
    now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    ahead = await worker(database, tmp_path, seen, ManualClock(now))
    behind = await worker(database, tmp_path, seen, ManualClock(now - dt.timedelta(hours=1)))

    async def hold(_when: str, _do: Do) -> None:
        await go.wait()

    for fixture in (ahead, behind):
        fixture.ledger.hooks.append(hold)
    await change(ahead, "insert", "a")
    for number in range(1, 9):
        await change(behind if number % 2 else ahead, "update", "a", paid=number)
    assert (await ahead.queries.counts())["blocked"] == 8
    go.set()
    await over(ahead)
    seen.in_turn("a", *range(9))
    for fixture in (ahead, behind):
        await fixture.service.stop(2)


async def test_rows_and_workflows_do_not_wait_for_each_other(database: Database, tmp_path: Path) -> None:
    """Two rows, and two workflows about one row: only the lane of the one that hangs stands still."""
    seen, go = Seen(), asyncio.Event()
    other = "name: Other\non: {table: orders, on: [insert, update]}\nsteps:\n  - log: hi\n"
    fixture = await worker(database, tmp_path, seen, follow=FOLLOW, other=other)

    async def hold(_when: str, do: Do) -> None:
        if do.args["body"]["row"] == "a":
            await go.wait()

    fixture.ledger.hooks.append(hold)
    for name in ("a", "b"):
        await change(fixture, "insert", name)
        await change(fixture, "update", name, paid=1)
    async with asyncio.timeout(20):
        while (await fixture.queries.counts()).get("succeeded", 0) < 4 + 2:  # noqa: ASYNC110 - nothing tells when a run ends
            await asyncio.sleep(0.02)
    seen.in_turn("b", 0, 1)
    counts = await fixture.queries.counts()
    assert (counts["running"], counts["blocked"]) == (1, 1)
    go.set()
    await over(fixture)
    seen.in_turn("a", 0, 1)
    await fixture.service.stop(2)


async def test_a_run_that_waits_holds_the_row_back_and_canceling_it_frees_the_next(
    database: Database, tmp_path: Path
) -> None:
    """As with `queue` of events."""
    seen = Seen()
    text = FOLLOW.replace("steps:\n", "steps:\n  - when: row.paid == 0\n    wait: 3d\n")
    fixture = await worker(database, tmp_path, seen, follow=text)
    await change(fixture, "insert", "a")
    await change(fixture, "update", "a", paid=1)
    async with asyncio.timeout(20):
        while (await fixture.queries.counts()).get("waiting") != 1:  # noqa: ASYNC110 - nothing tells when a run ends
            await asyncio.sleep(0.02)
    assert seen.by_row == {}
    (first,) = [run for run in await fixture.queries.list() if run["status"] == "waiting"]
    await fixture.service.cancel(first["id"])
    await over(fixture)
    seen.in_turn("a", 1)
    await fixture.service.stop(2)


async def test_many_changes_in_one_step_and_twice_the_same_row_in_one_transaction(
    database: Database, tmp_path: Path
) -> None:
    """More rows than lanes are locked one by one; each row's second run comes after its first."""
    seen, many = Seen(), lanes.MANY + 20
    workflow = "name: All\non: {manual: true}\nsteps:\n" + "".join(
        f"  - update: orders\n    where: {{status: pending}}\n    set: {{paid: {number}}}\n    rows: 1..\n"
        for number in (1, 2)
    )
    follow = "name: Follow\non: {table: orders, on: update}\nsteps:\n  - insert: counters\n    values: {id: "
    follow += "\"${{ row.id + ':' + string(row.paid) + ':' + run.id }}\"}\n"
    fixture = await worker(database, tmp_path, seen, follow=follow, all=workflow)
    values = [{"id": f"o{number}"} for number in range(many)]
    await database.write(lambda tx: fixture.tables.perform(tx, "insert", "orders", {"values": values}))
    answer = await fixture.service.call("all", {}, trigger="manual", wait=30)
    assert answer.state == "answered"
    counts = await over(fixture)
    assert counts["succeeded"] == 2 * many + 1
    rows = await database.read(
        lambda tx: tx.exec_driver_sql(
            "SELECT lane, trigger, finished_at, started_at, request FROM payloom_runs ORDER BY lane, lane_position"
        ).all()
    )
    ends: dict[str, list[Any]] = {}
    for row in rows:
        if row.trigger == "table":
            ends.setdefault(row.lane, []).append(row.finished_at)
    assert len(ends) == many
    assert all(first <= second for first, second in ends.values())
    await fixture.service.stop(2)


def test_the_lanes_of_rows_have_names_that_fit_and_differ() -> None:
    names = {
        row_lane(workflow, table, key)
        for workflow in ("w", "w" * 250)
        for table in ("t", "t" * 60)
        for key in (1, "a", "a" * 500, "a" * 501)
    }
    assert len(names) == 16
    assert max(map(len, names)) <= 320
