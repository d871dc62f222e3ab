"""A workflow with `once` that others call: one run for each key, and its result for everybody who calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event as sa_event
from tests.support.runs_fixture import RunsFixture, build

from payloom.db.packing import unpack
from payloom.runs.dependencies import RunLimits
from payloom.runs.errors import WrongState
from payloom.runs.start_rights import SYSTEM
from payloom.workflows.compiler.compile import load_model
from payloom.workflows.program.commands import StepFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

FULFILL = """\
name: Fulfil
on: [{called: true}, {api: POST /fulfil, auth: none}]
input: {session: string}
once: ${{ inputs.session }}
steps:
  - id: thing
    stripe: things.create
    with: {n: 1}
  - update: orders
    where: {id: "${{ inputs.session }}"}
    set: {status: paid}
  - email: receipt
    to: a@b.test
  - return: {order: "${{ inputs.session }}", thing: "${{ thing.id }}", key: "${{ thing.key }}"}
"""
THANKS = """\
name: Thanks page
on: {api: GET /thanks, auth: none}
input: {session: string}
steps:
  - id: done
    call: fulfill
    with: {session: "${{ inputs.session }}"}
  - return: ${{ done }}
"""
WEBHOOK = """\
name: Webhook
on: {stripe: thing, actions: [paid]}
steps:
  - id: done
    call: fulfill
    with: {session: "${{ object.session }}"}
  - return: ${{ done }}
"""
CATCH_UP = THANKS.replace("Thanks page", "Catch up").replace(
    "{api: GET /thanks, auth: none}", "{manual: true, auth: none}"
)
ALL = {"fulfill": FULFILL, "thanks": THANKS, "webhook": WEBHOOK, "catch_up": CATCH_UP}


def limits() -> RunLimits:
    """Short pauses."""
    return RunLimits(park_first=0.2, step_timeout=5, answer_within=15)


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    """A started world."""
    fixture = await build(database, tmp_path, limits=limits())
    await fixture.service.start()
    yield fixture
    await fixture.service.stop(2.0)


async def of(fixture: RunsFixture, workflow: str) -> list[dict[str, Any]]:
    """The runs of a workflow, oldest first."""
    return (await fixture.queries.list(workflow_id=workflow, limit=200))[::-1]


def slow(fixture: RunsFixture, action: str) -> asyncio.Event:
    """Let an outside step wait until the event is set."""
    gate = asyncio.Event()

    async def hook(when: str, do: Any) -> None:
        if when == "before" and do.action == action:
            await gate.wait()

    fixture.ledger.hooks.append(hook)
    return gate


async def waiting(fixture: RunsFixture, *run_ids: str) -> None:
    """Until these runs wait."""
    async with asyncio.timeout(10):
        while True:
            if {await fixture.status(run_id_) for run_id_ in run_ids} == {"waiting"}:
                return
            await asyncio.sleep(0.01)


async def begun(fixture: RunsFixture, workflow: str, **inputs: Any) -> str:
    """Call and do not wait."""
    return (await fixture.service.call(workflow, inputs, wait=0)).run_id


async def test_thanks_page_webhook_and_catch_up_fulfil_once_and_all_get_the_result(fixture: RunsFixture) -> None:
    """Twenty times each, at once."""
    await fixture.publish(**ALL)
    await fixture.put("orders", id="s1")
    events = [fixture.event("thing.paid", id=f"t{n}", session="s1") for n in range(20)]
    pages = [fixture.service.call("thanks", {"session": "s1"}, wait=15) for _ in range(20)]
    catching_up = [fixture.service.call("catch-up", {"session": "s1"}, trigger="manual", wait=15) for _ in range(20)]
    straight = [fixture.service.call("fulfill", {"session": "s1"}, trigger_index=1, wait=15) for _ in range(5)]
    intakes = asyncio.gather(*[fixture.service.ingest(event) for event in events])
    answers = await asyncio.gather(*pages, *catching_up, *straight)
    hooks = [await fixture.service.answer(intake.runs[0], wait=15) for intake in await intakes]
    [run] = await of(fixture, "fulfill")
    assert run["status"] == "succeeded"
    assert sorted(fixture.ledger.effects().values()) == ["receipt", "things.create"]
    result = (await fixture.queries.get(run["id"])).output
    assert result["order"] == "s1"
    assert {answer.state for answer in (*answers, *hooks)} == {"answered"}
    assert all(answer.body == result for answer in (*answers, *hooks))
    assert [row["status"] for row in await fixture.rows("orders")] == ["paid"]
    if run["trigger"] == "call":
        assert result["key"].startswith(f"{run['id']}:"), "its keys are its own"


async def test_caller_and_called_know_of_each_other(fixture: RunsFixture) -> None:
    """In both timelines, and in what the caller waits for."""
    await fixture.publish(**ALL)
    await fixture.put("orders", id="s1")
    gate = slow(fixture, "things.create")
    first, second = [await begun(fixture, "thanks", session="s1") for _ in range(2)]
    await waiting(fixture, first, second)
    [run] = await of(fixture, "fulfill")
    assert (run["trigger"], run["status"] in {"queued", "running"}) == ("call", True), run
    caller = await fixture.queries.timeline(first)
    assert caller["run"]["waiting_for"] == {"call": "fulfill", "run": run["id"], "until": None}
    assert [(step["verb"], step["action"], step["status"]) for step in caller["steps"]] == [
        ("call", "fulfill", "waiting")
    ]
    assert caller["calls"] == [{"path": "0", "run_id": run["id"]}]
    called = await fixture.queries.timeline(run["id"])
    assert called["called_by"] == [first, second]
    gate.set()
    assert (await fixture.service.answer(second, wait=10)).state == "answered"
    await fixture.settled()
    assert (await fixture.queries.timeline(run["id"]))["called_by"] == [first]
    later = await fixture.service.call("thanks", {"session": "s1"}, wait=10)
    assert later.body["order"] == "s1"
    [step] = (await fixture.queries.timeline(later.run_id))["steps"]
    assert (step["args"]["run"], step["status"]) == (run["id"], "succeeded"), "the result was there already"


async def test_who_waits_gets_the_failure_and_a_later_call_tries_anew(fixture: RunsFixture) -> None:
    """Kind, message, hint, and which run."""
    await fixture.publish(**ALL)
    await fixture.put("orders", id="s1")
    gate = slow(fixture, "things.create")
    fixture.ledger.answers["things.create"] = [StepFailure("card_declined", "No.", status=402, hint="Another card.")]
    pages = [await begun(fixture, "thanks", session="s1") for _ in range(3)]
    await waiting(fixture, *pages)
    gate.set()
    answers = [await fixture.service.answer(page, wait=10) for page in pages]
    [run] = await of(fixture, "fulfill")
    for answer in answers:
        assert (answer.state, answer.status) == ("failed", 402)
        assert answer.failure is not None
        assert (answer.failure.kind, answer.failure.message, answer.failure.hint) == (
            "card_declined",
            "No.",
            "Another card.",
        )
        assert answer.failure.data["run"] == run["id"]
    again = await fixture.service.call("thanks", {"session": "s1"}, wait=10)
    assert again.state == "answered"
    assert [run["status"] for run in await of(fixture, "fulfill")] == ["failed", "succeeded"]


async def test_a_failed_call_can_be_caught_and_a_failed_caller_retried(fixture: RunsFixture) -> None:
    """A retry asks for the key again."""
    caught = THANKS.replace("- return: ${{ done }}", "- return: ${{ done ?? 'none' }}").replace(
        "    with:", "    on_error: [{log: '${{ error.kind }} in ${{ error.data.run }}'}]\n    with:"
    )
    await fixture.publish(**{**ALL, "catch_up": caught})
    await fixture.put("orders", id="s1")
    fixture.ledger.answers["things.create"] = [StepFailure("no", "No."), StepFailure("no", "No again.")]
    answer = await fixture.service.call("catch-up", {"session": "s1"}, wait=10)
    assert (answer.state, answer.body) == ("answered", "none")
    logs = (await fixture.queries.timeline(answer.run_id))["logs"]
    [first] = await of(fixture, "fulfill")
    assert logs[0]["text"] == f"no in {first['id']}"
    page = await fixture.service.call("thanks", {"session": "s1"}, wait=10)
    assert page.failure is not None
    assert page.failure.message == "No again."
    await fixture.service.retry(page.run_id, person=SYSTEM)
    assert (await fixture.service.answer(page.run_id, wait=10)).body["order"] == "s1"
    assert [run["status"] for run in await of(fixture, "fulfill")] == ["failed", "failed", "succeeded"]


async def test_a_failed_run_is_not_retried_once_another_has_taken_its_place(fixture: RunsFixture) -> None:
    """Or it would be done twice."""
    await fixture.publish(**ALL)
    await fixture.put("orders", id="s1")
    fixture.ledger.answers["things.create"] = [StepFailure("no", "No.")]
    assert (await fixture.service.call("thanks", {"session": "s1"}, wait=10)).state == "failed"
    gate = slow(fixture, "things.create")
    page = await begun(fixture, "thanks", session="s1")
    await waiting(fixture, page)
    first, second = await of(fixture, "fulfill")
    with pytest.raises(WrongState, match=second["id"]):
        await fixture.service.retry(first["id"], person=SYSTEM)
    await fixture.service.cancel(second["id"])
    gate.set()
    failed = await fixture.service.answer(page, wait=10)
    assert failed.failure is not None
    assert failed.failure.kind == "canceled"
    await fixture.service.retry(first["id"], person=SYSTEM)
    await fixture.settled(first["id"])
    assert (await fixture.service.call("thanks", {"session": "s1"}, wait=10)).body["order"] == "s1"
    assert [run["status"] for run in await of(fixture, "fulfill")] == ["succeeded", "canceled"]


async def test_canceling_a_caller_leaves_the_shared_run_alone(fixture: RunsFixture) -> None:
    """Others wait for it."""
    await fixture.publish(**ALL)
    await fixture.put("orders", id="s1")
    gate = slow(fixture, "things.create")
    first, second = [await begun(fixture, "thanks", session="s1") for _ in range(2)]
    await waiting(fixture, first, second)
    await fixture.service.cancel(first)
    gate.set()
    assert (await fixture.service.answer(second, wait=10)).state == "answered"
    assert await fixture.status(first) == "canceled"
    [run] = await of(fixture, "fulfill")
    assert run["status"] == "succeeded"


async def test_a_fork_keeps_the_result_unless_it_begins_before_the_call(fixture: RunsFixture) -> None:
    """And then it finds the same run."""
    more = THANKS.replace("  - return:", "  - stripe: things.charge\n    with: {n: 1}\n  - return:")
    await fixture.publish(**{**ALL, "thanks": more})
    await fixture.put("orders", id="s1")
    page = await fixture.service.call("thanks", {"session": "s1"}, wait=10)
    after = await fixture.service.fork(page.run_id, path="1", person=SYSTEM)
    before = await fixture.service.fork(page.run_id, path="0", person=SYSTEM)
    assert {(await fixture.service.answer(fork.id, wait=10)).body["order"] for fork in (after, before)} == {"s1"}
    assert len(await of(fixture, "fulfill")) == 1
    assert sorted(fixture.ledger.effects().values()).count("things.create") == 1


async def test_a_worker_that_did_not_begin_it_waits_for_it_too(database: Database, tmp_path: Path) -> None:
    """Two workers on one database: the page's run sleeps in one, the fulfilment ends in the other."""
    owner, two = [await build(database, tmp_path, limits=limits()) for _ in range(2)]
    for each in (owner, two):
        await each.publish(**ALL)
        await each.service.start()
    await owner.put("orders", id="s1")
    gate = slow(owner, "things.create")
    first = await begun(owner, "thanks", session="s1")
    await waiting(owner, first)
    second = await begun(two, "thanks", session="s1")
    await waiting(two, second)
    [run] = await of(owner, "fulfill")
    gate.set()
    answers = [await two.service.answer(second, wait=10), await owner.service.answer(first, wait=10)]
    assert [answer.body["order"] for answer in answers] == ["s1", "s1"]
    assert [each["id"] for each in await of(two, "fulfill")] == [run["id"]]
    for each in (owner, two):
        await each.service.stop(1.0)


async def test_the_version_that_the_caller_is_pinned_to_is_called(fixture: RunsFixture) -> None:
    """Also when another one has been published since."""
    slowly = THANKS.replace("steps:", "steps:\n  - stripe: things.charge\n    with: {n: 1}")
    await fixture.publish(**{**ALL, "thanks": slowly})
    await fixture.put("orders", id="s1")
    gate = slow(fixture, "things.charge")
    page = await begun(fixture, "thanks", session="s1")
    await fixture.publish(**{**ALL, "thanks": slowly, "fulfill": FULFILL.replace("order: ", "new_order: ")})
    gate.set()
    assert (await fixture.service.answer(page, wait=10)).body["order"] == "s1"


SELF = """\
name: Itself
on: [{called: true}, {manual: true, auth: none}]
input: {key: string, next: string}
once: ${{ inputs.key }}
steps:
  - call: OTHER
    with: {key: "${{ inputs.next }}", next: "${{ inputs.key }}"}
"""


async def test_a_workflow_that_calls_itself_with_its_own_key_fails_at_once(fixture: RunsFixture) -> None:
    """It would wait for itself."""
    await fixture.publish(itself=SELF.replace("OTHER", "itself"))
    answer = await fixture.service.call("itself", {"key": "a", "next": "a"}, trigger="manual", wait=10)
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.status) == ("call_waits_for_itself", 409)
    assert len(await of(fixture, "itself")) == 1


async def test_two_that_call_each_other_with_the_same_keys_fail_too(fixture: RunsFixture) -> None:
    """a calls b, b calls a: who would close the circle fails, and then the other one."""
    fixture.catalog.workflows |= {"ping", "pong"}
    await fixture.publish(ping=SELF.replace("OTHER", "pong"), pong=SELF.replace("OTHER", "ping"))
    answer = await fixture.service.call("ping", {"key": "a", "next": "b"}, trigger="manual", wait=10)
    assert answer.failure is not None
    assert answer.failure.kind == "call_waits_for_itself"
    assert set((await fixture.settled()).values()) == {"failed"}


async def test_two_that_begin_to_wait_for_each_other_at_the_same_moment_do_not_hang(fixture: RunsFixture) -> None:
    """Both are begun from outside, so both find the other one under way."""
    slowly = SELF.replace("steps:", "steps:\n  - stripe: things.create\n    with: {n: 1}")
    fixture.catalog.workflows |= {"ping", "pong"}
    await fixture.publish(ping=slowly.replace("OTHER", "pong"), pong=slowly.replace("OTHER", "ping"))
    for number in range(8):
        key, following = f"a{number}", f"b{number}"
        inputs = [("ping", {"key": key, "next": following}), ("pong", {"key": following, "next": key})]
        answers = await asyncio.gather(*[fixture.service.call(*input_, trigger="manual", wait=10) for input_ in inputs])
        assert {answer.failure and answer.failure.kind for answer in answers} == {"call_waits_for_itself"}


async def test_calls_of_ever_new_keys_end_in_call_too_deep(fixture: RunsFixture) -> None:
    """The limit holds over runs of their own."""
    deeper = SELF.replace("OTHER", "itself").replace('"${{ inputs.next }}"', '"${{ inputs.key }}x"')
    await fixture.publish(itself=deeper)
    answer = await fixture.service.call("itself", {"key": "a", "next": "a"}, trigger="manual", wait=15)
    assert answer.failure is not None
    assert answer.failure.kind == "call_too_deep"
    assert len(await of(fixture, "itself")) == 17


async def test_a_null_key_is_no_key(fixture: RunsFixture) -> None:
    """The call is a part of the caller's run, as without `once`."""
    free = FULFILL.replace(
        "once: ${{ inputs.session }}", "once: \"${{ inputs.session == 's1' ? null : inputs.session }}\""
    )
    await fixture.publish(**{**ALL, "fulfill": free})
    await fixture.put("orders", id="s1")
    answers = [await fixture.service.call("thanks", {"session": "s1"}, wait=10) for _ in range(2)]
    assert [answer.body["order"] for answer in answers] == ["s1", "s1"]
    assert await of(fixture, "fulfill") == []


async def test_a_run_that_began_when_calls_were_inline_ends_inline(fixture: RunsFixture) -> None:
    """Its pinned versions were stored before; the step that is under way keeps its key."""
    older = load_model({**fixture.load("fulfill", FULFILL).to_model(), "language": 1}, "fulfill")
    await fixture.versions.publish([older, fixture.load("thanks", THANKS)])
    await fixture.put("orders", id="s1")
    gate = slow(fixture, "things.create")
    old = await begun(fixture, "thanks", session="s1")
    await fixture.publish(**ALL)
    new = await begun(fixture, "thanks", session="s1")
    gate.set()
    answers = [await fixture.service.answer(run_id, wait=10) for run_id in (old, new)]
    [run] = await of(fixture, "fulfill")
    assert [answer.body["key"] for answer in answers] == [f"{old}:0.call.0", f"{run['id']}:0"]
    paths = [step["path"] for step in (await fixture.queries.timeline(old))["steps"]]
    assert paths == ["0.call.0", "0.call.1", "0.call.2"]


async def test_only_a_run_with_a_key_looks_who_waits_for_it(fixture: RunsFixture) -> None:
    """Once, at its end; nor does it if it ends in the transaction in which it begins."""
    quick = "name: Quick\non: {stripe: thing, actions: [updated]}\nonce: ${{ object.id }}\nsteps: [{log: x}]\n"
    plain = "name: Plain\non: {stripe: thing, actions: [created]}\nsteps: [{stripe: things.charge}]\n"
    await fixture.publish(**ALL, quick=quick, plain=plain)
    await fixture.put("orders", id="s1")
    looks: list[str] = []

    @sa_event.listens_for(fixture.database.engine, "before_cursor_execute")
    def _seen(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "payloom_waits.family = " in statement and "ANY" not in statement:  # who waits for an event asks for many
            looks.append(statement)

    for kind in ("created", "updated"):
        intake = await fixture.service.ingest(fixture.event(f"thing.{kind}", id=f"t-{kind}"))
        await fixture.service.answer(intake.runs[0], wait=10)
    assert looks == []
    await fixture.service.call("thanks", {"session": "s1"}, wait=10)
    await fixture.service.call("thanks", {"session": "s1"}, wait=10)
    await fixture.settled()
    assert len(looks) == 1


async def test_a_secret_in_the_key_is_masked_wherever_it_is_shown(fixture: RunsFixture) -> None:
    """In the caller's step, its wait, and the failure of a circle."""
    await fixture.publish(**ALL, itself=SELF.replace("OTHER", "itself"))
    secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    gate = slow(fixture, "things.create")
    page = await begun(fixture, "thanks", session=secret)
    await waiting(fixture, page)
    await fixture.service.call("itself", {"key": secret, "next": secret}, trigger="manual", wait=10)
    query = "SELECT args AS a, failure AS b FROM payloom_steps UNION ALL SELECT details, NULL FROM payloom_waits"
    rows = await fixture.database.read(lambda tx: tx.exec_driver_sql(query).all())
    texts = [unpack(value) for row in rows for value in row if value is not None]
    assert len(rows) >= 3
    assert secret not in str(texts)
    assert "redacted" in str(texts)
    gate.set()


async def test_a_lost_wake_up_is_made_good_by_the_sweep(fixture: RunsFixture) -> None:
    """There should be none; here one is taken away by hand."""
    await fixture.publish(**ALL)
    await fixture.put("orders", id="s1")
    gate = slow(fixture, "things.create")
    page = await begun(fixture, "thanks", session="s1")
    await waiting(fixture, page)
    [run] = await of(fixture, "fulfill")
    await fixture.database.write(lambda tx: _rename(tx, run["id"], "nobody"))
    gate.set()
    await fixture.settled(run["id"])
    await fixture.database.write(lambda tx: _rename(tx, "nobody", run["id"]))
    assert await fixture.status(page) == "waiting"
    assert await fixture.service.sweep() >= 1
    assert (await fixture.service.answer(page, wait=10)).body["order"] == "s1"


def _rename(tx: Any, before: str, after: str) -> None:
    tx.exec_driver_sql(f"UPDATE payloom_waits SET family = '{after}' WHERE family = '{before}'")
