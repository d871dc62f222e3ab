"""Bugs planted on purpose: the twelve of the test plan. Each changes one process of the storm; none is in the product.

Some are mutations of the running code, one is of a workflow (`TEXTS`): what a shop's author may get wrong must be seen
too. `EARLY` ones are made before the database is opened.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from tests.storm.support import shop

from payloom.runs.advance.steps.outside_steps import OutsideSteps
from payloom.runs.advance.turn import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.runs_fixture import RunsFixture

    from payloom.connectors.port import Attempt
    from payloom.inbox.service import InboxEvent
    from payloom.runs.advance.run_state import RunState
    from payloom.runs.advance.turn_changes import TurnChanges
    from payloom.workflows.program.commands import Do


def random_key(fixture: RunsFixture) -> None:
    """A new idempotency key with every attempt."""
    perform = fixture.ledger.perform

    async def wrong(do: Do, attempt: Attempt) -> Any:
        return await perform(dataclasses.replace(do, key=f"{do.key}:{random.random()}"), attempt)

    fixture.ledger.perform = wrong


def answer_first(fixture: RunsFixture) -> None:
    """200 before the event is stored."""
    fixture.answers_first = True


def no_dedupe(fixture: RunsFixture) -> None:
    """A second delivery is taken for another event."""
    ingest = fixture.service.ingest

    async def wrong(event: InboxEvent) -> Any:
        return await ingest(dataclasses.replace(event, id=f"{event.id}~{random.randrange(10**9)}"))

    fixture.service.ingest = wrong


def plant(target: object, name: str, wrong: Callable[..., object]) -> None:
    """Put a wrong function in the place of one object's method."""
    setattr(target, name, wrong)


def read_then_write(fixture: RunsFixture) -> None:
    """What a run read may have changed by the time it writes what it decided from it."""
    plant(fixture.service._deps.workflows, "writes", lambda _start: frozenset())


def effect_later(fixture: RunsFixture) -> None:
    """The journal says done, the effect follows."""
    perform = fixture.ledger.perform
    late: list[Any] = []

    async def after(do: Do, attempt: Attempt) -> None:
        await asyncio.sleep(0.02)
        await perform(do, attempt)

    async def wrong(do: Do, attempt: Attempt) -> Any:
        late.append(asyncio.create_task(after(do, attempt)))
        return {"id": "obj", "args": do.args.get("with")}

    fixture.ledger.perform = wrong


def no_fence(_world: RunsFixture) -> None:
    """A worker that was taken for dead writes on as if nothing had happened."""
    fence = Turns._fence

    def wrong(self: Turns, tx: sa.Connection, state: RunState) -> tuple[RunState, bool]:
        epoch = tx.execute(sa.text("SELECT epoch FROM payloom_runs WHERE id = :id"), {"id": state.run.id}).scalar()
        run = dataclasses.replace(state.run, epoch=epoch if epoch is not None else state.run.epoch)
        return fence(self, tx, dataclasses.replace(state, run=run))

    Turns._fence = wrong


def mail_before_commit(fixture: RunsFixture) -> None:
    """The mail leaves while the transaction that decides it is open, with a Message-ID of the moment."""
    start = OutsideSteps.start
    perform = fixture.ledger.perform

    def wrong(self: OutsideSteps, changes: TurnChanges, do: Do) -> None:
        before = len(changes.calls)
        start(self, changes, do)
        if do.verb == "email" and len(changes.calls) > before:
            line = {"effect": do.key, "action": do.action, "args": do.args, "message_id": str(random.random())}
            fixture.ledger._write(line)

    async def quiet(do: Do, attempt: Attempt) -> Any:
        return {"id": "mail"} if do.verb == "email" else await perform(do, attempt)

    OutsideSteps.start = wrong
    fixture.ledger.perform = quiet


def float_money(fixture: RunsFixture) -> None:
    """Amounts go through floats in major units on their way out: 19.90 times 100 is 1989.9999…"""
    perform = fixture.ledger.perform

    async def wrong(do: Do, attempt: Attempt) -> Any:
        args = dict(do.args.get("with") or {})
        if "amount" not in args:
            return await perform(do, attempt)
        sent = {**do.args, "with": {**args, "amount": int(args["amount"] / 100 * 1.1 / 1.1 * 100)}}
        answer = await perform(dataclasses.replace(do, args=sent), attempt)
        return {**answer, "args": args}

    fixture.ledger.perform = wrong


def no_takeover(fixture: RunsFixture) -> None:
    """Nobody looks after what a dead process was doing."""

    async def wrong(_worker: str) -> None:
        return None

    plant(fixture.service._worker, "takeover", wrong)


def unsynced(*_: Any) -> None:
    """A commit is said to be done before it is on the disk."""

    def hurry(connection: Any, *_rest: Any) -> None:
        if not connection.in_transaction:
            connection.execute("PRAGMA synchronous=OFF")

    sa_event.listen(sa.pool.Pool, "checkout", hurry)


class NoSecret(str):
    """An empty webhook secret that is taken for one: neither the inbox nor the signature check leaves it out."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


EARLY: Mapping[str, Callable[[], None]] = {"unsynced": unsynced}
PLANTS: Mapping[str, Callable[[RunsFixture], None]] = {
    plant.__name__: plant
    for plant in (
        random_key,
        answer_first,
        no_dedupe,
        read_then_write,
        effect_later,
        no_fence,
        mail_before_commit,
        float_money,
        no_takeover,
    )
}
NO_AMOUNT_CHECK = shop.PAY.replace(
    """\
      amount: "${{ object.amount }}"
      currency: "${{ object.currency }}"
""",
    "",
)
assert NO_AMOUNT_CHECK != shop.PAY
TEXTS: Mapping[str, Mapping[str, str]] = {"no_amount_check": {"pay": NO_AMOUNT_CHECK}}
"""Plants in workflow files."""
