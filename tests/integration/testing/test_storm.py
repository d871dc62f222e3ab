"""Storms: correct projects pass them, planted bugs fail; a failure is reduced to few faults and can be repeated."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.processes import payloom_process
from tests.support.testing_fixture import REFUND, STORM_CASES, SmallProject

from payloom.connectors.port import Attempt, OutsideHost
from payloom.testing.runner import chosen, load_case_files, open_project
from payloom.testing.storm.runner import StormReport, StormRunner

if TYPE_CHECKING:
    from payloom.workflows.program.commands import Do

Wrap = Callable[[OutsideHost], OutsideHost]


def storm(small: SmallProject, seeds: int, wrap: Wrap = lambda host: host, *, cases: str = STORM_CASES) -> StormReport:
    """Let a storm pass over the small project."""
    small.write("tests/all.test.yaml", cases)

    async def work() -> StormReport:
        project, sandbox = open_project(small.root)
        await sandbox.prepare()
        listed = list(chosen(load_case_files(project), None))
        try:
            return await StormRunner(sandbox, listed, wrap=wrap).run([(seed, None) for seed in range(1, seeds + 1)])
        finally:
            await sandbox.close()

    return asyncio.run(work())


def test_a_right_project_lives_through_it(small: SmallProject) -> None:
    report = storm(small, 150)
    assert [(failure.seed, failure.wrong) for failure in report.failures] == []
    assert report.compared > 100
    assert report.incidents > 200


class ForgetsKeys:
    """Planted: sends every attempt under a new key."""

    def __init__(self, inner: OutsideHost) -> None:
        self.inner = inner
        self.number = 0

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        self.number += 1
        if do.verb == "stripe":
            do = dataclasses.replace(do, key=f"{do.key}-{self.number}")
        return await self.inner.perform(do, attempt)


class AnswersBeforeTheEffect:
    """Planted: what goes to the journal is there before the effect, which a death then loses."""

    def __init__(self, inner: OutsideHost) -> None:
        self.inner = inner
        self.tasks: set[asyncio.Task[Any]] = set()

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        if do.verb != "email":
            return await self.inner.perform(do, attempt)
        self.tasks.add(asyncio.create_task(self._later(do, attempt)))
        return {"id": "mail_1", "to": ["x"], "subject": "", "status": "sent", "repeated": False}

    async def _later(self, do: Do, attempt: Attempt) -> None:
        try:
            for _ in range(20):
                await asyncio.sleep(0)
            await self.inner.perform(do, attempt)
        except BaseException:  # noqa: BLE001 - a lost effect tells nobody
            pass


class DeniesDoubt:
    """Planted: takes every attempt for the first, so a mail that may have left is thought not to have."""

    def __init__(self, inner: OutsideHost) -> None:
        self.inner = inner

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        if do.verb == "email":
            do = dataclasses.replace(do, key=f"{do.key}-{attempt.number}")
        return await self.inner.perform(do, dataclasses.replace(attempt, in_doubt=False))


@pytest.mark.parametrize("bug", [ForgetsKeys, AnswersBeforeTheEffect, DeniesDoubt])
def test_a_planted_bug_in_the_driver_or_a_host_is_found(
    small: SmallProject, bug: Callable[[OutsideHost], OutsideHost]
) -> None:
    assert storm(small, 60, bug).failures


TIMED = REFUND.replace("refund-${{ order.id }}", "refund-${{ now() }}   # payloom: ignore[F103] planted")
COUNT = """\
name: Count
description: Reads, calls, writes what it read and one more; two at once lose one.
on: {stripe: charge, actions: [succeeded], fresh: false}
steps:
  - id: order
    select: orders
    where: {id: "${{ object.metadata.order_id }}"}
    one: required
  - stripe: customers.create
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {amount: "${{ order.amount + 1 }}"}
"""
COUNTED = """\
workflow: count
given: {tables: {orders: [{id: o1, amount: 0}]}}
cases:
  - name: twice
    events:
      - {type: charge.succeeded, object: {id: ch_1, metadata: {order_id: o1}}}
      - {type: charge.succeeded, object: {id: ch_2, metadata: {order_id: o1}}}
"""


def test_a_key_with_the_time_in_it_is_found(small: SmallProject) -> None:
    small.write("workflows/refund.yaml", TIMED)
    assert storm(small, 120).failures


def test_runs_that_overwrite_each_other_are_found_and_a_queue_mends_it(small: SmallProject) -> None:
    small.write("workflows/count.yaml", COUNT)
    report = storm(small, 80, cases=COUNTED)
    assert report.failures
    assert any("advance side by side" in str(incident) for failing in report.failures for incident in failing.schedule)
    small.write(
        "workflows/count.yaml",
        COUNT.replace("fresh: false}", 'fresh: false, queue: "${{ object.metadata.order_id }}"}'),
    )
    assert [failure.wrong for failure in storm(small, 80, cases=COUNTED).failures] == []


def test_a_case_that_fails_as_it_stands_is_never_called_holding(small: SmallProject) -> None:
    wrong = STORM_CASES.replace("metadata: {order_id: o1}}}", "metadata: {order_id: o1}}}\n    expect: {runs: 7}")
    small.write("tests/all.test.yaml", wrong)
    done = payloom("storm", "--seeds", "20", cwd=small.root)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "tests/all.test.yaml::paid fails as it stands" in done.stdout
    assert "runs: expected 7, found 1" in done.stdout
    assert "1 failed" in done.stderr
    outcome = json.loads(payloom("storm", "--seeds", "20", "--json", cwd=small.root).stdout)
    assert (outcome["ok"], list(outcome["broken_cases"])) == (False, ["tests/all.test.yaml::paid"])
    assert 0 < outcome["scenarios"] < 20, "the other case was played"


def test_a_failing_scenario_is_shrunk_kept_and_played_again(small: SmallProject) -> None:
    small.write("tests/all.test.yaml", STORM_CASES)
    small.write("workflows/refund.yaml", TIMED)
    done = payloom("storm", "--seeds", "60", cwd=small.root)
    assert done.returncode == 1, done.stderr
    assert "it takes 1 of" in done.stdout, "one incident is enough"
    seeds = [line for line in (small.root / "tests/storm-seeds.txt").read_text().splitlines() if line[0] != "#"]
    seed, case = seeds[0].split(maxsplit=1)
    again = payloom("storm", "--seed", seed, "--case", case, "--json", cwd=small.root)
    assert again.returncode == 1
    assert json.loads(again.stdout)["failed"][0]["case"] == case
    small.write("workflows/refund.yaml", REFUND)
    healed = payloom("storm", "--seeds", "1", "--json", cwd=small.root)
    assert healed.returncode == 0, healed.stdout
    assert json.loads(healed.stdout)["scenarios"] == 1 + len(seeds), "kept seeds are played first"


def payloom(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return payloom_process.run(*words, cwd=cwd, timeout=200)
