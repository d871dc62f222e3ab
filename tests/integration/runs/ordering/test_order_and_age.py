"""The order of events does not decide the final state (A17), and old rows go when their time has come."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

import pytest
from tests.support.runs_fixture import build

from payloom.kit.clock import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

FOLLOW = """\
name: Follow
on: {stripe: sub}
steps:
  - upsert: counters
    key: id
    values: {id: "${{ object.id }}", value: "${{ object.n }}"}
"""


async def test_every_order_and_every_single_duplicate_ends_in_the_same_state(
    database: Database, tmp_path: Path
) -> None:
    """Three events about an object, in all orders, each delivered once more somewhere: the newest state wins."""
    fixture = await build(database, tmp_path)

    async def retrieve(_when: str, do: object) -> None:
        fixture.ledger.answers["subs.retrieve"] = [{"id": do.args["with"]["id"], "object": "sub", "n": 3}]  # type: ignore[attr-defined] - the steps' command is one with arguments

    fixture.ledger.hooks.append(retrieve)
    await fixture.service.start()
    await fixture.publish(follow=FOLLOW)
    sequences = []
    for order in itertools.permutations((1, 2, 3)):
        sequences += [(*order[:at], again, *order[at:]) for again, at in itertools.product((1, 3), (1, 3))]
    for number, sequence in enumerate(sequences):
        for event in sequence:
            sent = fixture.event(
                "sub.updated", f"evt_{number}_{event}", created=1_760_000_000 + event, id=f"s{number}", n=event
            )
            await fixture.service.ingest(sent)
    statuses = await fixture.settled(seconds=60)
    assert set(statuses.values()) == {"succeeded"}
    rows = await fixture.rows("counters")
    assert [row["value"] for row in rows] == [3] * len(sequences)
    await fixture.service.stop(2)


async def test_old_finished_runs_go_failed_and_open_ones_stay(database: Database, tmp_path: Path) -> None:
    """And the events of those that stay."""
    clock = ManualClock()
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.service.start()
    await fixture.publish(
        mixed="""\
name: Mixed
on: {stripe: thing}
steps:
  - when: object.what == 'waits'
    wait: 400d
  - when: object.what == 'fails'
    raise: {status: 400, code: no, message: no}
  - log: done
"""
    )
    ran = {}
    for kind in ("ends", "waits", "fails"):
        intake = await fixture.service.ingest(fixture.event("thing.created", f"evt_{kind}", id="t", what=kind))
        ran[kind] = intake.runs[0]
    assert await fixture.service.prune() == 0
    clock.advance(dt.timedelta(days=91))
    assert await fixture.service.prune() == 2
    assert {run["id"] for run in await fixture.queries.list()} == {ran["waits"], ran["fails"]}
    assert {row["id"] for row in await fixture.inbox.list()} == {"evt_waits", "evt_fails"}
    await fixture.service.stop(1)
