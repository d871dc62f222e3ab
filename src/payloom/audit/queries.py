"""Reads the audit trail."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa

from payloom.audit.models import audit

SHOWN = tuple(column for column in audit.c if column.name != "keep_until")


@dataclasses.dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to show; what is None does not matter. action: an action, or its kind, such as `row`."""

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    outcome: str | None = None
    address: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.action is not None:
            kind = audit.c.action.startswith(f"{self.action}.", autoescape=True)
            conditions.append(
                audit.c.action == self.action if "." in self.action else sa.or_(audit.c.action == self.action, kind)
            )
        for column, value in (
            (audit.c.target, self.target),
            (audit.c.outcome, self.outcome),
            (audit.c.address, self.address),
        ):
            if value is not None:
                conditions.append(column == value)
        if self.actor is not None:
            conditions.append(sa.or_(audit.c.actor == self.actor, audit.c.account_id == self.actor))
        if self.since is not None:
            conditions.append(audit.c.at >= self.since)
        if self.until is not None:
            conditions.append(audit.c.at < self.until)
        return conditions


def list_entries(
    tx: sa.Connection, filters: AuditFilter, *, before: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return entries, newest first. before: id of the last one of the previous page."""
    query = sa.select(*SHOWN).where(*filters.conditions())
    if before is not None:
        last = sa.select(audit.c.at).where(audit.c.id == before).scalar_subquery()
        query = query.where(sa.or_(audit.c.at < last, sa.and_(audit.c.at == last, audit.c.id < before)))
    rows = tx.execute(query.order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)).mappings()
    return [dict(row) for row in rows]
