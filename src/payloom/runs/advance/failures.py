"""Failures whose cause is Payloom itself, not the workflow."""

from __future__ import annotations

from payloom.workflows.program.commands import StepFailure


def internal_failure(error: Exception, *, step: str | None = None) -> StepFailure:
    """Return the failure for an unexpected exception. step: the path of the step that raised it; None: the run did."""
    cause = type(error).__name__
    if step is not None:
        message = f"The step failed inside Payloom: {cause}."
        return StepFailure("internal", message, where=step, hint="See the server's log.")
    return StepFailure(
        "internal",
        f"Payloom could not continue this run: {cause}.",
        hint="The server's log has the details; please report this. `payloom runs retry` tries again.",
    )
