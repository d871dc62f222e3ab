"""A tiny driver for tests: tables in dictionaries, and answers written by the test for everything outside."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from payloom.workflows.catalog.catalog import Action, Column, Family, StaticCatalog, TableShape
from payloom.workflows.catalog.events import build_scope, event_scope, split_type
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.interpreter.frame import RunInfo
from payloom.workflows.loading.loader import Loaded, load_workflow, read_workflow
from payloom.workflows.program.commands import (
    Approve,
    Command,
    Do,
    Entry,
    Finished,
    Log,
    Respond,
    Sleep,
    StepFailure,
    Wait,
)

if TYPE_CHECKING:
    from payloom.workflows.program.program import Workflow

EXAMPLES = Path(__file__).parents[1] / "unit" / "workflows" / "examples"
START = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def table(name: str, **columns: str) -> TableShape:
    """A table from `name="type flags"`; flags: primary, unique, required, default, `a|b` for an enum, `->table`."""
    shaped = {}
    for column, text in columns.items():
        kind, *flags = text.split()
        shaped[column] = Column(
            column,
            kind,
            nullable="required" not in flags and "primary" not in flags,
            unique="unique" in flags,
            primary="primary" in flags,
            has_default="default" in flags or "primary" in flags,
            enum=next((flag.split("|") for flag in flags if "|" in flag), None),
            references=next((flag[2:] for flag in flags if flag.startswith("->")), None),
        )
    return TableShape(name, shaped)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def shop_catalog() -> StaticCatalog:
    """What the eleven examples name."""
    text, number, anything = {"type": "string"}, {"type": "integer"}, {}
    mode = {"type": "string", "enum": ["payment", "setup", "subscription"], "x-open": True}
    catalog = StaticCatalog(
        tables={
            table.name: table
            for table in (
                table("products", id="uuid primary", sku="string required unique", price_id="string required",
                      active="bool required default"),
                table("plans", code="string primary", price_id="string required", active="bool required default"),
                table("users", id="string primary", email="string required unique", stripe_customer_id="string unique",
                      has_access="bool required default", subscription_id="string", subscription_status="string",
                      plan="string", period_ends_at="datetime", paid_at="datetime"),
                table("orders", id="uuid primary", user_id="string required ->users", items="json",
                      status="string required pending|paid|failed|partially_refunded|refunded", amount="int",
                      currency="string", payment_intent="string", charge="string", paid_at="datetime", failure="text",
                      refunded="int"),
            )
        },
        emails={"receipt"},
        workflows={"ensure-customer"},
        env={"SITE_URL"},
        families={
            family.name: family
            for family in (
                Family("checkout.session", "On checkout session event",
                       ["async_payment_failed", "async_payment_succeeded", "completed", "expired"],
                       retrieve="checkout.sessions.retrieve"),
                Family("customer.subscription", "On subscription event",
                       ["created", "updated", "deleted", "paused", "resumed", "trial_will_end"],
                       retrieve="subscriptions.retrieve", stateful=True),
                Family("payment_intent", "On payment intent event",
                       ["amount_capturable_updated", "canceled", "created", "partially_funded", "payment_failed",
                        "processing", "requires_action", "succeeded"], retrieve="payment_intents.retrieve"),
                Family("charge", "On charge event", ["captured", "expired", "failed", "refunded", "succeeded",
                "updated"],
                       retrieve="charges.retrieve"),
                Family("invoice", "On invoice event", ["created", "finalized", "paid", "payment_failed", "upcoming"],
                       retrieve="invoices.retrieve", stateful=True, only_in_event=frozenset({"upcoming"}),
                       without_id=frozenset({"upcoming"})),
            )
        },
    )  # fmt: skip
    metadata = {"type": "object", "additionalProperties": text}
    item = _object(id=text, price=text, quantity=number, deleted={"type": "boolean"})
    items = {"type": "array", "items": item}
    for action in (
        Action("stripe", "customers.create", "Create a customer",
               _object(email=text, name=text, metadata=metadata), aliases=["create_customer"]),
        Action("stripe", "checkout.sessions.create", "Create a Checkout Session",
               _object(mode=mode, customer=text, line_items={"type": "array"}, success_url=text, cancel_url=text,
                       metadata=metadata, subscription_data={"type": "object"}), moves_money=False),
        Action("stripe", "checkout.sessions.retrieve", "Retrieve a Checkout Session",
               _object(id=text, expand={"type": "array"}), writes=False),
        Action("stripe", "payment_intents.create", "Create a payment intent",
               _object(amount=number, currency=text, customer=text, automatic_payment_methods={"type": "object"},
                       metadata=metadata), returns=_object(id=text, client_secret=text, status=text), moves_money=True),
        Action("stripe", "refunds.create", "Refund a charge",
               _object(payment_intent=text, charge=text, amount=number, reason=text, metadata=metadata),
               moves_money=True),
        Action("stripe", "subscriptions.retrieve", "Retrieve a subscription", _object(id=text), writes=False),
        Action("stripe", "subscriptions.update", "Change a subscription", _object(id=text, items=items)),
        Action("stripe", "customers.list", "List customers", _object(limit=number, starting_after=text), writes=False),
        Action("python", "shop:price", "Compute a price", _object(sku=text), returns=anything),
    ):  # fmt: skip
        catalog.add(action)
    catalog.functions.add("shop:price")
    return catalog


def load(text: str, workflow_id: str = "test", catalog: StaticCatalog | None = None) -> Loaded:
    """Load a document for a test."""
    return load_workflow(text, workflow_id=workflow_id, file=f"{workflow_id}.yaml", catalog=catalog or shop_catalog())


def workflow(text: str, workflow_id: str = "test", catalog: StaticCatalog | None = None) -> Workflow:
    """Load a document that must be right."""
    loaded = load(text, workflow_id, catalog)
    assert loaded.workflow is not None, "\n".join(diagnostic.format() for diagnostic in loaded.diagnostics)
    return loaded.workflow


def unchecked(text: str, workflow_id: str = "test") -> Workflow:
    """Compile a document without the checks: what happens at run time when they do not know enough."""
    draft = read_workflow(text, workflow_id=workflow_id, file=f"{workflow_id}.yaml", catalog=shop_catalog())
    assert draft.compiled is not None, draft.source.diagnostics
    assert draft.source.diagnostics == []
    return draft.compiled.workflow


def steps(body: str, head: str = "name: Test\non: {manual: true}\n") -> Workflow:
    """Compile a document of which only the steps matter."""
    return unchecked(head + "steps:\n" + "\n".join("  " + line for line in body.strip("\n").splitlines()))


def example(name: str) -> Workflow:
    """Load one of the eleven examples."""
    return workflow((EXAMPLES / f"{name}.yaml").read_text(), name)


class Tables:
    """Rows in lists; just enough of the table verbs' rules."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = {name: copy.deepcopy(table_rows) for name, table_rows in rows.items()}
        self.count = 0

    def _matches(self, row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
        for column, operand in where.items():
            if column == "any":
                live = [group for group in operand if all(value is not None for value in group.values())]
                assert live, "no_filter"
                if not any(self._matches(row, group) for group in live):
                    return False
            elif operand is None or row.get(column) not in (operand if isinstance(operand, list) else [operand]):
                return False
        return True

    def do(self, command: Do) -> Any:
        args, rows = command.args, self.rows.setdefault(command.action, [])
        if command.verb == "insert":
            several = args["values"] if isinstance(args["values"], list) else [args["values"]]
            inserted = []
            for values in several:
                self.count += 1
                inserted.append({"id": f"{command.action}_{self.count}", **values})
            rows.extend(inserted)
            return copy.deepcopy(inserted if isinstance(args["values"], list) else inserted[0])
        if command.verb == "upsert":
            matching = [row for row in rows if all(row.get(key) == args["values"][key] for key in args["key"])]
            if not matching:
                rows.append(dict(args["values"]))
                return dict(args["values"])
            matching[0].update(args["values"])
            return dict(matching[0])
        matching = [row for row in rows if self._matches(row, args["where"])]
        if command.verb == "select":
            return self._selected(command, matching)
        low, high = args["rows"]
        if len(matching) < low or (high is not None and len(matching) > high):
            return StepFailure("row_not_found", f"{len(matching)} rows instead of {low}", status=404)
        if command.verb == "delete":
            self.rows[command.action] = [row for row in rows if row not in matching]
            return len(matching)
        for row in matching:
            row.update(args["set"])
        return copy.deepcopy((matching[0] if matching else None) if high == 1 else matching)

    def _selected(self, command: Do, matching: list[dict[str, Any]]) -> Any:
        args = command.args
        if args["one"]:
            if not matching and args["one"] == "required":
                return StepFailure("row_not_found", "no such row", status=404)
            return copy.deepcopy(matching[0]) if matching else None
        if args["require"] == "all":
            for column, operand in args["where"].items():
                if isinstance(operand, list) and {row[column] for row in matching} != set(operand):
                    return StepFailure("row_not_found", f"unknown {column}", status=422)
        if args["key_by"]:
            return {row[args["key_by"]]: copy.deepcopy(row) for row in matching}
        return copy.deepcopy(matching[: args["limit"]])


Answer = Callable[[Any], Any]


class Driver:
    """Does a run's commands. `answers`: what to say to outside calls, by action; a StepFailure makes the call fail."""

    def __init__(self, tables: Tables | None = None, answers: Mapping[str, Any] | None = None) -> None:
        self.tables = tables or Tables()
        self.answers = dict(answers or {})
        self.done: list[Command] = []
        self.history: list[Entry] = []
        self.now = START

    def calls(self, verb: str) -> list[Do]:
        return [command for command in self.done if isinstance(command, Do) and command.verb == verb]

    def do(self, command: Command) -> Entry:
        self.done.append(command)
        self.now += dt.timedelta(seconds=1)
        value: Any = None
        match command:
            case Do(verb=verb) if verb in {"select", "insert", "update", "upsert", "delete"}:
                value = self.tables.do(command)
            case Do():
                value = self.answers.get(command.action)
                value = value(command) if callable(value) else copy.deepcopy(value)
            case Sleep():
                self.now = max(self.now, command.until)
            case Wait():
                value = self.answers.get(command.family)
            case Approve():
                value = self.answers.get("approve")
            case Log() | Respond():
                pass
        if isinstance(value, StepFailure):
            return Entry(command.path, failure=value, at=self.now)
        return Entry(command.path, value, at=self.now)

    def run(
        self,
        document: Workflow,
        scope: Mapping[str, Any] | None = None,
        others: Mapping[str, Workflow] | None = None,
        run_id: str = "run_1",
    ) -> Finished:
        """Run to the end, one command at a time."""
        self.execution = Execution(
            document,
            scope if scope is not None else build_scope(user={"id": "u1"}, env={"SITE_URL": "https://shop.example"}),
            RunInfo(run_id, run_id, START, document.id),
            (),
            dict(others or {}).__getitem__,
        )
        for _ in range(10_000):
            todo = self.execution.next()
            if isinstance(todo, Finished):
                return todo
            entry = self.do(todo[0])
            self.history.append(entry)
            self.execution.record(entry)
        raise AssertionError("the run does not end")


def stripe_event(
    event_type: str, families: Sequence[str] = (), event_id: str = "evt_1", **fields: Any
) -> dict[str, Any]:
    """The scope of a run started by an event."""
    family, action = split_type(event_type, families or shop_catalog().family_names())
    kind = {"checkout.session": "checkout.session", "customer.subscription": "subscription"}.get(family, family)
    event = {"id": event_id, "object": "event", "type": event_type, "created": 1, "livemode": False,
             "data": {"object": {"object": kind, **fields}}}  # fmt: skip
    return build_scope(event=event_scope(event, family, action), env={"SITE_URL": "https://shop.example"})


def caller(inputs: Mapping[str, Any], user_id: str = "u1") -> dict[str, Any]:
    """The scope of a run started by a request."""
    return build_scope(inputs=inputs, user={"id": user_id}, env={"SITE_URL": "https://shop.example"})
