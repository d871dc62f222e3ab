"""The harness itself is tested: the twelve bugs of the test plan, planted on purpose, must be found by the checker."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.storm.support import seeded_bugs, shop
from tests.storm.support.harness import Databases, WorkerScenario, Zygote, check
from tests.storm.support.paid_orders import PAID, paid_orders
from tests.support.runs_fixture import RunsFixture, build

from payloom.connectors.port import Attempt, StepFailed
from payloom.db.database import open_database
from payloom.db.migrate import migrate
from payloom.inbox.errors import EventRefused
from payloom.inbox.service import Inbox
from payloom.kit.clock import SystemClock
from payloom.runs.advance.turn import Turns
from payloom.workflows.program.commands import Do, StepFailure

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)
ONLY_SQLITE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
EVENTS = ["c1", "u1"]


def found(wrong: list[str], *numbers: int) -> bool:
    """Whether one of the invariants was broken."""
    return any(line.startswith(f"I{number}:") for line in wrong for number in numbers)


def judged(scenario: WorkerScenario, code: int, **more: object) -> list[str]:
    """What is wrong after a life; a life that never comes to rest is I8."""
    return [*scenario.broken(**more), *([f"I8: {scenario.why()[-200:]}"] if code != 0 else [])]


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("plant", "first", "numbers"),
    [
        ("random_key", 5, (5, 11)),
        ("answer_first", 1, (4,)),
        ("effect_later", 5, (11,)),
        ("mail_before_commit", 5, (6,)),
        ("no_takeover", 5, (8,)),
    ],
)
def test_a_bug_that_a_death_brings_out_is_found(
    zygote: Zygote, databases: Databases, plant: str, first: int, numbers: tuple[int, ...]
) -> None:
    """1 random key, 2 acknowledged before stored, 7 journal before effect, 12 mail before the commit; no take-over."""
    for point in range(first, 60):
        scenario = databases.new_scenario(zygote, EVENTS)
        scenario.life(crash_at=point, plant=plant)
        code = scenario.life(plant=plant, seconds=2)
        if found(judged(scenario, code), *numbers):
            return
    pytest.fail(f"nobody noticed {plant}")


@ONLY_SQLITE
def test_events_that_are_not_deduplicated_are_found(zygote: Zygote, databases: Databases) -> None:
    """3 no dedupe."""
    scenario = databases.new_scenario(zygote, EVENTS)
    lives = [scenario.life(events=EVENTS, plant="no_dedupe", seconds=5) for _ in range(2)]
    assert found(judged(scenario, lives[-1]), 4, 5)


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_read_that_does_not_hold_until_the_write_is_found(zygote: Zygote, databases: Databases) -> None:
    """4 read-then-write: callers on several workers get more back than was paid."""
    for _ in range(5):
        scenario = databases.new_scenario(zygote, [])
        orders = paid_orders(scenario, 4)
        race = {"orders": orders, "callers": 8, "amount": 300}
        lives = [
            scenario.command(race={**race, "worker": worker}, plant="read_then_write", seconds=60)
            for worker in range(3)
        ]
        assert zygote.run(*lives) == [0] * 3, scenario.why()
        if found(scenario.broken(all_succeed=False, excluded={f"seed:{order}" for order in orders}), 1, 7):
            return
    pytest.fail("nobody noticed")


@ONLY_SQLITE
def test_amounts_that_go_through_floats_are_found(zygote: Zygote, databases: Databases) -> None:
    """11 float money: a cent is missing at Stripe."""
    scenario = databases.new_scenario(zygote, EVENTS)
    code = scenario.life(plant="float_money")
    assert found(judged(scenario, code), 7)


# -- bugs that need no death ------------------------------------------------------------------------------------------


async def open_fixture(folder: Path, url: str, **changed: str) -> RunsFixture:
    """The shop, on a database of its own."""
    database = open_database(url)
    await migrate(database)
    fixture = await build(database, folder, tables=shop.TABLES, clock=SystemClock(), env=shop.env())
    await shop.open_shop(fixture, **changed)
    return fixture


def test_an_amount_that_nobody_compared_is_found(tmp_path: Path) -> None:
    """6 missing amount check: a cheap payment opens a dear order. With the check it does not."""

    async def pay(folder: Path, **changed: str) -> list[str]:
        url = f"sqlite:///{folder}/shop.db"
        fixture = await open_fixture(folder, url, **changed)
        await fixture.service.start()
        await fixture.put("orders", id="dear", amount=PAID, currency="usd")
        fixture.ledger._write({"payment": "pay_1", "order": "dear", "currency": "usd", "amount": 1})
        await fixture.service.ingest(
            fixture.event("thing.paid", "evt_p1", id="pay_1", order="dear", amount=1, currency="usd")
        )
        await fixture.settled()
        await fixture.service.stop(1)
        await fixture.database.close()
        return check(url, folder, {"evt_p1"})

    for name in ("right", "wrong"):
        (tmp_path / name).mkdir()
    right = asyncio.run(pay(tmp_path / "right"))
    assert not found(right, 3)
    assert found(asyncio.run(pay(tmp_path / "wrong", **seeded_bugs.TEXTS["no_amount_check"])), 3)


FENCED = """\
name: Fenced
on: {stripe: thing, actions: [deleted]}
steps:
  - stripe: things.create
    timeout: 60s
"""


@pytest.mark.parametrize("planted", [False, True])
def test_a_late_write_of_a_worker_that_was_taken_for_dead_is_found(
    tmp_path: Path, planted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 lease without fence: the run has succeeded on another worker, and the old one writes that it failed."""

    async def race() -> list[str]:
        url = f"sqlite:///{tmp_path}/shop.db"
        old = await open_fixture(tmp_path, url)
        new = await open_fixture(tmp_path, url)
        for fixture in (old, new):
            await fixture.publish(fenced=FENCED)
        stalled, back = asyncio.Event(), asyncio.Event()

        async def stuck(do: Do, _attempt: Attempt) -> None:
            stalled.set()
            await back.wait()
            raise StepFailed(StepFailure("stripe_no_answer", "too late"))

        old.ledger.perform = stuck  # type: ignore[method-assign] - the planted bug takes its place
        await old.service.start()
        await old.service.ingest(old.event("thing.deleted", "evt_1", id="t"))
        await stalled.wait()
        await new.service.start()
        await new.service._worker.takeover(old.engine.worker_id)
        await new.settled()
        before = await new.database.read(check_journal)
        back.set()
        await asyncio.sleep(0.3)
        for fixture in (new, old):
            await fixture.service.stop(1)
            await fixture.database.close()
        return check(url, tmp_path, {"evt_1"}, earlier=before)

    if planted:
        monkeypatch.setattr(Turns, "_fence", Turns._fence)
        seeded_bugs.no_fence(None)  # type: ignore[arg-type] - it reads nothing of it
    assert found(asyncio.run(race()), 11, 8) is planted


def check_journal(tx: object) -> object:
    """What the journal says is done."""
    from payloom.sandbox.scenario.invariants import journal_of  # noqa: PLC0415 - only this test needs it

    return journal_of(tx)  # type: ignore[arg-type] - tx is a transaction


LAST_WINS = """\
name: Follow
on: {stripe: sub, fresh: false}
steps:
  - upsert: counters
    key: id
    values: {id: "${{ object.id }}", value: "${{ object.n }}"}
"""
NEWEST_WINS = LAST_WINS.replace(", fresh: false", "")


@pytest.mark.parametrize("planted", [False, True])
def test_the_last_event_taken_for_the_newest_is_found(tmp_path: Path, planted: bool) -> None:
    """5 order: the state of an old event that came late overwrites the newer one; `fresh` asks Stripe instead."""

    async def swapped() -> list[str]:
        url = f"sqlite:///{tmp_path}/shop.db"
        fixture = await open_fixture(tmp_path, url)

        async def retrieve(_when: str, do: Do) -> None:
            fixture.ledger.answers["subs.retrieve"] = [{"id": do.args["with"]["id"], "object": "sub", "n": 2}]

        fixture.ledger.hooks.append(retrieve)
        await fixture.publish(follow=LAST_WINS if planted else NEWEST_WINS)
        await fixture.service.start()
        for number in (2, 1):
            await fixture.service.ingest(
                fixture.event("sub.updated", f"evt_{number}", created=1_760_000_000 + number, id="all", n=number)
            )
        await fixture.settled()
        rows = await fixture.rows("counters")
        await fixture.service.stop(1)
        await fixture.database.close()
        newest = shop.Counted("the state of the subscription", rows[0]["value"], 2)
        return check(url, tmp_path, {"evt_1", "evt_2"}, counted=[newest], effects=None)

    assert found(asyncio.run(swapped()), 5) is planted


def signature(body: bytes, secret: str, at: int) -> str:
    """A Stripe-Signature header."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@pytest.mark.parametrize(
    ("planted", "options", "keep_empty", "secret", "age"),
    [
        (False, {}, False, "whsec_test", 3600),
        (True, {"tolerance": 10**9}, False, "whsec_test", 3600),
        (False, {}, False, "", 0),
        (True, {}, True, "", 0),
    ],
    ids=["late, refused", "tolerance off", "unsigned, refused", "empty secret"],
)
def test_an_event_that_stripe_never_sent_is_found(
    tmp_path: Path, *, planted: bool, options: dict[str, int], keep_empty: bool, secret: str, age: int
) -> None:
    """9 tolerance off: a recorded event is played again later. 10 empty secret: anybody can sign."""

    async def forge() -> list[str]:
        url = f"sqlite:///{tmp_path}/shop.db"
        fixture = await open_fixture(tmp_path, url)
        inbox = Inbox(fixture.database, fixture.clock, ["whsec_test"], livemode=False, **options)
        if keep_empty:
            inbox._secrets = (seeded_bugs.NoSecret(),)
        body = json.dumps(dict(shop.created(fixture, "forged").payload)).encode()
        await fixture.service.start()
        try:
            event = inbox.verify(body, signature(body, secret, int(time.time()) - age))
        except EventRefused:
            pass
        else:
            await fixture.service.ingest(event)
            await fixture.settled()
        await fixture.service.stop(1)
        await fixture.database.close()
        return check(url, tmp_path, set(), sent=set())

    assert found(asyncio.run(forge()), 4) is planted
