"""The step that fetches an object again stands in the journal beside the workflow's own steps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.runs_fixture import RunsFixture, build

from payloom.runs.registry import REFETCH
from payloom.runs.start_rights import SYSTEM
from payloom.workflows.program.commands import StepFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from payloom.db.database import Database

RECORDED = Path(__file__).parents[2] / "replay" / "recorded"
pytestmark = pytest.mark.anyio
STEPS_CALLED_FRESH = """\
name: Follow
on: {stripe: sub}
steps:
  - id: fresh
    stripe: things.create
    with: {name: "${{ object.n }}"}
  - parallel:
      fresh:
        - id: made
          stripe: things.charge
          with: {name: "${{ fresh.id }}"}
      other:
        - log: other
  - insert: counters
    values: {id: "${{ fresh.id }}", value: "${{ object.n }}"}
"""


@pytest.fixture
async def app(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    """Runs on a database of their own."""
    built = await build(database, tmp_path)
    await built.service.start()
    yield built
    await built.service.stop(0.0)


async def test_a_step_called_fresh_does_not_meet_the_fetch_of_the_object(app: RunsFixture) -> None:
    """Both are done, each under a key of its own, and each keeps its result."""
    await app.publish(follow=STEPS_CALLED_FRESH)
    app.ledger.answers["subs.retrieve"] = [{"id": "s1", "object": "sub", "n": 42}]
    [run_id] = (await app.service.ingest(app.event("sub.updated", id="s1", n=1))).runs
    assert await app.settled(run_id) == {run_id: "succeeded"}
    journal = {step["path"]: step for step in (await app.queries.timeline(run_id))["steps"]}
    assert journal[REFETCH]["action"] == "subs.retrieve"
    assert journal[REFETCH]["value"]["n"] == 42
    assert journal["0"]["action"] == "things.create"
    assert journal["0"]["step_id"] == "fresh"
    assert len(journal) == 5
    keys = [step["key"] for step in journal.values() if step["key"]]
    assert len(keys) == len(set(keys)) == 3
    assert [(row["id"], row["value"]) for row in await app.rows("counters")] == [("obj_things.create", 42)]


async def test_a_failed_step_called_fresh_is_retried_without_fetching_the_object_again(app: RunsFixture) -> None:
    """A retry sets aside the failed step alone."""
    await app.publish(follow=STEPS_CALLED_FRESH)
    app.ledger.answers["subs.retrieve"] = [{"id": "s1", "object": "sub", "n": 42}]
    app.ledger.answers["things.create"] = [StepFailure("card_declined", "The card was declined.")]
    [run_id] = (await app.service.ingest(app.event("sub.updated", id="s1", n=1))).runs
    assert await app.settled(run_id) == {run_id: "failed"}
    await app.service.retry(run_id, person=SYSTEM)
    assert await app.settled(run_id) == {run_id: "succeeded"}
    assert [line["action"] for line in app.ledger.lines() if "attempt" in line].count("subs.retrieve") == 1


def paths(value: Any) -> Iterator[str]:
    """Every path of a step in a recorded history."""
    if isinstance(value, dict):
        if isinstance(value.get("path"), str):
            yield value["path"]
        for item in value.values():
            yield from paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item)


def test_the_paths_of_steps_begin_with_a_number() -> None:
    """So none can be the path of the fetch, whatever its step is called."""
    seen = {path for file in RECORDED.rglob("*.json") for path in paths(json.loads(file.read_text()))}
    assert len(seen) > 50
    assert {path for path in seen if not re.match(r"\d+(\.|\[|#|\Z)", path)} == {REFETCH}
