"""A process that dies during an outside step: it goes out again as the next attempt, unless `retry: false`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.runs_fixture import RunsFixture, build

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.connectors.port import Attempt
    from payloom.db.database import Database
    from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio
FLOW = """\
name: Push
on: {stripe: thing}
steps:
  - http: POST https://api.test/orders
    body: {id: "${{ object.id }}"}
    timeout: 60s
"""


async def dies(fixture: RunsFixture) -> tuple[str, RunsFixture]:
    """A world whose process hangs in the step, for good."""
    hung = asyncio.Event()

    async def stuck(do: Do, attempt: Attempt) -> Any:
        fixture.ledger._write({"attempt": do.key, "action": do.action, "number": attempt.number})
        hung.set()
        await asyncio.Event().wait()

    fixture.ledger.perform = stuck
    await fixture.service.start()
    intake = await fixture.service.ingest(fixture.event("thing.created", "evt_1", id="t"))
    await hung.wait()
    return intake.runs[0], fixture


async def taken_over(database: Database, tmp_path: Path, flow: str) -> tuple[RunsFixture, dict[str, Any]]:
    """Let a process die in the step and another one take over; returns the run's timeline."""
    first = await build(database, tmp_path)
    await first.publish(push=flow)
    run, first = await dies(first)
    second = await build(database, tmp_path)
    await second.publish(push=flow)
    await second.service.start()
    await second.service._worker.takeover(first.engine.worker_id)
    await second.settled()
    timeline = await second.queries.timeline(run)
    await second.service.stop(1)
    await first.service.stop(0)
    return second, timeline


async def test_a_death_counts_as_an_attempt_and_the_step_goes_out_again_in_doubt(
    database: Database, tmp_path: Path
) -> None:
    fixture, timeline = await taken_over(database, tmp_path, FLOW)
    (step,) = timeline["steps"]
    assert (step["status"], step["attempts"], step["in_doubt"]) == ("succeeded", 2, True)
    assert len(fixture.ledger.attempts()) == 2
    assert len(set(fixture.ledger.attempts())) == 1, "under the same key"


async def test_a_step_that_is_not_to_be_tried_again_fails_and_is_shown_as_unknown(
    database: Database, tmp_path: Path
) -> None:
    fixture, timeline = await taken_over(database, tmp_path, FLOW + "    retry: false\n")
    (step,) = timeline["steps"]
    assert (step["status"], step["attempts"], step["in_doubt"]) == ("failed", 1, True)
    assert step["failure"]["kind"] == "outcome_unknown"
    assert timeline["run"]["status"] == "failed"
    assert len(fixture.ledger.attempts()) == 1


async def test_a_step_that_kills_every_process_ends_as_failed(database: Database, tmp_path: Path) -> None:
    """It is not tried for ever: with `retry: 2`, seven times."""
    flow = FLOW + "    retry: 2\n"
    fixture = await build(database, tmp_path)
    await fixture.publish(push=flow)
    run, fixture = await dies(fixture)
    following = fixture
    for _ in range(12):
        before = len(fixture.ledger.attempts())
        following = await build(database, tmp_path)
        await following.publish(push=flow)
        following.ledger.perform = fixture.ledger.perform
        await following.service.start()
        await following.service._worker.takeover(fixture.engine.worker_id)
        async with asyncio.timeout(10):
            while len(fixture.ledger.attempts()) == before and await following.status(run) != "failed":  # noqa: ASYNC110 - nothing tells when an attempt starts
                await asyncio.sleep(0.01)
        fixture.engine = following.engine
        if await following.status(run) == "failed":
            break
    assert await following.status(run) == "failed"
    assert len(fixture.ledger.attempts()) == 7
