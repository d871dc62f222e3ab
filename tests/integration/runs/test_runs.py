"""What runs promise, seen through the service: real database, tables, workflows; a ledger for the outside."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support.runs_fixture import RunsFixture, build

from payloom.kit.clock import ManualClock
from payloom.runs.dependencies import RunLimits
from payloom.runs.errors import NotAllowed, RunUnknown, WorkflowUnknown, WrongState
from payloom.runs.intake.callers import Caller
from payloom.runs.models import runs
from payloom.runs.publishing.publications import history
from payloom.runs.start_rights import SYSTEM
from payloom.workflows.program.commands import StepFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

PAY = """\
name: Pay an order
on:
  stripe: thing
  actions: [paid]
steps:
  - id: order
    update: orders
    where: {id: "${{ object.order }}"}
    set: {status: paid, paid: "${{ object.amount }}"}
"""

CHARGE = """\
name: Charge
on:
  api: POST /charge
  auth: none
  dedupe: ${{ inputs.cart }}
input: {cart: string, amount: int 1..}
steps:
  - id: order
    insert: orders
    values: {id: "${{ inputs.cart }}"}
  - id: charge
    stripe: things.charge
    with: {n: "${{ inputs.amount }}"}
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {status: charged, paid: "${{ inputs.amount }}"}
  - return: {charge: "${{ charge.id }}", order: "${{ order.id }}"}
"""


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    """A started world; short pauses."""
    fixture = await build(database, tmp_path, limits=RunLimits(park_first=0.2, step_timeout=0.5, answer_within=10))
    await fixture.service.start()
    yield fixture
    await fixture.service.stop(2.0)


async def test_an_event_that_only_touches_tables_is_done_when_it_is_taken_in(fixture: RunsFixture) -> None:
    """The fast lane: nothing is left to do after the acknowledgement."""
    await fixture.publish(pay=PAY)
    await fixture.put("orders", id="o1")
    intake = await fixture.service.ingest(fixture.event("thing.paid", id="t1", order="o1", amount=500))
    [run] = intake.runs
    timeline = await fixture.queries.timeline(run)
    assert timeline["run"]["status"] == "succeeded"
    assert [(step["verb"], step["status"]) for step in timeline["steps"]] == [("update", "succeeded")]
    assert (await fixture.rows("orders"))[0]["paid"] == 500


async def test_an_event_delivered_many_times_at_once_runs_once(fixture: RunsFixture) -> None:
    """One row, one run, one effect."""
    await fixture.publish(
        count="""\
name: Count
on: {stripe: thing}
steps:
  - id: counter
    select: counters
    where: {id: c}
    one: required
  - update: counters
    where: {id: c}
    set: {value: "${{ counter.value + 1 }}"}
"""
    )
    await fixture.put("counters", id="c", value=0)
    event = fixture.event("thing.created", id="t1")
    results = await asyncio.gather(*[fixture.service.ingest(event) for _ in range(20)])
    assert sum(result.new for result in results) == 1
    assert (await fixture.rows("counters"))[0]["value"] == 1
    [stored] = await fixture.inbox.list()
    assert stored["deliveries"] == 20


async def test_the_ids_of_runs_sort_by_when_their_events_happened(fixture: RunsFixture) -> None:
    """In whatever order they come, so that new rows are beside each other in every index."""
    await fixture.publish(pay=PAY)
    ids: dict[int, str] = {}
    for created in (1_760_000_300, 1_760_000_100, 1_760_000_200):
        event = fixture.event("thing.paid", created=created, id=f"t{created}", order="o1", amount=5)
        [ids[created]] = (await fixture.service.ingest(event)).runs
    assert sorted(ids.values()) == [ids[created] for created in sorted(ids)]


async def test_an_event_nobody_waits_for_is_only_stored(fixture: RunsFixture) -> None:
    """And acknowledged."""
    await fixture.publish(pay=PAY)
    intake = await fixture.service.ingest(fixture.event("thing.deleted", id="t1"))
    assert (intake.new, list(intake.runs)) == (True, [])


async def test_a_failing_run_keeps_its_event_and_says_why(fixture: RunsFixture) -> None:
    """And undoes the step that failed, not the steps before it."""
    await fixture.publish(
        broken="""\
name: Broken
on: {stripe: thing}
steps:
  - insert: counters
    values: {id: kept}
  - insert: counters
    values: {id: kept}
"""
    )
    intake = await fixture.service.ingest(fixture.event("thing.created", id="t1"))
    run = await fixture.queries.get(intake.runs[0])
    assert run.status == "failed"
    assert run.failure["kind"] == "unique_violation"
    assert run.failure["path"] == "1"
    assert [row["id"] for row in await fixture.rows("counters")] == ["kept"]


async def test_a_trigger_that_cannot_be_evaluated_is_a_visible_failed_run(fixture: RunsFixture) -> None:
    """Not silence."""
    await fixture.publish(pay=PAY.replace("  actions: [paid]", "  match: object.nothing.here == 1"))
    intake = await fixture.service.ingest(fixture.event("thing.paid", id="t1"))
    run = await fixture.queries.get(intake.runs[0])
    assert (run.status, run.failure["kind"]) == ("failed", "expression")


async def test_a_caller_gets_the_answer_and_the_effects_happen_once(fixture: RunsFixture) -> None:
    """Insert, outside call, update, return."""
    await fixture.publish(charge=CHARGE)
    answer = await fixture.service.call("charge", {"cart": "c1", "amount": 700})
    assert answer.state == "answered"
    assert answer.body == {"charge": "obj_things.charge", "order": "c1"}
    assert fixture.ledger.effects() == {f"{answer.run_id}:1": "things.charge"}
    assert (await fixture.rows("orders"))[0]["status"] == "charged"


async def test_the_same_call_twenty_times_is_one_run_with_one_answer(fixture: RunsFixture) -> None:
    """Also while the first is still on its way; another user's is another run."""
    await fixture.publish(
        charge=CHARGE.replace('    values: {id: "${{ inputs.cart }}"}', '    values: {id: "${{ uuid() }}"}')
    )

    async def slow(_when: str, _do: Any) -> None:
        await asyncio.sleep(0.1)

    fixture.ledger.hooks.append(slow)
    caller = Caller(user_id="u1")
    answers = await asyncio.gather(
        *[fixture.service.call("charge", {"cart": "c1", "amount": 1}, caller=caller) for _ in range(20)]
    )
    other = await fixture.service.call("charge", {"cart": "c1", "amount": 1}, caller=Caller(user_id="u2"))
    assert len({answer.run_id for answer in answers}) == 1
    assert {answer.state for answer in answers} == {"answered"}
    assert sum(not answer.repeated for answer in answers) == 1
    assert other.run_id != answers[0].run_id
    assert len(fixture.ledger.effects()) == 2


async def test_a_slow_answer_becomes_the_runs_id_and_can_be_fetched_later(fixture: RunsFixture) -> None:
    """202, and the run goes on."""
    await fixture.publish(charge=CHARGE)
    go = asyncio.Event()

    async def wait(_when: str, _do: Any) -> None:
        await asyncio.wait_for(go.wait(), 5)

    fixture.ledger.hooks.append(wait)
    answer = await fixture.service.call("charge", {"cart": "c1", "amount": 1}, wait=0.1)
    assert (answer.state, answer.status) == ("running", 202)
    go.set()
    assert (await fixture.service.answer(answer.run_id, wait=5)).state == "answered"


async def test_a_retryable_failure_is_tried_again_under_the_same_key(fixture: RunsFixture) -> None:
    """With the attempt counted."""
    await fixture.publish(charge=CHARGE)
    fixture.ledger.answers["things.charge"] = [StepFailure("api_connection_error", "no answer", retryable=True)] * 2
    answer = await fixture.service.call("charge", {"cart": "c1", "amount": 1})
    assert answer.state == "answered"
    assert fixture.ledger.attempts() == [f"{answer.run_id}:1"] * 3
    [step] = [step for step in (await fixture.queries.timeline(answer.run_id))["steps"] if step["verb"] == "stripe"]
    assert (step["attempts"], step["status"]) == (3, "succeeded")


async def test_a_final_failure_reaches_the_caller_and_can_be_retried_by_hand(fixture: RunsFixture) -> None:
    """Under the same key; steps already done are not done again."""
    await fixture.publish(charge=CHARGE)
    fixture.ledger.answers["things.charge"] = [StepFailure("card_declined", "declined", status=402)]
    answer = await fixture.service.call("charge", {"cart": "c1", "amount": 1})
    assert (answer.state, answer.status) == ("failed", 402)
    assert answer.failure is not None
    assert answer.failure.kind == "card_declined"
    await fixture.service.retry(answer.run_id, person=SYSTEM)
    await fixture.settled(answer.run_id)
    assert (await fixture.service.answer(answer.run_id)).body == {"charge": "obj_things.charge", "order": "c1"}
    assert fixture.ledger.attempts() == [f"{answer.run_id}:1"] * 2
    assert len(await fixture.rows("orders")) == 1
    with pytest.raises(WrongState):
        await fixture.service.retry(answer.run_id, person=SYSTEM)


async def test_a_step_that_does_not_answer_is_in_doubt_and_tried_again(fixture: RunsFixture) -> None:
    """The next attempt has `in_doubt` set."""
    await fixture.publish(charge=CHARGE)

    async def hang(_do: Any) -> None:
        await asyncio.sleep(30)

    fixture.ledger.answers["things.charge"] = [hang]
    answer = await fixture.service.call("charge", {"cart": "c1", "amount": 1})
    assert answer.state == "answered"
    tried = [(line["number"], line["in_doubt"]) for line in fixture.ledger.lines() if "attempt" in line]
    assert tried == [(1, False), (2, True)]


async def test_a_run_before_its_row_is_parked_and_woken_by_the_insert(fixture: RunsFixture) -> None:
    """The webhook was faster than the order."""
    await fixture.publish(pay=PAY)
    intake = await fixture.service.ingest(fixture.event("thing.paid", id="t1", order="o1", amount=5))
    run = await fixture.queries.get(intake.runs[0])
    assert (run.status, run.parked_on) == ("waiting", "orders")

    def insert(tx: Any) -> None:
        fixture.tables.perform(tx, "insert", "orders", {"values": {"id": "o1"}})
        fixture.service.rows_changed(tx, "insert", "orders")

    await fixture.database.write(insert)
    assert await fixture.settled(*intake.runs) == {intake.runs[0]: "succeeded"}
    assert (await fixture.rows("orders"))[0]["status"] == "paid"


async def test_a_parked_run_also_looks_by_itself(fixture: RunsFixture) -> None:
    """A row may come by other ways than a workflow."""
    await fixture.publish(pay=PAY)
    intake = await fixture.service.ingest(fixture.event("thing.paid", id="t1", order="o1", amount=5))
    await fixture.put("orders", id="o1")
    assert await fixture.settled(*intake.runs) == {intake.runs[0]: "succeeded"}


async def test_a_row_that_never_comes_fails_the_run(database: Database, tmp_path: Path) -> None:
    """Visible, after a while."""
    fixture = await build(database, tmp_path, limits=RunLimits(park_first=0.1, park_for=0.5))
    await fixture.service.start()
    await fixture.publish(pay=PAY)
    intake = await fixture.service.ingest(fixture.event("thing.paid", id="t1", order="o1", amount=5))
    assert await fixture.settled(*intake.runs) == {intake.runs[0]: "failed"}
    assert (await fixture.queries.get(intake.runs[0])).failure["kind"] == "row_not_found"
    await fixture.service.stop(1)


async def test_runs_about_one_object_go_one_after_another(fixture: RunsFixture) -> None:
    """And in the order in which Stripe made the events, as far as they are there."""
    await fixture.publish(
        lane="""\
name: One after another
on: {stripe: thing, queue: "${{ object.id }}"}
steps:
  - stripe: things.create
    with: {n: "${{ object.n }}"}
"""
    )
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    order: list[int] = []

    async def watch(when: str, do: Any) -> None:
        number = do.args["with"]["n"]
        lane = "a" if number < 100 else "b"
        if when == "before":
            running[lane] = running.get(lane, 0) + 1
            most[lane] = max(most.get(lane, 0), running[lane])
            order.append(number)
            await asyncio.sleep(0.05)
        else:
            running[lane] -= 1

    fixture.ledger.hooks.append(watch)
    for number in (1, 3, 2, 101, 4):
        lane = "a" if number < 100 else "b"
        await fixture.service.ingest(fixture.event("thing.updated", id=lane, n=number, created=1_760_000_000 + number))
    statuses = await fixture.settled()
    assert set(statuses.values()) == {"succeeded"}
    assert len(statuses) == 5
    assert most == {"a": 1, "b": 1}
    assert [number for number in order if number < 100] == [1, 2, 3, 4]


async def test_a_canceled_run_lets_the_next_one_of_its_lane_go(fixture: RunsFixture) -> None:
    """Whoever ends a run releases its lane."""
    await fixture.publish(
        lane="""\
name: Sleeper
on: {stripe: thing, queue: "${{ object.id }}"}
steps:
  - when: object.first
    wait: 14d
  - insert: counters
    values: {id: "${{ event.id }}"}
"""
    )
    first = (await fixture.service.ingest(fixture.event("thing.updated", id="a", first=True))).runs[0]
    second = (await fixture.service.ingest(fixture.event("thing.updated", id="a", first=False))).runs[0]
    assert (await fixture.status(first), await fixture.status(second)) == ("waiting", "queued")
    assert (await fixture.service.cancel(first)).status == "canceled"
    assert await fixture.settled(second) == {second: "succeeded"}
    with pytest.raises(WrongState):
        await fixture.service.cancel(first)


async def test_a_stateful_object_is_read_again_first(fixture: RunsFixture) -> None:
    """Late events cannot undo newer state."""
    await fixture.publish(
        sub="""\
name: Follow
on: {stripe: sub}
steps:
  - insert: counters
    values: {id: "${{ object.id }}", value: "${{ object.n }}"}
"""
    )
    fixture.ledger.answers["subs.retrieve"] = [{"id": "s1", "object": "sub", "n": 42}]
    intake = await fixture.service.ingest(fixture.event("sub.updated", id="s1", n=1))
    await fixture.settled(*intake.runs)
    assert [(row["id"], row["value"]) for row in await fixture.rows("counters")] == [("s1", 42)]
    steps = (await fixture.queries.timeline(intake.runs[0]))["steps"]
    assert [step["path"] for step in steps] == ["fresh", "0"]


async def test_a_run_waits_for_an_event_and_goes_on_with_it(fixture: RunsFixture) -> None:
    """Also when the event came before it waited."""
    await fixture.publish(
        waiting="""\
name: Wait for payment
on:
  api: POST /wait
  auth: none
input: {thing: string}
steps:
  - stripe: things.create
    with: {}
  - id: paid
    wait_for: {stripe: thing, actions: [paid], match: "object.id == inputs.thing", timeout: 1h}
  - return: {amount: "${{ paid?.data?.object?.amount }}"}
"""
    )
    early = asyncio.Event()

    async def before_the_wait(when: str, _do: Any) -> None:
        if when == "after" and not early.is_set():
            early.set()
            await fixture.service.ingest(fixture.event("thing.paid", id="t1", amount=1))

    fixture.ledger.hooks.append(before_the_wait)
    answer = await fixture.service.call("waiting", {"thing": "t1"})
    assert answer.body == {"amount": 1}
    late = await fixture.service.call("waiting", {"thing": "t2"}, wait=0.2)
    assert await fixture.status(late.run_id) == "waiting"
    await fixture.service.ingest(fixture.event("thing.paid", id="other", amount=3))
    intake = await fixture.service.ingest(fixture.event("thing.paid", id="t2", amount=2))
    assert intake.woken == 1
    assert (await fixture.service.answer(late.run_id, wait=5)).body == {"amount": 2}


async def test_a_decision_needs_its_role(fixture: RunsFixture) -> None:
    """And is asked for once."""
    await fixture.publish(
        ask="""\
name: Ask
on:
  api: POST /ask
  auth: none
steps:
  - id: decision
    approve: Refund?
    roles: [admin]
    data: {amount: 5}
  - return: {yes: "${{ decision.approved }}", by: "${{ decision.by }}"}
"""
    )
    answer = await fixture.service.call("ask", {}, wait=0.1)
    [waiting] = await fixture.queries.approvals()
    assert waiting["title"] == "Refund?"
    with pytest.raises(NotAllowed):
        await fixture.service.decide(answer.run_id, waiting["path"], approved=True, by="u1", roles=["support"])
    await fixture.service.decide(answer.run_id, waiting["path"], approved=True, by="u2", roles=["admin"])
    assert (await fixture.service.answer(answer.run_id, wait=5)).body == {"yes": True, "by": "u2"}
    with pytest.raises(WrongState):
        await fixture.service.decide(answer.run_id, waiting["path"], approved=True, by="u2", roles=["admin"])


async def test_a_sleep_of_days_survives_on_a_moved_clock(database: Database, tmp_path: Path) -> None:
    """The sweep wakes what is late, so test clocks work."""
    clock = ManualClock()
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.service.start()
    await fixture.publish(
        sleeper="""\
name: Sleeper
on: {stripe: thing}
steps:
  - wait: 14d
  - insert: counters
    values: {id: woken}
"""
    )
    intake = await fixture.service.ingest(fixture.event("thing.created", id="t1"))
    run = await fixture.queries.get(intake.runs[0])
    assert run.status == "waiting"
    clock.set(run.wake_at.replace(microsecond=0) if run.wake_at else clock.now())
    clock.advance(dt.timedelta(minutes=2))
    await fixture.service.sweep()
    assert await fixture.settled(*intake.runs) == {intake.runs[0]: "succeeded"}
    await fixture.service.stop(1)


async def test_a_run_ends_on_the_version_it_began_with(fixture: RunsFixture) -> None:
    """New runs take the newest."""
    await fixture.publish(
        v="name: V\non: {stripe: thing}\nsteps:\n  - wait: 1h\n  - insert: counters\n    values: {id: old}\n"
    )
    first = (await fixture.service.ingest(fixture.event("thing.created", id="t1"))).runs[0]
    await fixture.publish(v="name: V\non: {stripe: thing}\nsteps:\n  - insert: counters\n    values: {id: new}\n")
    second = (await fixture.service.ingest(fixture.event("thing.created", id="t2"))).runs[0]
    assert await fixture.status(second) == "succeeded"
    use = await fixture.database.read(lambda tx: history(tx, "v"))
    assert sorted(version["open_runs"] for version in use) == [0, 1]
    assert (await fixture.queries.get(first)).version != (await fixture.queries.get(second)).version


async def test_a_run_is_left_to_a_server_that_has_what_it_needs(database: Database, tmp_path: Path) -> None:
    """A template or a function that this server lacks, also in a called workflow; after an hour it fails here."""
    has, clock = {"jobs:work"}, ManualClock()
    fixture = await build(database, tmp_path, clock=clock, offers=lambda _verb, name: name in has)
    await fixture.service.start()
    await fixture.publish(
        helper="name: H\non: {called: true}\nsteps:\n  - email: receipt\n    to: a@b.test\n",
        mails="name: M\non: {stripe: thing}\nsteps:\n  - call: helper\n",
        works="name: W\non: {stripe: thing}\nsteps:\n  - python: jobs:work\n",
    )
    intake = await fixture.service.ingest(fixture.event("thing.created", id="t1"))
    statuses = {(await fixture.queries.get(run)).workflow_id: run for run in intake.runs}
    await fixture.settled(statuses["works"])
    waiting = await fixture.queries.get(statuses["mails"])
    assert (waiting.status, waiting.waiting_for["server"], fixture.ledger.effects()) == (
        "waiting",
        ["email receipt"],
        dict.fromkeys(fixture.ledger.effects(), "jobs:work"),
    )
    has.add("receipt")
    clock.advance(dt.timedelta(seconds=4))
    assert await fixture.settled(*intake.runs) == dict.fromkeys(intake.runs, "succeeded")
    has.clear()
    (late, _) = (await fixture.service.ingest(fixture.event("thing.created", id="t2"))).runs
    await fixture.settled(late, also=("waiting",))
    clock.advance(dt.timedelta(hours=1))
    assert await fixture.settled(late) == {late: "succeeded"}
    await fixture.service.stop(1)


async def test_a_fork_goes_on_from_a_step_with_new_keys(fixture: RunsFixture) -> None:
    """What came before it is not done again."""
    await fixture.publish(charge=CHARGE)
    answer = await fixture.service.call("charge", {"cart": "c1", "amount": 1})
    forked = await fixture.service.fork(answer.run_id, path="1", person=SYSTEM)
    await fixture.settled(forked.id)
    assert sorted(fixture.ledger.effects()) == sorted([f"{answer.run_id}:1", f"{forked.id}:1"])
    assert len(await fixture.rows("orders")) == 1
    again = await fixture.service.fork(answer.run_id, inputs={"cart": "c2", "amount": 9}, person=SYSTEM)
    await fixture.settled(again.id)
    assert [(row["id"], row["paid"]) for row in await fixture.rows("orders")] == [("c1", 1), ("c2", 9)]


async def test_a_replayed_event_is_a_new_run(fixture: RunsFixture) -> None:
    """Of the current version; the first one stays."""
    await fixture.publish(pay=PAY)
    await fixture.put("orders", id="o1")
    event = fixture.event("thing.paid", id="t1", order="o1", amount=500)
    first = (await fixture.service.ingest(event)).runs[0]
    older = "run_of_a_version_that_made_other_ids"
    await fixture.database.write(
        lambda tx: tx.execute(sa.update(runs).where(runs.c.id == first).values(id=older, root_id=older))
    )
    [second] = await fixture.service.replay(event.id, person=SYSTEM)
    assert (await fixture.queries.get(second)).forked_from == older
    with pytest.raises(RunUnknown):
        await fixture.service.replay("evt_unknown", person=SYSTEM)


async def test_once_is_once_for_callers_and_events_alike(fixture: RunsFixture) -> None:
    """Fulfil-once: the thanks page, the webhook and catch-up may all ask."""
    await fixture.publish(
        fulfil="""\
name: Fulfil
on:
  - api: POST /fulfil
    auth: none
  - stripe: thing
once: ${{ inputs?.thing ?? object.id }}
input: {thing: string}
steps:
  - id: made
    stripe: things.create
    with: {}
  - return: {key: "${{ made.key }}"}
"""
    )
    intake = await fixture.service.ingest(fixture.event("thing.created", id="t1"))
    answers = await asyncio.gather(*[fixture.service.call("fulfil", {"thing": "t1"}) for _ in range(5)])
    again = await fixture.service.ingest(fixture.event("thing.updated", id="t1"))
    assert {answer.run_id for answer in answers} == set(intake.runs)
    assert list(again.runs) == []
    assert {answer.body["key"] for answer in answers} == {f"{intake.runs[0]}:0"}
    assert len(fixture.ledger.effects()) == 1


async def test_parallel_branches_do_not_wait_for_each_other(fixture: RunsFixture) -> None:
    """A slow branch does not hold up a quick one of several steps."""
    await fixture.publish(
        both="""\
name: Both
on:
  api: POST /both
  auth: none
steps:
  - parallel:
      slow:
        - stripe: things.create
          with: {n: slow}
      quick:
        - stripe: things.charge
          with: {n: 1}
        - stripe: things.refund
          with: {n: 2}
  - return: {ok: true}
"""
    )
    order: list[str] = []

    async def watch(when: str, do: Any) -> None:
        if do.action == "things.create" and when == "before":
            await asyncio.sleep(0.3)
        if when == "after":
            order.append(do.action)

    fixture.ledger.hooks.append(watch)
    assert (await fixture.service.call("both", {})).body == {"ok": True}
    assert order == ["things.charge", "things.refund", "things.create"]


async def test_an_early_answer_does_not_end_the_run(fixture: RunsFixture) -> None:
    """`respond` answers, the rest goes on."""
    await fixture.publish(
        early="""\
name: Early
on:
  api: POST /early
  auth: none
steps:
  - respond: {accepted: true}
    status: 202
  - stripe: things.create
    with: {}
  - log: Done for ${{ run.id }}
"""
    )
    go = asyncio.Event()

    async def wait(when: str, _do: Any) -> None:
        if when == "before":
            await asyncio.wait_for(go.wait(), 5)

    fixture.ledger.hooks.append(wait)
    answer = await fixture.service.call("early", {})
    assert (answer.state, answer.status, answer.body) == ("answered", 202, {"accepted": True})
    assert await fixture.status(answer.run_id) == "running"
    go.set()
    await fixture.settled(answer.run_id)
    logged = (await fixture.queries.timeline(answer.run_id))["logs"]
    assert [line["text"] for line in logged] == [f"Done for {answer.run_id}"]


async def test_an_unknown_workflow_or_run_is_named(fixture: RunsFixture) -> None:
    """With what is there."""
    await fixture.publish(charge=CHARGE)
    with pytest.raises(WorkflowUnknown, match="did you mean 'charge'"):
        await fixture.service.call("chrage", {})
    with pytest.raises(RunUnknown):
        await fixture.service.cancel("run_nope")


async def test_what_a_run_read_still_holds_when_it_writes(fixture: RunsFixture) -> None:
    """Twenty runs read, add and write one row at the same time: none of the additions is lost."""
    await fixture.publish(
        count="""\
name: Count
on: {stripe: thing}
steps:
  - id: counter
    select: counters
    where: {id: all}
    one: required
  - update: counters
    where: {id: all}
    set: {value: "${{ counter.value + 1 }}"}
"""
    )
    await fixture.put("counters", id="all")
    await asyncio.gather(*[fixture.service.ingest(fixture.event("thing.created", id=f"t{n}")) for n in range(20)])
    assert set((await fixture.settled()).values()) == {"succeeded"}
    assert (await fixture.rows("counters"))[0]["value"] == 20
