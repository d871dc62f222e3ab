"""Whatever is written about one run, key, or lane leaves every other as it was.

Each test has a bystander: another run at the same place of the same workflow, another key, another lane. What is done
to the first must not reach it, and it must still work afterwards.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support.runs_fixture import RunsFixture, build

from payloom.kit.clock import ManualClock
from payloom.runs.coordination.waits import Waits
from payloom.runs.dependencies import RunLimits
from payloom.runs.errors import WrongState
from payloom.runs.models import runs, steps, waits
from payloom.runs.start_rights import SYSTEM
from payloom.workflows.program.commands import StepFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database
    from payloom.runs.intake.intake import IntakeResult

pytestmark = pytest.mark.anyio

WAITING = """\
name: Wait for payment
on: {api: POST /wait, auth: none}
input: {thing: string}
steps:
  - id: paid
    wait_for: {stripe: thing, actions: [paid], match: "object.id == inputs.thing", timeout: 1h}
  - return: {amount: "${{ paid?.data?.object?.amount }}"}
"""
ASK = """\
name: Ask
on: {api: POST /ask, auth: none}
steps:
  - id: decision
    approve: Refund?
    roles: [admin]
  - return: {yes: "${{ decision.approved }}", by: "${{ decision.by }}"}
"""
ONCE = """\
name: Fulfil
on: {api: POST /fulfil, auth: none}
once: ${{ inputs.thing }}
input: {thing: string}
steps:
  - stripe: things.create
    with: {}
  - return: {thing: "${{ inputs.thing }}"}
"""
LANE = """\
name: One after another
on: {stripe: thing, queue: "${{ object.id }}"}
steps:
  - when: object.first
    wait: 14d
  - insert: counters
    values: {id: "${{ event.id }}"}
"""


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    """Started services on a clock that stands still until a test moves it."""
    built = await build(database, tmp_path, clock=ManualClock(), limits=RunLimits(answer_within=10))
    await built.service.start()
    yield built
    await built.service.stop(2.0)


async def stored(fixture: RunsFixture, *run_ids: str) -> list[Any]:
    """Every stored row about these runs: the run itself, its journal, and its waits."""

    def read(tx: sa.Connection) -> list[Any]:
        result: list[Any] = []
        for table, column in ((runs, runs.c.id), (steps, steps.c.run_id), (waits, waits.c.run_id)):
            query = sa.select(table).where(column.in_(run_ids)).order_by(*table.primary_key.columns)
            result += [dict(row._mapping) for row in tx.execute(query)]
        return result

    return await fixture.database.read(read)


async def waiting_for(fixture: RunsFixture, object_id: str) -> str:
    """A run that waits for the payment of `object_id`."""
    return (await fixture.service.call("waiting", {"thing": object_id}, wait=0.1)).run_id


async def pay(fixture: RunsFixture, object_id: str, amount: int = 1) -> IntakeResult:
    return await fixture.service.ingest(fixture.event("thing.paid", id=object_id, amount=amount))


async def test_an_event_wakes_its_own_run_and_leaves_the_wait_of_another(fixture: RunsFixture) -> None:
    await fixture.publish(waiting=WAITING)
    first, other = await waiting_for(fixture, "t1"), await waiting_for(fixture, "t2")
    before = await stored(fixture, other)
    assert (await pay(fixture, "t1", 5)).woken == 1
    assert (await fixture.service.answer(first, wait=5)).body == {"amount": 5}
    assert await stored(fixture, other) == before
    assert (await pay(fixture, "t2", 7)).woken == 1
    assert (await fixture.service.answer(other, wait=5)).body == {"amount": 7}


async def test_a_second_payment_wakes_nobody_again(fixture: RunsFixture) -> None:
    await fixture.publish(waiting=WAITING)
    first, other = await waiting_for(fixture, "t1"), await waiting_for(fixture, "t2")
    assert [(await pay(fixture, "t1", 5)).woken, (await pay(fixture, "t1", 9)).woken] == [1, 0]
    assert (await fixture.service.answer(first, wait=5)).body == {"amount": 5}
    assert await fixture.status(other) == "waiting"


async def test_one_event_wakes_every_run_that_waits_for_it(fixture: RunsFixture) -> None:
    await fixture.publish(waiting=WAITING)
    both = [await waiting_for(fixture, "t1"), await waiting_for(fixture, "t1")]
    assert (await pay(fixture, "t1", 5)).woken == 2
    assert [(await fixture.service.answer(run, wait=5)).body for run in both] == [{"amount": 5}] * 2


async def test_a_run_that_is_canceled_takes_no_wait_of_another_with_it(fixture: RunsFixture) -> None:
    await fixture.publish(waiting=WAITING)
    first, other = await waiting_for(fixture, "t1"), await waiting_for(fixture, "t2")
    before = await stored(fixture, other)
    await fixture.service.cancel(first)
    assert await stored(fixture, other) == before
    assert (await pay(fixture, "t1")).woken == 0
    assert (await pay(fixture, "t2", 7)).woken == 1
    assert (await fixture.service.answer(other, wait=5)).body == {"amount": 7}


async def test_a_decision_counts_once_and_for_its_own_run(fixture: RunsFixture) -> None:
    await fixture.publish(ask=ASK)
    first = (await fixture.service.call("ask", {}, wait=0.1)).run_id
    other = (await fixture.service.call("ask", {}, wait=0.1)).run_id
    [path] = {waiting["path"] for waiting in await fixture.queries.approvals()}
    before = await stored(fixture, other)
    await fixture.service.decide(first, path, approved=True, by="u1", roles=["admin"])
    assert (await fixture.service.answer(first, wait=5)).body == {"yes": True, "by": "u1"}
    with pytest.raises(WrongState, match=first):
        await fixture.service.decide(first, path, approved=False, by="u2", roles=["admin"])
    with pytest.raises(WrongState, match=other):
        await fixture.service.decide(other, "7", approved=True, by="u2", roles=["admin"])
    assert await stored(fixture, other) == before
    await fixture.service.decide(other, path, approved=False, by="u3", roles=None, note="too late")
    failure = (await fixture.service.answer(other, wait=5)).failure
    assert failure is not None
    assert (failure.message, failure.data) == ("u3 said no: Refund?", {"note": "too late"})


async def test_a_wait_does_not_take_the_payment_of_another_that_came_before_it(fixture: RunsFixture) -> None:
    """Two payments of others, then the right one, come in while the run is on its way to its wait."""
    await fixture.publish(
        late="""\
name: Wait late
on: {api: POST /late, auth: none}
input: {thing: string}
steps:
  - stripe: things.create
    with: {}
  - id: paid
    wait_for: {stripe: thing, actions: [paid], match: "object.id == inputs.thing", timeout: 1h}
  - return: {amount: "${{ paid?.data?.object?.amount }}"}
"""
    )
    arrived = asyncio.Event()

    async def before_the_wait(when: str, _do: Any) -> None:
        if when == "after" and not arrived.is_set():
            arrived.set()
            for object_id, amount in (("t8", 8), ("t9", 9), ("t1", 1)):
                await pay(fixture, object_id, amount)
            await fixture.service.ingest(fixture.event("sub.updated", id="t1"))

    fixture.ledger.hooks.append(before_the_wait)
    assert (await fixture.service.call("late", {"thing": "t1"})).body == {"amount": 1}
    assert isinstance(fixture.clock, ManualClock)
    fixture.clock.advance(dt.timedelta(seconds=1))
    after = await fixture.service.call("late", {"thing": "t8"}, wait=0.1)
    assert await fixture.status(after.run_id) == "waiting"


async def test_the_event_that_began_a_run_is_not_the_one_it_waits_for(fixture: RunsFixture) -> None:
    await fixture.publish(
        second="""\
name: Wait for the second
on: {stripe: thing, actions: [paid]}
steps:
  - id: paid
    wait_for: {stripe: thing, actions: [paid], match: "object.id == 't1'", timeout: 1h}
  - insert: counters
    values: {id: "${{ string(paid?.data?.object?.amount) }}"}
"""
    )
    first = (await pay(fixture, "t1", 5)).runs[0]
    await fixture.settled(first, also=("waiting",))
    assert await fixture.status(first) == "waiting"
    assert isinstance(fixture.clock, ManualClock)
    fixture.clock.advance(dt.timedelta(seconds=1))
    second = await pay(fixture, "t1", 7)
    assert (second.woken, await fixture.settled(first)) == (1, {first: "succeeded"})
    await fixture.settled(second.runs[0], also=("waiting",))
    assert await fixture.status(second.runs[0]) == "waiting"


async def test_an_answer_changes_no_step_that_has_one(fixture: RunsFixture) -> None:
    await fixture.publish(ask=ASK)
    first = (await fixture.service.call("ask", {}, wait=0.1)).run_id
    [path] = {waiting["path"] for waiting in await fixture.queries.approvals()}

    def twice(tx: sa.Connection) -> list[bool]:
        yes, no = {"approved": True, "by": "u1"}, {"approved": False, "by": "u2"}
        return [Waits(fixture.service._deps).answer(tx, first, path, value) for value in (yes, no)]

    assert await fixture.database.write(twice) == [True, False]
    assert (await fixture.service.answer(first, wait=5)).body == {"yes": True, "by": "u1"}


async def test_an_answer_under_way_tells_the_worker_to_read_again(
    fixture: RunsFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fixture.publish(ask=ASK)
    first, other = [(await fixture.service.call("ask", {}, wait=0.1)).run_id for _ in range(2)]
    [path] = {waiting["path"] for waiting in await fixture.queries.approvals()}
    before = await stored(fixture, other)
    queued: list[tuple[str, int]] = []
    engine = fixture.service._deps.engine
    monkeypatch.setattr(engine, "enqueue", lambda _tx, run, segment: queued.append((run, segment)))

    def while_it_runs(tx: sa.Connection) -> tuple[int, int]:
        tx.execute(sa.update(runs).where(runs.c.id == first).values(status="running"))
        segment = sa.select(runs.c.segment).where(runs.c.id == first)
        begun = tx.execute(segment).scalar_one()
        assert Waits(fixture.service._deps).answer(tx, first, path, {"approved": True, "by": "u1"})
        return begun, tx.execute(segment).scalar_one()

    begun, now = await fixture.database.write(while_it_runs)
    assert (now, queued) == (begun + 1, [(first, begun + 1)])
    assert await stored(fixture, other) == before


async def test_an_answer_to_one_branch_answers_no_other(fixture: RunsFixture) -> None:
    await fixture.publish(
        both="""\
name: Ask two
on: {api: POST /both, auth: none}
steps:
  - parallel:
      one:
        - {id: first, approve: Refund?, roles: [admin]}
      two:
        - {id: second, approve: Ship?, roles: [admin]}
  - return: {first: "${{ first?.by }}", second: "${{ second?.by }}"}
"""
    )
    run = (await fixture.service.call("both", {}, wait=0.1)).run_id
    paths = sorted(waiting["path"] for waiting in await fixture.queries.approvals())
    for path, by in zip(paths, ("u1", "u2"), strict=True):
        await fixture.service.decide(run, path, approved=True, by=by, roles=["admin"])
    assert (await fixture.service.answer(run, wait=5)).body == {"first": "u1", "second": "u2"}


async def keys(fixture: RunsFixture, *run_ids: str) -> list[str | None]:
    return [(await fixture.queries.get(run)).dedupe_key for run in run_ids]


async def test_a_key_that_is_free_again_frees_no_other(fixture: RunsFixture) -> None:
    """A run fails and is called anew; the key of a run that went well stays taken."""
    await fixture.publish(fulfil=ONCE)
    other = await fixture.service.call("fulfil", {"thing": "t2"})
    fixture.ledger.answers["things.create"] = [StepFailure("card_declined", "No.", status=402)]
    failed = await fixture.service.call("fulfil", {"thing": "t1"})
    assert await fixture.status(failed.run_id) == "failed"
    before = await stored(fixture, other.run_id)
    anew = await fixture.service.call("fulfil", {"thing": "t1"})
    assert (await fixture.status(anew.run_id), anew.run_id != failed.run_id) == ("succeeded", True)
    assert await stored(fixture, other.run_id) == before
    assert (await fixture.service.call("fulfil", {"thing": "t2"})).run_id == other.run_id
    assert await keys(fixture, failed.run_id) == [None]
    assert None not in await keys(fixture, anew.run_id, other.run_id)


async def test_a_failed_run_is_retried_with_its_own_key_again(fixture: RunsFixture) -> None:
    """It has lost its key to nobody: with the retry it is the run of its key, and others keep theirs."""
    await fixture.publish(fulfil=ONCE)
    other = await fixture.service.call("fulfil", {"thing": "t2"})
    no = StepFailure("card_declined", "No.", status=402)
    fixture.ledger.answers["things.create"] = [no, no]
    failed = await fixture.service.call("fulfil", {"thing": "t1"})
    second = await fixture.service.call("fulfil", {"thing": "t1"})
    assert second.run_id != failed.run_id
    before = await stored(fixture, other.run_id)
    await fixture.service.retry(failed.run_id, person=SYSTEM)
    await fixture.settled(failed.run_id)
    assert await fixture.status(failed.run_id) == "succeeded"
    assert await stored(fixture, other.run_id) == before
    assert (await fixture.service.call("fulfil", {"thing": "t1"})).run_id == failed.run_id
    with pytest.raises(WrongState):
        await fixture.service.retry(second.run_id, person=SYSTEM)
    assert await keys(fixture, second.run_id) == [None]


async def test_a_key_of_dedupe_lasts_a_day_to_the_second(fixture: RunsFixture) -> None:
    await fixture.publish(
        charge="""\
name: Charge
on: {api: POST /charge, auth: none, dedupe: "${{ inputs.cart }}"}
input: {cart: string}
steps:
  - stripe: things.charge
    with: {}
  - return: {ok: true}
"""
    )
    clock = fixture.clock
    assert isinstance(clock, ManualClock)
    first = (await fixture.service.call("charge", {"cart": "c1"})).run_id
    clock.advance(dt.timedelta(seconds=1))
    other = (await fixture.service.call("charge", {"cart": "c2"})).run_id
    clock.advance(dt.timedelta(seconds=86_399))
    assert (await fixture.service.call("charge", {"cart": "c1"})).run_id == first
    clock.advance(dt.timedelta(seconds=1))
    assert (await fixture.service.call("charge", {"cart": "c1"})).run_id != first
    assert (await fixture.service.call("charge", {"cart": "c2"})).run_id == other
    assert await keys(fixture, first) == [None]


async def in_lane(fixture: RunsFixture, object_id: str, *, first: bool = False) -> str:
    return (await fixture.service.ingest(fixture.event("thing.updated", id=object_id, first=first))).runs[0]


async def test_the_end_of_a_run_lets_the_next_of_its_own_lane_go_and_no_other(fixture: RunsFixture) -> None:
    await fixture.publish(lane=LANE)
    first, second = await in_lane(fixture, "a", first=True), await in_lane(fixture, "a", first=True)
    third = await in_lane(fixture, "a")
    other, behind = await in_lane(fixture, "b", first=True), await in_lane(fixture, "b")
    before, before_third = await stored(fixture, other, behind), await stored(fixture, third)
    await fixture.service.cancel(first)
    await fixture.settled(second, also=("waiting",))
    assert await stored(fixture, third) == before_third
    await fixture.service.cancel(second)
    assert await fixture.settled(third) == {third: "succeeded"}
    assert await stored(fixture, other, behind) == before


async def test_a_run_that_is_retried_waits_until_its_lane_is_free(fixture: RunsFixture) -> None:
    """A run that failed left its lane; another is in it now."""
    await fixture.publish(
        lane="""\
name: One after another
on: {stripe: thing, queue: "${{ object.id }}"}
steps:
  - stripe: things.create
    with: {}
  - when: object.first
    wait: 14d
"""
    )
    fixture.ledger.answers["things.create"] = [StepFailure("card_declined", "No.", status=402)]
    failed = await in_lane(fixture, "a")
    await fixture.settled(failed)
    inside = await in_lane(fixture, "a", first=True)
    other = await in_lane(fixture, "b", first=True)
    await fixture.settled(inside, other, also=("waiting",))
    await fixture.service.retry(failed, person=SYSTEM)
    assert (await fixture.queries.get(failed)).blocked
    before = await stored(fixture, other)
    await fixture.service.cancel(inside)
    assert await fixture.settled(failed) == {failed: "succeeded"}
    assert await stored(fixture, other) == before


async def test_a_fork_waits_until_its_lane_is_free(fixture: RunsFixture) -> None:
    await fixture.publish(lane=LANE)
    done = await in_lane(fixture, "a")
    await fixture.settled(done)
    inside = await in_lane(fixture, "a", first=True)
    forked = (await fixture.service.fork(done, person=SYSTEM, path="1")).id
    assert (await fixture.queries.get(forked)).blocked
    free = (await fixture.service.fork(await in_lane(fixture, "c"), person=SYSTEM, path="1")).id
    await fixture.settled(free, seconds=10)
    await fixture.service.cancel(inside)
    await fixture.settled(forked)


async def test_a_turn_of_an_earlier_owner_is_fenced_off(fixture: RunsFixture) -> None:
    """Whoever puts a run back on the queue gives it the next segment and the next epoch, and no time to wake at."""
    await fixture.publish(waiting=WAITING)
    first, other = await waiting_for(fixture, "t1"), await waiting_for(fixture, "t2")
    [before, *_] = await stored(fixture, first)
    await fixture.service.stop(1)
    await pay(fixture, "t1")
    [after, *_] = await stored(fixture, first)
    assert (after["segment"], after["epoch"]) == (before["segment"] + 1, before["epoch"] + 1)
    assert (after["status"], after["wake_at"], after["owner"], after["blocked"]) == ("queued", None, None, False)
    assert await fixture.status(other) == "waiting"
