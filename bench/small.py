"""Costs that have no floor: an expression, a span, an idle process; and what a second worker adds."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import lanes
from tests.support.runs_fixture import build

from payloom.connectors.port import Attempt
from payloom.db.database import open_database
from payloom.db.migrate import migrate
from payloom.engine.durable import DurableEngine
from payloom.kit.clock import SystemClock
from payloom.runs import tracing
from payloom.runs.dependencies import RunLimits
from payloom.runs.run_rows import Run
from payloom.workflows.catalog.events import build_scope, event_scope
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.values import EvalContext
from payloom.workflows.program.commands import Do

EXPRESSION = "event.action == 'completed' && object.amount_total > 1000"
PAUSE = 0.4
"""Seconds an outside step takes in the comparison of workers: about what Stripe takes."""


def expression() -> float:
    """Microseconds for EXPRESSION on an event of 4 KB: the best of many short rounds."""
    session = {"object": "checkout.session", "amount_total": 2000, "metadata": {f"k{n}": "v" * 60 for n in range(55)}}
    payload = {"id": "evt_1", "type": "checkout.session.completed", "created": 1, "data": {"object": session}}
    assert 4000 < len(json.dumps(payload)) < 4500
    scope = build_scope(event=event_scope(payload, "checkout.session", "completed"), env={})
    compiled, eval_context = compile_expression(EXPRESSION), EvalContext(now=SystemClock().now, uuid=lambda: "")
    assert compiled.test(scope, eval_context) is True
    return min(timeit.repeat(lambda: compiled.test(scope, eval_context), number=2000, repeat=40)) / 2000 * 1e6


def span() -> float:
    """Microseconds of a step's span in a process without an OpenTelemetry SDK."""
    now = SystemClock().now()
    run = Run("run_1", "run_1", "pay", "v", "event", now, now, now)
    do, attempt = Do("0", "stripe", "refunds.create", {}, "run_1:0"), Attempt("run_1", 1, now, in_doubt=False)

    def span_once() -> None:
        with tracing.step(do, attempt, run):
            pass

    return min(timeit.repeat(span_once, number=500, repeat=20)) / 500 * 1e6


class Slow:
    """An outside that takes its time, as Stripe does."""

    async def perform(self, do: Do, attempt: Attempt) -> dict[str, str]:  # noqa: ARG002 - the seam
        """Wait."""
        await asyncio.sleep(PAUSE)
        return {"id": do.key}


async def fill(url: str, folder: Path, count: int) -> None:
    """Put `count` runs on the queue, without a worker."""
    database = open_database(url)
    await migrate(database)
    fixture = await build(
        database, folder, engine=DurableEngine(database, SystemClock()), limits=RunLimits(local_slots=0)
    )
    await fixture.publish(four=lanes.DURABLE)
    await lanes.spread(count, lambda number: fixture.service.ingest(lanes.event(fixture, "created", number)))
    await database.close()


async def work(url: str, folder: Path) -> None:
    """Be one of the workers until nothing is left; prints a line when it is ready."""
    database = open_database(url)
    await migrate(database)
    engine = DurableEngine(database, SystemClock(), concurrency=32)
    fixture = await build(database, folder, engine=engine, outside=Slow())
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await fixture.service.start()
    while True:
        counts = await fixture.queries.counts()
        if not any(counts.get(status) for status in ("queued", "running", "waiting")):
            break
        await asyncio.sleep(0.1)
    print("done", flush=True)
    await fixture.service.stop(1)
    await database.close()


def drained(fresh: Callable[[], AbstractContextManager[str]], many: int, count: int) -> float:
    """Runs per second of `many` workers on one Postgres, from the start signal until the queue is empty."""
    with tempfile.TemporaryDirectory(prefix="payloom-bench-") as folder, fresh() as url:
        asyncio.run(fill(url, Path(folder), count))
        command = [sys.executable, "-W", "ignore", __file__, url, folder]
        children = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(many)
        ]
        for child in children:
            assert _line(child) == "ready\n"
        began = time.perf_counter()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        for child in children:
            assert _line(child) == "done\n"
        seconds = time.perf_counter() - began
        for child in children:
            child.wait(30)
        return count / seconds


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def two_workers(
    fresh: Callable[[], AbstractContextManager[str]], rounds: int, count: int
) -> tuple[float, float, float]:
    """Return the runs per second of one worker, of two, and the median ratio."""
    pairs = [(drained(fresh, 1, count), drained(fresh, 2, count)) for _ in range(rounds)]
    return (
        statistics.median(single for single, _ in pairs),
        statistics.median(two for _, two in pairs),
        statistics.median(two / single for single, two in pairs),
    )


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
