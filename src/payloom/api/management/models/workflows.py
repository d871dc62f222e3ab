"""Workflows as the API shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from payloom.api.management.models.answers import Body, Json, Moment, Shape
from payloom.runs.statuses import RunStatus


class TriggerView(Shape):
    """What starts a workflow; fields of other kinds are null."""

    kind: str
    method: str | None = None
    path: str | None = None
    auth: Json = None
    family: str | None = None
    actions: list[str] | None = None
    cron: str | None = None
    timezone: str | None = None
    table: str | None = None
    on: list[str] | None = None


class LastRun(Shape):
    """The newest run of a workflow."""

    id: str
    status: RunStatus
    outcome: str | None
    created_at: Moment


class WorkflowSummary(Shape):
    """A workflow in short."""

    id: str
    name: str
    description: str | None
    version: str
    lane: Literal["fast", "durable"]
    triggers: list[TriggerView]
    calls: list[str]


class DiagnosticView(Shape):
    """A finding of the checker."""

    severity: str
    code: str
    message: str
    hint: str | None
    file: str
    path: list[str | int]
    line: int
    column: int
    end_line: int
    end_column: int


class WorkflowLine(WorkflowSummary):
    """One line of the list of workflows."""

    last_run: LastRun | None
    errors: int = Field(description="What the checker found in its file.")
    warnings: int
    advice: int


class WorkflowList(Shape):
    """All workflows, and what `payloom check` says about the project."""

    data: list[WorkflowLine]
    diagnostics: list[DiagnosticView]


class WorkflowDetail(WorkflowSummary):
    """Return one workflow with its model."""

    input: Json
    model: dict[str, Any]


class VersionUse(Shape):
    """A stored version and how many unfinished runs are on it."""

    hash: str
    created_at: Moment
    source: str | None
    open_runs: int


class Start(Body):
    """Inputs, and the email address of the account to run as."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    user: str | None = None


class StartAnswer(Shape):
    """What a workflow started by hand answered."""

    run_id: str
    failed: bool
    running: bool = Field(description="It has not answered yet.")
    status: int = Field(description="The HTTP status a caller would get.")
    body: Json
