"""Traces: a segment is a span, an outside step a span in it. A small provider of our own stands in for an SDK."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from payloom.db import Database
from payloom.workflows.commands import Do, StepFailure
from runs_world import build

pytestmark = pytest.mark.anyio


class Kept(NonRecordingSpan):
    """A span that stays in memory."""

    def __init__(self, name: str, number: int, parent: Kept | None, attributes: Mapping[str, Any]) -> None:
        super().__init__(SpanContext(parent.get_span_context().trace_id if parent else number, number, False,
                                     TraceFlags(1)))  # fmt: skip
        self.name, self.parent, self.attributes = name, parent, dict(attributes)
        self.error, self.ended = False, False

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self.error = (status.status_code if isinstance(status, Status) else status) is StatusCode.ERROR

    def end(self, end_time: int | None = None) -> None:
        self.ended = True


@dataclasses.dataclass
class Memory(trace.TracerProvider, trace.Tracer):
    """Provider and tracer: keeps every span."""

    spans: list[Kept] = dataclasses.field(default_factory=list)

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
    ) -> Kept:
        parent = trace.get_current_span(context)
        kept = Kept(name, len(self.spans) + 1, parent if isinstance(parent, Kept) else None, attributes or {})
        self.spans.append(kept)
        return kept

    @contextlib.contextmanager
    def start_as_current_span(self, name: str, **options: Any) -> Iterator[trace.Span]:  # type: ignore[override]
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
    world = await build(database, tmp_path)
    bound: list[dict[str, Any]] = []

    async def look(when: str, _do: Do) -> None:
        if when == "before":
            bound.append(dict(structlog.contextvars.get_contextvars()))

    world.ledger.hooks.append(look)
    world.ledger.answers["things.create"] = [StepFailure("busy", "secret words", retryable=True)]
    await world.service.start()
    await world.publish(make="""\
name: Make
on: {stripe: thing}
steps:
  - stripe: things.create
    retry: {attempts: 3, first: 1s}
    with: {name: very private}
""")  # fmt: skip
    taken = await world.service.take_in(world.event("thing.created", "evt_traced", id="t"))
    (run,) = taken.runs
    await world.settled()
    await world.service.stop(5)
    segments = [span for span in memory.spans if span.name == "run make"]
    steps = [span for span in memory.spans if span.name == "stripe things.create"]
    assert segments[-1].attributes["payloom.run.status"] == "succeeded"
    assert {span.attributes["payloom.run.id"] for span in segments} == {run}
    assert segments[0].attributes["payloom.event.id"] == "evt_traced"
    assert [(step.attributes["payloom.step.attempt"], step.error) for step in steps] == [(1, True), (2, False)]
    assert len({step.attributes["payloom.step.key"] for step in steps}) == 1
    assert steps[0].attributes["payloom.step.path"] == "0"
    assert steps[0].attributes["error.type"] == "busy"
    assert all(step.parent in segments for step in steps)
    assert all(span.ended for span in memory.spans)
    assert "private" not in str([span.attributes for span in memory.spans])
    assert "secret" not in str([span.attributes for span in memory.spans])
    assert [(one["run"], one["step"], one["workflow"]) for one in bound] == [(run, "0", "make")] * 2
