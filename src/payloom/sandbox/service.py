"""Trying drafts out for the studio: test runs with samples and mocks, dry runs on recorded events, and the samples.

Everything happens in a thread with a loop of its own, so that the server's requests do not wait for it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from payloom.connectors.port import OutsideHost, TableHost
from payloom.db.database import Database
from payloom.inbox.models import ASKED_FOR, events
from payloom.inbox.service import Inbox, InboxEvent
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.ids import new_id
from payloom.kit.json_types import is_dict, is_map
from payloom.project.publisher import ProjectPublisher
from payloom.runs.models import runs
from payloom.sandbox.dry_run import EventDryRun, compare
from payloom.sandbox.host import CrossLoopHost
from payloom.sandbox.rolled_back import PublishedProject, connection
from payloom.sandbox.stripe.specimens import object_of_event
from payloom.sandbox.test_run import Mock, TestRunResult, TriggerInput, run_test
from payloom.tables.definition.spec import TableSpec
from payloom.tables.query.sql import Tables
from payloom.workflows.expressions.values import to_json
from payloom.workflows.program.json_schema import problems
from payloom.workflows.program.program import StripeTrigger, TableTrigger, Trigger, Workflow

T = TypeVar("T")
EVENTS, RUNS, ROWS = 10, 10, 5
"""How many samples of each kind are offered for a trigger."""


class SandboxService:
    """Tries drafts out on one project."""

    def __init__(  # noqa: PLR0917 - the collaborators, once
        self,
        publisher: ProjectPublisher,
        database: Database,
        inbox: Inbox,
        tables: Tables,
        host: TableHost,
        stripe: OutsideHost,
        clock: Clock,
    ) -> None:
        """host: does table steps. stripe: reaches the local Stripe, for those who want their test run to."""
        self._publisher = publisher
        self._database = database
        self._inbox = inbox
        self._tables = tables
        self._host = host
        self._stripe = stripe
        self._clock = clock

    def _project(self) -> PublishedProject:
        publisher = self._publisher
        return PublishedProject(
            self._database.engine, self._host, publisher.catalog, publisher.settings.env, dict(publisher.published)
        )

    async def test_run(
        self,
        draft: Workflow,
        trigger_input: TriggerInput,
        mocks: Mapping[str, Mock],
        *,
        event: Mapping[str, Any] | None = None,
        local_stripe: bool = False,
    ) -> TestRunResult:
        """Play a draft once. event: Stripe's event object to start it with, or part of one.

        local_stripe: Stripe's calls go to the local Stripe, if the project uses it. Raises NotStarted.
        """
        if event is not None:
            trigger_input = dataclasses.replace(trigger_input, event=self.completed(draft, trigger_input.index, event))
        stripe: OutsideHost | None = None
        if local_stripe and self._publisher.settings.stripe.mode == "local":
            stripe = CrossLoopHost(self._stripe, asyncio.get_running_loop())
        return await run_in_own_loop(
            run_test(self._project(), draft, trigger_input, mocks, now=self._clock.now(), stripe=stripe)
        )

    async def dry_run(self, draft: Workflow, event_ids: Sequence[str] | None, limit: int) -> list[EventDryRun]:
        """Try a draft on stored events, the newest `limit` that could start it unless some are named."""
        ids = list(event_ids) if event_ids is not None else await self._fitting(draft, limit)
        return await run_in_own_loop(self._compare(draft, ids[:limit]))

    async def _compare(self, draft: Workflow, ids: Sequence[str]) -> list[EventDryRun]:
        project = self._project()
        with connection(project.engine) as tx:
            return await compare(project, tx, draft, ids, self._clock)

    async def _fitting(self, draft: Workflow, limit: int) -> list[str]:
        types_by_trigger = [
            _types(trigger, self._publisher) for trigger in draft.triggers if isinstance(trigger, StripeTrigger)
        ]
        types = sorted({name for names in types_by_trigger for name in names})
        query = (
            sa.select(events.c.id)
            .where(events.c.type.in_(types), ASKED_FOR)
            .order_by(events.c.received_at.desc(), events.c.id)
            .limit(limit)
        )
        event_ids = await self._database.read(lambda tx: list(tx.execute(query).scalars()))
        return event_ids[::-1]

    def completed(self, draft: Workflow, index: int, event: Mapping[str, Any]) -> InboxEvent:
        """Return an event made of what is given, and of the plainest values for the rest."""
        trigger = draft.triggers[index] if index < len(draft.triggers) else None
        family = trigger.family if isinstance(trigger, StripeTrigger) else ""
        known = self._publisher.catalog.family(family)
        actions = trigger.actions if isinstance(trigger, StripeTrigger) else ()
        action = (actions or (known.actions if known else ()) or ("created",))[0]
        kind = str(event.get("type") or f"{family}.{action}")
        data = event.get("data")
        data = dict(data) if is_map(data) else {}
        stripe_object = data.get("object")
        stripe_object = dict(stripe_object) if is_map(stripe_object) else {}
        now = to_epoch(self._clock.now())
        action = kind.removeprefix(f"{family}.")
        whole = {
            **event,
            # An id of its own: the recorded event with that id stays what it is.
            "id": new_id("evt"),
            "object": "event",
            "type": kind,
            "created": event.get("created") or now,
            "livemode": self._publisher.settings.stripe.livemode,
            "data": {**data, "object": object_of_event(family, action, stripe_object, now)},
        }
        return self._inbox.parse(whole, source="sample")

    # -- samples -----------------------------------------------------------------------------------------------------

    async def samples(self, draft: Workflow) -> list[dict[str, Any]]:
        """Return what the draft can be tried with, per trigger: recorded events, earlier runs, rows, made-up data."""
        samples: list[dict[str, Any]] = []
        guess = SampleValues(self._tables.specs, await self._newest())
        for index, trigger in enumerate(draft.triggers):
            if isinstance(trigger, StripeTrigger):
                samples += await self._events(index, trigger)
                samples.append(self._made_event(draft, index, guess))
            elif isinstance(trigger, TableTrigger):
                samples += await self._rows(index, trigger)
            else:
                samples += await self._calls(draft, index, trigger)
                samples.append(
                    _sample(index, trigger, "made_up", "Sample inputs", inputs=sample_inputs(draft.input, guess))
                )
        return samples

    async def _events(self, index: int, trigger: StripeTrigger) -> list[dict[str, Any]]:
        columns = (events.c.id, events.c.type, events.c.object_id, events.c.received_at)
        query = sa.select(*columns).where(events.c.type.in_(_types(trigger, self._publisher)), ASKED_FOR)
        query = query.order_by(events.c.received_at.desc(), events.c.id).limit(EVENTS)
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        return [
            _sample(
                index, trigger, "event", f"{row.type} {row.object_id or ''}".strip(), row.received_at, event_id=row.id
            )
            for row in rows
        ]

    async def _newest(self) -> dict[str, Mapping[str, Any]]:
        """Return one row of each table that has any."""

        def work(tx: sa.Connection) -> dict[str, Mapping[str, Any]]:
            tables = {name: self._tables.perform(tx, "select", name, {"limit": 1}) for name in self._tables.specs}
            return {name: rows[0] for name, rows in tables.items() if rows}

        return await self._database.read(work)

    def _made_event(self, draft: Workflow, index: int, guess: SampleValues) -> dict[str, Any]:
        metadata = {name: str(guess(name) or "text") for name in _metadata_read(draft)}
        event = self.completed(draft, index, {"data": {"object": {"metadata": metadata} if metadata else {}}})
        payload = {"type": event.type, "data": {"object": event.payload["data"]["object"]}}
        return _sample(index, draft.triggers[index], "made_up", f"Sample {event.type}", sample=payload)

    async def _rows(self, index: int, trigger: TableTrigger) -> list[dict[str, Any]]:
        args = {"limit": ROWS}
        rows = await self._database.read(lambda tx: self._tables.perform(tx, "select", trigger.table, args))
        return [
            _sample(index, trigger, "row", f"{trigger.table} {next(iter(row.values()), '')}", sample={"row": row})
            for row in rows
        ]

    async def _calls(self, draft: Workflow, index: int, trigger: Trigger) -> list[dict[str, Any]]:
        kinds = {"api": ("api",), "schedule": ("schedule",)}.get(trigger.kind, ("manual", "api"))
        query = (
            sa.select(runs.c.id, runs.c.inputs, runs.c.status, runs.c.created_at)
            .where(runs.c.workflow_id == draft.id, runs.c.trigger.in_(kinds))
            .order_by(runs.c.created_at.desc(), runs.c.id)
            .limit(RUNS)
        )
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        return [
            _sample(
                index,
                trigger,
                "run",
                f"Run {row.id} ({row.status})",
                row.created_at,
                run_id=row.id,
                inputs=row.inputs or {},
            )
            for row in rows
        ]


def _types(trigger: StripeTrigger, publisher: ProjectPublisher) -> list[str]:
    family = publisher.catalog.family(trigger.family)
    return [f"{trigger.family}.{action}" for action in (trigger.actions or (family.actions if family else ()))]


def _sample(
    index: int, trigger: Trigger, source: str, title: str, at: dt.datetime | None = None, **data: Any
) -> dict[str, Any]:
    blank = {"event_id": None, "run_id": None, "inputs": None, "sample": None}
    return {"index": index, "kind": trigger.kind, "source": source, "title": title, "at": at, **blank, **data}


class SampleValues:
    """Values by name, taken from rows: `order_id` is the id of an order, `sku` the sku of something that has one."""

    def __init__(self, specs: Mapping[str, TableSpec], rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._rows = rows
        self._primary = {
            name: next((column.name for column in spec.columns.values() if column.primary), None)
            for name, spec in specs.items()
        }

    def __call__(self, name: str) -> Any:
        """Return a value that fits the name, None if no row has one."""
        base = name.removesuffix("_id")
        for table in (f"{base}s", f"{base}es", base):
            key = self._primary.get(table)
            if name != base and key is not None and table in self._rows:
                return self._rows[table][key]
        values = (row.get(name) for row in self._rows.values())
        return next((value for value in values if value is not None), None) if name != "id" else None


def _metadata_read(draft: Workflow) -> list[str]:
    """Return the keys of the object's metadata that a draft reads."""
    keys: dict[str, None] = {}
    for site in draft.sites:
        for ref in site.compiled.refs:
            path = [part for part in ref.path if part not in {"context", "event", "data", "object"}]
            if len(path) > 1 and path[0] == "metadata" and isinstance(path[1], str):
                keys[path[1]] = None
    return list(keys)


def sample_inputs(schema: Mapping[str, Any] | None, guess: SampleValues) -> dict[str, Any]:
    """Return inputs that fit a schema: from rows where their names say so, else as plain as may be."""
    inputs = _made(schema or {}, guess)
    return inputs if is_dict(inputs) else {}


_TEXTS = {
    "email": "ada@example.test", "uri": "https://example.test/", "uuid": "00000000-0000-4000-8000-000000000001",
    "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z",
}  # fmt: skip


def _made(schema: Any, guess: SampleValues, name: str = "") -> Any:
    if not is_map(schema):
        return None
    known = guess(name) if name else None
    if known is not None and next(problems(to_json(known), schema), None) is None:
        return to_json(known)
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        return _made(schema["anyOf"][0], guess, name)
    kind = schema.get("type")
    if kind == "object":
        required = set(schema.get("required", ()))
        return {key: _made(part, guess, key) for key, part in schema.get("properties", {}).items() if key in required}
    if kind == "array":
        return [_made(schema.get("items"), guess, name.removesuffix("s"))]
    if kind in {"integer", "number"}:
        return max(1, schema.get("minimum", 1)) if schema.get("maximum", 1) >= 1 else schema["maximum"]
    if kind == "boolean":
        return True
    if kind != "string":
        return None
    pattern = str(schema.get("pattern", ""))
    if pattern == "^[a-z]{3}$":
        return "usd"
    text = _TEXTS.get(str(schema.get("format")), "text")
    if pattern.startswith("^") and "[" not in pattern:
        text = pattern[1:].replace("\\", "") + "1"
    return text.ljust(int(schema.get("minLength", 0)), "x")


async def run_in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Do work in a thread with a loop of its own."""
    return await asyncio.to_thread(asyncio.run, work)
