"""Which lane a workflow takes, and why: in one go with what starts it, or step by step and durable."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from payloom.workflows.program.program import Workflow


@dataclasses.dataclass(frozen=True, slots=True)
class Lane:
    """lines: of the steps that leave the database or wait."""

    name: Literal["fast", "durable"]
    why: str
    lines: tuple[int, ...]


def lane_of(workflow: Workflow, workflows: Mapping[str, Workflow]) -> Lane:
    """Return the lane of a workflow. workflows: what it may call, by id."""
    leaving = [node for node in workflow.nodes() if node.lane == "durable" and node.verb != "call"]
    calls = [called for called in sorted(workflow.calls) if _leaves(workflows, called, {workflow.id})]
    reads_again = any(getattr(trigger, "fresh", False) for trigger in workflow.triggers)
    why = "it only computes and touches tables: done in the transaction that stores its event"
    if reads_again:
        why = "its trigger reads the object again from Stripe (`fresh`) before the first step"
    elif leaving:
        more = f" (and {len(leaving) - 1} more)" if len(leaving) > 1 else ""
        why = f"line {leaving[0].line}: `{leaving[0].verb}` leaves the database or waits{more}"
    elif calls and (shared := [called for called in calls if called in workflows and workflows[called].shares_runs]):
        why = f"it calls {', '.join(shared)}, which has `once`: a run of its own, which this one waits for"
    elif calls:
        why = f"it calls {', '.join(calls)}, which leaves the database or waits"
    durable = bool(leaving or calls or reads_again)
    return Lane("durable" if durable else "fast", why, tuple(node.line for node in leaving))


def _leaves(workflows: Mapping[str, Workflow], name: str, seen: set[str]) -> bool:
    """Whether a workflow, or one it calls, has a step that leaves the database or waits, or is a run of its own."""
    workflow = workflows.get(name)
    if workflow is not None and workflow.shares_runs:
        return True
    if workflow is None or name in seen:
        return False
    if any(node.lane == "durable" and node.verb != "call" for node in workflow.nodes()):
        return True
    return any(_leaves(workflows, called, seen | {name}) for called in workflow.calls)
