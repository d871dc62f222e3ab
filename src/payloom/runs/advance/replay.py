"""The execution behind a run: built when needed from the recorded history, thrown away when that was rolled back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from payloom.inbox.service import InboxEvent
from payloom.kit.errors import PayloomError
from payloom.runs.dependencies import RunDependencies
from payloom.runs.registry import REFETCH, Execution, TriggerContext
from payloom.runs.run_rows import Run
from payloom.workflows.program.commands import Command, Do, Entry, Finished, StepFailure

log = logging.getLogger("payloom.runs")


class ReplayCache:
    """A run's execution."""

    def __init__(
        self, deps: RunDependencies, run: Run, event: InboxEvent | None, history: Callable[[], list[Entry]]
    ) -> None:
        """history: everything recorded so far, in order."""
        self._deps = deps
        self._run = run
        self._event = event
        self._history = history
        self._execution: Execution | None = None

    def invalidate(self) -> None:
        """Build it anew from the history next time."""
        self._execution = None

    def record(self, entry: Entry) -> None:
        """Tell it what came of a command."""
        if self._execution is not None:
            self._execution.record(entry)

    def next(self) -> Finished | Sequence[Command]:
        """Return the commands to do now, or how it ended: failed, too, when Payloom itself is at fault."""
        try:
            history = self._history() if self._execution is None else ()
            if self._execution is None:
                start = self._run.start()
                fresh = next((entry for entry in history if entry.path == REFETCH), None)
                if start.fresh and self._event is not None and fresh is None:
                    return [self._fresh_step(start.fresh)]
                if fresh is not None and fresh.failure is not None:
                    return Finished("failed", failure=fresh.failure, http_status=fresh.failure.status, path=REFETCH)
                own = [entry for entry in history if entry.path != REFETCH]
                context = self._cause(fresh.value if fresh is not None else None)
                self._execution = self._deps.workflows.execution(start, context, own)
            return self._execution.next()
        except PayloomError as error:
            failure = StepFailure(error.code, error.message, status=error.status, hint=error.hint, where=error.where)
            return Finished("failed", failure=failure, http_status=error.status)
        except Exception as error:
            log.exception("run %s: the interpreter failed", self._run.id)
            failure = StepFailure(
                "internal", f"Payloom itself failed: {type(error).__name__}.", hint="Please report this."
            )
            return Finished("failed", failure=failure, http_status=500)

    def _cause(self, fresh: Any = None) -> TriggerContext:
        """Return what the run's scope is built from."""
        request = self._run.request or {}
        return TriggerContext(
            trigger=self._run.trigger,  # type: ignore[arg-type]
            run_id=self._run.id,
            root_id=self._run.root_id,
            started_at=self._run.started_at,
            event=self._event,
            inputs=self._run.inputs,
            user=request.get("user"),
            request=request.get("http"),
            fresh=fresh,
            row=request.get("row"),
            old=request.get("old"),
            called=request.get("called"),
        )

    def _fresh_step(self, action: str) -> Do:
        assert self._event is not None
        args: dict[str, Any] = {"with": {"id": self._event.object_id}}
        if self._event.account:
            args["account"] = self._event.account
        return Do(REFETCH, "stripe", action, args, f"{self._run.root_id}:{REFETCH}", name="Read the object again")


def internal_failure(error: Exception) -> StepFailure:
    """Return the failure of a run that Payloom itself could not go on with."""
    return StepFailure(
        "internal",
        f"Payloom could not go on with this run: {type(error).__name__}.",
        hint="The server's log has the details; please report this. `payloom runs retry` tries again.",
    )
