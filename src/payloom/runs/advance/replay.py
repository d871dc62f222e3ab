"""The execution behind a run: built from the recorded history when a turn needs it, kept from turn to turn."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, cast

from payloom.inbox.service import InboxEvent
from payloom.kit.errors import PayloomError
from payloom.runs.advance.failures import internal_failure
from payloom.runs.registry import REFETCH, Execution, TriggerContext, TriggerKind, WorkflowRegistry
from payloom.runs.run_rows import Run
from payloom.workflows.program.commands import Command, Do, Entry, Finished, StepFailure

log = logging.getLogger("payloom.runs")


class ReplayCache:
    """Keeps a run's execution between turns, so that a turn need not replay the whole history.

    A turn takes the execution out and puts it back when its work is done. If the transaction is then rolled back, the
    next turn begins with an older history than the one the execution has consumed, and builds a new one.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._history: tuple[Entry, ...] | None = None
        self._execution: Execution | None = None

    def take(self, history: tuple[Entry, ...]) -> Execution | None:
        """Return the execution that has consumed exactly this history, and keep it no longer."""
        execution = self._execution if self._history is history else None
        self._history = self._execution = None
        return execution

    def keep(self, history: tuple[Entry, ...], execution: Execution | None) -> None:
        """Keep an execution that has consumed `history`."""
        self._history, self._execution = history, execution


class Replay:
    """A run's execution during one turn.

    history: what was recorded before the turn. recorded: what the turn records.
    """

    def __init__(
        self,
        workflows: WorkflowRegistry,
        run: Run,
        event: InboxEvent | None,
        history: tuple[Entry, ...],
        execution: Execution | None = None,
    ) -> None:
        """Start from `history`.

        execution: one that has consumed `history`, if there is one.
        """
        self._workflows = workflows
        self._run = run
        self._event = event
        self._history = history
        self.recorded: list[Entry] = []
        self.execution = execution

    def record(self, entry: Entry) -> None:
        """Add the result of a command to the history."""
        self.recorded.append(entry)
        if self.execution is not None:
            self.execution.record(entry)

    def history(self) -> tuple[Entry, ...]:
        """Return everything recorded so far, in order."""
        return (*self._history, *self.recorded) if self.recorded else self._history

    def next(self) -> Finished | Sequence[Command]:
        """Return the commands to do now, or how the run ended: failed, also when Payloom itself is at fault."""
        try:
            if self.execution is None:
                refetch = self._refetch()
                if refetch is not None:
                    return refetch
            assert self.execution is not None
            return self.execution.next()
        except PayloomError as error:
            failure = StepFailure(error.code, error.message, status=error.status, hint=error.hint, where=error.where)
            return Finished("failed", failure=failure, http_status=error.status)
        except Exception as error:
            log.exception("run %s: the interpreter failed", self._run.id)
            return Finished("failed", failure=internal_failure(error), http_status=500)

    def would_fail(self, entry: Entry) -> bool:
        """Whether the run would fail with this entry, so no step catches it. Leaves the execution where it was."""
        if self.execution is not None:
            self.execution.record(entry)
        state = self.next()
        self.execution = None
        self.next()
        return isinstance(state, Finished) and state.status == "failed"

    def _refetch(self) -> Finished | Sequence[Command] | None:
        """Build the execution; before it can be built, return the step that fetches the object, or its failure."""
        start, history = self._run.start(), self.history()
        fetched = next((entry for entry in history if entry.path == REFETCH), None)
        if fetched is None and start.fresh and self._event is not None:
            return [self._refetch_step(start.fresh, self._event)]
        if fetched is not None and fetched.failure is not None:
            return Finished("failed", failure=fetched.failure, http_status=fetched.failure.status, path=REFETCH)
        own = [entry for entry in history if entry.path != REFETCH]
        context = context_of(self._run, self._event, fetched.value if fetched is not None else None)
        self.execution = self._workflows.execution(start, context, own)
        return None

    def _refetch_step(self, action: str, event: InboxEvent) -> Do:
        args: dict[str, Any] = {"with": {"id": event.object_id}}
        if event.account:
            args["account"] = event.account
        return Do(REFETCH, "stripe", action, args, f"{self._run.root_id}:{REFETCH}", name="Read the object again")


def context_of(run: Run, event: InboxEvent | None, fresh: Any = None) -> TriggerContext:
    """Return what a run's scope is built from. fresh: the object as Stripe returned it when it was fetched again."""
    request = run.facts
    return TriggerContext(
        trigger=cast("TriggerKind", run.trigger),
        run_id=run.id,
        root_id=run.root_id,
        started_at=run.started_at,
        event=event,
        inputs=run.inputs,
        user=request.get("user"),
        request=request.get("http"),
        fresh=fresh,
        row=request.get("row"),
        old=request.get("old"),
        called=request.get("called"),
    )
