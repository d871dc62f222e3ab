"""Test runs, dry runs, samples and pins as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from payloom.api.management.editor.models.sources import Text, WorkflowId
from payloom.api.management.models.answers import Body, Json, Moment, Shape
from payloom.api.management.models.runs import RunDetail


class MockFailure(Body):
    """An error a step answers with. kind: what `catch` can name, e.g. `card_declined`."""

    kind: Annotated[str, Field(max_length=100)]
    message: str = "Mocked."
    status: Annotated[int, Field(ge=400, le=599)] = 500
    data: dict[str, Any] = Field(default_factory=dict)


class MockBody(Body):
    """The result of a mocked step: a value, or an error."""

    value: Json = None
    error: MockFailure | None = None


class TestRunTrigger(Body):
    """What starts the run. index: of the trigger.

    One of: inputs (api, manual, called); event_id, of a stored event; run_id, whose event or inputs are taken; sample,
    a Stripe event or part of one (what is left out is filled in), or `{row, old}` of a table.
    user: the email address of the caller's account; a synthesized user if it is left out.
    """

    __test__ = False

    index: Annotated[int, Field(ge=0)] = 0
    inputs: dict[str, Any] | None = None
    event_id: str | None = None
    run_id: str | None = None
    sample: dict[str, Any] | None = None
    user: str | None = None


class TestRunBody(Body):
    """A draft and what to try it with. mocks: by run path; `2.do.0` is the step in every iteration.

    until: the trace ends with this step. stripe: `local` sends Stripe's calls to the local Stripe, where there is one.
    """

    __test__ = False

    id: WorkflowId
    text: Text
    trigger: TestRunTrigger = TestRunTrigger()
    mocks: dict[str, MockBody] = Field(default_factory=dict, max_length=500)
    until: str | None = None
    stripe: Literal["mock", "local"] = "mock"


class Visit(Shape):
    """One mark on the way: a step that was done, failed or skipped, or a branch that was taken."""

    path: str
    outcome: Literal["done", "failed", "skipped", "took"]
    step_id: str | None
    branch: str | None


class TestRun(Shape):
    """What the draft did. run: as `/runs/{id}` shows one, though none was stored.

    notes: how steps that leave were answered: mocked, recorded (the same call was made before), made up, skipped (a
    wait), sent (to the local Stripe). trail: the way it took. text_version: of the draft.
    """

    __test__ = False

    run: RunDetail
    notes: dict[str, Literal["mocked", "recorded", "made up", "skipped", "sent"]]
    trail: list[Visit]
    text_version: str


class DryRunBody(Body):
    """A draft, and the events to try it on; without ids the newest `limit` that could start it."""

    id: WorkflowId
    text: Text
    events: Annotated[list[str], Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 20


class DryLine(Shape):
    """One step. args: secrets are masked. note: how a call was answered, or why the step failed."""

    path: str
    verb: str
    action: str
    args: Json
    status: str
    note: str


class DryTrial(Shape):
    """One run. ended: how; null when the event did not start it."""

    lines: list[DryLine]
    ended: str | None


class DryEvent(Shape):
    """What the draft would do with an event, what happened then, and the difference: `+` new, `-` gone, `~` the end."""

    event: str
    type: str
    draft: DryTrial
    recorded: DryTrial
    difference: list[str]


class DryRun(Shape):
    """Oldest first. changed: how many of the events would have come out differently."""

    data: list[DryEvent]
    changed: int


class Sample(Shape):
    """Something to try a trigger with. Give `event_id`, `run_id`, `inputs` or `sample` back in `trigger`."""

    index: int
    kind: str
    source: Literal["event", "run", "row", "made_up"]
    title: str
    at: Moment | None
    event_id: str | None
    run_id: str | None
    inputs: dict[str, Any] | None
    sample: dict[str, Any] | None


class Samples(Shape):
    """By trigger, recorded ones first."""

    data: list[Sample]
    next: str | None


class Pins(Body):
    """Data pinned to a workflow for its test runs: what starts it, and what steps answer. Kept outside the file."""

    trigger: TestRunTrigger | None = None
    mocks: dict[str, MockBody] = Field(default_factory=dict, max_length=500)


class PinsAnswer(Shape):
    """What is pinned."""

    trigger: TestRunTrigger | None
    mocks: dict[str, MockBody]
