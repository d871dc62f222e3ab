"""The outcome of a scenario, with names instead of generated ids, so that files and other outcomes compare with it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from payloom.db.types import load_json
from payloom.kit.clock import rfc3339
from payloom.kit.json_types import is_list, is_map, is_sequence
from payloom.runs.models import logs, runs
from payloom.sandbox.scenario.scenario import Scenario
from payloom.sandbox.scenario.stored_rows import rows_of
from payloom.tables.definition.spec import ColumnSpec

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_RUN = re.compile(r"run_[0-9a-hjkmnp-tv-z]{26}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?")
_GENERATION = re.compile(r"~\d+$")


@dataclasses.dataclass(slots=True)
class Outcome:
    """tables: rows in the order they were inserted. changed: rows that were not there like this at the beginning.

    emails: those that left, once each. stripe: calls that changed something, by key. runs: in the order they began.
    """

    tables: dict[str, list[dict[str, Any]]]
    before: dict[str, list[dict[str, Any]]]
    emails: list[dict[str, Any]]
    stripe: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    logs: list[dict[str, Any]]
    made: dict[str, str]
    """What an object that Stripe made is called by the key of its call, by its id."""
    twice: list[str]
    """Mails that left twice, and whether the outbox says so: `receipt to a@b.c (marked)`."""

    @property
    def begun(self) -> list[dict[str, Any]]:
        """The runs that something from outside has begun: not those that a `call` of another run has."""
        return [run for run in self.runs if not run["called"]]

    def untouched(self, table: str, row: Mapping[str, Any]) -> bool:
        """Whether a row is as it was at the beginning."""
        return row in self.before.get(table, [])


class _Namer:
    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)
        self._uuids = 0

    def add(self, identity: str, name: str) -> None:
        self._known.setdefault(identity, name)

    def _uuid(self, match: re.Match[str]) -> str:
        name = self._known.get(match[0])
        if name is None:
            self._uuids += 1
            name = self._known[match[0]] = f"uuid#{self._uuids}"
        return name

    def text(self, value: str) -> str:
        if value in self._known:
            return self._known[value]
        if "-" in value:
            value = _UUID.sub(self._uuid, value)
        if "run_" in value:
            value = _RUN.sub(lambda match: self._known.get(match[0], match[0]), value)
        return value

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if is_map(value):
            return {str(key): self(item) for key, item in value.items()}
        if is_sequence(value):
            return [self(item) for item in value]
        if isinstance(value, dt.datetime):
            return rfc3339(value if value.tzinfo else value.replace(tzinfo=dt.UTC))
        return value


def read_outcome(scenario: Scenario, short: Mapping[str, str]) -> Outcome:
    """Return the outcome of a scenario. short: names of UUIDs."""
    return scenario.sandbox.database.inspect(lambda tx: _read(tx, scenario, short))


def _read(tx: sa.Connection, scenario: Scenario, short: Mapping[str, str]) -> Outcome:
    specs = scenario.sandbox.tables.specs
    namer = _Namer(short)
    raw = {name: rows_of(tx, name) for name in specs}
    for name, spec in specs.items():
        if spec.columns[spec.primary].type == "uuid":
            for number, identity in enumerate(scenario.new_rows(raw[name], name), 1):
                namer.add(identity, f"{name}#{number}")
    run_rows = list(tx.execute(sa.select(runs).order_by(sa.text("rowid"))).mappings())
    callers = 0
    for run in run_rows:
        if run["event_id"] is not None:
            namer.add(run["id"], f"run({run['event_id']},{run['workflow_id']})")
        elif run["trigger"] == "call":
            # The first caller starts it: its name must not depend on which caller that is.
            namer.add(run["id"], f"call({run['workflow_id']},{as_text(namer(run['inputs']))})")
        else:
            callers += 1
            namer.add(run["id"], f"run#{callers}")
    plain = {name: [_plain(spec.columns, row) for row in raw[name]] for name, spec in specs.items()}
    before = {name: [_plain(specs[name].columns, row) for row in rows] for name, rows in scenario.seeds.items()}
    emails, twice = _emails(scenario, namer)
    return Outcome(
        tables=namer(plain),
        before=namer(before),
        emails=emails,
        stripe=[
            {"call": write.call, "with": namer(write.params), "key": _GENERATION.sub("", namer(write.key or ""))}
            for write in scenario.stripe.writes
        ],
        effects=[
            {"key": namer(key), "verb": effect.verb, "action": effect.action, "args": namer(effect.args)}
            for key, effect in scenario.effects.items()
        ],
        runs=[_run(run, namer) for run in run_rows],
        answers=[namer(dataclasses.asdict(answer)) for answer in scenario.answers],
        logs=[
            namer(dict(row)) for row in tx.execute(sa.select(logs.c.level, logs.c.text).order_by(logs.c.id)).mappings()
        ],
        made={
            identity: f"{identity.rpartition('_')[0]}<{_GENERATION.sub('', namer(key))}>"
            for identity, key in scenario.stripe.made.items()
        },
        twice=twice,
    )


def _plain(columns: Mapping[str, ColumnSpec], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(columns[name], row[name]) for name in columns}


def _value(column: ColumnSpec, value: Any) -> Any:
    if value is None:
        return None
    if column.type == "bool":
        return bool(value)
    if column.type == "json" and isinstance(value, str):
        return load_json(value)
    if column.type == "datetime" and isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    return value


def _emails(scenario: Scenario, namer: _Namer) -> tuple[list[dict[str, Any]], list[str]]:
    emails: dict[str, dict[str, Any]] = {}
    marked: dict[str, bool] = {}
    for mail in scenario.sent:
        name = f"{mail.template} to {', '.join(mail.recipients)}"
        if mail.key in emails:
            marked[f"{name} [{namer(mail.key)}]"] = mail.repeated
            continue
        emails[mail.key] = {
            "template": mail.template,
            "to": mail.recipients[0] if len(mail.recipients) == 1 else list(mail.recipients),
            "subject": namer(mail.subject),
            "data": namer(scenario.mail_data.get(mail.key, {})),
            "text": namer(mail.text),
            "key": namer(mail.key),
        }
    return list(emails.values()), [f"{name}{' (marked)' if yes else ''}" for name, yes in marked.items()]


def _run(row: Any, namer: _Namer) -> dict[str, Any]:
    failure: Mapping[str, Any] = row["failure"] or {}
    error = {key: failure.get(key) for key in ("message", "hint", "where", "path")} if failure else None
    if error is not None:
        details: Mapping[str, Any] = failure.get("data") or {}
        error["code"] = details.get("code") or failure.get("kind")
        error["kind"] = failure.get("kind")
    return {
        "id": namer(row["id"]),
        "workflow": row["workflow_id"],
        "status": row["outcome"] or row["status"],
        "http_status": row["http_status"],
        "event": row["event_id"],
        "called": row["trigger"] == "call",
        "output": namer(row["output"]),
        "response": namer(row["response"]),
        "error": namer(error),
    }


def timeless(value: Any) -> Any:
    """Return the value with every moment replaced by `<time>`."""
    if isinstance(value, str):
        return _MOMENT.sub("<time>", value)
    if is_map(value):
        return {key: timeless(item) for key, item in value.items()}
    return [timeless(item) for item in value] if is_list(value) else value


def as_text(value: Any) -> str:
    """Return one line for people."""
    return json.dumps(value, ensure_ascii=False, default=str)
