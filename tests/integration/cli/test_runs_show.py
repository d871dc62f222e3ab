"""`payloom runs show`: what a run did, and which runs it called or was called by."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.http_server import write_project
from tests.support.processes import payloom_process

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
    for asked in (first, second):
        step = payloom(root, "runs", "show", asked).splitlines()[1].split()
        assert step == ["0", "call", "number", "succeeded", "run", called[0]]
    assert f"called by {first}" in payloom(root, "runs", "show", called[0])
