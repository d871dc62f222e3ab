"""Trying a draft over HTTP: test runs, dry runs, samples to try with, and data pinned for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from payloom.api.http.errors import ApiError, BadRequest
from payloom.api.http.serialization import to_plain
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor import test_run_models as models
from payloom.api.management.editor.checking import Checker, findings
from payloom.api.management.editor.files import Files, write_whole
from payloom.api.management.identity import roles
from payloom.api.management.identity.access import caller_of
from payloom.api.management.routes.runs import detail
from payloom.kit.redaction import redact
from payloom.sandbox.test_run import Mock, TestRunResult, TriggerInput
from payloom.workflows.program.commands import StepFailure
from payloom.workflows.program.inputs import validate_input
from payloom.workflows.program.program import ApiTrigger, ManualTrigger, Workflow


class DraftHasErrors(ApiError):
    """The draft has errors, so it cannot be tried."""

    code: ClassVar[str] = "draft_has_errors"
    status: ClassVar[int] = 422


_BROKEN = frozenset({"F000", "F001", "F004"})
"""The rules whose breach leaves nothing to play."""


def router(parts: ManagementDependencies, checker: Checker, files: Files) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/editor", tags=["editor"])
    inputs_reader = TestRunInputs(parts, checker)

    @routes.post("/test-run", response_model=models.TestRun, openapi_extra=roles.editor())
    async def test_run(body: models.TestRunBody, request: Request) -> Any:
        """Play a draft once, on a copy of the rows, with calls answered by mocks, records or made-up data. Nothing is
        stored, and nothing leaves (unless Stripe's calls are sent to the local Stripe).
        """
        draft = await inputs_reader.draft(body.id, body.text)
        trigger_input, event = await inputs_reader.trigger_input(draft, body.trigger, caller_of(request).email)
        mocks = {path: _mock(one) for path, one in body.mocks.items()}
        found = await parts.sandbox().test_run(
            draft, trigger_input, mocks, event=event, local_stripe=body.stripe == "local"
        )
        return _answer(found, draft, body.until)

    @routes.post("/dry-run", response_model=models.DryRun, openapi_extra=roles.editor())
    async def dry_run(body: models.DryRunBody) -> Any:
        """Try a draft on recorded events with all effects held back, and compare with what happened then."""
        draft = await inputs_reader.draft(body.id, body.text)
        found = await parts.sandbox().dry_run(draft, body.events, body.limit)
        data = redact(to_plain(found))
        return {"data": data, "changed": sum(bool(one["difference"]) for one in data)}

    @routes.get("/samples", response_model=models.Samples)
    async def list_samples(id: str) -> Any:  # noqa: A002 - the contract's word
        """What the file's triggers can be tried with: recorded events, earlier runs, rows, and made-up data."""
        file = await run_in_threadpool(files.read, id)
        checked = await run_in_threadpool(checker.check, id, file.text)
        if checked.draft.compiled is None:
            return {"data": [], "next": None}
        found = await parts.sandbox().samples(checked.draft.compiled.workflow)
        return {"data": redact(to_plain(found)), "next": None}

    @routes.get("/pins/{workflow_id:path}", response_model=models.PinsAnswer)
    async def get_pins(workflow_id: str) -> Any:
        """What is pinned to a workflow for its test runs."""
        await run_in_threadpool(files.read, workflow_id)
        return await run_in_threadpool(_read_pins, _pins_path(parts, workflow_id))

    @routes.put("/pins/{workflow_id:path}", response_model=models.PinsAnswer, openapi_extra=roles.editor())
    async def put_pins(workflow_id: str, body: models.Pins) -> Any:
        """Pin data to a workflow: replaces what was pinned."""
        await run_in_threadpool(files.read, workflow_id)
        text = body.model_dump_json(exclude_none=True, indent=2)
        await run_in_threadpool(write_whole, _pins_path(parts, workflow_id), text)
        return body.model_dump()

    return routes


class TestRunInputs:
    """Turns what is sent into what is played."""

    def __init__(self, parts: ManagementDependencies, checker: Checker) -> None:
        self._parts = parts
        self._checker = checker

    async def draft(self, workflow_id: str, text: str) -> Workflow:
        """Return the draft. Raises DraftHasErrors with the findings, when it cannot be played at all.

        What would be wrong with real money or other people's rows is no reason not to try.
        """
        checked = await run_in_threadpool(self._checker.check, workflow_id, text)
        compiled = checked.draft.compiled
        first = next((one for one in checked.diagnostics if one.severity == "error" and one.code in _BROKEN), None)
        if compiled is None or compiled.problems or first is not None:
            first = first or next(one for one in checked.diagnostics if one.severity == "error")
            listed = [one.model_dump() for one in findings(checked)]
            raise DraftHasErrors(
                f"the draft has errors: {first.format()}", hint="Mend it, then try again.", diagnostics=listed
            )
        return compiled.workflow

    async def trigger_input(
        self, draft: Workflow, start: models.TestRunTrigger, caller: str | None
    ) -> tuple[TriggerInput, dict[str, Any] | None]:
        """Return what starts the run, and the event to be completed if one was sent."""
        inputs, event_id, sample = start.inputs, start.event_id, start.sample
        user = await self._user(draft, start, caller)
        if start.run_id is not None:
            run = await self._parts.runs.queries.get(start.run_id)
            inputs = dict(run.inputs or {}) if inputs is None else inputs
            event_id = event_id or run.event_id
            request = run.request or {}
            user = request.get("user") or user
            if request.get("row") is not None:
                sample = sample or {"row": request["row"], "old": request.get("old")}
        trigger = draft.triggers[start.index] if start.index < len(draft.triggers) else None
        kind = trigger.kind if trigger is not None else ""
        if kind == "table":
            given = sample or {}
            return TriggerInput(start.index, row=given.get("row"), old=given.get("old")), None
        if kind == "stripe":
            return TriggerInput(start.index, event_id=event_id), sample if event_id is None else None
        checked = validate_input(draft, inputs or {})
        return TriggerInput(start.index, checked, user), None

    async def _user(self, draft: Workflow, start: models.TestRunTrigger, caller: str | None) -> dict[str, Any] | None:
        trigger = draft.triggers[start.index] if start.index < len(draft.triggers) else None
        auth = trigger.auth if isinstance(trigger, ApiTrigger | ManualTrigger) else "none"
        if start.user is not None:
            found = await self._parts.find_user(start.user)
            if found is None:
                raise BadRequest(f"there is no account {start.user[:100]!r}", hint="Leave it out for somebody made up.")
            return dict(found)
        if auth in {"none", "optional"}:
            return None
        found = await self._parts.find_user(caller) if caller else None
        found = found or await self._somebody()
        if found is not None:
            return {**found, "roles": sorted({*found.get("roles", ()), *(auth if isinstance(auth, tuple) else ())})}
        held = list(auth) if isinstance(auth, tuple) else []
        return {
            "id": "00000000-0000-4000-8000-000000000001",
            "email": "ada@example.test",
            "name": "Ada",
            "roles": held,
        }

    async def _somebody(self) -> dict[str, Any] | None:
        """Return a person who has an account, so that rows of theirs are found."""
        tables = self._parts.tables
        if "users" not in tables.specs or "email" not in tables.specs["users"].columns:
            return None
        rows = await self._parts.database.read(lambda tx: tables.perform(tx, "select", "users", {"limit": 20}))
        for row in rows:
            found = await self._parts.find_user(row["email"]) if row["email"] else None
            if found is not None:
                return dict(found)
        return None


def _mock(it: models.MockBody) -> Mock:
    if it.error is None:
        return Mock(it.value)
    return Mock(failure=StepFailure(it.error.kind, it.error.message, status=it.error.status, data=it.error.data))


def _answer(found: TestRunResult, draft: Workflow, until: str | None) -> dict[str, Any]:
    run = detail(_merged(found))
    trail = [{"branch": None, **one} for one in to_plain(found.trail)]
    if until is not None:
        run["steps"] = _up_to(run["steps"], until)
        run["logs"] = [one for one in run["logs"] if _order(one["path"]) <= _order(until)]
        trail = [one for one in trail if _order(one["path"]) <= _order(until)]
    return {"run": redact(run), "notes": found.notes, "trail": trail, "text_version": draft.version}


def _merged(found: TestRunResult) -> dict[str, Any]:
    """Put the steps that were stood in for between those of the journal, in the order they stand in the run."""
    steps = [*found.found["steps"], *(redact(one) for one in found.mocked_steps)]
    steps.sort(key=lambda one: (one["at"] is None, one["at"], _order(one["path"])))
    steps = [{**one, "seq": at} for at, one in enumerate(steps)]
    return {**found.found, "steps": steps}


def _order(path: str) -> list[tuple[int, str]]:
    parts = path.replace("[", ".").replace("]", "").split(".")
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _up_to(steps: list[dict[str, Any]], until: str) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for one in steps:
        kept.append(one)
        if one["path"] == until:
            break
    return kept


# ------------------------------------------------------------------ pins


def _pins_path(parts: ManagementDependencies, workflow_id: str) -> Path:
    return parts.settings.data_dir / "pins" / f"{workflow_id.replace('/', '~')}.json"


def _read_pins(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return models.Pins().model_dump()
    return models.Pins.model_validate(data).model_dump()
