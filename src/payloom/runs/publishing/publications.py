"""Publications: what was put into use while servers run, by whom, and how every other worker hears of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from payloom.runs.models import publications, runs, versions


@dataclasses.dataclass(frozen=True, slots=True)
class RemoteChanges:
    """What was published after a number. changes: the newest hash per workflow, None when it was taken away."""

    number: int
    changes: Mapping[str, str | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Author:
    """Who first published a version, and when."""

    name: str | None
    at: dt.datetime


def latest(tx: sa.Connection) -> int:
    """Return the number of the newest publication, 0 before the first."""
    return tx.execute(sa.select(sa.func.max(publications.c.number))).scalar() or 0


def record(tx: sa.Connection, changes: Mapping[str, str | None], author: str | None, at: dt.datetime) -> int:
    """Write a publication down and return its number. The caller holds the lock `publications`."""
    number = latest(tx) + 1
    rows = [
        {"number": number, "workflow_id": name, "hash": version, "author": author, "at": at}
        for name, version in sorted(changes.items())
    ]
    tx.execute(sa.insert(publications), rows)
    return number


def since(tx: sa.Connection, number: int) -> RemoteChanges:
    """Return what was published after `number`."""
    query = (
        sa.select(publications.c.number, publications.c.workflow_id, publications.c.hash)
        .where(publications.c.number > number)
        .order_by(publications.c.number)
    )
    changes: dict[str, str | None] = {}
    for row in tx.execute(query):
        number = row.number
        changes[row.workflow_id] = row.hash
    return RemoteChanges(number, changes)


def authors(tx: sa.Connection, workflow_id: str) -> dict[str, Author]:
    """Return who first published each version of a workflow, by hash; versions read at a start have none."""
    query = (
        sa.select(publications.c.hash, publications.c.author, publications.c.at)
        .where(publications.c.workflow_id == workflow_id, publications.c.hash.is_not(None))
        .order_by(publications.c.number.desc())
    )
    return {row.hash: Author(row.author, row.at) for row in tx.execute(query)}


def history(tx: sa.Connection, workflow_id: str) -> list[dict[str, Any]]:
    """Return the versions of a workflow, newest first.

    Each has its hash, source, created_at, author (of the first publication; null for those read at a start), and how
    many unfinished runs are on it.
    """
    open_runs = (
        sa.select(sa.func.count())
        .where(runs.c.workflow_id == versions.c.workflow_id, runs.c.version == versions.c.hash)
        .where(runs.c.finished_at.is_(None))
        .scalar_subquery()
    )
    query = (
        sa.select(versions.c.hash, versions.c.created_at, versions.c.source, open_runs.label("open_runs"))
        .where(versions.c.workflow_id == workflow_id)
        .order_by(versions.c.created_at.desc(), versions.c.hash)
    )
    by = authors(tx, workflow_id)
    return [
        {**row, "author": by[row["hash"]].name if row["hash"] in by else None} for row in tx.execute(query).mappings()
    ]


def model_of(tx: sa.Connection, workflow_id: str, version: str) -> dict[str, Any] | None:
    """Return the canonical model of a stored version, or None."""
    query = sa.select(versions.c.model).where(versions.c.workflow_id == workflow_id, versions.c.hash == version)
    return tx.execute(query).scalar()
