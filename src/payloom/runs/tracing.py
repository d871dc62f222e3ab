"""OpenTelemetry: a segment of a run is a span, each outside step a span in it; log lines carry the same ids.

Only the API is used: without an SDK in the process, a span costs microseconds and goes nowhere. Spans carry names,
ids and outcomes, never arguments or results.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import structlog
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from payloom.runs.rows import Run
from payloom.runs.scratch import Call
from payloom.workflows.commands import StepFailure

_tracer = trace.get_tracer("payloom")


@contextlib.contextmanager
def segment(run: Run) -> Iterator[Span]:
    """Span a run from the moment this process advances it to its end, its sleep, or the end of the process."""
    attributes = {
        "payloom.run.id": run.id,
        "payloom.run.segment": run.segment,
        "payloom.workflow": run.workflow_id,
        "payloom.workflow.version": run.version,
        "payloom.trigger": run.trigger,
    }
    if run.event_id is not None:
        attributes["payloom.event.id"] = run.event_id
    with (
        structlog.contextvars.bound_contextvars(run=run.id, workflow=run.workflow_id),
        _tracer.start_as_current_span(f"run {run.workflow_id}", kind=SpanKind.CONSUMER, attributes=attributes) as span,
    ):
        yield span


@contextlib.contextmanager
def step(call: Call, run: Run) -> Iterator[Span]:
    """Span one attempt of an outside step."""
    do = call.do
    # An http step's action is its URL: the query may hold what is nobody's business.
    action = do.action.partition("?")[0]
    attributes = {
        "payloom.run.id": run.id,
        "payloom.workflow": run.workflow_id,
        "payloom.step.path": do.path,
        "payloom.step.verb": do.verb,
        "payloom.step.action": action,
        "payloom.step.attempt": call.attempt.number,
        "payloom.step.key": do.key,
        "payloom.step.in_doubt": call.attempt.in_doubt,
    }
    with (
        structlog.contextvars.bound_contextvars(run=run.id, step=do.path),
        _tracer.start_as_current_span(f"{do.verb} {action}", kind=SpanKind.CLIENT, attributes=attributes) as span,
    ):
        yield span


def ended(span: Span, status: str) -> None:
    """Note how the segment ended: `succeeded`, `failed`, `canceled`, `waiting`, or `running` elsewhere."""
    span.set_attribute("payloom.run.status", status)
    if status == "failed":
        span.set_status(Status(StatusCode.ERROR))


def failed(span: Span, failure: StepFailure) -> None:
    """Note that the attempt failed, and how: its kind only, as messages may quote what the step was given."""
    span.set_attribute("error.type", failure.kind)
    span.set_attribute("payloom.step.retryable", failure.retryable)
    span.set_status(Status(StatusCode.ERROR, failure.kind))
