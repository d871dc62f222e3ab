"""What a failure costs: tries of a step, a retry by hand, and what stays in doubt afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support.runs_fixture import RunsFixture, build

from payloom.kit.clock import ManualClock
from payloom.runs.dependencies import RunLimits
from payloom.runs.models import steps
from payloom.runs.start_rights import SYSTEM
from payloom.workflows.program.commands import StepFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

ONE = """\
name: One
on: {manual: true}
steps:
  - id: charge
    stripe: things.charge
RETRY  - return: ${{ charge.id }}
"""
LOOP = """\
name: Import
on: {manual: true}
steps:
  - id: rounds
    for_each: "${{ [0, 1, 2, 3, 4, 5] }}"
    as: n
    concurrency: LIMIT
    do:
      - id: made
        stripe: things.charge
        with: {n: "${{ n }}"}
      - let: {last: "${{ made.args.n }}"}
  - return: {all: "${{ size(rounds) }}"}
"""
BRANCHES = """\
name: Branches
on: {manual: true}
steps:
  - parallel:
      a:
        - stripe: things.charge
          with: {n: 0}
      b:
        - parallel:
            c: [{stripe: things.charge, with: {n: 1}}]
            d: [{stripe: things.charge, with: {n: 2}}]
          fail: all
      e:
        - try:
            - stripe: things.charge
              with: {n: 3}
          catch:
            - log: taken
    fail: all
  - return: {all: true}
"""
BUSY = StepFailure("rate_limit", "Too many requests", status=503, retryable=True)
DECLINED = StepFailure("card_declined", "declined", status=402)
NO_ANSWER = StepFailure("stripe_no_answer", "no answer", status=504, data={"in_doubt": True})


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    built = await build(database, tmp_path)
    await built.service.start()
    yield built
    await built.service.stop(1)


async def run(fixture: RunsFixture, name: str) -> str:
    answer = await fixture.service.call(name, {}, trigger="manual")
    await fixture.settled(answer.run_id)
    return answer.run_id


def failing(fixture: RunsFixture, *numbers: int, failure: StepFailure = DECLINED) -> None:
    """Let the calls of these rounds fail once each."""
    left = set(numbers)

    async def fail(_when: str, do: Any) -> None:
        number = do.args["with"]["n"]
        if _when == "before" and number in left:
            left.discard(number)
            fixture.ledger.answers["things.charge"] = [failure]

    fixture.ledger.hooks.append(fail)


@pytest.mark.parametrize("limit", [1, 2, 3, 6])
@pytest.mark.parametrize("numbers", [(0,), (1, 2), (0, 1, 5), (0, 1, 2, 3, 4, 5)])
async def test_each_retry_mends_every_round_that_failed(
    fixture: RunsFixture, limit: int, numbers: tuple[int, ...]
) -> None:
    """However many rounds failed beside each other, none fails again because of its old record."""
    await fixture.publish(loop=LOOP.replace("LIMIT", str(limit)))
    failing(fixture, *numbers)
    run_id = await run(fixture, "loop")
    retries = 0
    while await fixture.status(run_id) == "failed":
        retries += 1
        assert retries <= len(numbers)
        attempts = len(fixture.ledger.attempts())
        await fixture.service.retry(run_id, person=SYSTEM)
        await fixture.settled(run_id)
        assert len(fixture.ledger.attempts()) > attempts, "each retry tries what failed"
    assert (await fixture.queries.get(run_id)).output == {"all": 6}
    assert len(fixture.ledger.effects()) == 6
    if limit == 6:
        assert retries == 1, "all rounds ran at once"


async def test_a_retry_mends_all_branches_and_leaves_alone_what_was_caught(fixture: RunsFixture) -> None:
    await fixture.publish(branches=BRANCHES)
    failing(fixture, 0, 1, 2, 3)
    run_id = await run(fixture, "branches")
    assert await fixture.status(run_id) == "failed"
    await fixture.service.retry(run_id, person=SYSTEM)
    await fixture.settled(run_id)
    assert await fixture.status(run_id) == "succeeded"
    assert len(fixture.ledger.attempts()) == 7
    states = await step_states(fixture, run_id)
    assert sum(status == "superseded" for _, status in states) == 3
    assert sum(status == "failed" for _, status in states) == 1


async def step_states(fixture: RunsFixture, run_id: str) -> list[tuple[str, str]]:
    query = sa.select(steps.c.path, steps.c.status).where(steps.c.run_id == run_id)
    return await fixture.database.read(lambda tx: [(row.path, row.status) for row in tx.execute(query)])


@pytest.mark.parametrize("retry", ["", "    retry: 2\n", "    retry: {attempts: 3, first: 1s, most: 2s}\n"])
@pytest.mark.parametrize(
    "busy",
    [
        BUSY,
        StepFailure("http_status", "answered 429", status=502, retryable=True, data={"rate_limited": True}),
    ],
)
async def test_too_many_requests_use_up_no_tries(
    database: Database, tmp_path: Path, retry: str, busy: StepFailure
) -> None:
    """A day of 429, and then the step still has all its tries for what is a failure."""
    clock = ManualClock(dt.datetime(2026, 11, 30, tzinfo=dt.UTC))
    limits = RunLimits(max_inline_wait=-1.0, local_slots=0)
    fixture = await build(database, tmp_path, clock=clock, limits=limits)
    await fixture.service.start()
    await fixture.publish(one=ONE.replace("RETRY", retry))
    lost = StepFailure("api_connection_error", "no connection", retryable=True)
    fixture.ledger.answers["things.charge"] = [*[busy] * 40, lost]
    run_id = (await fixture.service.call("one", {}, trigger="manual", wait=0)).run_id
    async with asyncio.timeout(30):
        while await fixture.settled(run_id, also=("waiting",)) == {run_id: "waiting"}:
            clock.advance(dt.timedelta(seconds=75))
            await asyncio.sleep(0)
    assert await fixture.status(run_id) == "succeeded"
    assert len(fixture.ledger.attempts()) == 42
    await fixture.service.stop(1)


async def test_a_step_that_is_not_to_be_tried_again_fails_at_the_first_429(fixture: RunsFixture) -> None:
    await fixture.publish(one=ONE.replace("RETRY", "    retry: false\n"))
    fixture.ledger.answers["things.charge"] = [BUSY]
    assert await fixture.status(await run(fixture, "one")) == "failed"


@pytest.mark.parametrize(
    ("failure", "in_doubt"),
    [
        (NO_ANSWER, True),
        (DECLINED, False),
        (StepFailure("outcome_unknown", "nobody knows", data={"in_doubt": True}), False),
    ],
)
async def test_what_was_in_doubt_before_a_retry_by_hand_still_is(
    fixture: RunsFixture, failure: StepFailure, *, in_doubt: bool
) -> None:
    """So a key that was forgotten meanwhile is noticed; only what a person was asked to look up begins anew."""
    await fixture.publish(one=ONE.replace("RETRY", "    retry: 2\n"))
    seen: list[tuple[bool, dt.datetime]] = []
    perform = fixture.ledger.perform

    async def watch(do: Any, attempt: Any) -> Any:
        seen.append((attempt.in_doubt, attempt.first_at))
        return await perform(do, attempt)

    fixture.ledger.perform = watch
    fixture.ledger.answers["things.charge"] = [failure]
    run_id = await run(fixture, "one")
    assert await fixture.status(run_id) == "failed"
    await fixture.service.retry(run_id, person=SYSTEM)
    await fixture.settled(run_id)
    assert [doubt for doubt, _ in seen] == [False, in_doubt]
    assert (seen[0][1] == seen[1][1]) is in_doubt
