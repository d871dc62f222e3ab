"""`payloom runs show`: what a run did, and which runs it called or was called by."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.support.http_server import write_project
from tests.support.processes import payloom_process

from payloom.cli.records.waiting import waiting_line

FILES = {
    "tables.yaml": "tables: {}\n",
    "workflows/number.yaml": """\
name: Number
description: Gives a number, once.
on: {called: true}
input: {of: string}
once: ${{ inputs.of }}
steps:
  - return: {number: 7}
""",
    "workflows/ask.yaml": """\
name: Ask
description: Asks for a number.
on: {manual: true, auth: none}
input: {of: string}
steps:
  - id: found
    call: number
    with: {of: "${{ inputs.of }}"}
  - return: ${{ found.number }}
""",
}


def payloom(root: Path, *words: str) -> str:
    """What a command says."""
    done = payloom_process.run(*words, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_call_and_the_run_that_it_became_name_each_other(tmp_path: Path) -> None:
    root = write_project(tmp_path, FILES)
    assert [payloom(root, "run", "ask", "-i", "of=a").strip() for _ in range(2)] == ["7", "7"]
    runs = json.loads(payloom(root, "runs", "list", "--json"))["data"]
    called = [run["id"] for run in runs if run["workflow"] == "number"]
    second, first = [run["id"] for run in runs if run["workflow"] == "ask"]
    assert len(called) == 1
    for run_id in (first, second):
        header, step = (line.split() for line in payloom(root, "runs", "show", run_id).splitlines()[1:3])
        assert header == ["step", "verb", "action", "status"]
        assert step == ["0", "call", "number", "succeeded", "run", called[0]]
    assert f"called by {first}" in payloom(root, "runs", "show", called[0])


ON_START = {
    "tables.yaml": "tables:\n  started: {columns: {id: string primary, at: datetime}}\n",
    "payloom.yaml": "name: Started\non_start: [begin]\n",
    "workflows/begin.yaml": """\
name: Begin
description: Notes that the project was started.
on: {manual: true, auth: none}
steps:
  - insert: started
    values: {id: once, at: "${{ now() }}"}
""",
}


@pytest.mark.parametrize(
    "words",
    [("run", "nope"), ("runs", "retry", "run_nope"), ("runs", "cancel", "run_nope"), ("events", "replay", "evt_nope")],
    ids=" ".join,
)
def test_a_command_about_what_does_not_exist_starts_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    root = write_project(tmp_path, ON_START)
    refused = payloom_process.run(*words, cwd=root)
    assert (refused.returncode, "here is no" in refused.stderr) == (3, True), refused.stdout + refused.stderr
    assert json.loads(payloom(root, "runs", "list", "--json"))["data"] == []


STRIPE_AWAY = {
    "tables.yaml": "tables: {}\n",
    "payloom.yaml": "name: Away\non_start: [begin]\n",
    "workflows/begin.yaml": """\
name: Begin
description: Asks Stripe.
on: {manual: true, auth: none}
steps:
  - stripe: prices.list
    with: {limit: 1}
""",
    "workflows/answer.yaml": "name: A\ndescription: A.\non: {manual: true, auth: none}\nsteps:\n  - return: {number: 7}\n",
}


def test_a_command_does_not_wait_for_what_the_project_does_at_its_start(tmp_path: Path) -> None:
    """Stripe is away, so the workflow of `on_start` tries again and again: the command says so and goes on."""
    root = write_project(tmp_path, STRIPE_AWAY)
    done = payloom_process.run("run", "answer", cwd=root)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"number": 7}), done.stderr
    assert re.search(r"start_workflow_goes_on .*begin", done.stderr), done.stderr
    assert "Stripe could not be reached" in done.stderr
    statuses = {run["workflow"]: run["status"] for run in json.loads(payloom(root, "runs", "list", "--json"))["data"]}
    assert statuses["answer"] == "succeeded"
    assert statuses["begin"] in {"waiting", "running", "queued"}


UNTIL, WHEN = "2030-01-02T03:04:05Z", "2030-01-02 03:04:05"
PLAIN = {"status": "waiting", "wake_at": UNTIL, "parked_on": None, "blocked": False, "lane": None, "waiting_for": {}}


@pytest.mark.parametrize(
    ("run", "line"),
    [
        ({"status": "succeeded"}, None),
        ({"status": "running"}, None),
        ({"status": "queued"}, "queued: no worker has taken it yet"),
        (
            {"status": "queued", "blocked": True, "lane": "sub_1"},
            "queued: another run is before it in the lane sub_1",
        ),
        (
            {"parked_on": "orders", "parked_since": UNTIL},
            f"parked since {WHEN}: it goes on with the next row of orders, and looks again at {WHEN}",
        ),
        ({}, f"waits until {WHEN}"),
        ({"waiting_for": {"until": UNTIL}}, f"waits until {WHEN}"),
        ({"waiting_for": {"event": "refund", "until": None}}, "waits for an event of refund"),
        (
            {"waiting_for": {"approval": "Pay out?", "roles": ["admin", "cfo"], "until": UNTIL}},
            f"waits for the decision 'Pay out?' of admin, cfo, until {WHEN}",
        ),
        ({"waiting_for": {"call": "number", "run": "run_1", "until": None}}, "waits for the run run_1 of number"),
        (
            {"waiting_for": {"server": ["email receipt"], "until": UNTIL}},
            f"waits for a server that has email receipt, until {WHEN}",
        ),
    ],
)
def test_what_keeps_a_run_is_said_in_one_line(run: dict[str, object], line: str | None) -> None:
    assert waiting_line(PLAIN | run) == line


def test_a_run_that_sleeps_says_until_when(tmp_path: Path) -> None:
    """Whoever starts it by hand is not kept waiting for it."""
    sleeps = "name: S\ndescription: Sleeps.\non: {manual: true, auth: none}\nsteps:\n  - wait: 3d\n"
    root = write_project(tmp_path, {"tables.yaml": "tables: {}\n", "workflows/sleeps.yaml": sleeps})
    assert (
        "goes on when the project is served; `payloom runs show run_"
        in payloom_process.run("run", "sleeps", cwd=root).stderr
    )
    (run,) = json.loads(payloom(root, "runs", "list", "--json"))["data"]
    assert f"  waits until {run['wake_at'].replace('T', ' ')[:19]}\n" in payloom(root, "runs", "show", run["id"])
