"""One run of one workflow as a pure function of its history: what must be done next, given what was done so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from payloom.workflows.errors import HistoryMismatch, UnknownWorkflow
from payloom.workflows.interpreter.decisions import Decision
from payloom.workflows.interpreter.frame import CALLED, Frame, RunContext, RunInfo, TraceEntry, to_journal, to_response
from payloom.workflows.interpreter.scheduler import Scheduler
from payloom.workflows.interpreter.steps import run_workflow
from payloom.workflows.interpreter.verbs.call import INLINE
from payloom.workflows.program.commands import CallOnce, Command, Entry, Finished
from payloom.workflows.program.program import Workflow
from payloom.workflows.program.signals import Failed, Stopped


def _no_calls(name: str) -> Workflow:
    raise UnknownWorkflow(f"no workflow {name!r}")


class Execution:
    """Interprets a workflow.

        execution = Execution(workflow, scope, run, history)
        while not isinstance(todo := execution.next(), Finished):
            for command in todo:
                execution.record(do(command))

    scope: the roots (`inputs`, `event`, `user`, …; see events.build_scope).
    history: entries in the order they were recorded.
    resolve: gives the workflows that `call` names, pinned with the run.
    watch: is told what each condition decides.
    Raises HistoryMismatch when the history is not this document's.
    """

    def __init__(
        self,
        workflow: Workflow,
        scope: Mapping[str, Any],
        run: RunInfo,
        history: Sequence[Entry] = (),
        resolve: Callable[[str], Workflow] = _no_calls,
        *,
        watch: Callable[[Decision], None] | None = None,
    ) -> None:
        self.workflow = workflow
        self.run = run
        self._shared = RunContext(run, resolve, watch)
        self._scheduler = Scheduler()
        self._finished: Finished | None = None
        roots = scope if "run" in scope else {**scope, "run": run.as_scope()}
        frame = Frame(self._shared, workflow, roots, run.depth)
        self._scheduler.start(run_workflow(frame, ""))
        for entry in history:
            self.record(entry)

    @property
    def trace(self) -> Sequence[TraceEntry]:
        """Which steps ran, failed or were skipped, and which branches were taken, in order."""
        return self._shared.trace

    @property
    def now(self) -> dt.datetime:
        """What `now()` returns at this point: the time of the latest entry."""
        return self._shared.now

    def next(self) -> Finished | Sequence[Command]:
        """Return the commands that wait to be done (several inside `parallel` and concurrent loops), or the end."""
        scheduler = self._scheduler
        if not scheduler.done:
            return [command for command, _ in scheduler.pending.values()]
        if self._finished is None:
            self._finished = self._end()
        return self._finished

    def fields_read(self, path: str) -> frozenset[str] | None:
        """Return the fields of the items of a step's list that the workflow reads; None if it may read all."""
        return self._shared.fields.get(path)

    @property
    def stopped_at(self) -> str | None:
        """The step that ended the run as filtered."""
        signal = self._scheduler.signal
        return signal.path if isinstance(signal, Stopped) else None

    @property
    def failed_paths(self) -> frozenset[str]:
        """The steps that ended the run: the one whose failure it shows, and those that failed in branches beside it."""
        signal = self._scheduler.signal
        return frozenset({signal.path, *signal.beside}) if isinstance(signal, Failed) else frozenset()

    def record(self, entry: Entry) -> None:
        """Take the result of one command, and continue the run to its next commands."""
        if entry.at is not None and entry.at > self._shared.now:
            self._shared.now = entry.at
        clean = Entry(entry.path, to_journal(entry.value), entry.failure, entry.at)
        if self._scheduler.deliver(entry.path, clean):
            return
        if self._go_inline(entry.path) and self._scheduler.deliver(entry.path, clean):
            return
        if entry.path not in self._scheduler.abandoned:
            waiting = ", ".join(self._scheduler.pending) or "nothing"
            raise HistoryMismatch(
                f"an entry for step {entry.path}, but the run waits at {waiting}",
                where=f"{self.workflow.id} {self.run.id}",
            )

    def _go_inline(self, path: str) -> bool:
        """Let the call around `path` run inline, as it does in histories older than runs of its own."""
        at = path.find(CALLED)
        while at >= 0:
            command = self._scheduler.pending.get(path[:at])
            if command is not None and isinstance(command[0], CallOnce):
                return self._scheduler.deliver(path[:at], INLINE)
            at = path.find(CALLED, at + 1)
        return False

    def _end(self) -> Finished:
        scheduler = self._scheduler
        if isinstance(scheduler.signal, Stopped):
            return Finished("filtered")
        if isinstance(scheduler.signal, Failed):
            failed = scheduler.signal
            answer = failed.answer
            output, status = (to_response(answer.body), answer.status) if answer else (None, failed.failure.status)
            return Finished("failed", output=output, failure=failed.failure, http_status=status, path=failed.path)
        body, status = scheduler.value
        return Finished("succeeded", output=to_response(body), http_status=status)
