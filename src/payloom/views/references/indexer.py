"""Keeps the index of references: it follows events, runs and emails with a short delay and never blocks them.

Ingesting an event writes nothing here. The database remembers how far the index has come in each stream, and
each look begins a little before that, since transactions become visible in another order than their times; what is
indexed carries a mark, so looking again costs nothing and two processes do no harm. While nothing comes in, one
statement every few seconds is all there is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.db import compiled_statements
from payloom.db.database import Database
from payloom.email.models import mails
from payloom.inbox.models import events
from payloom.kit.clock import Clock, monotonic
from payloom.runs.models import cursors, runs, steps
from payloom.runs.statuses import RUN_STATUSES
from payloom.tables.definition.spec import TableSpec
from payloom.views.references.extract import ReferenceCollector, of_event, of_mail, of_run, rows_of
from payloom.views.references.models import refs

log = logging.getLogger("payloom.runs")

BATCH = 100
"""Things per transaction: some ten milliseconds of writing."""
OVERLAP = dt.timedelta(seconds=20)
NARROW = dt.timedelta(seconds=2)
"""How far back most looks of the background task begin: what became visible later than that is found by the next wide
one, within OVERLAP."""
DEEP = dt.timedelta(hours=2)
"""How far back the first look of a process begins, for what was written around the time the last one ended."""
PAUSE = 3.0
"""Seconds between two looks of the background task. A search looks by itself first."""
SETTLED = 45.0
"""Seconds after the last news for which it goes on looking: two wide looks."""
WHOLE = 60.0
"""Seconds between two whole looks while there is no news, for what became visible later than that."""
BURST = 300
"""Events since the last look during which the background task stands back. Searches look by themselves all the same."""
PATIENT = 9
"""Looks in a row that it leaves out at most: half a minute."""
BREATH = 0.02
_BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_RUN = ("id", "root_id", "forked_from", "event_id", "object_id", "user_id", "inputs", "request", "trigger")

Line = tuple[str, str, str, dt.datetime]
"""ref, kind, id, at."""
Position = tuple[dt.datetime, str]


class Indexer:
    """Indexes what came in since the last look."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tables: Mapping[str, TableSpec],
        ingested: Callable[[], int] = lambda: 0,
    ) -> None:
        """tables: the user's, whose rows are indexed too. taken: how many events this process has ingested so far."""
        self._database = database
        self._clock = clock
        self._tables = tables
        self._indexing = asyncio.Lock()
        self._reached: dict[str, dt.datetime] = {}
        self._deep = True
        self._newest: Sequence[Any] = ()
        self._news_at = self._wide_at = 0.0
        self._taken = ingested
        self._taken_before = ingested()
        self._stood_back = 0

    def use(self, tables: Mapping[str, TableSpec]) -> None:
        """From now on index rows of these tables."""
        self._tables = tables

    async def catch_up(self, seconds: float | None = None, *, back: dt.timedelta = OVERLAP) -> bool:
        """Index what is new, for at most so many seconds; returns whether everything is indexed.

        back: how far behind what was reached it begins.
        """
        end = None if seconds is None else monotonic() + seconds
        if seconds is not None and self._indexing.locked():
            try:
                async with asyncio.timeout(seconds):
                    await self._indexing.acquire()
            except TimeoutError:
                return False
        else:
            await self._indexing.acquire()
        try:
            return await self._catch_up(end, back)
        finally:
            self._indexing.release()

    async def _catch_up(self, end: float | None, back: dt.timedelta) -> bool:
        # Another process may have come further: what it did need not be looked at here.
        for stream, at in (await self._database.read(_positions)).items():
            self._reached[stream] = max(self._reached.get(stream, at), at)
        # A search has no time to look far back.
        deep = self._deep and end is None
        back = DEEP if deep else back
        for stream in ("events", "mails", *RUN_STATUSES):
            if not await self._follow(stream, back, end):
                return False
        self._deep = self._deep and not deep
        return True

    async def run(self, is_mine: Callable[[], bool] = lambda: True) -> None:
        """Catch up again and again, until canceled; failures are logged and tried again.

        is_mine: whether it is for this process to do now; several would only do the same work.
        """
        while True:
            try:
                if is_mine():
                    await self.index_once()
            except Exception:
                log.exception("the index of references fell behind; trying again in %s s", PAUSE)
            await asyncio.sleep(PAUSE)

    async def index_once(self) -> None:
        """Look once, as the background task does: not while a burst of events needs the processor, nor for nothing."""
        before, self._taken_before = self._taken_before, self._taken()
        if self._taken_before - before >= BURST and self._stood_back < PATIENT:
            self._stood_back += 1
            return
        self._stood_back = 0
        newest = await self._database.read(lambda tx: tx.execute(_NEWEST).one())
        now = monotonic()
        if newest != self._newest:
            self._news_at = now
        elif not self._deep and now - self._news_at > SETTLED and now - self._wide_at < WHOLE:
            return
        since = dt.timedelta(seconds=now - self._wide_at)
        wide = since >= OVERLAP
        await self.catch_up(back=since + OVERLAP if wide else NARROW)
        # Only now: a look that failed is made again.
        self._newest = newest
        if wide:
            self._wide_at = now

    async def _follow(self, stream: str, back: dt.timedelta, end: float | None) -> bool:
        reached = self._reached.get(stream)
        position: Position = (_BEGINNING if reached is None else reached - back, "")
        many = BATCH
        while True:
            batch = await self._database.read(
                lambda tx, at=position, many=many: self._index_stream(tx, stream, at, many)
            )
            if not batch.last:
                return True
            at = batch.last[0]
            if batch.lines:
                await self._database.write(lambda tx, batch=batch, at=at: _store(tx, stream, batch.lines, at))
            self._reached[stream] = at if reached is None else max(reached, at)
            position = batch.last
            many = BATCH if batch.lines else BATCH * 5  # nothing but what is indexed already: there may be more of it
            if not batch.full:
                return True
            if end is not None and monotonic() >= end:
                return False
            await asyncio.sleep(BREATH if end is None else 0)

    def _index_stream(self, tx: sa.Connection, stream: str, position: Position, many: int) -> _Batch:
        parameters = {"at": position[0], "key": position[1], "many": many, "none": 0}
        rows = compiled_statements.rows(
            tx, _next(stream), parameters | ({"status": stream} if stream in RUN_STATUSES else {})
        )
        if not rows:
            return _Batch(None, full=False)
        kind = {"events": "event", "mails": "mail"}.get(stream, "run")
        batch = _Batch((rows[-1][0], rows[-1][1]), full=len(rows) == many)
        named_here = [(at, key) for at, key, run_id in rows if kind != "mail" or run_id is None]
        if unmarked_ids := batch.unmarked(tx, named_here, kind):
            ids = compiled_statements.array_param(unmarked_ids, tx.dialect.name)
            {"event": self._events, "mail": self._mails, "run": self._runs}[kind](tx, batch, ids)
        return batch

    def _events(self, tx: sa.Connection, batch: _Batch, ids: Any) -> None:
        for key, at, payload in compiled_statements.rows(tx, _by_ids("events", tx.dialect.name), {"ids": ids}):
            batch.add(of_event(ReferenceCollector(self._tables), json.loads(payload)), "event", key, at)

    def _mails(self, tx: sa.Connection, batch: _Batch, ids: Any) -> None:
        for row in _named(tx, "mails", ids):
            batch.add(of_mail(ReferenceCollector(self._tables), row), "mail", row["id"], row["created_at"])

    def _runs(self, tx: sa.Connection, batch: _Batch, ids: Any) -> None:
        done: dict[str, list[Mapping[str, Any]]] = {}
        for row in _named(tx, "steps", ids):
            done.setdefault(row["run_id"], []).append(row)
        rows = list(_named(tx, "runs", ids))
        by_event = _of_events(tx, [row["event_id"] for row in rows if row["event_id"] is not None])
        for row in rows:
            did = done.get(row["id"], [])
            names = of_run(ReferenceCollector(self._tables), row, did)
            known = by_event.get(row["event_id"], frozenset[str]())
            batch.add([name for name in names if name not in known], "run", row["id"], row["updated_at"])
            for own, around in rows_of(self._tables, did).items():
                batch.add([name for name in around if name != own], "row", own, row["updated_at"], mark=False)


class _Batch:
    """One batch. last: the position of the last item. full: there may be more."""

    def __init__(self, last: Position | None, *, full: bool) -> None:
        self.last = last
        self.full = full
        self.lines: dict[tuple[str, str, str], dt.datetime] = {}

    def add(self, names: Iterable[str], kind: str, owner: str, at: dt.datetime, *, mark: bool = True) -> None:
        for name in names:
            self.lines[name, kind, owner] = at
        if mark:
            self.lines[owner, kind, owner] = at

    def unmarked(self, tx: sa.Connection, rows: Sequence[Any], kind: str) -> Sequence[str]:
        """Return the ids among `rows` that carry no mark of this state; no more than BATCH, and then it ends there."""
        ids = compiled_statements.array_param([key for _, key in rows], tx.dialect.name)
        marked = dict(compiled_statements.rows(tx, _marks(tx.dialect.name), {"ids": ids, "kind": kind}))
        unmarked_ids: list[str] = []
        for at, key in rows:
            if (marked.get(key) == at) if kind == "run" else (key in marked):
                continue
            unmarked_ids.append(key)
            if len(unmarked_ids) == BATCH:
                self.full = self.full or key != rows[-1][1]
                self.last = (at, key)
                break
        return unmarked_ids


_READ: Mapping[str, Sequence[sa.Column[Any]]] = {
    "events": (events.c.id, events.c.received_at, events.c.payload),
    "mails": (mails.c.id, mails.c.run_id, mails.c.recipients, mails.c.created_at),
    "steps": (steps.c.run_id, steps.c.verb, steps.c.action, steps.c.args, steps.c.value),
    "runs": tuple(runs.c[name] for name in (*_RUN, "updated_at")),
}


def _of_events(tx: sa.Connection, ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return what is indexed of events: their runs need not say it again."""
    if not ids:
        return {}
    values = {"ids": compiled_statements.array_param(list(dict.fromkeys(ids)), tx.dialect.name), "kind": "event"}
    names: dict[str, set[str]] = {}
    for event_id, ref in compiled_statements.rows(tx, _owned(tx.dialect.name), values):
        names.setdefault(event_id, set()).add(ref)
    return {event_id: frozenset(refs) for event_id, refs in names.items()}


@functools.cache
def _owned(dialect: str) -> Any:
    return sa.select(refs.c.id, refs.c.ref).where(
        refs.c.kind == sa.bindparam("kind"), compiled_statements.any_of(refs.c.id, "ids", dialect)
    )


def _named(tx: sa.Connection, kind: str, ids: Any) -> Iterable[dict[str, Any]]:
    names = [column.name for column in _READ[kind]]
    rows = compiled_statements.rows(tx, _by_ids(kind, tx.dialect.name), {"ids": ids})
    return [dict(zip(names, row, strict=True)) for row in rows]


@functools.cache
def _by_ids(kind: str, dialect: str) -> Any:
    """Return the select of _READ by ids."""
    columns = _READ[kind]
    query = sa.select(*columns).where(compiled_statements.any_of(columns[0], "ids", dialect))
    return query.order_by(steps.c.seq) if kind == "steps" else query


@functools.cache
def _next(stream: str) -> Any:
    """Return the select of the things after a position: moment and id, in order; of mails the run, too."""
    if stream in RUN_STATUSES:
        at, key = runs.c.updated_at, runs.c.id
    else:
        at, key = (events.c.received_at, events.c.id) if stream == "events" else (mails.c.created_at, mails.c.id)
    since, after = sa.bindparam("at", type_=at.type), sa.bindparam("key", type_=sa.Text)
    recipients = sa.type_coerce(mails.c.recipients, sa.Text)
    # A mail of a run is found by its run and its address, unless a name stands before that.
    known = sa.case((recipients.contains("<"), sa.null()), else_=mails.c.run_id)
    run_id = known if stream == "mails" else sa.null().label("run_id")
    query = (
        sa.select(at, key, run_id).where(at >= since, sa.tuple_(at, key) > sa.tuple_(since, after)).order_by(at, key)
    )
    if stream in RUN_STATUSES:
        query = query.where(runs.c.status == sa.bindparam("status"))
    return query.limit(sa.bindparam("many", type_=sa.Integer)).offset(sa.bindparam("none", type_=sa.Integer))


@functools.cache
def _marks(dialect: str) -> Any:
    return sa.select(refs.c.id, refs.c.at).where(
        refs.c.ref == refs.c.id,
        refs.c.kind == sa.bindparam("kind"),
        compiled_statements.any_of(refs.c.ref, "ids", dialect),
    )


_NEWEST = sa.select(
    *(
        sa.select(sa.func.max(at)).where(*where).scalar_subquery()
        for at, where in (
            (events.c.received_at, ()),
            (mails.c.created_at, ()),
            *((runs.c.updated_at, (runs.c.status == status,)) for status in RUN_STATUSES),
        )
    )
)
"""The newest moment of each stream, in one statement: the ends of eight ranges of indexes."""


def _positions(tx: sa.Connection) -> dict[str, dt.datetime]:
    query = sa.select(cursors.c.name, cursors.c.at).where(cursors.c.name.startswith("refs:", autoescape=True))
    return {row.name.removeprefix("refs:"): row.at for row in tx.execute(query)}


def _store(tx: sa.Connection, stream: str, lines: Mapping[tuple[str, str, str], dt.datetime], at: dt.datetime) -> None:
    write(tx, [(*key, moment) for key, moment in lines.items()])
    name = f"refs:{stream}"
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(cursors)
    # Never back: this may be a look far behind what another process has done.
    further = insert.on_conflict_do_update(index_elements=["name"], set_={"at": at}, where=cursors.c.at < at)
    tx.execute(further.values(name=name, value={}, at=at))


_LINE = ("ref", "kind", "id", "at")
_UNNEST = sa.text(
    """
    INSERT INTO payloom_refs (ref, kind, id, at) SELECT * FROM unnest(
        CAST(:refs AS text[]), CAST(:kinds AS text[]), CAST(:ids AS text[]), CAST(:ats AS timestamptz[])
    )
    ON CONFLICT (ref, kind, id) DO UPDATE SET at = excluded.at WHERE payloom_refs.at < excluded.at
    """
)


def write(tx: sa.Connection, lines: Sequence[Line]) -> None:
    """Write lines of the index, in the order of the key, so that two writers never wait for each other in a circle."""
    if not lines:
        return
    ordered = sorted(lines, key=lambda line: line[:3])
    if tx.dialect.name == "postgresql":
        columns = zip(*ordered, strict=True)
        tx.execute(_UNNEST, dict(zip(("refs", "kinds", "ids", "ats"), map(list, columns), strict=True)))
        return
    compiled_statements.execute_many(tx, _keep_on_sqlite(), [dict(zip(_LINE, line, strict=True)) for line in ordered])


@functools.cache
def _keep_on_sqlite() -> sa.Insert:
    values = {name: sa.bindparam(name, type_=refs.c[name].type) for name in _LINE}
    insert = sqlite.insert(refs).values(values)
    return insert.on_conflict_do_update(
        index_elements=["ref", "kind", "id"], set_={"at": insert.excluded.at}, where=refs.c.at < insert.excluded.at
    )
