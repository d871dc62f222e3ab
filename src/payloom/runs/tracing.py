"""OpenTelemetry and log context: a run is one trace, whichever processes advance it; a step is a span in it.

Nothing about traces is stored. A run's trace id and root span id follow from its id, so that every segment, in every
process and after every crash, finds its trace by itself. Only the API is used: without an SDK in the process nothing is
made. Spans carry names, ids and outcomes, never arguments or results.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import hashlib
import random
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from payloom.connectors.port import Attempt
from payloom.runs.run_rows import Run
from payloom.workflows.program.commands import Do, StepFailure

_tracer = trace.get_tracer("payloom")
_OUTSIDE = frozenset({"stripe", "email", "http", "python"})
_CONSUMER = SpanKind.CONSUMER
_next: contextvars.ContextVar[SpanContext | None] = contextvars.ContextVar("payloom_next_span", default=None)


def on() -> bool:
    """Tell whether this process exports spans."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def context_of(run_id: str) -> SpanContext:
    """Return the trace of a run and the id of its root span."""
    digest = hashlib.sha256(f"payloom run {run_id}".encode()).digest()
    trace_id, span_id = int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


class RunIds:
    """An id generator for an SDK's TracerProvider: with it the root span of a run's trace is there, too.

    TracerProvider(id_generator=RunIds()), or OTEL_PYTHON_ID_GENERATOR=payloom. Without it, the spans of a run share
    their trace all the same; their common parent just has no span of its own.
    """

    def generate_trace_id(self) -> int:
        """Return the trace id that was asked for, or a random one."""
        ids = _next.get()
        return ids.trace_id if ids is not None else random.getrandbits(128) or 1

    def generate_span_id(self) -> int:
        """Return the span id that was asked for, or a random one."""
        ids = _next.get()
        return ids.span_id if ids is not None else random.getrandbits(64) or 1

    def is_trace_id_random(self) -> bool:
        """Return False: trace ids are hashes."""
        return True


def _context(run: Run) -> Context | None:
    """Return where a span of a run belongs: below the current one, if that is of the same trace."""
    own = context_of(run.id)
    if trace.get_current_span().get_span_context().trace_id == own.trace_id:
        return None
    return trace.set_span_in_context(NonRecordingSpan(own), Context())


def _of(run: Run) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "payloom.run.id": run.id,
        "payloom.workflow": run.workflow_id,
        "payloom.workflow.version": run.version,
        "payloom.trigger": run.trigger,
    }
    if run.event_id is not None:
        attributes["payloom.event.id"] = run.event_id
    return attributes


@contextlib.contextmanager
def segment(run: Run) -> Generator[Span]:
    """Span a run from the moment this process advances it to its end, its sleep, or the end of the process."""
    ids = {"run": run.id, "workflow": run.workflow_id} | ({"event_id": run.event_id} if run.event_id else {})
    if not on():
        with structlog.contextvars.bound_contextvars(**ids):
            yield INVALID_SPAN
        return
    attributes = {**_of(run), "payloom.run.segment": run.segment}
    name = f"segment of {run.workflow_id}"
    with (
        structlog.contextvars.bound_contextvars(**ids),
        _tracer.start_as_current_span(name, context=_context(run), kind=_CONSUMER, attributes=attributes) as span,
    ):
        yield span


@contextlib.contextmanager
def step(do: Do, attempt: Attempt, run: Run) -> Generator[Span]:
    """Span one attempt of an outside step."""
    if not on():
        with structlog.contextvars.bound_contextvars(run=run.id, step=do.path):
            yield INVALID_SPAN
        return
    # An http step's action is its URL: the query may hold what is nobody's business.
    action = do.action.partition("?")[0]
    attributes = {
        "payloom.run.id": run.id,
        "payloom.workflow": run.workflow_id,
        "payloom.step.path": do.path,
        "payloom.step.verb": do.verb,
        "payloom.step.action": action,
        "payloom.step.attempt": attempt.number,
        "payloom.step.key": do.key,
        "payloom.step.in_doubt": attempt.in_doubt,
    }
    name = f"{do.verb} {action}"
    with (
        structlog.contextvars.bound_contextvars(run=run.id, step=do.path),
        _tracer.start_as_current_span(name, context=_context(run), kind=SpanKind.CLIENT, attributes=attributes) as span,
    ):
        yield span


def turned(run: Run, rows: Sequence[Mapping[str, Any]], began: dt.datetime | None, *, ended: bool) -> None:
    """Span what a committed turn did in the database, and the run as a whole if that was its end.

    rows: the journal's new rows. began: when the turn began, if that is known; a step begins where the last one ended.
    """
    last = began
    for row in rows:
        if row["verb"] in _OUTSIDE or row["at"] is None:
            continue
        first, last = last or row["at"], row["at"]
        attributes = {
            "payloom.run.id": run.id,
            "payloom.workflow": run.workflow_id,
            "payloom.step.path": row["path"],
            "payloom.step.verb": row["verb"],
            "payloom.step.action": row["action"],
        }
        name = f"{row['verb']} {row['action']}".strip()
        span = _tracer.start_span(name, context=_context(run), attributes=attributes, start_time=_ns(first))
        if row["status"] == "failed":
            _mark_failed(span, row["failure"]["kind"], f"{name} at step {row['path']} of {run.workflow_id}")
        span.end(_ns(max(first, last)))
    if ended:
        _whole(run)


def _whole(run: Run) -> None:
    """Span the run from its beginning to its end; with RunIds as the root of its trace."""
    root = isinstance(getattr(trace.get_tracer_provider(), "id_generator", None), RunIds)
    own = context_of(run.id)
    token = _next.set(own if root else None)
    try:
        span = _tracer.start_span(
            f"run {run.workflow_id}",
            context=Context() if root else trace.set_span_in_context(NonRecordingSpan(own), Context()),
            kind=SpanKind.CONSUMER,
            attributes=_of(run),
            start_time=_ns(run.created_at),
        )
    finally:
        _next.reset(token)
    ended(span, run.status)
    if run.failure and run.status == "failed":
        _mark_failed(span, str(run.failure.get("kind")), f"run of {run.workflow_id}")
    span.end(_ns(run.finished_at or run.updated_at))


def _ns(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


def ended(span: Span, status: str) -> None:
    """Note how the segment ended: `succeeded`, `failed`, `canceled`, `waiting`, or `running` elsewhere."""
    span.set_attribute("payloom.run.status", status)
    if status == "failed":
        span.set_status(Status(StatusCode.ERROR))


def failed(span: Span, failure: StepFailure) -> None:
    """Note that the attempt failed, and how: its kind only, as messages may quote what the step was given."""
    span.set_attribute("payloom.step.retryable", failure.retryable)
    _mark_failed(span, failure.kind, "attempt of a step")


def _mark_failed(span: Span, kind: str, subject: str) -> None:
    """Record an exception as OpenTelemetry's conventions say, so that Sentry and others make an issue of it.

    It has the kind and what failed, and no text of the failure.
    """
    span.set_attribute("error.type", kind)
    span.add_event("exception", {"exception.type": kind, "exception.message": f"{kind}: {subject}"})
    span.set_status(Status(StatusCode.ERROR, kind))
