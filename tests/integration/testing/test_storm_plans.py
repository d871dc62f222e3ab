"""What a storm may do to a case without making another case of it: how late a call can come again."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.support.testing_fixture import SmallProject

from payloom.sandbox.scenario.deliveries import AdvanceTime, WorkflowCall
from payloom.testing.runner import chosen, load_case_files, open_project
from payloom.testing.storm.faults import DuplicateDelivery
from payloom.testing.storm.plans import ScenarioPlan, apply_schedule
from payloom.testing.storm.runner import StormReport, StormRunner

GALLERY = Path(__file__).parents[3] / "templates" / "gallery"
PAUSES = """\
workflow: refund
cases:
  - name: asked for
    deliver:
      - call: {inputs: {order_id: o1}}
      - pass: FIRST
      - pass: 1h
    expect: {status: 404}
"""
SHARED = """\
name: Refund
on: {called: true}
once: ${{ inputs.order_id }}
input: {order_id: uuid}
steps:
  - return: {order: "${{ inputs.order_id }}"}
"""


@pytest.mark.parametrize(
    ("first", "workflow", "place"),
    [
        ("22h", None, 3),
        ("23h", None, 2),
        ("3d", None, 1),
        ("3d", SHARED, 3),
    ],
)
def test_a_call_comes_again_while_its_dedupe_value_lives(
    small: SmallProject, first: str, workflow: str | None, place: int
) -> None:
    if workflow is not None:
        small.write("workflows/refund.yaml", workflow)
    small.write("tests/all.test.yaml", PAUSES.replace("FIRST", first))

    async def planned() -> list[bool]:
        project, sandbox = open_project(small.root)
        await sandbox.prepare()
        try:
            (case,) = chosen(load_case_files(project), None)
            workflow_set = await sandbox.workflow_set(case.file.workflows)
            plan = ScenarioPlan(case, case.deliveries, free=False)
            deliveries = apply_schedule(plan, [DuplicateDelivery(0, 3)], workflow_set)
        finally:
            await sandbox.close()
        assert sum(isinstance(delivery, AdvanceTime) for delivery in deliveries) == 2
        return [isinstance(delivery, WorkflowCall) for delivery in deliveries]

    calls = asyncio.run(planned())
    assert [at for at, is_call in enumerate(calls) if is_call] == [0, place]


def test_a_question_that_times_out_is_asked_again_only_within_a_day(tmp_path: Path) -> None:
    """Seed 9 of the gallery: the call came again three days later, and that is a second question."""
    root = shutil.copytree(GALLERY, tmp_path / "gallery")

    async def storm() -> StormReport:
        project, sandbox = open_project(root)
        await sandbox.prepare()
        try:
            cases = list(chosen(load_case_files(project), None))
            name = next(case.id for case in cases if case.id.endswith("refund-with-approval.test.yaml::nobody answers"))
            return await StormRunner(sandbox, cases).run([(9, name)])
        finally:
            await sandbox.close()

    report = asyncio.run(storm())
    assert [failing.wrong for failing in report.failures] == []
    assert (report.scenarios, report.compared) == (1, 1)
