"""The value of every verb, and of every root of every trigger, has the type that the checker takes it for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.connectors.test_http_steps import Server, loopback
from tests.support import runs_fixture
from tests.support.runs_fixture import RunsFixture, build

from payloom.connectors.dispatch import VerbDispatcher
from payloom.connectors.email.host import EmailHost
from payloom.connectors.http.guard import Guard
from payloom.connectors.http.host import HttpHost
from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.step_host import StripeHost
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.connectors.tables.shapes import shapes
from payloom.email.outbox import Outbox
from payloom.email.templates import Templates
from payloom.email.transport import OutboxTransport
from payloom.kit.clock import SystemClock
from payloom.runs.intake.callers import Caller
from payloom.workflows.checker import scope
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.interpreter.verbs.nodes import NODES
from payloom.workflows.program.inputs import validate_input
from payloom_emulator.embedded import RunningEmulator, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from payloom.connectors.port import Attempt
    from payloom.db.database import Database
    from payloom.tables.query.sql import Tables
    from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio

TABLES = """\
tables:
  things:
    columns:
      id: string primary
      n: int = 0
      share: number = 0.5
      open: bool = true
      kind: a | b = a
      at: datetime = now()
      day: date = today()
      more?: json
      note?: string
      later?: datetime
"""
STEPS: Mapping[str, str] = {
    "approve": "    approve: Well?\n    roles: [admin]\n    else: []",
    "approve, in time": "    approve: Well?\n    roles: [admin]\n    timeout: 20ms\n    on_timeout: []",
    "call": "    call: other",
    "delete": "    delete: things\n    where: {id: a}",
    "delete, perhaps": "    delete: things\n    where: {id: nobody}\n    rows: 0..1",
    "delete, any": "    delete: things\n    where: {n: [7]}\n    rows: any",
    "email": "    email: hello\n    to: ada@example.com",
    "ensure": "    ensure: 1 < 2\n    code: no\n    message: No.",
    "filter": "    filter: 1 < 2",
    "for_each": '    for_each: "${{ [1, 2] }}"\n    do:\n      - let: {a: 1}',
    "http": "    http: GET ${{ env.HOST }}/x",
    "if": "    if: 1 < 2\n    then:\n      - let: {a: 1}",
    "insert": "    insert: things\n    values: {id: new}",
    "insert, several": '    insert: things\n    values: [{id: c, later: "${{ now() }}"}, {id: d, note: x, more: [1]}]',
    "let": '    let: {a: 1, b: "${{ now() }}"}',
    "log": "    log: hello",
    "parallel": "    parallel:\n      a:\n        - let: {x: 1}\n      b:\n        - log: hello",
    "python": "    python: jobs:work",
    "respond": "    respond: {ok: true}",
    "select": "    select: things\n    where: {}",
    "select, one": "    select: things\n    where: {id: a}\n    one: required",
    "select, perhaps": "    select: things\n    where: {id: nobody}\n    one: optional",
    "select, by key": "    select: things\n    where: {}\n    key_by: id",
    "select, of Stripe": "    select: stripe.customers\n    where: {}",
    "stripe": "    stripe: customers.create\n    with: {email: ada@example.com}",
    "stripe, a list": "    stripe: customers.list",
    "stripe, all of a list": "    stripe: customers.list\n    all: true",
    "stripe, deleted": "    stripe: coupons.delete\n    with: {id: spring}",
    "switch": "    switch: \"'a'\"\n    cases:\n      a:\n        - let: {x: 1}\n    default: stop",
    "try": "    try:\n      - let: {x: 1}\n    catch:\n      - log: no",
    "update": "    update: things\n    where: {id: a}\n    set: {n: 2}",
    "update, perhaps": "    update: things\n    where: {id: nobody}\n    set: {n: 2}\n    rows: 0..1",
    "update, any": "    update: things\n    where: {kind: a}\n    set: {n: 2}\n    rows: any",
    "upsert": "    upsert: things\n    key: [id]\n    values: {id: a, n: 3}",
    "wait": "    wait: 10ms",
    "wait_for": "    wait_for: {stripe: payment_intent, actions: [succeeded], timeout: 1h}",
    "wait_for, a preview": "    wait_for: {stripe: invoice, actions: [upcoming], timeout: 1h}",
    "wait_for, in vain": "    wait_for: {stripe: refund, timeout: 20ms}",
    "while": "    while: size(seen) < 0\n    max: 2\n    do:\n      - log: never",
}
"""Every verb, in each form in which its value is another."""
NO_VALUE = {"raise", "return"}
"""Verbs behind which nothing comes."""


def name_of(case: str) -> str:
    return case.partition(",")[0]


def test_every_verb_has_its_case() -> None:
    assert set(NODES) - NO_VALUE == {name_of(case) for case in STEPS}


def faults(value: Any, schema: Mapping[str, Any] | None, at: str = "value") -> list[str]:
    """Return where a value is not of a type; what Stripe leaves out of an object is nobody's fault."""
    if not schema:
        return []
    if "anyOf" in schema:
        tried = [faults(value, part, at) for part in schema["anyOf"]]
        return [] if any(not wrong for wrong in tried) else min(tried, key=len)
    if schema.get("x-type") == "timestamp":
        return [] if isinstance(value, dt.datetime) else [f"{at} is {value!r}, no timestamp"]
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, kind) for kind in (kinds if isinstance(kinds, list) else [kinds])):
        return [f"{at} is {value!r}, no {kinds}"]
    wrong = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties", True)
        if rest is False:
            wrong += [f"{at}.{name} is unknown" for name in value if name not in known]
            if "title" not in schema:
                wrong += [f"{at}.{name} is missing" for name in known if name not in value]
        for name, item in value.items():
            inner = known.get(name, rest if isinstance(rest, dict) else {})
            wrong += faults(item, inner, f"{at}.{name}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            wrong += faults(item, schema.get("items"), f"{at}[{number}]")
    return wrong


def _is(value: Any, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": number and isinstance(value, int),
        "number": number,
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }[kind]


class Python:
    """The project's functions."""

    async def perform(self, _do: Do, _attempt: Attempt) -> Any:
        return {"at": dt.datetime(2026, 11, 30, tzinfo=dt.UTC)}


@pytest.fixture(scope="module")
def local_stripe() -> Iterator[RunningEmulator]:
    with run() as running:
        yield running


def typed_catalog(tables: Tables) -> CatalogWithStripe:
    names = CatalogWithStripe()
    names.tables |= shapes(tables.specs)
    names.emails.add("hello")
    names.functions.add("jobs:work")
    names.workflows.add("other")
    names.env |= {"HOST", "SITE"}
    return names


@pytest.fixture
async def fixture(
    database: Database, tmp_path: Path, local_stripe: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunsFixture]:
    monkeypatch.setattr(runs_fixture, "catalog", typed_catalog)
    local_stripe.reset()
    clock = SystemClock()
    connector = StripeConnector(StripeSettings(local_stripe.secret_key, local_stripe.url), clock)
    for action, args in (
        ("customers.create", {"email": "a@b.c"}),
        ("coupons.create", {"id": "spring", "percent_off": 5}),
    ):
        await connector.perform(action, args, key=action)
    (tmp_path / "hello.mjml.j2").write_text("---\nsubject: Hello\n---\n<mjml><mj-body></mj-body></mjml>")
    async with Server() as server:
        server.answers(200, {"answer": 42})
        guard = Guard([f"http://api.test:{server.port}"], loopback)
        hosts = {
            "stripe": StripeHost(connector),
            "select": StripeTables(connector),
            "http": HttpHost(guard, {}, clock),
            "python": Python(),
            "email": EmailHost(
                Templates(tmp_path), Outbox(database, OutboxTransport(), clock), clock, sender="Shop <s@shop.test>"
            ),
        }
        outside = VerbDispatcher(hosts)
        env = {"HOST": f"http://api.test:{server.port}"}
        built = await build(database, tmp_path, tables=TABLES, outside=outside, env=env, clock=clock)
        await built.service.start()
        for values in ({"id": "a", "n": 1}, {"id": "b", "n": 7, "note": "x"}):
            await built.put("things", **values)
        yield built
        await built.service.stop(1)
    await connector.close()


FLOW = """\
name: N
description: N.
on: TRIGGER
input: {day?: datetime, n?: int = 3, word?: string}
steps:
  - id: seen
    let: {x: 1}
  - id: it
STEP
  - wait: 1ms
  - id: later
    let: {value: "${{ it }}"}
  - return: {done: true}
"""


def flow(step: str, trigger: str) -> str:
    return FLOW.replace("TRIGGER", trigger).replace("STEP", step)


async def answered(fixture: RunsFixture, case: str, run_id: str) -> None:
    """Bring the run what it waits for."""
    await fixture.settled(run_id, also=("waiting",))
    if case == "approve":
        await fixture.service.decide(run_id, "1", approved=True, by="ada", roles=["admin"])
    if case.startswith("wait_for") and not case.endswith("vain"):
        kind = "invoice.upcoming" if case.endswith("preview") else "payment_intent.succeeded"
        identity = {} if case.endswith("preview") else {"id": "pi_1"}
        stripe_object = {"object": kind.partition(".")[0], "customer": "cus_1", **identity}
        event = {"id": "evt_1", "object": "event", "type": kind, "created": 1_790_000_000, "livemode": False}
        await fixture.service.ingest(fixture.inbox.parse({**event, "data": {"object": stripe_object}}))
    await fixture.settled(run_id)


@pytest.mark.parametrize("case", STEPS)
async def test_the_value_of_a_verb_is_what_the_checker_takes_it_for(
    fixture: RunsFixture, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both at once and when it is read from the journal, after the run was taken up again."""
    values: list[Any] = []
    assign = Frame.assign

    def watch(frame: Frame, name: str, value: Any) -> None:
        if name == "it":
            values.append(value)
        assign(frame, name, value)

    monkeypatch.setattr(Frame, "assign", watch)
    other = fixture.load("other", "name: O\ndescription: O.\non: {called: true}\nsteps:\n  - return: {a: 1}\n")
    workflow = fixture.load("n", flow(STEPS[case], "{manual: true}"))
    await fixture.versions.publish([other, workflow])
    run_id = (await fixture.service.call("n", {}, trigger="manual", wait=0)).run_id
    await answered(fixture, case, run_id)
    assert await fixture.status(run_id) == "succeeded", (await fixture.queries.get(run_id)).failure
    (node,) = [node for node in workflow.nodes() if node.id == "it"]
    assert node.verb == name_of(case)
    schema = node.result_schema(fixture.catalog)
    assert values
    for value in values:
        if value is None and node.may_be_null():
            continue
        assert faults(value, schema) == []
    if case.startswith("wait_for") and not case.endswith("vain"):
        assert (values[-1]["action"], values[-1]["family"]) in {
            ("succeeded", "payment_intent"),
            ("upcoming", "invoice"),
        }
        assert values[-1]["object"]["customer"] == "cus_1"


EVENT = {
    "id": "evt_2",
    "object": "event",
    "type": "payment_intent.succeeded",
    "created": 1_790_000_000,
    "livemode": False,
}
TRIGGERS: Mapping[str, str] = {
    "api": "{api: POST /n, auth: optional}",
    "called": "{called: true}",
    "manual": "{manual: true}",
    "schedule": "{schedule: '* * * * *'}",
    "stripe": "{stripe: payment_intent}",
    "table": "{table: things, 'on': [insert, update]}",
}


USER = {"id": "u1", "email": "ada@example.com", "email_verified": True, "name": None, "roles": ["admin"]}


@pytest.mark.parametrize("kind", TRIGGERS)
async def test_the_roots_of_a_run_are_what_the_checker_takes_them_for(
    fixture: RunsFixture, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Mapping[str, Any]] = []
    assign = Frame.assign

    def watch(frame: Frame, name: str, value: Any) -> None:
        if name == "it" and frame.workflow.id == "n":
            seen.append(dict(frame.names))
        assign(frame, name, value)

    monkeypatch.setattr(Frame, "assign", watch)
    outer = fixture.load("other", "name: O\ndescription: O.\non: {manual: true}\nsteps:\n  - log: x\n")
    text = flow("    let: {a: 1}", TRIGGERS[kind])
    if kind not in ("api", "called", "manual"):
        text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("input:"))
    workflow = fixture.load("n", text)
    if kind == "called":
        outer = fixture.load("other", "name: O\ndescription: O.\non: {manual: true}\nsteps:\n  - call: n\n")
    await fixture.versions.publish([outer, workflow])
    if kind == "stripe":
        await fixture.service.ingest(
            fixture.inbox.parse({**EVENT, "data": {"object": {"id": "pi_1", "object": "payment_intent"}}})
        )
    elif kind == "table":
        inserting = fixture.load(
            "adds", "name: A\ndescription: A.\non: {manual: true}\nsteps:\n  - insert: things\n    values: {id: z}\n"
        )
        await fixture.versions.publish([outer, workflow, inserting])
        await fixture.service.call("adds", {}, trigger="manual")
    elif kind == "called":
        await fixture.service.call("other", {}, trigger="manual")
    else:
        await fixture.service.call("n", validate_input(workflow, {}), trigger=kind, caller=Caller(user=USER))  # type: ignore[arg-type] - the kind is one of the table's
    await fixture.settled()
    assert seen
    known = scope.roots(workflow, fixture.catalog)
    for name, schema in known.items():
        if name == "user" and seen[-1][name] is None:
            assert scope.has_user(workflow) is not True
        elif schema is not None and name in seen[-1]:
            assert faults(seen[-1][name], schema, name) == []
