"""What changed lately, for people who watch: asked of the database, so that it does not matter which process did it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal

import sqlalchemy as sa

from payloom.email.models import mails
from payloom.inbox.models import events
from payloom.runs.models import runs, versions
from payloom.runs.statuses import RUN_STATUSES

MOST = 200
_MAIL_AGE = dt.timedelta(hours=2)
"""A mail that is older no longer changes, unless a user sends it by hand."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """Something that is new or different. at: when it became so."""

    kind: Literal["run", "event", "mail", "row", "workflow"]
    id: str
    status: str | None
    at: dt.datetime
    workflow: str | None = None
    type: str | None = None
    table: str | None = None


def changes_since(tx: sa.Connection, since: dt.datetime) -> list[Change]:
    """Return what changed after a moment, oldest first; every question is a short range of an index."""
    return sorted([*_runs(tx, since), *_others(tx, since)], key=lambda change: change.at)


def _runs(tx: sa.Connection, since: dt.datetime) -> Iterator[Change]:
    for status in RUN_STATUSES:
        columns = (runs.c.id, runs.c.workflow_id, runs.c.updated_at)
        for row in tx.execute(_newest(sa.select(*columns).where(runs.c.status == status), runs.c.updated_at, since)):
            yield Change("run", row.id, status, row.updated_at, workflow=row.workflow_id)


def _others(tx: sa.Connection, since: dt.datetime) -> Iterator[Change]:
    columns = (events.c.id, events.c.type, events.c.received_at)
    for row in tx.execute(_newest(sa.select(*columns), events.c.received_at, since)):
        yield Change("event", row.id, "received", row.received_at, type=row.type)
    recent = sa.select(mails.c.id, mails.c.status, mails.c.changed_at).where(mails.c.created_at > since - _MAIL_AGE)
    for row in tx.execute(_newest(recent, mails.c.changed_at, since)):
        yield Change("mail", row.id, row.status, row.changed_at)
    new = sa.select(versions.c.workflow_id, versions.c.hash, versions.c.created_at)
    for row in tx.execute(_newest(new, versions.c.created_at, since)):
        yield Change("workflow", row.workflow_id, row.hash, row.created_at, workflow=row.workflow_id)


def _newest(query: sa.Select[*tuple[Any, ...]], at: Any, since: dt.datetime) -> sa.Select[*tuple[Any, ...]]:
    return query.where(at > since).order_by(at.desc()).limit(MOST)
