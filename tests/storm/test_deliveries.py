"""A16, A17 on real databases: every event many times through the webhook's door, and every order of five events."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import random
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.storm.support.effect_ledger import Tally, some
from tests.storm.support.worker_process import over
from tests.support.http_server import event, running_server
from tests.support.runs_fixture import RunsFixture, build

from payloom.db.database import open_database
from payloom.db.migrate import migrate
from payloom.sandbox.scenario.invariants import Counted, Observations, check_invariants

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(7200)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """The address of an empty database of a kind."""
    return f"sqlite:///{tmp_path}/empty.db" if kind == "sqlite" else request.getfixturevalue("postgres_url")


TABLES = """\
tables:
  orders:
    columns:
      id: string primary
      paid: int = 0
      visits: int = 0
"""
PAID = """\
name: Paid
description: Marks an order paid and counts how often.
on: {stripe: payment_intent, actions: [succeeded], fresh: false}
steps:
  - id: order
    select: orders
    where: {id: "${{ object.metadata.order }}"}
    one: required
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {paid: "${{ object.amount }}", visits: "${{ order.visits + 1 }}"}
"""


def test_a16_every_event_many_times_has_one_effect_and_is_always_acknowledged(
    kind: str, empty_url: str, tally: Tally, tmp_path: Path
) -> None:
    """2, 10 and 100 times one after another, and 50 times at once, over HTTP."""
    rounds = some(10, 1)
    files = {"tables.yaml": TABLES, "workflows/paid.yaml": PAID}
    statuses: list[int] = []
    names: list[str] = []
    with running_server(tmp_path / "project", files, database_url=empty_url) as server:
        database = open_database(empty_url)
        with database.engine.begin() as conn:
            for number, times in itertools.product(range(rounds), (2, 10, 100, 50)):
                name = f"o{number}x{times}"
                names.append(name)
                conn.execute(sa.text("INSERT INTO orders (id, paid, visits) VALUES (:id, 0, 0)"), {"id": name})
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            for name in names:
                body = event(
                    "payment_intent.succeeded", f"evt_{name}", id=f"pi_{name}", amount=5, metadata={"order": name}
                )
                times = int(name.split("x")[1])
                if times == 50:
                    statuses += [
                        response.status_code
                        for response in pool.map(lambda _, body=body: server.deliver(body), range(50))
                    ]
                else:
                    statuses += [server.deliver(body).status_code for _ in range(times)]
        with database.engine.connect() as tx:
            visits = {row.id: row.visits for row in tx.execute(sa.text("SELECT id, visits FROM orders"))}
            seen = Observations(
                acknowledged={f"evt_{name}" for name in names},
                sent={f"evt_{name}" for name in names},
                answers=[(status, True) for status in statuses],
                starts={"payment_intent.succeeded": 1},
                counted=[Counted(f"times {name} was marked", visits[name], 1) for name in names],
                all_succeed=True,
            )
            wrong = [str(violation) for violation in check_invariants(tx, seen)]
        database.engine.dispose()
    assert set(statuses) == {200}
    tally.judge("A16", kind, wrong, runs=len(names), detail=f"{len(statuses)} deliveries")


FOLLOW = """\
name: Follow
on: {stripe: sub}
steps:
  - upsert: counters
    key: id
    values: {id: "${{ object.id }}", value: "${{ object.n }}"}
"""


def test_a17_every_order_of_five_events_with_every_duplicate_ends_alike(
    kind: str, empty_url: str, tally: Tally, tmp_path: Path
) -> None:
    """3,600 sequences in a storm: whichever event comes last, the newest state is the one that stays."""
    sequences = [
        (*order[:at], again, *order[at:])
        for order in itertools.permutations(range(1, 6))
        for again, at in itertools.product(range(1, 6), range(6))
    ]
    chosen = random.Random(17).sample(sequences, min(some(3600, 20), len(sequences)))

    async def deliver() -> list[str]:
        database = open_database(empty_url)
        await migrate(database)
        fixture = await build(database, tmp_path)

        async def retrieve(_when: str, do: object) -> None:
            fixture.ledger.answers["subs.retrieve"] = [{"id": do.args["with"]["id"], "object": "sub", "n": 5}]  # type: ignore[attr-defined] - the steps' command is one with arguments

        fixture.ledger.hooks.append(retrieve)
        await fixture.publish(follow=FOLLOW)
        await fixture.service.start()
        for at in range(0, len(chosen), 100):
            await asyncio.gather(
                *[_in_order(fixture, at + n, sequence) for n, sequence in enumerate(chosen[at : at + 100])]
            )
        async with asyncio.timeout(600):
            await over(fixture)
        rows = {row["id"]: row["value"] for row in await fixture.rows("counters")}
        events = {f"evt_{n}_{version}" for n in range(len(chosen)) for version in range(1, 6)}
        seen = Observations(
            acknowledged=events,
            sent=events,
            starts={"sub.updated": 1},
            counted=[Counted(f"state after {sequence}", rows.get(f"s{n}"), 5) for n, sequence in enumerate(chosen)],
            all_succeed=True,
        )
        await fixture.service.stop(2)
        wrong = await database.read(lambda tx: [str(violation) for violation in check_invariants(tx, seen)])
        await database.close()
        return wrong

    tally.judge("A17", kind, asyncio.run(deliver()), runs=len(chosen), detail="sequences of five events")


async def _in_order(fixture: RunsFixture, number: int, sequence: tuple[int, ...]) -> None:
    for version in sequence:
        event = fixture.event(
            "sub.updated", f"evt_{number}_{version}", created=1_760_000_000 + version, id=f"s{number}", n=version
        )
        await fixture.service.ingest(event)
