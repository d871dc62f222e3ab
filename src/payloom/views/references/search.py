"""Searching: what an id, an email address or the beginning of one names."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.auth.models import accounts
from payloom.email.models import mails
from payloom.email.outbox import to_address
from payloom.inbox.models import events
from payloom.kit.addresses.email_address import address_key
from payloom.runs.models import runs, steps
from payloom.tables.errors import TableError
from payloom.tables.query.sql import Tables
from payloom.views.references.extract import kind_of, row_ref
from payloom.views.references.models import refs

MOST = 12
_SCANNED = 400
"""Lines of the index that are read to find suggestions."""
_OWNED = 5_000
"""Lines that are read of one value: what more things share is about none of them."""
_LAST = "\U0010ffff"


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """A suggestion. kind: what `id` names; count: how many events, runs and mails name it."""

    kind: str
    id: str
    title: str
    detail: str
    at: dt.datetime | None = None


def clean(text: str) -> str:
    """Return what is looked for: without blanks around it; addresses in lower case."""
    text = text.strip()[:200]
    return text.lower() if "@" in text else text


def owners_of(tx: sa.Connection, names: Iterable[str], most: int, *, lines: int = _OWNED) -> list[tuple[str, str]]:
    """Return `(kind, id)` of what names one of these, latest first.

    A run also names what its event does. lines: of the index that are read.
    """
    wanted_names = list(names)
    latest: dict[tuple[str, str], dt.datetime] = {}
    for query in _owners(wanted_names, most, lines) if wanted_names else ():
        for kind, key, at in tx.execute(query):
            latest[kind, key] = max(at, latest.get((kind, key), at))
    return sorted(latest, key=lambda owner: latest[owner], reverse=True)[:most]


def _owners(names: Sequence[str], most: int, lines_read: int) -> Iterable[sa.Select[*tuple[Any, ...]]]:
    """Yield the queries for kind, id and moment of what names one of these."""
    lines = sa.select(refs.c.kind, refs.c.id, refs.c.at).where(refs.c.ref.in_(names)).limit(lines_read).subquery()
    latest = sa.func.max(lines.c.at)
    yield (
        sa.select(lines.c.kind, lines.c.id, latest)
        .group_by(lines.c.kind, lines.c.id)
        .order_by(latest.desc())
        .limit(most)
    )
    of_event = sa.select(refs.c.id).where(refs.c.ref.in_(names), refs.c.kind == "event").limit(lines_read)
    run = sa.select(sa.literal("run"), runs.c.id, runs.c.updated_at).where(runs.c.event_id.in_(of_event))
    yield run.order_by(runs.c.updated_at.desc()).limit(most)
    if rows := [name for name in names if kind_of(name) == "row"]:
        at = sa.func.max(refs.c.at)
        yield (
            sa.select(refs.c.kind, refs.c.id, at)
            .where(refs.c.kind == "row", refs.c.id.in_(rows))
            .group_by(refs.c.kind, refs.c.id)
        )
    mail = sa.select(sa.literal("mail"), mails.c.id, mails.c.created_at)
    for column, kind in ((mails.c.run_id, "run"), (mails.c.id, "mail")):
        if keys := [name for name in names if kind_of(name) == kind]:
            yield mail.where(column.in_(keys)).limit(most)
    for address in names:
        if kind_of(address) == "email":
            yield from (
                mail.where(to).order_by(mails.c.created_at.desc(), mails.c.id.desc()).limit(most)
                for to in to_address(address)
            )


def runs_about(tx: sa.Connection, text: str, most: int) -> list[str]:
    """Return the ids of runs that have to do with an id."""
    run_ids = [key for kind, key in owners_of(tx, [text], most * 3) if kind == "run"]
    return list(dict.fromkeys([*runs_at_once(tx, text, most), *run_ids]))[:most]


def runs_at_once(tx: sa.Connection, text: str, most: int) -> list[str]:
    """Return the ids of runs that are found without the index: by their own, their event's, and by a step's key."""
    by_id = tx.execute(sa.select(runs.c.id).where(runs.c.id == text)).scalars()
    of_event = tx.execute(sa.select(runs.c.id).where(runs.c.event_id == text).limit(most)).scalars()
    by_key = tx.execute(sa.select(steps.c.run_id).where(steps.c.key == text).limit(most)).scalars()
    return [*by_id, *of_event, *by_key]


def suggest(
    tx: sa.Connection, text: str, tables: Tables, workflows: Mapping[str, str], *, with_accounts: bool
) -> list[Hit]:
    """Return what the text may mean, the best first. workflows: their names by id.

    with_accounts: whether who asks may see whose address has an account.
    """
    text = clean(text)
    if not text:
        return []
    hits: dict[tuple[str, str], Hit] = {}

    def add(hit: Hit) -> None:
        hits.setdefault((hit.kind, hit.id), hit)

    for table, key in rows_named(tx, tables, text):
        add(Hit("row", row_ref(table, key), f"{table} {key}", f"a row of {table}"))
    for hit in _indexed(tx, text):
        add(hit)
    for hit in _at_once(tx, text):
        add(hit)
    if with_accounts:
        for hit in _account(tx, text):
            add(hit)
    for workflow_id, name in workflows.items():
        if text.lower() in workflow_id.lower() or text.lower() in name.lower():
            add(Hit("workflow", workflow_id, name, workflow_id))
    for table in tables.specs:
        if len(text) > 1 and text.lower() in table.lower():
            add(Hit("table", table, table, "a table"))
    return sorted(hits.values(), key=lambda hit: not _exact(hit, text))[:MOST]


def _exact(hit: Hit, text: str) -> bool:
    return text in {hit.id, hit.title} or hit.id.endswith(f"/{text}")


def _indexed(tx: sa.Connection, text: str) -> list[Hit]:
    """Return the ids that are the text, then those that begin with it."""
    lines = _lines(tx, refs.c.ref == text)
    if len(text) >= 3:
        lines = [*lines, *_lines(tx, (refs.c.ref > text) & (refs.c.ref < text + _LAST))]
    newest: dict[str, dt.datetime] = {}
    for ref, at in lines:
        newest[ref] = max(at, newest.get(ref, at))
    return [_hit(ref, owners_of(tx, [ref], _SCANNED, lines=_SCANNED), at) for ref, at in list(newest.items())[:MOST]]


def _lines(tx: sa.Connection, condition: Any) -> Sequence[sa.Row[str, dt.datetime]]:
    return tx.execute(sa.select(refs.c.ref, refs.c.at).where(condition).order_by(refs.c.ref).limit(_SCANNED)).all()


def _hit(ref: str, owners: Sequence[tuple[str, str]], at: dt.datetime) -> Hit:
    own = {kind for kind, key in owners if key == ref}
    kind = next(iter(own), None) or kind_of(ref) or "value"
    counts = {kind: len({key for owner, key in owners if owner == kind}) for kind in ("event", "run", "mail", "row")}
    parts = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count]
    title = ref.replace("/", " ", 1) if kind == "row" else ref
    return Hit(kind, ref, title, ", ".join(parts), at)


def _at_once(tx: sa.Connection, text: str) -> list[Hit]:
    """Return what is found without the index: it may be seconds old."""
    hits: list[Hit] = []
    event = tx.execute(sa.select(events.c.type, events.c.received_at).where(events.c.id == text)).first()
    if event is not None:
        hits.append(Hit("event", text, event.type, "an event", event.received_at))
    run = tx.execute(sa.select(runs.c.workflow_id, runs.c.status, runs.c.created_at).where(runs.c.id == text)).first()
    if run is not None:
        hits.append(Hit("run", text, run.workflow_id, run.status, run.created_at))
    return hits


def _account(tx: sa.Connection, text: str) -> Iterable[Hit]:
    """Yield the account of an address."""
    if "@" in text:
        query = sa.select(accounts.c.email, accounts.c.name).where(accounts.c.email_key == address_key(text))
        for account in tx.execute(query):
            yield Hit("email", text, account.email, account.name or "an account")


def rows_named(tx: sa.Connection, tables: Tables, text: str) -> list[tuple[str, Any]]:
    """Return `(table, key)` of the rows whose key is the text."""
    matches: list[tuple[str, Any]] = []
    for name, spec in tables.specs.items():
        kind = spec.columns[spec.primary].type
        key: Any = text
        if kind == "int":
            if not text.isdecimal() or len(text) > 18:
                continue
            key = int(text)
        elif kind not in {"string", "text", "uuid"}:
            continue
        try:
            if tables.select(tx, name, where={spec.primary: key}, limit=1):
                matches.append((name, key))
        except TableError:
            continue  # the text cannot be such a key
    return matches
