"""Table triggers: a row changed by a run starts runs, in the same transaction, and never without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.runs_fixture import RunsFixture, build

from payloom.runs.advance.steps.table_triggers import DEEPEST
from payloom.runs.registry import RowChange

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

ON_PAID = """\
name: On paid
on: {table: orders, on: [insert, update, delete], match: row.status == 'paid'}
steps:
  - insert: counters
    values: {id: "${{ row.id + ':' + (old == null ? 'new' : old.status) + ':' + run.id }}", value: "${{ row.paid }}"}
"""
WRITE = """\
name: Write
on: {manual: true}
steps:
"""


async def ready(database: Database, folder: Path, **files: str) -> RunsFixture:
    fixture = await build(database, folder)
    await fixture.service.start()
    await fixture.publish(**files)
    return fixture


async def run(fixture: RunsFixture, name: str = "write") -> str:
    answer = await fixture.service.call(name, {}, trigger="manual", wait=10)
    await fixture.settled()
    return answer.run_id


async def seen(fixture: RunsFixture) -> list[str]:
    """What the triggered runs wrote, without their ids."""
    return sorted(row["id"].rpartition(":")[0] for row in await fixture.rows("counters"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("  - insert: orders\n    values: {id: a, status: paid}\n", ["a:new"]),
        ("  - insert: orders\n    values: [{id: a, status: paid}, {id: b}, {id: c, status: paid}]\n",
         ["a:new", "c:new"]),
        ("  - update: orders\n    where: {id: z}\n    set: {status: paid}\n", ["z:pending"]),
        ("  - update: orders\n    where: {id: z}\n    set: {id: zz, status: paid}\n", ["zz:pending"]),
        ("  - update: orders\n    where: {status: pending}\n    set: {status: paid}\n    rows: 1..\n",
         ["y:pending", "z:pending"]),
        ("  - update: orders\n    where: {id: x}\n    set: {paid: 7}\n", ["x:paid"]),
        ("  - update: orders\n    where: {id: x}\n    set: {status: paid}\n", []),
        ("  - upsert: orders\n    key: id\n    values: {id: n, status: paid}\n", ["n:new"]),
        ("  - upsert: orders\n    key: id\n    values: {id: z, status: paid}\n", ["z:pending"]),
        ("  - delete: orders\n    where: {id: x}\n", ["x:paid"]),
        ("  - delete: orders\n    where: {id: z}\n", []),
    ],
)  # fmt: skip
async def test_a_change_starts_a_run_with_the_row_as_it_is_and_was(
    database: Database, tmp_path: Path, steps: str, expected: list[str]
) -> None:
    fixture = await ready(database, tmp_path, on_paid=ON_PAID, write=WRITE + steps)
    for name, status in (("x", "paid"), ("y", "pending"), ("z", "pending")):
        await fixture.put("orders", id=name, status=status)
    await run(fixture)
    assert await seen(fixture) == expected
    assert set((await fixture.settled()).values()) == {"succeeded"}
    await fixture.service.stop(2)


async def test_a_step_that_fails_starts_nothing(database: Database, tmp_path: Path) -> None:
    """The second row is refused, so that neither is there, and no workflow starts for the first."""
    steps = "  - insert: orders\n    values: [{id: a, status: paid}, {id: a, status: paid}]\n"
    fixture = await ready(database, tmp_path, on_paid=ON_PAID, write=WRITE + steps)
    first = await run(fixture)
    assert await fixture.status(first) == "failed"
    assert len(await fixture.queries.list()) == 1
    assert await fixture.rows("orders") == []
    await fixture.service.stop(2)


async def test_workflows_that_start_each_other_end_in_a_failed_run_that_says_so(
    database: Database, tmp_path: Path
) -> None:
    loop = """\
name: Loop
on: {table: orders, on: update}
steps:
  - update: orders
    where: {id: "${{ row.id }}"}
    set: {paid: "${{ row.paid + 1 }}"}
"""
    steps = "  - update: orders\n    where: {id: z}\n    set: {paid: 1}\n"
    fixture = await ready(database, tmp_path, loop=loop, write=WRITE + steps)
    await fixture.put("orders", id="z", paid=0)
    await run(fixture)
    statuses = await fixture.settled()
    assert sorted(statuses.values()) == ["failed"] + ["succeeded"] * (DEEPEST + 1)
    (failed,) = [name for name, status in statuses.items() if status == "failed"]
    failure: Any = (await fixture.queries.get(failed)).failure
    assert failure["kind"] == "row_changes_too_deep"
    assert (await fixture.rows("orders"))[0]["paid"] == DEEPEST + 1
    await fixture.service.stop(2)


async def test_a_change_by_other_means_than_a_run_starts_runs_too(database: Database, tmp_path: Path) -> None:
    fixture = await ready(database, tmp_path, on_paid=ON_PAID)
    row = {"id": "a", "status": "paid", "paid": 3, "note": None}

    def work(tx: Any) -> None:
        fixture.tables.perform(tx, "insert", "orders", {"values": row})
        fixture.service.rows_changed(tx, "insert", "orders", RowChange("orders", "insert", row, None))

    await database.write(work)
    await fixture.settled()
    assert await seen(fixture) == ["a:new"]
    await fixture.service.stop(2)
