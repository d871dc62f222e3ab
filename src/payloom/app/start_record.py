"""What the audit trail says of publishes and settings that nobody made in the studio: by the files, and at a start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.audit.trail import SERVER, AuditNote, AuditTrail
from payloom.db.database import Database
from payloom.db.transactions import join_next_write
from payloom.project.publisher import FILES
from payloom.runs.models import cursors
from payloom.runs.publishing import publications

NAME = "audit:start"
"""The cursor with what the server last started with."""


def record_publish_by_files(database: Database, trail: AuditTrail) -> None:
    """Have the next publication recorded, if it changes something."""

    def record(tx: sa.Connection, published: tuple[int, Mapping[str, str | None]]) -> None:
        number, changes = published
        if changes:
            _record_publish(trail, tx, FILES, changes, number=number)

    join_next_write(database, record)


def record_start(
    trail: AuditTrail, tx: sa.Connection, settings: Mapping[str, Any], workflows: Mapping[str, str], now: dt.datetime
) -> None:
    """Record what differs from the start before: settings without secrets, and the versions of workflows by name.

    The first start of a database changes nothing that was there.
    """
    value: dict[str, Any] = {
        "settings": dict(settings),
        "workflows": dict(workflows),
        "number": publications.latest(tx),
    }
    row = tx.execute(sa.select(cursors.c.value).where(cursors.c.name == NAME)).one_or_none()
    if row is None:
        tx.execute(sa.insert(cursors).values(name=NAME, value=value, at=now))
        return
    before: Mapping[str, Any] = row.value
    # What was published since then has its own entries.
    live = {**before["workflows"], **publications.since(tx, before["number"]).changes}
    changed = _differing(before["settings"], settings)
    if changed:
        old = {name: before["settings"].get(name) for name in changed}
        new = {name: settings.get(name) for name in changed}
        trail.record(tx, SERVER, AuditNote("settings.changed", ", ".join(changed), before=old, after=new))
    if published := _differing({name: version for name, version in live.items() if version}, workflows):
        _record_publish(trail, tx, "start", published)
    if value != before:
        tx.execute(sa.update(cursors).where(cursors.c.name == NAME).values(value=value, at=now))


def _record_publish(trail: AuditTrail, tx: sa.Connection, by: str, changes: Collection[str], **more: Any) -> None:
    names = sorted(changes)
    details = {"by": by, "changed": names[:50], **more}
    trail.record(tx, SERVER, AuditNote("workflow.published", ", ".join(names), details=details))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
