"""The index of references: it follows behind, misses nothing, and two of them do no harm. On both databases."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event as sa_event

from payloom.email.models import mails
from payloom.inbox.service import InboxEvent, store
from payloom.kit.clock import ManualClock
from payloom.runs.models import runs as runs_table
from payloom.runs.models import steps
from payloom.runs.run_rows import Run, run_values
from payloom.runs.scheduling.retention import Retention, prune
from payloom.tables.definition.loader import load_tables
from payloom.views.references import indexer
from payloom.views.references.extract import ReferenceCollector, kind_of, of_event
from payloom.views.references.indexer import OVERLAP, Indexer
from payloom.views.references.models import refs
from payloom.views.references.retention import delete_references
from payloom.views.references.search import owners_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from payloom.db.database import Database

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
TABLES = load_tables("tables:\n  orders:\n    columns: {id: int primary, email: string}\n")


def event(number: int, at: dt.datetime = NOW, **fields: Any) -> InboxEvent:
    """An event about an intent."""
    about = {"id": f"pi_{number:06d}", "object": "payment_intent", **fields}
    payload = {"id": f"evt_{number:06d}", "type": "payment_intent.created", "data": {"object": about}}
    return InboxEvent(
        id=payload["id"],
        type=payload["type"],
        object_id=about["id"],
        created=1,
        account=None,
        livemode=False,
        api_version=None,
        payload=payload,
        raw=json.dumps(payload),
        received_at=at,
    )


def run(number: int, at: dt.datetime, **more: Any) -> Run:
    """A run that has begun."""
    values = {"status": "running", **more}
    run_id = f"run_{number:06d}"
    return Run(run_id, run_id, "flow", "0" * 64, "manual", created_at=at, started_at=at, updated_at=at, **values)


async def put(database: Database, *events: InboxEvent) -> None:
    """Store events."""
    for event in events:
        await database.write(lambda tx, row=event: store(tx, row))


async def named(database: Database, ref: str) -> set[tuple[str, str]]:
    """What names a value."""
    query = sa.select(refs.c.kind, refs.c.id).where(refs.c.ref == ref)
    return await database.read(lambda tx: {(row.kind, row.id) for row in tx.execute(query)})


@pytest.mark.anyio
async def test_more_than_a_batch_is_indexed_by_one_look_and_again_by_none(database: Database) -> None:
    events = [event(number, NOW + dt.timedelta(seconds=number // 3)) for number in range(indexer.BATCH * 6 + 7)]
    await put(database, *events)
    index = Indexer(database, ManualClock(NOW), TABLES)
    assert await index.catch_up() is True
    marks = sa.select(sa.func.count()).select_from(refs).where(refs.c.ref == refs.c.id)
    assert await database.read(lambda tx: tx.execute(marks).scalar()) == len(events)
    before = await database.read(lambda tx: set(tx.execute(sa.select(refs)).all()))
    assert await index.catch_up() is True
    assert await database.read(lambda tx: set(tx.execute(sa.select(refs)).all())) == before


@pytest.mark.anyio
async def test_an_event_that_became_visible_late_is_not_missed(database: Database) -> None:
    index = Indexer(database, ManualClock(NOW), TABLES)
    await put(database, event(1))
    await index.catch_up()
    await put(database, event(2, NOW - OVERLAP / 2))
    await index.catch_up()
    assert await named(database, "pi_000002") == {("event", "evt_000002")}


@pytest.mark.anyio
async def test_a_new_process_looks_back_to_before_the_last_one_ended(database: Database) -> None:
    first = Indexer(database, ManualClock(NOW), TABLES)
    await put(database, event(1))
    await first.catch_up()
    await put(database, event(2, NOW - dt.timedelta(hours=1)))
    await Indexer(database, ManualClock(NOW), TABLES).catch_up()
    assert await named(database, "pi_000002") == {("event", "evt_000002")}


@pytest.mark.anyio
async def test_a_burst_is_indexed_after_it_or_when_somebody_searches_or_after_half_a_minute(database: Database) -> None:
    ticks = itertools.count(0, indexer.BURST)
    index = Indexer(database, ManualClock(NOW), TABLES, lambda: next(ticks))
    await put(database, event(1))
    await index.index_once()
    assert await named(database, "pi_000001") == set()
    await index.catch_up(5.0)
    assert await named(database, "pi_000001") == {("event", "evt_000001")}
    await put(database, event(2))
    for _ in range(indexer.PATIENT - 1):
        await index.index_once()
    assert await named(database, "pi_000002") == set()
    await index.index_once()
    assert await named(database, "pi_000002") == {("event", "evt_000002")}


@pytest.mark.anyio
async def test_a_run_is_indexed_again_when_it_has_gone_on(database: Database) -> None:
    index = Indexer(database, ManualClock(NOW), TABLES)
    await database.write(lambda tx: tx.execute(sa.insert(runs_table), run_values(run(1, NOW, inputs={"order_id": 17}))))
    await index.catch_up()
    assert await named(database, "17") == {("run", "run_000001")}
    assert await named(database, "orders/17") == {("run", "run_000001")}
    later = NOW + dt.timedelta(minutes=1)
    row: dict[str, Any] = dict.fromkeys(column.name for column in steps.c)
    row |= {"run_id": "run_000001", "path": "0", "seq": 1, "verb": "insert", "action": "orders", "line": 1}
    row |= {"status": "succeeded", "attempts": 1, "in_doubt": False, "value": {"id": 17, "email": "Ada@x.test"}}
    change = sa.update(runs_table).values(status="succeeded", updated_at=later)

    def go_on(tx: sa.Connection) -> None:
        tx.execute(sa.insert(steps), row)
        tx.execute(change)

    await database.write(go_on)
    await index.catch_up()
    assert await named(database, "ada@x.test") == {("run", "run_000001"), ("row", "orders/17")}


ORDER, MAIL = "5a1df05b-944a-4cfc-9209-998343355d10", "mail_01m8qf1tde2ty4thbnjjvsa3g5"
EVENT, RUN, ROW, LETTER = ("event", "evt_000001"), ("run", "run_000001"), ("row", f"orders/{ORDER}"), ("mail", MAIL)
NAMED_BY = {
    "evt_000001": {EVENT, RUN},
    "pi_000001": {EVENT, RUN},
    ORDER: {EVENT, RUN, ROW},
    f"orders/{ORDER}": {EVENT, RUN, ROW},
    "run_000001": {RUN, LETTER},
    MAIL: {RUN, LETTER},
    "ada@x.test": {RUN, ROW, LETTER},
    "bob@x.test": {LETTER},
    "nothing": set(),
}
"""What is found by what, for an event about an order, its run, the row it wrote, and its mail to two people."""


def fulfil(tx: sa.Connection, to: list[str]) -> None:
    """Store a run that updated the order and wrote a mail."""
    tx.execute(sa.insert(runs_table), run_values(run(1, NOW, event_id="evt_000001")))
    columns: dict[str, Any] = dict.fromkeys(column.name for column in steps.c)
    columns |= {"run_id": "run_000001", "line": 1, "status": "succeeded", "attempts": 1, "in_doubt": False}
    row = {"id": ORDER, "email": "ada@x.test"}
    update = {"path": "0", "seq": 1, "verb": "update", "action": "orders", "value": row, "args": None}
    sent = {"path": "1", "seq": 2, "verb": "email", "action": "receipt", "value": {"id": MAIL, "to": to}}
    tx.execute(sa.insert(steps), [columns | update, columns | sent | {"args": {"data": {"order": row}}}])
    mail: dict[str, Any] = dict.fromkeys(column.name for column in mails.c)
    mail |= dict.fromkeys(("key", "template", "message_id", "sender", "subject", "html", "text", "status"), "x")
    mail |= {"id": MAIL, "run_id": "run_000001", "recipients": to, "attachments": [], "attempts": 1, "repeated": False}
    tx.execute(sa.insert(mails), mail | {"created_at": NOW, "changed_at": NOW})


@pytest.mark.anyio
@pytest.mark.parametrize("to", [["ada@x.test", "bob@x.test"], ["Ada <Ada@x.test>", "bob@x.test"]])
async def test_a_fulfilment_is_found_by_all_that_it_names_and_said_once(database: Database, to: list[str]) -> None:
    await put(database, event(1, metadata={"order_id": ORDER}))
    await database.write(lambda tx: fulfil(tx, to))
    await Indexer(database, ManualClock(NOW), TABLES).catch_up()

    def ask(tx: sa.Connection) -> dict[str, set[tuple[str, str]]]:
        return {name: set(owners_of(tx, [name], 50)) for name in NAMED_BY}

    seen = await database.read(ask)
    # The address in a run's own steps is one of its references only where it stands alone.
    assert {name: owners - {RUN} for name, owners in seen.items()} == {
        name: owners - {RUN} for name, owners in NAMED_BY.items()
    }
    assert {name for name, owners in seen.items() if RUN in owners} >= {n for n, o in NAMED_BY.items() if RUN in o}
    count = await database.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(refs)).scalar_one())
    assert count <= 9 + 5
    before = await database.read(lambda tx: set(tx.execute(sa.select(refs)).all()))
    await Indexer(database, ManualClock(NOW), TABLES).catch_up()
    assert await database.read(lambda tx: set(tx.execute(sa.select(refs)).all())) == before


@pytest.mark.anyio
async def test_two_indexers_at_once_do_no_harm(database: Database) -> None:
    await put(database, *(event(number, metadata={"order_id": number % 5}) for number in range(300)))
    both = [Indexer(database, ManualClock(NOW), TABLES) for _ in range(2)]
    assert await asyncio.gather(*(index.catch_up() for index in both)) == [True, True]
    assert len(await named(database, "orders/3")) == 60


@pytest.mark.anyio
async def test_a_search_waits_no_longer_than_it_said(database: Database) -> None:
    await put(database, *(event(number) for number in range(indexer.BATCH * 2)))
    index = Indexer(database, ManualClock(NOW), TABLES)
    assert await index.catch_up(0.0) is False, "there is more, and it was said"
    assert await index.catch_up() is True


@pytest.mark.anyio
async def test_what_another_process_has_done_is_not_looked_at_again(database: Database) -> None:
    first, second = (Indexer(database, ManualClock(NOW), TABLES) for _ in range(2))
    await put(database, event(0, NOW - dt.timedelta(days=1)))
    assert await first.catch_up()
    assert await second.catch_up()
    await put(database, *(event(number, NOW + dt.timedelta(seconds=number)) for number in range(1, indexer.BATCH * 6)))
    assert await first.catch_up()
    assert await second.catch_up(0.0) is True, "only the last moments are left to look at"


@contextlib.asynccontextmanager
async def kept(index: Indexer, is_leader: Callable[[], bool] = lambda: True) -> AsyncIterator[None]:
    """The background task."""
    task = asyncio.create_task(index.run(is_leader))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextlib.contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """What the database is asked."""
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    sa_event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    sa_event.remove(database.engine, "before_cursor_execute", note)


async def found_soon(database: Database, ref: str) -> None:
    """Waits until something names a value."""
    async with asyncio.timeout(20):
        while not await named(database, ref):  # noqa: ASYNC110 - polled on purpose
            await asyncio.sleep(0.01)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other closely, and things settle at once."""
    for name, seconds in (("PAUSE", 0.02), ("SETTLED", 0.0), ("WHOLE", 3600.0)):
        monkeypatch.setattr(indexer, name, seconds)


@pytest.mark.anyio
@pytest.mark.usefixtures("often")
async def test_one_statement_tells_that_nothing_is_new(database: Database) -> None:
    await put(database, event(1))
    async with kept(Indexer(database, ManualClock(NOW), TABLES)):
        await found_soon(database, "pi_000001")
        await asyncio.sleep(0.3)
        with asked(database) as statements:
            await asyncio.sleep(0.3)
        assert statements
        assert len(set(statements)) == 1
        await put(database, event(2, NOW + dt.timedelta(seconds=1)))
        await found_soon(database, "pi_000002")


@pytest.mark.anyio
@pytest.mark.usefixtures("often")
async def test_what_became_visible_late_and_was_no_news_is_found_by_the_next_whole_look(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(Indexer(database, ManualClock(NOW), TABLES)):
        await put(database, event(1))
        await found_soon(database, "pi_000001")
        await asyncio.sleep(0.2)
        await put(database, event(2, NOW - OVERLAP / 2))
        await asyncio.sleep(0.2)
        assert await named(database, "pi_000002") == set()
        monkeypatch.setattr(indexer, "WHOLE", 0.1)
        await found_soon(database, "pi_000002")


@pytest.mark.anyio
@pytest.mark.usefixtures("often")
async def test_only_one_of_several_workers_indexes(database: Database) -> None:
    leading: list[bool] = []
    async with kept(Indexer(database, ManualClock(NOW), TABLES), lambda: bool(leading)):
        await put(database, event(1))
        with asked(database) as statements:
            await asyncio.sleep(0.2)
        assert statements == []
        leading.append(True)
        await found_soon(database, "pi_000001")


@pytest.mark.anyio
async def test_what_is_deleted_is_no_longer_named(database: Database) -> None:
    old = NOW - dt.timedelta(days=100)
    await put(database, event(1, old), event(2))
    await database.write(
        lambda tx: tx.execute(sa.insert(runs_table), run_values(run(1, old, status="succeeded", finished_at=old)))
    )
    await Indexer(database, ManualClock(NOW), TABLES).catch_up()
    await database.write(lambda tx: prune(tx, now=NOW, keep=Retention(), on_prune=delete_references))
    left = await database.read(lambda tx: set(tx.execute(sa.select(refs.c.id)).scalars()))
    assert left == {"evt_000002"}


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("pi_3AbC", "intent"),
        ("cs_test_a1B2c3", "session"),
        ("cs_live_a1B2c3", "session"),
        ("pi_3AbC_secret_x", None),
        ("ada@shop.test", "email"),
        ("orders/17", "row"),
        ("1042", None),
        ("price_1AbC", None),
        ("py_1AbC", "charge"),
    ],
)
def test_an_id_says_what_it_names(ref: str, kind: str | None) -> None:
    assert kind_of(ref) == kind


def test_what_is_looked_for_is_found_in_an_event_and_the_rest_is_left() -> None:
    about = {
        "id": "cs_test_abc123",
        "client_reference_id": "17",
        "customer_details": {"email": "Ada@Shop.test", "name": "Ada"},
        "payment_intent": {"id": "pi_abc123", "client_secret": "pi_abc123_secret_xyz"},
        "metadata": {"order_id": "17", "plan": "pro", "long": "x" * 500},
        "line_items": {"data": [{"price": "price_abc123"}] * 30},
        "success_url": "https://shop.test/thanks",
    }
    names = set(of_event(ReferenceCollector(TABLES), {"id": "evt_1abc", "data": {"object": about}}))
    assert names == {"evt_1abc", "cs_test_abc123", "17", "orders/17", "ada@shop.test", "pi_abc123", "pro"}


def test_an_event_that_names_everything_does_not_fill_the_index() -> None:
    about = {"id": "po_1abc", "metadata": {f"k{number}": f"v{number}" for number in range(1000)}}
    assert len(list(of_event(ReferenceCollector(TABLES), {"id": "evt_1abc", "data": {"object": about}}))) <= 60


def test_what_is_secret_is_nothing_to_be_found_by() -> None:
    metadata = {"card": "4242424242424242", "api_key": "abcdef", "key": "sk_test_abcdefgh", "note": "fine"}
    about = {"id": "pi_1abc", "metadata": metadata}
    assert set(of_event(ReferenceCollector(TABLES), {"id": "evt_1abc", "data": {"object": about}})) == {
        "evt_1abc",
        "pi_1abc",
        "fine",
    }
