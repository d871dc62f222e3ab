"""The inbox as a list: events with their runs, filtered and by pages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from payloom.inbox.models import ASKED_FOR, FETCHED, events
from payloom.runs.coordination.resolution import UNRESOLVED
from payloom.runs.models import runs
from payloom.views.event_state import Source, State
from payloom.views.references.search import clean, owners_of

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
    source: Source | None = None,
    state: State | None = None,
    search: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return events, newest first, without payloads, each with `state` and `runs` (how many).

    type, family: a type, or what types begin with. search: any id, address or value that the event names.
    before: the last id of the previous page.
    """
    conditions: list[Any] = [events.c.object_id == object_id] if object_id is not None else []
    if source is not None:
        conditions.append(FETCHED if source == "catch_up" else events.c.source == source)
    if state is not None:
        conditions.append(_in_state(state))
    if search:
        text = clean(search)
        event_ids = [key for kind, key in owners_of(tx, [text], _FOUND) if kind == "event"]
        conditions.append(events.c.id.in_([*event_ids, text]))
    if before is not None:
        last = sa.select(events.c.received_at).where(events.c.id == before).scalar_subquery()
        conditions.append(events.c.received_at <= last)
        conditions.append(sa.tuple_(events.c.received_at, events.c.id) < sa.tuple_(last, sa.literal(before)))
    types: list[str] | None = None
    for value in (type, family):
        if value is not None:
            of_one = _of_family(tx, value)
            types = of_one if types is None else [kind for kind in types if kind in of_one]
    query = _newest(conditions, types, min(limit, MOST))
    if query is None:
        return []
    listed = [dict(row) for row in tx.execute(query).mappings()]
    states = states_of(tx, [event["id"] for event in listed])
    return [{**event, **states[event["id"]]} for event in listed]


def _newest(conditions: list[Any], types: list[str] | None, limit: int) -> sa.Select[*tuple[Any, ...]] | None:
    """Return the query for the newest events; of several types the newest of each, each from its own index range."""
    if types is None:
        return _page(sa.select(*_COLUMNS).where(*conditions), events.c, limit)
    if not types:
        return None
    branches = [
        _page(sa.select(*_COLUMNS).where(events.c.type == kind, *conditions), events.c, limit) for kind in types
    ]
    if len(branches) == 1:
        return branches[0]
    merged = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
    return _page(sa.select(merged), merged.c, limit)


def _page(query: sa.Select[*tuple[Any, ...]], columns: Any, limit: int) -> sa.Select[*tuple[Any, ...]]:
    return query.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)


def states_of(tx: sa.Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return `{state, runs}` of events."""
    counts: dict[str, dict[str, int]] = {event_id: {} for event_id in ids}
    columns = (runs.c.event_id, runs.c.status, runs.c.resolved_at.is_(None))
    query = sa.select(*columns, sa.func.count()).where(runs.c.event_id.in_(ids)).group_by(*columns)
    for event_id, status, unresolved, count in tx.execute(query):
        counts[event_id][status if unresolved else "resolved"] = count
    aside = set(tx.execute(sa.select(events.c.id).where(events.c.id.in_(ids), ~ASKED_FOR)).scalars())
    return {
        event_id: {"state": _state(by_status, set_aside=event_id in aside), "runs": sum(by_status.values())}
        for event_id, by_status in counts.items()
    }


def _state(by_status: dict[str, int], *, set_aside: bool) -> State:
    if not by_status:
        return "set_aside" if set_aside else "unhandled"
    if "failed" in by_status:
        return "failed"
    return "running" if any(status in by_status for status in _OPEN) else "handled"


_TYPES = sa.text(
    """
    WITH RECURSIVE found(type) AS (
        SELECT min(type) FROM payloom_events
        UNION ALL
        SELECT (SELECT min(type) FROM payloom_events WHERE type > found.type) FROM found WHERE found.type IS NOT NULL
    )
    SELECT type FROM found WHERE type IS NOT NULL
    """
)
"""The types there are, by one step through the index for each."""


def _of_family(tx: sa.Connection, family: str) -> list[str]:
    return [kind for kind in tx.execute(_TYPES).scalars() if kind == family or kind.startswith(f"{family}.")]


def _in_state(state: State) -> Any:
    of_event = runs.c.event_id == events.c.id
    has_run = sa.select(sa.literal(1)).where(of_event).exists()
    failed = sa.select(runs.c.event_id).where(UNRESOLVED, runs.c.event_id.is_not(None))
    if state == "failed":
        return events.c.id.in_(failed)
    if state == "running":
        unfinished = sa.select(runs.c.event_id).where(runs.c.status.in_(_OPEN), runs.c.event_id.is_not(None))
        return events.c.id.in_(unfinished) & ~events.c.id.in_(failed)
    if state == "set_aside":
        return ~ASKED_FOR & ~has_run
    if state == "unhandled":
        return ASKED_FOR & ~has_run
    other = sa.select(sa.literal(1)).where(of_event, UNRESOLVED | runs.c.status.in_(_OPEN)).exists()
    return has_run & ~other
