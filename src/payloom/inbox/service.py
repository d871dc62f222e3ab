"""Takes in webhook events: verifies, stores each id once, counts what it turns away, and shows what it holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.db.database import Database
from payloom.db.types import seal_text
from payloom.inbox.errors import BodyTooLarge, EventRefused, EventUnknown, NoWebhookSecret
from payloom.inbox.models import events, rejections
from payloom.inbox.set_aside import SetAside, moment_of
from payloom.inbox.signature import TOLERANCE, verify
from payloom.kit import strict_json
from payloom.kit.clock import Clock, monotonic, to_epoch

MAX_BODY = 512 * 1024
"""Bytes. The largest events seen are a tenth of this."""
_REPORT_SECONDS = 1.0
_MAX_ID = 255
_EVENT_KIND = re.compile(r"(?:event|notification)")


@dataclasses.dataclass(frozen=True, slots=True)
class InboxEvent:
    """A verified event.

    payload: Stripe's event object. raw: its JSON text as received. created: Unix seconds. source: webhook | catch_up.
    set_aside: why the event cannot be for this project, as far as the event itself says.
    """

    id: str
    type: str
    object_id: str | None
    created: int
    account: str | None
    livemode: bool
    api_version: str | None
    payload: Mapping[str, Any]
    raw: str
    received_at: dt.datetime
    source: str = "webhook"
    set_aside: SetAside | None = None


class Inbox:
    """The inbox of one webhook address."""

    def __init__(
        self, database: Database, clock: Clock, secrets: Sequence[str], *, livemode: bool, tolerance: int = TOLERANCE
    ) -> None:
        """Prepare the inbox of one endpoint.

        secrets: the endpoint's signing secrets, newest first.
        livemode: whether this environment takes live events.
        """
        self._database = database
        self._clock = clock
        self._secrets = tuple(secret for secret in secrets if secret.strip())
        self._livemode = livemode
        self._tolerance = tolerance
        self._rejections: dict[str, list[Any]] = {}
        self._reported = 0.0

    def verify(self, raw: bytes, header: str | None, remote: str | None = None) -> InboxEvent:
        """Return the verified event. Raises `EventRefused` (also counted) or `NoWebhookSecret`; touches no database."""
        try:
            return self._verify_and_parse(raw, header)
        except EventRefused as refused:
            self._count(refused, remote, len(raw))
            raise

    def _verify_and_parse(self, raw: bytes, header: str | None) -> InboxEvent:
        if not self._secrets:
            raise NoWebhookSecret(hint="Set STRIPE_WEBHOOK_SECRET to the endpoint's signing secret (whsec_…).")
        if len(raw) > MAX_BODY:
            raise BodyTooLarge("body_too_large", f"The body has {len(raw)} bytes; {MAX_BODY} are allowed.")
        verify(raw, header, self._secrets, to_epoch(self._clock.now()), tolerance=self._tolerance)
        try:
            payload = strict_json.loads(raw)
        except strict_json.NotStrictJson as error:
            raise EventRefused("invalid_json", error.message) from None
        return self.parse(payload, raw.decode())

    def parse(self, payload: Any, raw: str | None = None, *, source: str = "webhook") -> InboxEvent:
        """Return the event in `payload` (parsed JSON, already trusted as to its origin). Raises `EventRefused`.

        What Stripe sent and Payloom cannot handle is set aside, not refused: Stripe would repeat it for days.
        """
        wrong = _shape_error(payload)
        if wrong is not None and source == "webhook" and _is_some_event(payload):
            return self._unknown_kind(payload, raw)
        if wrong is not None:
            raise EventRefused(
                "not_an_event",
                f"The body is not a Stripe event: {wrong}.",
                hint="Point only a Stripe webhook endpoint (snapshot events) at this address.",
            )
        other_mode = payload["livemode"] is not self._livemode
        if other_mode and not (source == "webhook" and isinstance(payload.get("account"), str)):
            kind, mode = ("live", "test") if payload["livemode"] else ("test", "live")
            raise EventRefused(
                "wrong_mode",
                f"This is a {kind} event, and this environment takes {mode} events.",
                hint="Give live and test mode an endpoint, a signing secret and an environment each.",
            )
        stripe_object = payload["data"]["object"]
        identity = stripe_object.get("id")
        account = payload.get("account")
        version = payload.get("api_version")
        return InboxEvent(
            id=payload["id"],
            type=payload["type"],
            object_id=identity if isinstance(identity, str) and len(identity) <= _MAX_ID else None,
            created=payload["created"],
            account=account if isinstance(account, str) else None,
            livemode=payload["livemode"],
            api_version=version if isinstance(version, str) else None,
            payload=payload,
            raw=raw if raw is not None else strict_json.dumps(payload),
            received_at=self._clock.now(),
            source=source,
            set_aside="other_mode" if other_mode else None,
        )

    def _unknown_kind(self, payload: Mapping[str, Any], raw: str | None) -> InboxEvent:
        """Return an event that is none of the snapshot events: what can be said of it, and the rest as it came."""
        now = self._clock.now()
        related = payload.get("related_object")
        identity = cast("dict[str, Any]", related).get("id") if isinstance(related, dict) else None
        account = payload.get("account") or payload.get("context")
        livemode = payload.get("livemode")
        return InboxEvent(
            id=payload["id"],
            type=payload["type"],
            object_id=identity if isinstance(identity, str) and len(identity) <= _MAX_ID else None,
            created=moment_of(payload.get("created"), to_epoch(now)),
            account=account[:_MAX_ID] if isinstance(account, str) else None,
            livemode=livemode if isinstance(livemode, bool) else self._livemode,
            api_version=None,
            payload=payload,
            raw=raw if raw is not None else strict_json.dumps(payload),
            received_at=now,
            set_aside="unknown_kind",
        )

    def store(self, tx: sa.Connection, event: InboxEvent) -> bool:
        """Store the event within `tx`; returns whether it is new. A second delivery only counts."""
        return store(tx, event)

    def _count(self, refused: EventRefused, remote: str | None, size: int) -> None:
        entry = self._rejections.setdefault(refused.reason, [0, None])
        entry[0] += 1
        entry[1] = {"hint": refused.hint, "remote": remote, "bytes": size}

    async def flush_rejections(self, *, force: bool = False) -> None:
        """Write the counters of refused requests, at most once a second: a flood must not become a flood of writes."""
        if not self._rejections or (not force and monotonic() - self._reported < _REPORT_SECONDS):
            return
        self._reported = monotonic()
        counted, self._rejections = self._rejections, {}
        now = self._clock.now()
        try:
            await self._database.write(lambda tx: _report(tx, counted, now))
        except BaseException:
            for reason, (count, sample) in counted.items():
                entry = self._rejections.setdefault(reason, [0, sample])
                entry[0] += count
            raise

    async def get(self, event_id: str) -> InboxEvent:
        """Return a stored event; raises `EventUnknown`."""
        event = await self._database.read(lambda tx: load(tx, event_id))
        if event is None:
            raise EventUnknown(f"There is no event {event_id!r}.", hint="List them with `payloom events list`.")
        return event

    async def list(
        self,
        *,
        type: str | None = None,  # noqa: A002 - Stripe's word
        object_id: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Return stored events, newest first, without payloads. before: id of the last one of the previous page."""
        return await self._database.read(lambda tx: _list(tx, type, object_id, before, limit))

    async def rejected(self) -> list[dict[str, Any]]:
        """Return the counters: reason, count, first_at, last_at, sample."""
        await self.flush_rejections(force=True)
        query = sa.select(rejections).order_by(rejections.c.last_at.desc())
        return await self._database.read(lambda tx: [dict(row) for row in tx.execute(query).mappings()])


def store(tx: sa.Connection, event: InboxEvent) -> bool:
    """Store the event within `tx`; returns whether it is new."""
    return store_all(tx, [event]) == [True]


def store_all(tx: sa.Connection, events: Sequence[InboxEvent]) -> list[bool]:
    """Store events within `tx`; returns for each whether it is new."""
    first: dict[str, int] = {}
    for place, event in enumerate(events):
        first.setdefault(event.id, place)
    # In the order of their ids: two that store the same events at once must not wait for each other.
    rows = [_values(events[first[event_id]]) for event_id in sorted(first)]
    stored = _insert(tx, rows)
    new = [event.id in stored and first[event.id] == place for place, event in enumerate(events)]
    again = [event.id for event, is_new in zip(events, new, strict=True) if not is_new and event.source == "webhook"]
    for event_id in sorted(again):  # a look at Stripe's list is no delivery
        tx.execute(_AGAIN, {"again": event_id})
    return new


def _values(event: InboxEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "object_id": event.object_id,
        "created": event.created,
        "received_at": event.received_at,
        "account": event.account,
        "livemode": event.livemode,
        "api_version": event.api_version,
        "payload": event.raw,
        "source": event.source,
        "deliveries": 1,
        "set_aside": event.set_aside,
    }


def _insert(tx: sa.Connection, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert the rows that are not there; returns their ids."""
    if tx.dialect.name == "sqlite":
        if len(rows) == 1:
            return {rows[0]["id"]} if compiled_statements.count(tx, _insert_on_sqlite(), rows[0]) else set()
        # Nobody else writes: what is not there now is not there in a moment either.
        there = {
            event_id for (event_id,) in compiled_statements.rows_by_key(tx, (events.c.id,), [row["id"] for row in rows])
        }
        rows = [row for row in rows if row["id"] not in there]
        if rows:
            compiled_statements.insert(tx, events, rows)
        return {row["id"] for row in rows}
    # One parameter: the same statement, prepared once, for any number of rows.
    text = json.dumps(
        [
            {**row, "received_at": row["received_at"].isoformat(), "payload": seal_text(row["payload"], tx.dialect)}
            for row in rows
        ]
    )
    return {event_id for (event_id,) in compiled_statements.rows(tx, _insert_on_postgres(), {"rows": text})}


@functools.cache
def _insert_on_sqlite() -> sa.Insert:
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - only where SQLite is used

    return sqlite.insert(events).on_conflict_do_nothing(index_elements=["id"])


@functools.cache
def _insert_on_postgres() -> Any:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - only where Postgres is used

    dialect = postgresql.dialect()
    names = ", ".join(column.name for column in events.c)
    types = ", ".join(f"{column.name} {column.type.compile(dialect)}" for column in events.c)
    statement = f"""
        INSERT INTO {events.name} ({names}) SELECT {names} FROM json_to_recordset(CAST(:rows AS json))
        AS rows({types}) ON CONFLICT (id) DO NOTHING RETURNING id"""  # noqa: S608 - our own names
    text = sa.text(statement).columns(events.c.id)
    return text.execution_options(**{compiled_statements.TABLES: (events.name,)})


_COLUMNS: tuple[sa.Column[Any], ...] = (
    *(events.c.id, events.c.type, events.c.object_id, events.c.created, events.c.account, events.c.livemode),
    *(events.c.api_version, events.c.payload, events.c.received_at, events.c.source, events.c.set_aside),
)
_AGAIN = sa.update(events).where(events.c.id == sa.bindparam("again")).values(deliveries=events.c.deliveries + 1)


def load(tx: sa.Connection, event_id: str) -> InboxEvent | None:
    """Return a stored event, or None."""
    return load_events(tx, [event_id]).get(event_id)


def load_events(tx: sa.Connection, ids: Sequence[str]) -> dict[str, InboxEvent]:
    """Return those of the events that are stored, by id."""
    return {row[0]: _stored_event(row) for row in compiled_statements.rows_by_key(tx, _COLUMNS, ids)}


def _stored_event(row: Sequence[Any]) -> InboxEvent:
    values = {column.name: value for column, value in zip(_COLUMNS, row, strict=True)}
    raw: str = values.pop("payload")
    return InboxEvent(**values, raw=raw, payload=strict_json.loads(raw.encode()))


def set_aside(tx: sa.Connection, event_id: str, reason: SetAside | None) -> bool:
    """Set a stored event aside, or (None) take it up; returns whether that changed something."""
    query = sa.update(events).where(events.c.id == event_id)
    query = query.where(events.c.set_aside.is_(None) if reason else events.c.set_aside.is_not(None))
    return tx.execute(query.values(set_aside=reason)).rowcount == 1


def waiting_aside(tx: sa.Connection, event_ids: Sequence[str]) -> set[str]:
    """Return which of these stored events are set aside."""
    query = sa.select(events.c.id).where(events.c.id.in_(event_ids), events.c.set_aside.is_not(None))
    return set(tx.execute(query).scalars())


def _is_some_event(payload: Any) -> bool:
    """Whether something verified names itself and a type, and is an event of a kind that Payloom does not know.

    Stripe makes no snapshot event (`object` is "event") of another shape, and an object that is no event comes from
    elsewhere: those are refused.
    """
    if not isinstance(payload, dict):
        return False
    payload = cast("dict[str, Any]", payload)
    for key, longest in (("id", _MAX_ID), ("type", 128), ("object", 128)):
        value = payload.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            return False
    return payload["object"] != "event" and _EVENT_KIND.search(payload["object"]) is not None


def _shape_error(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return "it is not a JSON object"
    payload = cast("dict[str, Any]", payload)
    if payload.get("object") != "event":
        return '`object` is not "event"'
    for key in ("id", "type"):
        value = payload.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= (_MAX_ID if key == "id" else 128):
            return f"`{key}` is not a text of fitting length"
    if type(payload.get("created")) is not int:
        return "`created` is not a whole number"
    if type(payload.get("livemode")) is not bool:
        return "`livemode` is not true or false"
    data = payload.get("data")
    if not isinstance(data, dict) or not isinstance(cast("dict[str, Any]", data).get("object"), dict):
        return "`data.object` is not an object"
    return None


def _report(tx: sa.Connection, counted: Mapping[str, Sequence[Any]], now: dt.datetime) -> None:
    for reason, (count, sample) in sorted(counted.items()):
        changed = tx.execute(
            sa.update(rejections)
            .where(rejections.c.reason == reason)
            .values(count=rejections.c.count + count, last_at=now, sample=sample)
        )
        if changed.rowcount == 0:
            tx.execute(
                sa.insert(rejections).values(reason=reason, count=count, first_at=now, last_at=now, sample=sample)
            )


def _list(
    tx: sa.Connection, kind: str | None, object_id: str | None, before: str | None, limit: int
) -> list[dict[str, Any]]:
    columns = [column for column in events.c if column.name != "payload"]
    query = sa.select(*columns).order_by(events.c.received_at.desc(), events.c.id.desc()).limit(limit)
    if kind is not None:
        query = query.where((events.c.type == kind) | events.c.type.startswith(f"{kind}.", autoescape=True))
    if object_id is not None:
        query = query.where(events.c.object_id == object_id)
    if before is not None:
        last = sa.select(events.c.received_at).where(events.c.id == before).scalar_subquery()
        query = query.where(sa.tuple_(events.c.received_at, events.c.id) < sa.tuple_(last, sa.literal(before)))
    return [dict(row) for row in tx.execute(query).mappings()]
