"""Reads *.test.yaml: cases with beginnings, deliveries and expectations. Every mistake is found, with its place."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.catalog.events import event_types, families
from payloom.connectors.stripe.catalog.moved import lookup as moved
from payloom.kit.clock import to_epoch
from payloom.kit.diagnostics import Diagnostic, Path
from payloom.kit.durations import parse_duration
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.suggest import did_you_mean
from payloom.kit.yaml.reader import read_source_file
from payloom.kit.yaml.source import Source
from payloom.project.loader import Project
from payloom.sandbox.project import START
from payloom.sandbox.scenario.deliveries import (
    AdvanceTime,
    DecideApproval,
    Delivery,
    EventDelivery,
    ScheduleTick,
    WorkflowCall,
)
from payloom.sandbox.scenario.initial_state import UUID, InitialState, ShortNames
from payloom.sandbox.stripe.fixtures import PREFIXES, problems
from payloom.sandbox.stripe.plain_answers import family_kind
from payloom.sandbox.stripe.specimens import object_of_event
from payloom.tables.definition.values import Unfit, check
from payloom.testing import case_keys
from payloom.workflows.catalog.events import split_type
from payloom.workflows.program.program import ScheduleTrigger

SUFFIX = ".test.yaml"
STATUSES = ("succeeded", "filtered", "failed", "refused", "waiting", "canceled")


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One case. path: where it stands in its file. expect: in names; None: nothing is expected but that it works."""

    file: CaseFile
    name: str
    path: Path
    line: int
    given: InitialState
    deliveries: tuple[Delivery, ...]
    expect: Mapping[str, Any] | None
    any_order: bool
    """Whether its events may come in any order."""

    @property
    def id(self) -> str:
        """`tests/refund.test.yaml::a double click`."""
        return f"{self.file.name}::{self.name}"


@dataclasses.dataclass(slots=True)
class CaseFile:
    """One file."""

    path: FilePath
    name: str
    source: Source
    workflows: tuple[str, ...]
    names: ShortNames
    cases: tuple[Case, ...] = ()

    def ids(self) -> dict[str, str]:
        """Return what UUIDs are called: by their short names, or as they stand in the file."""
        return {**{text: text for text in UUID.findall(self.source.text)}, **self.names.short()}


def find_case_files(root: FilePath) -> list[FilePath]:
    """Return the test files of a project: below `tests/`, and beside the workflows."""
    return sorted(path for folder in ("tests", "workflows") for path in (root / folder).rglob(f"*{SUFFIX}"))


def load_case_file(path: FilePath, project: Project) -> tuple[CaseFile | None, list[Diagnostic]]:
    """Read one file; None when its shape is hopeless. What is wrong is in the list, in order of place."""
    name = path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else path.name
    source = read_source_file(path, name)
    reader = _Reader(source, project, path)
    file = reader.read() if is_dict(source.data) else None
    if source.data is not None and file is None and not source.diagnostics:
        reader.wrong((), "a test file is a map", "it needs workflow and cases")
    order = sorted(source.diagnostics, key=lambda diagnostic: (diagnostic.line, diagnostic.column))
    return file, order


class _Reader:
    def __init__(self, source: Source, project: Project, path: FilePath) -> None:
        self.source = source
        self.project = project
        self.path = path
        self.events: dict[str, EventDelivery] = {}
        self.names = ShortNames({})

    def wrong(self, path: Path, message: str, hint: str = "") -> None:
        self.source.report(self.source.place(path), message, hint=hint or None, path=path)

    # -- shape -------------------------------------------------------------------------------------------------------

    def map(self, value: Any, path: Path, known: Sequence[str] | None, subject: str) -> dict[str, Any]:
        if value is None:
            return {}
        if not is_dict(value):
            self.wrong(path, f"{subject} is a map", f"it takes {', '.join(known)}" if known else "")
            return {}
        for key in value:
            if known is not None and key not in known:
                hint = did_you_mean(str(key), known) or f"it takes {', '.join(known)}"
                self.wrong((*path, key), f"{subject} has no key {key!r}", hint)
        return value

    def list(self, value: Any, path: Path, subject: str) -> list[Any]:
        if value is None:
            return []
        if not is_list(value):
            self.wrong(path, f"{subject} is a list")
            return []
        return value

    def known(self, name: Any, path: Path, choices: Sequence[str], kind: str) -> bool:
        if name in choices:
            return True
        self.wrong(path, f"there is no {kind} {name!r}", did_you_mean(str(name), choices))
        return False

    # -- the file ----------------------------------------------------------------------------------------------------

    def read(self) -> CaseFile:
        data = self.map(self.source.data, (), case_keys.TOP_KEYS, "a test file")
        workflows = self.workflows(data.get("workflow"))
        given = data.get("given")
        cases = self.list(data.get("cases"), ("cases",), "`cases`")
        if not cases:
            self.wrong(("cases",) if "cases" in data else (), "a test file needs cases")
        specs = self.project.tables
        tables = [given.get("tables")] if is_dict(given) else []
        for case in cases:
            inner = case.get("given") if is_dict(case) else None
            tables += [inner.get("tables")] if is_dict(inner) else []
        self.names = ShortNames(specs, *(table for table in tables if is_dict(table)))
        file = CaseFile(self.path, self.source.file, self.source, workflows, self.names)
        common = self.given(given, ("given",))
        file.cases = tuple(self.case(file, case, ("cases", at), common) for at, case in enumerate(cases))
        seen: set[str] = set()
        for case in file.cases:
            if case.name in seen:
                self.wrong((*case.path, "name"), f"two cases are called {case.name!r}")
            seen.add(case.name)
        return file

    def workflows(self, value: Any) -> tuple[str, ...]:
        listed = value if is_list(value) else [value]
        if value is None:
            self.wrong((), "a test file says which workflow it is about", "add `workflow: name` at the top")
            return ()
        return tuple(
            str(name) for name in listed if self.known(name, ("workflow",), list(self.project.sources), "workflow")
        )

    def case(self, file: CaseFile, value: Any, path: Path, common: InitialState) -> Case:
        data = self.map(value, path, case_keys.CASE_KEYS, "a case")
        name = data.get("name")
        if not isinstance(name, str) or not name.strip():
            self.wrong(path, "a case needs a name", "say in a few words what holds")
            name = f"case {path[-1]}"
        given = self.given(data.get("given"), (*path, "given"), common)
        deliveries = self.deliveries(file, data, path, given)
        if data.get("order", "any") not in ("any", "strict"):
            self.wrong((*path, "order"), "`order` is any or strict")
        expect = data.get("expect")
        if expect is not None:
            self.expectation(self.map(expect, (*path, "expect"), case_keys.EXPECT_KEYS, "`expect`"), (*path, "expect"))
        line, any_order = self.source.place(path).line, data.get("order") != "strict"
        return Case(file, name, path, line, given, tuple(deliveries), expect, any_order)

    # -- given -------------------------------------------------------------------------------------------------------

    def given(self, value: Any, path: Path, common: InitialState | None = None) -> InitialState:
        common = common or InitialState()
        data = self.map(value, path, case_keys.GIVEN_KEYS, "`given`")
        tables = self.map(data.get("tables"), (*path, "tables"), None, "`tables`")
        rows: dict[str, list[Any]] = {name: list(file_rows) for name, file_rows in common.tables.items()}
        for name, listed in tables.items():
            here = (*path, "tables", name)
            if not self.known(name, here, list(self.project.tables), "table"):
                continue
            own = [self.row(name, row, (*here, at)) for at, row in enumerate(self.list(listed, here, f"`{name}`"))]
            rows[name] = _merged(rows.get(name, []) if own else [], own, self.project.tables[name].primary)
        stripe = self.map(data.get("stripe"), (*path, "stripe"), case_keys.STRIPE_KEYS, "`stripe`")
        objects = self.objects(stripe.get("objects"), (*path, "stripe", "objects"))
        answers = self.map(stripe.get("answers"), (*path, "stripe", "answers"), None, "`answers`")
        for name in answers:
            self.operation(name, (*path, "stripe", "answers", name))
        user = self.names.full(data["user"]) if "user" in data else common.user
        env = self.map(data.get("env"), (*path, "env"), None, "`env`")
        return InitialState(
            tables=rows,
            objects=_merged(list(common.objects), objects, "id"),
            answers={**common.answers, **self.names.full(answers)},
            now=self.moment(data["now"], (*path, "now")) if "now" in data else common.now,
            env={**common.env, **{str(name): str(item) for name, item in env.items()}},
            user=self.user(user, (*path, "user")),
            http={**common.http, **self.map(data.get("http"), (*path, "http"), None, "`http`")},
            python={**common.python, **self.map(data.get("python"), (*path, "python"), None, "`python`")},
        )

    def row(self, table: str, value: Any, path: Path) -> dict[str, Any]:
        columns = self.project.tables[table].columns
        row = self.names.full(self.map(value, path, list(columns), f"a row of {table}"))
        for name, item in row.items():
            if name not in columns or (item is None and columns[name].nullable):
                continue
            try:
                check(columns[name], item)
            except Unfit as unfit:
                self.wrong((*path, name), f"{name}: {unfit.reason}", unfit.hint)
        return {name: item for name, item in row.items() if name in columns}

    def user(self, value: Any, path: Path) -> dict[str, Any] | None:
        if value is None:
            return None
        return {**case_keys.SOMEBODY, **self.map(value, path, tuple(case_keys.SOMEBODY), "`user`")}

    def objects(self, value: Any, path: Path) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = []
        for at, item in enumerate(self.list(value, path, "`objects`")):
            given = self.names.full(self.map(item, (*path, at), None, "an object of Stripe"))
            identity = str(given.get("id") or "")
            if not identity:
                self.wrong((*path, at), "an object of Stripe needs its id")
                continue
            guesses = [kind for kind, start in PREFIXES.items() if identity.startswith(start + "_")]
            kind = given.get("object") or max(guesses, key=lambda kind: len(PREFIXES[kind]), default=None)
            if kind is None:
                self.wrong((*path, at), f"what kind of object is {identity}?", "add `object: customer` or the like")
                continue
            objects.append({"object": str(kind), **given})
        return objects

    def moment(self, value: Any, path: Path) -> int:
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.wrong(path, f"{value!r} is not a moment", "write 2026-01-31T10:00:00Z")
            return START
        return to_epoch(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))

    def operation(self, name: Any, path: Path) -> None:
        if operations.find(str(name)) is None:
            self.wrong(path, f"Stripe has no call {name!r}", moved.near(str(name), operations.names()))

    # -- deliveries --------------------------------------------------------------------------------------------------

    def deliveries(
        self, file: CaseFile, data: Mapping[str, Any], path: Path, given: InitialState
    ) -> Iterator[Delivery]:
        own = [self.one({key: data[key]}, path, file, given) for key in ("event", "call", "schedule") if key in data]
        events = self.list(data.get("events"), (*path, "events"), "`events`")
        own += [self.event(event, (*path, "events", at), given) for at, event in enumerate(events)]
        if "deliver" not in data:
            if not own:
                self.wrong(path, "nothing happens in this case", "add `event`, `call`, `schedule` or `deliver`")
            return iter(own)
        listed = self.list(data["deliver"], (*path, "deliver"), "`deliver`")
        calls = [delivery for delivery in own if isinstance(delivery, WorkflowCall)]
        return iter(
            [*calls, *(self.one(delivery, (*path, "deliver", at), file, given) for at, delivery in enumerate(listed))]
        )

    def one(self, value: Any, path: Path, file: CaseFile, given: InitialState) -> Delivery:
        if isinstance(value, str):
            if value in self.events:
                return self.events[value]
            hint = did_you_mean(value, self.events) or f"events so far: {', '.join(self.events) or 'none'}"
            self.wrong(path, f"there is no event {value!r} up to here", hint)
            return AdvanceTime(0)
        data = self.map(value, path, None, "a delivery")
        if "type" in data:
            return self.event(data, path, given)
        key = next(iter(data), "")
        if key == "event":
            return self.event(data[key], (*path, key), given)
        if key == "call":
            return self.call(data[key], (*path, key), file, given)
        if key == "schedule":
            return self.moment_of(data[key], (*path, key), file)
        if key == "pass":
            return self.passing(data[key], (*path, key))
        if key == "decide":
            decision = self.map(data[key], (*path, key), case_keys.DECIDE_KEYS, "`decide`")
            roles = tuple(str(role) for role in decision.get("roles") or ())
            approved, by = bool(decision.get("approved")), str(decision.get("by", "somebody"))
            return DecideApproval(approved, by, roles, decision.get("note"))
        hint = did_you_mean(str(key), ("event", "call", "schedule", "pass", "decide"))
        self.wrong(path, "a delivery is an event's id, or event, call, schedule, pass or decide", hint)
        return AdvanceTime(0)

    def moment_of(self, value: Any, path: Path, file: CaseFile) -> ScheduleTick:
        name = str(value or (file.workflows[0] if file.workflows else ""))
        workflow = self.project.workflows.get(name)
        if name not in file.workflows:
            self.wrong(path, f"{name!r} is not among the file's workflows", "add it to `workflow:`")
        elif workflow is not None and not any(isinstance(trigger, ScheduleTrigger) for trigger in workflow.triggers):
            self.wrong(path, f"{name} has no schedule")
        return ScheduleTick(name)

    def passing(self, value: Any, path: Path) -> AdvanceTime:
        try:
            return AdvanceTime(parse_duration(str(value)).total_seconds())
        except PayloomError as error:
            self.wrong(path, error.message, error.hint or "")
            return AdvanceTime(0)

    def event(self, value: Any, path: Path, given: InitialState) -> EventDelivery:
        data = self.map(value, path, case_keys.EVENT_KEYS, "an event")
        kind = str(data.get("type") or "")
        if kind not in event_types():
            self.wrong((*path, "type"), f"Stripe has no event {kind!r}", did_you_mean(kind, event_types()))
        family, action = split_type(kind, families())
        _, schema = family_kind(family)
        stripe_object = self.names.full(self.map(data.get("object"), (*path, "object"), None, "`object`"))
        for at, message, hint in problems(schema, stripe_object):
            self.wrong((*path, "object", *at), message, hint)
        number = len(self.events) + 1
        identity = str(data.get("id") or f"evt_{number}")
        created = data.get("created", given.now + number)
        filled = object_of_event(family, action, stripe_object, given.now)
        payload: dict[str, Any] = {"id": identity, "object": "event", "type": kind, "created": created}
        payload |= {"livemode": False, "api_version": None, "pending_webhooks": 1, "request": None}
        payload["data"] = {"object": filled}
        if "previous" in data:
            payload["data"]["previous_attributes"] = self.names.full(data["previous"])
        if "account" in data:
            payload["account"] = data["account"]
        delivery = EventDelivery(payload)
        if identity in self.events:
            self.wrong(path, f"two events have the id {identity}")
        self.events[identity] = delivery
        return delivery

    def call(self, value: Any, path: Path, file: CaseFile, given: InitialState) -> WorkflowCall:
        data = self.map(value, path, case_keys.CALL_KEYS, "`call`")
        name = str(data.get("workflow") or (file.workflows[0] if file.workflows else ""))
        if "workflow" in data and name not in file.workflows:
            self.wrong((*path, "workflow"), f"{name!r} is not among the file's workflows", "add it to `workflow:`")
        inputs = self.names.full(self.map(data.get("inputs"), (*path, "inputs"), None, "`inputs`"))
        user = self.user(self.names.full(data["user"]), (*path, "user")) if "user" in data else given.user
        return WorkflowCall(name, inputs, user)

    # -- expect ------------------------------------------------------------------------------------------------------

    def expectation(self, data: Mapping[str, Any], path: Path) -> None:
        for name, rows in self.map(data.get("tables"), (*path, "tables"), None, "`tables`").items():
            here = (*path, "tables", name)
            if self.known(name, here, list(self.project.tables), "table"):
                columns = list(self.project.tables[name].columns)
                for at, row in enumerate(self.list(rows, here, f"`{name}`")):
                    self.map(row, (*here, at), columns, f"a row of {name}")
        for at, mail in enumerate(self.list(data.get("emails"), (*path, "emails"), "`emails`")):
            here = (*path, "emails", at)
            expected = self.map(mail, here, case_keys.MAIL_KEYS, "a mail")
            if "template" in expected:
                self.known(expected["template"], (*here, "template"), list(self.project.mails.names()), "mail template")
        for at, write in enumerate(self.list(data.get("stripe"), (*path, "stripe"), "`stripe`")):
            here = (*path, "stripe", at)
            expected = self.map(write, here, case_keys.WRITE_KEYS, "a call to Stripe")
            if "call" in expected:
                self.operation(expected["call"], (*here, "call"))
            elif expected:
                self.wrong(here, "a call to Stripe needs `call`", "such as call: refunds.create")
        for at, log in enumerate(self.list(data.get("logs"), (*path, "logs"), "`logs`")):
            self.map(log, (*path, "logs", at), case_keys.LOG_KEYS, "a log line")
        if is_dict(data.get("error")):
            self.map(data["error"], (*path, "error"), case_keys.ERROR_KEYS, "`error`")
        status = data.get("status")
        if isinstance(status, str):
            self.known(status, (*path, "status"), STATUSES, "status")


def _merged(before: list[Any], own: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return `before` with the rows of `own` laid over those of the same key, or behind them."""
    out = [dict(row) for row in before]
    for row in own:
        same = next((known for known in out if key in row and known.get(key) == row[key]), None)
        if same is None:
            out.append(dict(row))
        else:
            same.update(row)
    return out
