"""Turns a request for a test run into the draft, the trigger and the user that the sandbox runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool

from payloom.api.http.errors import ApiError, BadRequest
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor.checking import Checker, findings
from payloom.api.management.editor.models import test_runs as models
from payloom.sandbox.test_run import TriggerInput
from payloom.workflows.program.inputs import validate_input
from payloom.workflows.program.program import ApiTrigger, ManualTrigger, Workflow
from payloom.workflows.syntax.outline import outline_of


class DraftHasErrors(ApiError):
    """The draft has errors, so it can't be tested."""

    code: ClassVar[str] = "draft_has_errors"
    status: ClassVar[int] = 422


_BROKEN = frozenset({"F000", "F001", "F004"})


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
        built = checked.draft.compiled
        first = next(
            (
                diagnostic
                for diagnostic in checked.diagnostics
                if diagnostic.severity == "error" and diagnostic.code in _BROKEN
            ),
            None,
        )
        if built is None or built.problems or first is not None:
            first = first or next(diagnostic for diagnostic in checked.diagnostics if diagnostic.severity == "error")
            listed = [finding.model_dump() for finding in findings(checked, outline_of(checked.draft.source))]
            raise DraftHasErrors(
                f"the draft has errors: {first.format()}",
                hint="Fix the error, then run the test again.",
                diagnostics=listed,
            )
        return built.workflow

    async def trigger_input(
        self, draft: Workflow, start: models.TestRunTrigger, caller: str | None
    ) -> tuple[TriggerInput, dict[str, Any] | None]:
        """Return what starts the run, and the event to be completed if one was sent."""
        inputs, event_id, sample = start.inputs, start.event_id, start.sample
        user = await self._user(draft, start, caller)
        if start.run_id is not None:
            run = await self._parts.run_queries.get(start.run_id)
            inputs = dict(run.inputs or {}) if inputs is None else inputs
            event_id = event_id or run.event_id
            request: Mapping[str, Any] = run.request or {}
            user = request.get("user") or user
            if request.get("row") is not None:
                sample = sample or {"row": request["row"], "old": request.get("old")}
        trigger = draft.triggers[start.index] if start.index < len(draft.triggers) else None
        kind = trigger.kind if trigger is not None else ""
        if kind == "table":
            data: Mapping[str, Any] = sample or {}
            return TriggerInput(start.index, row=data.get("row"), old=data.get("old")), None
        if kind == "stripe":
            return TriggerInput(start.index, event_id=event_id), sample if event_id is None else None
        checked = validate_input(draft, inputs or {})
        return TriggerInput(start.index, checked, user), None

    async def _user(self, draft: Workflow, start: models.TestRunTrigger, caller: str | None) -> dict[str, Any] | None:
        trigger = draft.triggers[start.index] if start.index < len(draft.triggers) else None
        auth = trigger.auth if isinstance(trigger, ApiTrigger | ManualTrigger) else "none"
        if start.user is not None:
            user = await self._parts.find_user(start.user)
            if user is None:
                raise BadRequest(
                    f"there is no account {start.user[:100]!r}", hint="Leave it out for a synthesized user."
                )
            return dict(user)
        if auth in {"none", "optional"}:
            return None
        user = await self._parts.find_user(caller) if caller else None
        user = user or await self._somebody()
        if user is not None:
            return {**user, "roles": sorted({*user.get("roles", ()), *(auth if isinstance(auth, tuple) else ())})}
        roles = list(auth) if isinstance(auth, tuple) else []
        return {
            "id": "00000000-0000-4000-8000-000000000001",
            "email": "ada@example.test",
            "email_verified": True,
            "name": "Ada",
            "roles": roles,
        }

    async def _somebody(self) -> dict[str, Any] | None:
        """Return a person who has an account, so that rows of theirs are found."""
        tables = self._parts.tables
        if "users" not in tables.specs or "email" not in tables.specs["users"].columns:
            return None
        rows = await self._parts.database.read(lambda tx: tables.perform(tx, "select", "users", {"limit": 20}))
        for row in rows:
            user = await self._parts.find_user(row["email"]) if row["email"] else None
            if user is not None:
                return dict(user)
        return None
