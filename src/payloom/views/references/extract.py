"""Finds the searchable ids in an event, a run, an email or a row. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.kit.secrets.redaction import redact, redact_text
from payloom.tables.definition.spec import TableSpec

MOST = 60
"""References of one thing. What has more is no longer about something."""
LONGEST = 200
_DEEPEST = 6
_WIDEST = 20
"""Longer lists are pages of other things."""
_STRIPE_ID = re.compile(r"([a-z]{2,6}|sub_sched|cus_bal)_(?:test_|live_)?[A-Za-z0-9]{4,}")
_MAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,190}")

OBJECTS: Mapping[str, str] = {
    "cs": "session",
    "pi": "intent",
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "pyr": "refund",
    "in": "invoice",
    "sub": "subscription",
    "cus": "customer",
    "dp": "dispute",
    "du": "dispute",
    "seti": "setup",
    "cn": "credit_note",
    "plink": "payment_link",
    "evt": "event",
    "run": "run",
    "mail": "mail",
    "acct": "account",
    "po": "payout",
    "tr": "transfer",
    "pm": "payment_method",
}
"""What an id that begins so names. Ids of other things (prices, products) are not looked for by anybody."""
LINKING = frozenset({"session", "intent", "charge", "refund", "invoice", "dispute", "setup", "credit_note", "row"})
"""Ids of one payment: a journey goes on along them. A customer or a subscription has many payments."""


def kind_of(ref: str) -> str | None:
    """Return what an id names (`intent`, `row` …), `email`, or None for any other value."""
    match = _STRIPE_ID.fullmatch(ref)
    if match and (kind := OBJECTS.get(match[1])):
        return kind
    if _MAIL.fullmatch(ref):
        return "email"
    return "row" if "/" in ref else None


class ReferenceCollector:
    """The references of one thing, in the order in which they were met, each once."""

    def __init__(self, tables: Mapping[str, TableSpec]) -> None:
        """tables: so that `order_id: 17` also means the row 17 of `orders`."""
        self._tables = tables
        self.refs: dict[str, None] = {}

    def add(self, value: Any) -> None:
        """Add a value that is an id by its place."""
        if isinstance(value, bool) or not isinstance(value, str | int):
            return
        text = str(value).strip()
        if not text or len(text) > LONGEST or len(self.refs) >= MOST or "\0" in text or text in self.refs:
            return
        if redact_text(text) == text:  # a key or a card number is nothing to be found by
            self.refs.setdefault(text.lower() if _MAIL.fullmatch(text) else text)

    def named(self, name: str, value: Any) -> None:
        """Add a value under a name, and the row it is the key of."""
        if redact({name: value})[name] != value:
            return
        self.add(value)
        if isinstance(value, str | int) and not isinstance(value, bool) and (table := self._table(name)):
            self.add(row_ref(table, value))

    def _table(self, name: str) -> str | None:
        word = name.removesuffix("_id")
        return next((name for name in (f"{word}s", word) if name in self._tables), None)

    def walk(self, value: Any, depth: int = 0) -> None:
        """Add every Stripe id and email address in a JSON value, and all its metadata."""
        if depth > _DEEPEST or len(self.refs) >= MOST:
            return
        if isinstance(value, str):
            if 5 < len(value) <= LONGEST and (_known(value) or _MAIL.fullmatch(value)):
                self.add(value)
        elif is_map(value):
            self._walk_map(value, depth)
        elif is_list(value) and len(value) <= _WIDEST:
            for item in value:
                self.walk(item, depth + 1)

    def _walk_map(self, value: Mapping[str, Any], depth: int) -> None:
        for name, item in value.items():
            if name == "metadata" and is_map(item):
                for key, nested in item.items():
                    self.named(str(key), nested)
            elif name == "client_reference_id":
                self.named("order_id", item)
            elif item is not None:
                self.walk(item, depth + 1)

    def row(self, table: str, row: Any) -> None:
        """Add a row and the ids in it."""
        spec = self._tables.get(table)
        if spec is None or not is_map(row) or row.get(spec.primary) is None:
            return
        self.add(row_ref(table, row[spec.primary]))
        self.add(row[spec.primary])
        self.walk(row)


def row_ref(table: str, key: Any) -> str:
    """Return the name of a row."""
    return f"{table}/{key}"


def of_event(collector: ReferenceCollector, payload: Mapping[str, Any]) -> Iterable[str]:
    """Return the references of an event."""
    collector.add(payload.get("id"))
    content = payload.get("data")
    data: Mapping[str, Any] = content if is_map(content) else {}
    # A thin event has neither.
    stripe_object = data.get("object")
    if is_map(stripe_object):
        collector.add(stripe_object.get("id"))
        collector.walk(stripe_object)
    if is_map(related := payload.get("related_object")):
        collector.add(related.get("id"))
    if is_map(request := payload.get("request")):
        collector.add(request.get("id"))
    return collector.refs


def of_run(collector: ReferenceCollector, run: Mapping[str, Any], steps: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Return the references of a run: what started it, what it was given, and what its steps touched."""
    for name in ("id", "root_id", "forked_from", "event_id", "object_id", "user_id"):
        collector.add(run[name])
    inputs, request = run["inputs"], run["request"]
    for name, value in inputs.items() if is_map(inputs) else ():
        if isinstance(value, str | int) and " " not in str(value):
            collector.named(str(name), value)
    if is_map(request) and run["trigger"] == "table":
        collector.row(str(request.get("table")), request.get("row"))
    for step in steps:
        if step["verb"] in {"insert", "update", "upsert", "delete"}:
            value = step["value"]
            rows: list[Any] = value if is_list(value) else [value]
            for row in rows[:_WIDEST]:
                collector.row(step["action"], row)
        elif step["verb"] != "select":
            collector.walk(step["args"])
            collector.walk(step["value"])
    return collector.refs


def rows_of(tables: Mapping[str, TableSpec], steps: Iterable[Mapping[str, Any]]) -> dict[str, Iterable[str]]:
    """Return the rows that steps wrote, by name, with the references of each."""
    rows: dict[str, Iterable[str]] = {}
    for step in steps:
        if step["verb"] not in {"insert", "update", "upsert"}:
            continue
        value = step["value"]
        written: list[Any] = value if is_list(value) else [value]
        for row in written[:_WIDEST]:
            collector = ReferenceCollector(tables)
            collector.row(step["action"], row)
            if collector.refs:
                rows[next(iter(collector.refs))] = collector.refs
    return rows


def of_mail(collector: ReferenceCollector, mail: Mapping[str, Any]) -> Iterable[str]:
    """Return the references of a mail."""
    collector.add(mail["id"])
    collector.add(mail["run_id"])
    for recipient in mail["recipients"] or ():
        collector.add(recipient.rsplit("<", 1)[-1].rstrip(">"))
    return collector.refs


def _known(text: str) -> bool:
    match = _STRIPE_ID.fullmatch(text)
    return match is not None and match[1] in OBJECTS
