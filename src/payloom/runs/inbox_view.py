"""The inbox as people see it: events with what came of them, filtered and by pages."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from payloom.inbox.models import events
from payloom.runs.models import runs
from payloom.runs.refs.search import clean, owners_of

State = Literal["handled", "unhandled", "failed", "running"]
"""failed: a run of it failed; running: one is not over yet; unhandled: no workflow wanted it."""
MOST = 200
_FOUND = 2000
"""Events that a search considers."""
_OPEN = ("queued", "running", "waiting")
_COLUMNS = [column for column in events.c if column.name != "payload"]


def list_events(
    tx: sa.Connection,
    *,
    type: str | None = None,  # noqa: A002 - Stripe's word
    family: str | None = None,
    object_id: str | None = None,
    source: str | None = None,
    state: State | None = None,
    search: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return events, newest first, without payloads, each with `state` and `runs` (how many).

    type: exactly, or a family. search: any id, address or value that the event names. before: the last id of the
    previous page.
    """
    query = sa.select(*_COLUMNS).order_by(events.c.received_at.desc(), events.c.id.desc()).limit(min(limit, MOST))
    if type is not None:
        query = query.where((events.c.type == type) if "." in type else _of_family(type))
    if family is not None:
        query = query.where(_of_family(family))
    for column, value in ((events.c.object_id, object_id), (events.c.source, source)):
        if value is not None:
            query = query.where(column == value)
    if state is not None:
        query = query.where(_in_state(state))
    if search:
        text = clean(search)
        found = [key for kind, key in owners_of(tx, [text], _FOUND) if kind == "event"]
        query = query.where(events.c.id.in_([*found, text]))
    if before is not None:
        last = sa.select(events.c.received_at).where(events.c.id == before).scalar_subquery()
        query = query.where(
            events.c.received_at <= last,
            sa.tuple_(events.c.received_at, events.c.id) < sa.tuple_(last, sa.literal(before)),
        )
    listed = [dict(row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - SQLAlchemy's public way to a dict
    states = states_of(tx, [one["id"] for one in listed])
    return [{**one, **states[one["id"]]} for one in listed]


def states_of(tx: sa.Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return `{state, runs}` of events."""
    counts: dict[str, dict[str, int]] = {event_id: {} for event_id in ids}
    query = (
        sa.select(runs.c.event_id, runs.c.status, sa.func.count())
        .where(runs.c.event_id.in_(ids))
        .group_by(runs.c.event_id, runs.c.status)
    )
    for event_id, status, count in tx.execute(query):
        counts[event_id][status] = count
    return {event_id: {"state": _state(found), "runs": sum(found.values())} for event_id, found in counts.items()}


def _state(found: dict[str, int]) -> State:
    if not found:
        return "unhandled"
    if "failed" in found:
        return "failed"
    return "running" if any(status in found for status in _OPEN) else "handled"


def _of_family(family: str) -> Any:
    # A range of the index, where LIKE would not be one on Postgres.
    return (events.c.type == family) | events.c.type.startswith(f"{family}.", autoescape=True)


def _in_state(state: State) -> Any:
    theirs = runs.c.event_id == events.c.id
    if state == "failed":
        return events.c.id.in_(
            sa.select(runs.c.event_id).where(runs.c.status == "failed", runs.c.event_id.is_not(None))
        )
    if state == "running":
        return events.c.id.in_(sa.select(runs.c.event_id).where(runs.c.status.in_(_OPEN), runs.c.event_id.is_not(None)))
    some = sa.select(sa.literal(1)).where(theirs).exists()
    return ~some if state == "unhandled" else some
