"""The journey of a payment: everything that has to do with an id, on one line of time.

It goes on along ids that belong to one payment (session, intent, charge, invoice, the row that names them), never
along those that many payments share (a customer, a subscription, a product): those are shown, not followed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.auth.models import accounts
from payloom.email.models import mails
from payloom.inbox.models import events
from payloom.kit.addresses.email_address import address_key
from payloom.kit.clock import from_epoch
from payloom.kit.json_types import is_map
from payloom.kit.secrets.redaction import redact, redact_text
from payloom.runs.models import runs, steps
from payloom.tables.errors import TableError
from payloom.tables.query.sql import Tables
from payloom.views.payment_state import Report, newest_of, payment_state, why_failed
from payloom.views.references.extract import LINKING, kind_of, row_ref
from payloom.views.references.models import refs
from payloom.views.references.search import clean, owners_of, rows_named, runs_at_once
from payloom.views.run_state import run_state

MOST = 300
"""Events, runs, mails and rows of one journey."""
MOST_OF_VALUE = 100
"""The same, of a value that is no id: what shares it need not have much to do with each other."""
_ROUNDS = 4
_HUB = 25
"""What names more payments than this belongs to none of them: a nightly run, a payout."""
_PAYMENT = frozenset({"session", "intent", "charge", "invoice"})
_KINDS: Mapping[str, str] = {
    "checkout.session": "session",
    "payment_intent": "intent",
    "charge": "charge",
    "refund": "refund",
    "subscription": "subscription",
    "invoice": "invoice",
    "dispute": "dispute",
    "setup_intent": "setup",
    "credit_note": "credit_note",
}
_TITLES: Mapping[str, str] = {
    "session": "Checkout session",
    "intent": "Payment intent",
    "setup": "Setup intent",
    "credit_note": "Credit note",
}
_AMOUNTS = ("amount_total", "amount", "total")


@dataclasses.dataclass(slots=True)
class TimelineEntry:
    """One thing on the line. amount: minor units. data: what there is to say of it, secrets masked.

    note: why it failed. stripe_clock: what the local Stripe's clock said, if it was moved ahead of this machine's.
    """

    at: dt.datetime
    kind: str
    id: str
    title: str
    status: str | None = None
    amount: int | None = None
    currency: str | None = None
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    note: str | None = None
    stripe_clock: dt.datetime | None = None


@dataclasses.dataclass(slots=True)
class PaymentTimeline:
    """The entries, oldest first. truncated: there is more than is shown."""

    id: str
    kind: str
    entries: list[TimelineEntry]
    truncated: bool


def payment_timeline(tx: sa.Connection, text: str, tables: Tables, linked: Iterable[str] = ()) -> PaymentTimeline:
    """Return what has to do with an id, an email address or a value. linked: ids that are known to belong to it."""
    subject = clean(text)
    most = MOST if kind_of(subject) is not None else MOST_OF_VALUE
    names = [subject, *(row_ref(table, key) for table, key in rows_named(tx, tables, subject)), *linked]
    if "@" in subject:
        names += (
            tx.execute(sa.select(accounts.c.id).where(accounts.c.email_key == address_key(subject))).scalars().all()
        )
    owners = dict.fromkeys(owners_of(tx, names, most))
    owners |= dict.fromkeys(("run", run) for run in runs_at_once(tx, subject, most))
    if tx.execute(sa.select(events.c.id).where(events.c.id == subject)).first():
        owners["event", subject] = None
    owners |= dict.fromkeys(("row", name) for name in names if kind_of(name) == "row")
    kind = _kind_of_subject(subject, names, owners)
    if kind in LINKING or kind in {"event", "run", "mail"}:
        _follow(tx, owners, {subject, *names})
    entries = _entries(tx, owners, tables)
    entries.sort(key=lambda entry: (entry.at, _RANK.get(entry.kind, 5)))
    return PaymentTimeline(subject, kind, entries, truncated=len(owners) >= most)


_RANK: Mapping[str, int] = {
    "order": 0,
    "row": 1,
    "session": 2,
    "intent": 3,
    "charge": 4,
    "event": 7,
    "run": 8,
    "mail": 9,
}
"""At the same moment: what was there first."""
_MOVED = dt.timedelta(minutes=1)
"""Clocks that differ by less are the same."""


def _kind_of_subject(subject: str, names: list[str], owners: Iterable[tuple[str, str]]) -> str:
    own = next((kind for kind, key in owners if key == subject), None)
    return own or kind_of(subject) or ("row" if any(kind_of(name) == "row" for name in names) else "value")


def _follow(tx: sa.Connection, owners: dict[tuple[str, str], None], seen: set[str]) -> None:
    """Add what names the same payment, and what that names, and so on."""
    fresh = list(owners)
    for _ in range(_ROUNDS):
        links = _links(tx, fresh) - seen
        if not links or len(owners) >= MOST:
            return
        seen |= links
        related = owners_of(tx, links, MOST)
        fresh = [owner for owner in related if owner not in owners][: MOST - len(owners)]
        owners |= dict.fromkeys(fresh)


def _links(tx: sa.Connection, owners: Iterable[tuple[str, str]]) -> set[str]:
    """Return the ids of payments that these name, leaving out those who name too many."""
    links: set[str] = set()
    for kind in ("event", "run", "mail", "row"):
        ids = [key for owner_kind, key in owners if owner_kind == kind]
        if not ids:
            continue
        # A row names itself, and a run what its event names.
        named: dict[str, set[str]] = {key: {key} for key in ids} if kind == "row" else {}
        queries: list[sa.Select[str, str]] = [
            sa.select(refs.c.ref, refs.c.id).where(refs.c.kind == kind, refs.c.id.in_(ids))
        ]
        if kind == "run":
            of_event = (runs.c.event_id == refs.c.id) & (refs.c.kind == "event")
            queries.append(sa.select(refs.c.ref, runs.c.id).join_from(runs, refs, of_event).where(runs.c.id.in_(ids)))
        for ref, key in (line for query in queries for line in tx.execute(query)):
            if kind_of(ref) in LINKING:
                named.setdefault(key, set()).add(ref)
        for of_one in named.values():
            if len(of_one) <= _HUB:
                links |= of_one
    return {link for link in links if kind_of(link) != "row"} | _of_payments(tx, links)


def _of_payments(tx: sa.Connection, links: set[str]) -> set[str]:
    """Return the rows among the links that name a payment themselves: an order does, a customer does not."""
    rows = [link for link in links if kind_of(link) == "row"]
    if not rows:
        return set()
    query = sa.select(refs.c.ref, refs.c.id).where(refs.c.kind == "row", refs.c.id.in_(rows))
    return {row.id for row in tx.execute(query) if kind_of(row.ref) in _PAYMENT}


def _entries(tx: sa.Connection, owners: Iterable[tuple[str, str]], tables: Tables) -> list[TimelineEntry]:
    by_kind: dict[str, list[str]] = {}
    for kind, key in owners:
        by_kind.setdefault(kind, []).append(key)
    entries, run_rows = _run_entries(tx, by_kind.get("run", []))
    event_ids = {*by_kind.get("event", []), *(row.event_id for row in run_rows if row.event_id)}
    event_entries, reports = _event_entries(tx, sorted(event_ids)[:MOST])
    entries += event_entries
    reports = [*_reports_of_steps(tx, [row.id for row in run_rows]), *reports]
    objects, heard = newest_of(reports), _first_heard(reports)
    entries += [
        _object_entry(stripe_object, objects.values(), heard.get(key)) for key, stripe_object in objects.items()
    ]
    entries += _mail_entries(tx, by_kind.get("mail", []), [row.id for row in run_rows])
    for name in by_kind.get("row", []):
        entry = _row_entry(tx, name, tables)
        if entry is not None:
            entries.append(entry)
    return entries


def _first_heard(reports: Iterable[Report]) -> dict[str, float]:
    """Return when each object was first heard of, in Unix seconds of this machine's clock."""
    heard: dict[str, float] = {}
    for report in reports:
        key = str(report.stripe_object.get("id"))
        heard[key] = min(report.order, heard.get(key, report.order))
    return heard


def _run_entries(tx: sa.Connection, ids: list[str]) -> tuple[list[TimelineEntry], Sequence[sa.Row[*tuple[Any, ...]]]]:
    names = ("id", "workflow_id", "status", "outcome", "event_id", "object_id", "trigger", "failure", "forked_from")
    more = ("created_at", "finished_at", "parked_on", "blocked", "resolved_at")
    query = sa.select(*(runs.c[name] for name in (*names, *more))).where(runs.c.id.in_(ids))
    rows: Sequence[sa.Row[*tuple[Any, ...]]] = tx.execute(query).all()
    entries: list[TimelineEntry] = []
    for row in rows:
        data = redact({name: getattr(row, name) for name in (*names[3:], "finished_at")})
        note = data["failure"].get("message") if is_map(data["failure"]) else None
        state = run_state(row)
        entries.append(TimelineEntry(row.created_at, "run", row.id, row.workflow_id, state, data=data, note=note))
    return entries, rows


def _object_of(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object that an event is about; a thin event has none."""
    data = payload.get("data")
    stripe_object = data.get("object") if is_map(data) else None
    return stripe_object if is_map(stripe_object) else {}


def _event_entries(tx: sa.Connection, ids: list[str]) -> tuple[list[TimelineEntry], list[Report]]:
    """Return the events, and what each says of the object it is about."""
    names = ("id", "type", "object_id", "created", "received_at", "source", "deliveries", "payload")
    query = sa.select(*(events.c[name] for name in names)).where(events.c.id.in_(ids))
    entries: list[TimelineEntry] = []
    reports: list[Report] = []
    for row in tx.execute(query):
        stripe_object = _object_of(json.loads(row.payload))
        if stripe_object.get("object") in _KINDS and isinstance(stripe_object.get("id"), str):
            reports.append(Report(stripe_object, row.created, row.received_at.timestamp()))
        data = {name: getattr(row, name) for name in ("object_id", "created", "source", "deliveries")}
        note = why_failed(stripe_object) if row.type.endswith("failed") else None
        entries.append(TimelineEntry(row.received_at, "event", row.id, row.type, data=data, note=note))
    return entries, reports


def _reports_of_steps(tx: sa.Connection, run_ids: list[str]) -> list[Report]:
    """Return the objects that steps got from Stripe, as they were then."""
    query = sa.select(steps.c.value, steps.c.at).where(
        steps.c.run_id.in_(run_ids), steps.c.verb == "stripe", steps.c.status == "succeeded"
    )
    return [
        Report(value, at.timestamp(), at.timestamp())
        for value, at in tx.execute(query)
        if is_map(value) and value.get("object") in _KINDS and isinstance(value.get("id"), str)
    ]


def _object_entry(
    stripe_object: Mapping[str, Any], known: Iterable[Mapping[str, Any]], heard: float | None
) -> TimelineEntry:
    kind = _KINDS[stripe_object["object"]]
    amount = next((stripe_object[name] for name in _AMOUNTS if isinstance(stripe_object.get(name), int)), None)
    created = stripe_object.get("created")
    at = from_epoch(created if isinstance(created, int) else 0)
    # The local Stripe's clock can be ahead; everything else on the line has the time of this machine.
    moved = at if heard is not None and at - from_epoch(heard) > _MOVED else None
    return TimelineEntry(
        from_epoch(heard) if moved is not None and heard is not None else at,
        kind,
        stripe_object["id"],
        _TITLES.get(kind, kind.capitalize()),
        payment_state(stripe_object, known),
        amount,
        stripe_object.get("currency") if isinstance(stripe_object.get("currency"), str) else None,
        redact(dict(stripe_object)),
        why_failed(stripe_object),
        moved,
    )


def _mail_entries(tx: sa.Connection, ids: list[str], run_ids: list[str]) -> list[TimelineEntry]:
    names = ("id", "subject", "status", "template", "recipients", "run_id", "created_at", "sent_at", "error")
    of_these = mails.c.id.in_(ids) | mails.c.run_id.in_(run_ids)
    query = sa.select(*(mails.c[name] for name in names)).where(of_these).limit(MOST)
    return [
        TimelineEntry(
            row.sent_at or row.created_at,
            "mail",
            row.id,
            row.subject,
            row.status,
            data={"to": row.recipients, "template": row.template, "run_id": row.run_id, "error": row.error},
            note=row.error and redact_text(row.error),
        )
        for row in tx.execute(query)
    ]


def _row_entry(tx: sa.Connection, name: str, tables: Tables) -> TimelineEntry | None:
    table, _, text = name.partition("/")
    spec = tables.specs.get(table)
    if spec is None:
        return None
    key: Any = int(text) if spec.columns[spec.primary].type == "int" and text.lstrip("-").isdecimal() else text
    try:
        row = tables.select(tx, table, where={spec.primary: key}, one="optional")
    except TableError:
        return None
    if row is None:
        return None
    at = row.get("created_at")
    if not isinstance(at, dt.datetime):
        at = tx.execute(sa.select(sa.func.min(refs.c.at)).where(refs.c.kind == "row", refs.c.id == name)).scalar()
    amount, currency = row.get("amount"), row.get("currency")
    return TimelineEntry(
        at or from_epoch(0),
        "order" if table in {"orders", "order"} else "row",
        name,
        f"{table.removesuffix('s').capitalize()} {row[spec.primary]}",
        row["status"] if isinstance(row.get("status"), str) else None,
        amount if type(amount) is int else None,
        currency if isinstance(currency, str) else None,
        redact(row),
    )
