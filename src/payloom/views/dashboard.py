"""What needs attention: failed and stuck runs, approvals, undelivered emails, and the latest payments."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.email.models import UNSENT, mails
from payloom.inbox.models import ASKED_FOR, events, rejections
from payloom.inbox.set_aside import why
from payloom.kit.json_types import is_map
from payloom.kit.secrets.redaction import redact
from payloom.runs.coordination.resolution import UNRESOLVED
from payloom.runs.models import runs, waits
from payloom.runs.statuses import RUN_STATUSES
from payloom.views.health import read_health
from payloom.views.payment_state import Report, newest_of, payment_state
from payloom.views.references.models import refs

SHOWN = 8
_LATE = dt.timedelta(minutes=10)
_SAMPLE = 1000
"""The number of events that are checked for types that no workflow handles."""
_PAID = "payment_intent.succeeded"
_PAYMENTS = (
    *(_PAID, "payment_intent.payment_failed", "payment_intent.requires_action", "payment_intent.processing"),
    *("payment_intent.amount_capturable_updated", "payment_intent.canceled"),
)
"""The events that say of a payment more than that it was begun."""
_HOURS = 24
_RUN = ("id", "workflow_id", "status", "trigger", "event_id", "parked_on", "failure", "created_at", "finished_at")
_MAIL = ("id", "template", "recipients", "subject", "status", "error", "created_at")


def dashboard(tx: sa.Connection, now: dt.datetime) -> dict[str, Any]:
    """Return counts and the latest of each."""
    since = now - dt.timedelta(days=1)
    parked = runs.c.parked_on.is_not(None)
    blocked = runs.c.blocked.is_(sa.true()) & runs.c.finished_at.is_(None) & runs.c.lane.is_not(None)
    return {
        "failed_runs": _runs(tx, UNRESOLVED, runs.c.updated_at.desc()),
        "parked_runs": _runs(tx, parked, runs.c.created_at.desc()),
        "blocked_runs": _runs(tx, blocked, runs.c.created_at.desc()),
        "undelivered_mails": _undelivered(tx, now),
        "approvals": approvals(tx),
        "rejected": _rejected(tx, since),
        "unhandled": _unhandled(tx),
        "set_aside": _set_aside(tx),
        "payments": payments(tx),
        "last_24h": _day(tx, since),
        "hours": _hours(tx, now),
        "health": _health(tx, now),
    }


def approvals(tx: sa.Connection) -> list[dict[str, Any]]:
    """Return the decisions that runs wait for, oldest first, each with its workflow."""
    # No join: without waits SQLite would begin with the runs.
    workflow = sa.select(runs.c.workflow_id).where(runs.c.id == waits.c.run_id).scalar_subquery()
    query = (
        sa.select(waits, workflow.label("workflow_id")).where(waits.c.kind == "approval").order_by(waits.c.created_at)
    )
    return [
        {
            "run_id": row.run_id,
            "workflow": row.workflow_id,
            "path": row.path,
            "title": row.details.get("title"),
            "roles": row.details.get("roles") or [],
            "data": redact(row.details.get("data") or {}),
            "until": row.until,
            "created_at": row.created_at,
        }
        for row in tx.execute(query)
        if row.workflow_id is not None
    ]


def _runs(tx: sa.Connection, condition: Any, order: Any) -> dict[str, Any]:
    count = tx.execute(sa.select(sa.func.count()).select_from(runs).where(condition)).scalar() or 0
    query = sa.select(*(runs.c[name] for name in _RUN)).where(condition).order_by(order).limit(SHOWN)
    latest = [redact({**row, "workflow": row["workflow_id"]}) for row in tx.execute(query).mappings()]
    return {"count": count, "latest": latest}


def _undelivered(tx: sa.Connection, now: dt.datetime) -> dict[str, Any]:
    bad = UNSENT & mails.c.status.in_(("failed", "unknown"))
    stuck = UNSENT & mails.c.status.in_(("queued", "sending")) & (mails.c.created_at < now - _LATE)
    count = sum(
        tx.execute(sa.select(sa.func.count()).select_from(mails).where(condition)).scalar() or 0
        for condition in (bad, stuck)
    )
    query = sa.select(*(mails.c[name] for name in _MAIL)).where(bad | stuck).order_by(mails.c.created_at.desc())
    latest = [{**row, "to": row["recipients"]} for row in tx.execute(query.limit(SHOWN)).mappings()] if count else []
    return {"count": count, "latest": latest}


def _rejected(tx: sa.Connection, since: dt.datetime) -> list[dict[str, Any]]:
    query = sa.select(rejections).where(rejections.c.last_at >= since).order_by(rejections.c.last_at.desc())
    return [dict(row) for row in tx.execute(query).mappings()]


def _unhandled(tx: sa.Connection) -> dict[str, Any]:
    """Return which types of the latest events no workflow wants."""
    latest = (
        sa.select(events.c.id, events.c.type).where(ASKED_FOR).order_by(events.c.received_at.desc(), events.c.id.desc())
    )
    sample = {row.id: row.type for row in tx.execute(latest.limit(_SAMPLE))}
    # The ids as parameters: joined, Postgres would rather read all runs there are.
    ids = compiled_statements.array_param(list(sample), tx.dialect.name)
    of_these = sa.select(runs.c.event_id).where(compiled_statements.any_of(runs.c.event_id, "ids", tx.dialect.name))
    handled = set(tx.execute(of_these, {"ids": ids}).scalars())
    counts = Counter(kind for event_id, kind in sample.items() if event_id not in handled)
    types = sorted(([kind, count] for kind, count in counts.items()), key=lambda pair: -pair[1])
    return {"of_latest": _SAMPLE, "count": sum(count for _, count in types), "types": types}


def _set_aside(tx: sa.Connection) -> dict[str, Any]:
    """Return the events that were set aside, by reason, with what to do."""
    query = (
        sa.select(events.c.set_aside, sa.func.count(), sa.func.max(events.c.received_at))
        .where(events.c.set_aside.is_not(None))
        .group_by(events.c.set_aside)
    )
    rows = sorted(tx.execute(query), key=lambda row: -row[1])
    reasons = [{**why(reason), "count": count, "last_at": last} for reason, count, last in rows]
    return {"count": sum(row[1] for row in rows), "reasons": reasons}


def payments(tx: sa.Connection, limit: int = SHOWN) -> list[dict[str, Any]]:
    """Return the latest payments, each in the state that everything known about it makes."""
    latest: dict[str, Any] = {}
    rows: list[Any] = []
    for kind in _PAYMENTS:
        columns = (events.c.id, events.c.received_at, events.c.payload)
        query = sa.select(*columns).where(events.c.type == kind, ASKED_FOR).order_by(events.c.received_at.desc())
        rows += tx.execute(query.limit(limit * 2)).all()
    for row in sorted(rows, key=lambda row: row.received_at, reverse=True):
        latest.setdefault(str(json.loads(row.payload)["data"]["object"].get("id")), row)
    listed = dict(list(latest.items())[:limit])
    objects = _around(tx, listed)
    return [
        {
            **_payment(row, objects[key], payment_state(objects[key], objects.values())),
            "email": _payer(objects[key], objects.values()),
        }
        for key, row in listed.items()
    ]


def _around(tx: sa.Connection, intents: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the newest state of these intents and of all that events say around them: charges, refunds, disputes."""
    names = list(intents)
    named = sa.select(refs.c.id).where(refs.c.ref.in_(names), refs.c.kind == "event").limit(_SAMPLE)
    ids = {
        *tx.execute(named).scalars(),
        *tx.execute(sa.select(events.c.id).where(events.c.object_id.in_(names))).scalars(),
    }
    query = sa.select(events.c.created, events.c.received_at, events.c.payload).where(
        events.c.id.in_(sorted(ids)), ASKED_FOR
    )
    reports = [
        Report(json.loads(row.payload).get("data", {}).get("object") or {}, row.created, row.received_at.timestamp())
        for row in tx.execute(query)
    ]
    return newest_of(reports)


def _payment(row: Any, stripe_object: Mapping[str, Any], state: str | None) -> dict[str, Any]:
    amount, currency = (
        stripe_object.get("amount_received") or stripe_object.get("amount"),
        stripe_object.get("currency"),
    )
    return {
        "id": str(stripe_object.get("id")),
        "amount": amount if isinstance(amount, int) else None,
        "currency": currency if isinstance(currency, str) else None,
        "status": state or "unknown",
        "customer": stripe_object.get("customer") if isinstance(stripe_object.get("customer"), str) else None,
        "description": stripe_object.get("description"),
        "event_id": row.id,
        "at": row.received_at,
    }


def _payer(intent: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the email address of who pays: the intent's own, or what its charge or its session has."""
    places = [intent.get("receipt_email")]
    for related in known:
        if related.get("payment_intent") == intent.get("id"):
            details = [related.get("customer_details"), related.get("billing_details")]
            places += [related.get("receipt_email"), *(place.get("email") for place in details if is_map(place))]
    return next((address for address in places if isinstance(address, str) and address), None)


def _within_hour(column: sa.Column[Any], *conditions: Any) -> Any:
    window = (column >= sa.bindparam("start"), column < sa.bindparam("end"))
    return sa.select(sa.func.count()).where(*window, *conditions).scalar_subquery()


_HOUR = sa.select(
    _within_hour(runs.c.created_at),
    _within_hour(runs.c.created_at, runs.c.status == "failed"),
    _within_hour(events.c.received_at, events.c.type == _PAID, ASKED_FOR),
    _within_hour(events.c.received_at, events.c.type == "payment_intent.payment_failed", ASKED_FOR),
)
"""Counts of one hour, each over its own range of an index."""


def _hours(tx: sa.Connection, now: dt.datetime) -> list[dict[str, Any]]:
    """Return what happened in each of the last 24 hours, the oldest first; together they are the last day's counts."""
    hours: list[dict[str, Any]] = []
    for left in range(_HOURS, 0, -1):
        start = now - dt.timedelta(hours=left)
        window = {"start": start, "end": start + dt.timedelta(hours=1)}
        [counts] = compiled_statements.rows(tx, _HOUR, window)
        hours.append({"at": start, **dict(zip(("runs", "failed", "payments", "declined"), counts, strict=True))})
    return hours


def _health(tx: sa.Connection, now: dt.datetime) -> dict[str, Any]:
    """Return how the work goes on, and when Stripe was last heard of."""
    report = read_health(tx, now)
    newest = sa.select(events.c.received_at).order_by(events.c.received_at.desc(), events.c.id.desc()).limit(1)
    return {
        **{name: report.runs[name] for name in ("queued", "running", "waiting")},
        "oldest": report.oldest,
        "in_doubt": report.in_doubt,
        "workers": report.workers,
        "last_event_at": tx.execute(newest).scalar(),
    }


def _day(tx: sa.Connection, since: dt.datetime) -> dict[str, Any]:
    # Each from its own range of the index: grouped, SQLite would read all runs there are.
    of_status = sa.select(sa.func.count()).where(runs.c.status == sa.bindparam("status"), runs.c.created_at >= since)
    statuses = {status: tx.execute(of_status, {"status": status}).scalar() or 0 for status in RUN_STATUSES}
    received = sa.select(sa.func.count()).select_from(events).where(events.c.received_at >= since)
    paid = received.where(events.c.type == _PAID, ASKED_FOR)
    sent = sa.select(sa.func.count()).select_from(mails).where(mails.c.created_at >= since)
    return {
        "runs": sum(statuses.values()),
        "succeeded": statuses.get("succeeded", 0),
        "failed": statuses.get("failed", 0),
        "events": tx.execute(received).scalar() or 0,
        "payments": tx.execute(paid).scalar() or 0,
        "mails": tx.execute(sent).scalar() or 0,
    }
