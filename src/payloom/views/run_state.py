"""What state a run is shown in: one rule, for timelines and lists. The studio's lists follow it too."""

from __future__ import annotations

from typing import Any, Protocol

from payloom.runs.statuses import RUN_STATUSES

RUN_STATES: tuple[str, ...] = (*RUN_STATUSES, "parked", "blocked", "filtered", "resolved")
"""Every word that `run_state` returns."""


class ShownRun(Protocol):
    """What the state of a run depends on; rows and models have it."""

    status: Any
    outcome: Any
    parked_on: Any
    blocked: Any
    resolved_at: Any


def run_state(run: ShownRun | Any) -> str:
    """Return the word for a run: its status, or what a status alone does not say.

    A run that a `filter` ended did not do its work, so nothing shows it as succeeded.
    """
    if run.parked_on:
        return "parked"
    if run.blocked and run.status not in {"failed", "canceled"}:
        return "blocked"
    if run.status == "succeeded" and run.outcome == "filtered":
        return "filtered"
    if run.status == "failed" and run.resolved_at:
        return "resolved"
    return str(run.status)
