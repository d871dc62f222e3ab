"""Traces: a run is one trace, over segments and processes, each step a span in it. A small provider of our own stands
in for an SDK.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from tests.support.runs_fixture import build

from payloom.runs.coordination.lanes import Lanes
from payloom.runs.tracing import RunIds, context_of
from payloom.workflows.program.commands import Do, StepFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from opentelemetry.context import Context

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio


class SpanRecorder(NonRecordingSpan):
    """A span that stays in memory."""

    def __init__(self, name: str, number: int, parent: trace.Span, attributes: Mapping[str, Any]) -> None:
        above = parent.get_span_context()
        ids = RunIds()
        super().__init__(
            SpanContext(
                above.trace_id if above.is_valid else ids.generate_trace_id(),
                number if above.is_valid else ids.generate_span_id(),
                False,
                TraceFlags(1),
            )
        )
        self.name, self.parent, self.attributes = (
            name,
            parent if isinstance(parent, SpanRecorder) else None,
            dict(attributes),
        )
        self.under = above.span_id
        self.error, self.ended = False, False
        self.exceptions: list[dict[str, Any]] = []

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self.error = (status.status_code if isinstance(status, Status) else status) is StatusCode.ERROR

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        assert name == "exception"
        self.exceptions.append(dict(attributes))

    def end(self, end_time: int | None = None) -> None:
        self.ended = True


@dataclasses.dataclass
class Memory(trace.TracerProvider, trace.Tracer):
    """Provider and tracer: keeps every span."""

    spans: list[SpanRecorder] = dataclasses.field(default_factory=list)
    id_generator: RunIds = dataclasses.field(default_factory=RunIds)

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        return self

    def start_span(  # noqa: PLR0917 - the API's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> SpanRecorder:
        parent = trace.get_current_span(context)
        span = SpanRecorder(name, len(self.spans) + 1, parent, attributes or {})
        self.spans.append(span)
        return span

    @contextlib.contextmanager
    def start_as_current_span(self, name: str, **options: Any) -> Iterator[trace.Span]:  # type: ignore[override] - the test needs these arguments alone
        with trace.use_span(self.start_span(name, **options), end_on_exit=True) as span:
            yield span


@pytest.fixture(scope="module")
def memory() -> Memory:
    """The process's provider, from here on."""
    provider = Memory()
    trace.set_tracer_provider(provider)
    return provider


async def test_a_run_and_its_attempts_are_spans_without_their_data(
    memory: Memory, database: Database, tmp_path: Path
) -> None:
    memory.spans.clear()
    fixture = await build(database, tmp_path)
    bound: list[dict[str, Any]] = []

    async def look(when: str, _do: Do) -> None:
        if when == "before":
            bound.append(dict(structlog.contextvars.get_contextvars()))

    fixture.ledger.hooks.append(look)
    fixture.ledger.answers["things.create"] = [StepFailure("busy", "secret words", retryable=True)]
    await fixture.service.start()
    await fixture.publish(make="""\
name: Make
on: {stripe: thing}
steps:
  - stripe: things.create
    retry: {attempts: 3, first: 1s}
    with: {name: very private}
""")  # fmt: skip
    intake = await fixture.service.ingest(fixture.event("thing.created", "evt_traced", id="t"))
    (run,) = intake.runs
    await fixture.settled()
    await fixture.service.stop(5)
    segments = [span for span in memory.spans if span.name == "segment of make"]
    steps = [span for span in memory.spans if span.name == "stripe things.create"]
    assert segments[-1].attributes["payloom.run.status"] == "succeeded"
    assert {span.attributes["payloom.run.id"] for span in segments} == {run}
    assert segments[0].attributes["payloom.event.id"] == "evt_traced"
    assert [(step.attributes["payloom.step.attempt"], step.error) for step in steps] == [(1, True), (2, False)]
    assert len({step.attributes["payloom.step.key"] for step in steps}) == 1
    assert steps[0].attributes["payloom.step.path"] == "0"
    assert steps[0].attributes["error.type"] == "busy"
    exception = {"exception.type": "busy", "exception.message": "busy: attempt of a step"}
    assert [span.exceptions for span in steps] == [[exception], []]
    assert all(step.parent in segments for step in steps)
    assert all(span.ended for span in memory.spans)
    assert "private" not in str([span.attributes for span in memory.spans])
    assert "secret" not in str([span.attributes for span in memory.spans])
    assert [(context["run"], context["step"], context["workflow"]) for context in bound] == [(run, "0", "make")] * 2


async def test_a_failed_run_and_its_failed_step_are_exceptions_without_their_words(
    memory: Memory, database: Database, tmp_path: Path
) -> None:
    """So that Sentry and others show them as issues; a run that succeeds is none."""
    memory.spans.clear()
    fixture = await build(database, tmp_path)
    await fixture.service.start()
    await fixture.publish(
        stop="""\
name: Stop
on: {stripe: thing}
steps:
  - raise: {code: out_of_stock, message: very private, status: 500}
"""
    )
    await fixture.service.ingest(fixture.event("thing.created", "evt_stop", id="t"))
    await fixture.settled(also=("failed",))
    await fixture.service.stop(5)
    exceptions = {span.name: span.exceptions for span in memory.spans if span.exceptions}
    (run,) = exceptions["run stop"]
    assert run == {"exception.type": "out_of_stock", "exception.message": "out_of_stock: run of stop"}
    assert "private" not in str(exceptions)


async def test_a_run_is_one_trace_with_a_span_per_step_in_whatever_process(
    memory: Memory, database: Database, tmp_path: Path
) -> None:
    """Begun in one process, gone on with in another: one trace, one root, every step below it."""
    memory.spans.clear()
    flow = """\
name: Long
on: {stripe: thing}
steps:
  - insert: orders
    values: {id: "${{ object.id }}"}
  - stripe: things.create
  - wait: 300ms
  - update: orders
    where: {id: "${{ object.id }}"}
    set: {status: done}
"""
    first = await build(database, tmp_path)
    object.__setattr__(first.service._deps.limits, "max_inline_wait", 0.0)
    await first.publish(long=flow)
    await first.service.start()
    intake = await first.service.ingest(first.event("thing.created", "evt_long", id="t"))
    (run,) = intake.runs
    await first.settled(also=("waiting",))
    await first.service.stop(1)
    second = await build(database, tmp_path)
    await second.publish(long=flow)
    await second.service.start()
    # The engine of these tests forgets: what the sweeper does after a while is done at once.
    await asyncio.sleep(0.35)
    await database.write(lambda tx: Lanes(second.service._deps).requeue(tx, run, 10))
    await second.settled()
    await second.service.stop(1)
    expected = context_of(run)
    spans = [span for span in memory.spans if span.attributes.get("payloom.run.id") == run]
    assert {span.get_span_context().trace_id for span in spans} == {expected.trace_id}
    names = [span.name for span in spans]
    assert {"insert orders", "stripe things.create", "update orders"} <= set(names)
    assert names.count("segment of long") >= 2
    (root,) = [span for span in spans if span.name == "run long"]
    assert (root.get_span_context().span_id, root.under) == (expected.span_id, 0)
    known = {span.get_span_context().span_id for span in spans}
    assert all(span.under in known for span in spans if span is not root)
    assert all(span.ended for span in spans)


async def test_a_run_that_ends_with_its_intake_is_a_trace_too(
    memory: Memory, database: Database, tmp_path: Path
) -> None:
    memory.spans.clear()
    fixture = await build(database, tmp_path)
    await fixture.publish(quick="""\
name: Quick
on: {stripe: thing}
steps:
  - insert: orders
    values: {id: "${{ object.id }}"}
""")  # fmt: skip
    await fixture.service.start()
    intake = await fixture.service.ingest(fixture.event("thing.created", "evt_quick", id="q"))
    await fixture.service.stop(1)
    (run,) = intake.runs
    assert sorted(span.name for span in memory.spans) == ["insert orders", "run quick"]
    assert {span.get_span_context().trace_id for span in memory.spans} == {context_of(run).trace_id}
    assert memory.spans[-1].attributes["payloom.run.status"] == "succeeded"
