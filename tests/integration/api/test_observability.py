"""Metrics say how the runs are doing; every log line says what it is about, also those of the standard library."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from typing import TYPE_CHECKING

import structlog
from tests.support.http_server import event, running_server, write_project

from payloom.app.logging import configure_logs
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "tables.yaml": "tables:\n  orders:\n    columns:\n      id: string primary\n",
    "workflows/keep.yaml": """\
name: Keep
description: Keeps an order.
on: {stripe: payment_intent, actions: [succeeded], fresh: false}
steps:
  - insert: orders
    values: {id: "${{ object.id }}"}
""",
    "workflows/later.yaml": """\
name: Later
description: Waits.
on: {stripe: payment_intent, actions: [canceled], fresh: false}
steps:
  - wait: 1d
""",
    "workflows/wrong.yaml": """\
name: Wrong
description: Fails.
on: {stripe: payment_intent, actions: [payment_failed], fresh: false}
steps:
  - raise: {status: 422, code: no, message: no}
""",
}


def test_metrics_tell_what_waits_what_failed_and_how_long_things_take(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES) as server:
        for number, action in enumerate(("succeeded", "canceled", "payment_failed", "payment_failed")):
            assert (
                server.deliver(event(f"payment_intent.{action}", f"evt_{number}", id=f"pi_{number}")).status_code == 200
            )
        text = server.metrics()
    metrics = dict(re.findall(r"^(payloom_[^ ]+) ([0-9.e+-]+)$", text, re.MULTILINE))
    assert float(metrics['payloom_runs{status="waiting"}']) == 1
    assert float(metrics['payloom_runs{status="failed"}']) == 2
    assert float(metrics['payloom_runs{status="queued"}']) == 0
    assert float(metrics["payloom_queue_oldest_seconds"]) == 0
    assert float(metrics["payloom_steps_in_doubt"]) == 0
    assert float(metrics["payloom_workers"]) == 1
    assert float(metrics['payloom_runs_ended_total{status="succeeded",workflow="keep"}']) == 1
    assert float(metrics['payloom_runs_ended_total{status="failed",workflow="wrong"}']) == 2
    assert float(metrics['payloom_run_seconds_count{workflow="keep"}']) == 1
    assert 'payloom_mails{status="unknown"}' in metrics


@contextlib.contextmanager
def written(tmp_path: Path) -> Iterator[io.StringIO]:
    """What is written to stderr meanwhile, as JSON lines."""
    out = io.StringIO()
    write_project(tmp_path, {"payloom.yaml": "name: Test Shop\nlog_format: json\n"})
    root, logger = logging.getLogger(), logging.getLogger("payloom")
    before = list(root.handlers), list(logger.handlers), logger.propagate, logger.level
    root.handlers, logger.handlers = [], []
    try:
        with contextlib.redirect_stderr(out):
            configure_logs(load_settings(tmp_path, environ={}))
            yield out
    finally:
        root.handlers, logger.handlers, logger.propagate = before[0], before[1], before[2]
        logger.setLevel(before[3])


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_line_carries_the_ids_also_those_of_the_standard_library(tmp_path: Path) -> None:
    ids = {"run": "run_1", "step": "0.do[1].2", "event_id": "evt_1", "request_id": "req_1"}
    with written(tmp_path) as out:
        with structlog.contextvars.bound_contextvars(**ids):
            structlog.get_logger("payloom.x").warning("one")
            logging.getLogger("payloom.runs").warning("run %s: two", "run_1")
            logging.getLogger("some.library").warning("three")
        logging.getLogger("payloom.runs").warning("four", extra={"run": "run_2", "other": "no"})
    logged = lines(out)
    assert [line["event"] for line in logged] == ["one", "run run_1: two", "three", "four"]
    assert all(ids.items() <= line.items() for line in logged[:3])
    assert {line["level"] for line in logged} == {"warning"}
    assert logged[3]["run"] == "run_2"
    assert "other" not in logged[3]


def test_secrets_do_not_reach_the_log_by_either_logger(tmp_path: Path) -> None:
    with written(tmp_path) as out:
        logging.getLogger("payloom.runs").error("sent with sk_live_abcdefghijkl")
        structlog.get_logger("payloom.x").error("said", key="sk_live_abcdefghijkl")
        try:
            int("sk_live_abcdefghijkl")
        except ValueError:
            logging.getLogger("payloom.runs").exception("broken")
    assert "abcdefghijkl" not in out.getvalue()
    assert len(lines(out)) == 3
