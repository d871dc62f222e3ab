"""Steps that leave the database: which attempt goes out, what its result means, and when to retry."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

from payloom.connectors.port import Attempt
from payloom.runs.advance.run_state import OpenStep, StepCall, StepResult
from payloom.runs.advance.turn_changes import StepRow, TurnChanges
from payloom.runs.dependencies import RunDependencies
from payloom.runs.run_rows import failure_to_json, superseded
from payloom.workflows.program.commands import Do, Retry, StepFailure

_OUTCOME_UNKNOWN = StepFailure(
    "outcome_unknown",
    "The process ended while this step was under way, or a backup was restored; whether it had its effect is not known.",
    status=502,
    hint="Look in the other system. If it did not happen, retry the run, which sends it again.",
    data={"in_doubt": True},
)
_DEATHS = 5
"""So often more than its `retry` says a step goes out after deaths of its process: then it may be their cause."""
_MAX_RETRY_AFTER = 3600.0


class OutsideSteps:
    """Starts and settles outside steps within a turn."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps

    def start(self, changes: TurnChanges, do: Do) -> None:
        """Add the next attempt of a step to the turn's calls, unless one is out or its time has not come."""
        now = self._deps.clock.now()
        step = changes.open.get(do.path)
        if step is None:
            step = self._first(changes, do, now)
            row: StepRow = {"status": "started", "first_attempt_at": step.first_at, "in_doubt": step.in_doubt}
            if step.in_doubt and not changes.run.retries and self._only_once(do):
                changes.finish(do, now, failure=_OUTCOME_UNKNOWN, row=row)
                return
            changes.insert(do, {**row, "seq": changes.seq})
        elif step.in_flight or (step.until is not None and step.until > now):
            return
        else:
            # No time to retry at means that the process died during the attempt: it may have had its effect.
            died = step.until is None
            in_doubt = step.in_doubt or died
            if died and self._must_not_repeat(do, step):
                changes.update(do.path, {"in_doubt": True})
                changes.finish(do, now, failure=_OUTCOME_UNKNOWN)
                return
            attempts = step.attempts + 1
            step = dataclasses.replace(step, attempts=attempts, in_doubt=in_doubt, until=None, in_flight=True)
            row = {"status": "started", "attempts": attempts, "in_doubt": in_doubt, "retry_at": None}
            changes.update(do.path, row)
        changes.open[do.path] = step
        execution = changes.replay.execution
        fields = execution.fields_read(do.path) if execution is not None else None
        attempt = Attempt(changes.run.id, step.attempts, step.first_at or now, step.in_doubt, fields)
        changes.calls.append(StepCall(do, attempt))

    def _first(self, changes: TurnChanges, do: Do, now: dt.datetime) -> OpenStep:
        """Return a step that goes out for the first time, or for the first time since its run was retried.

        What was in doubt before the retry still is: the key may be forgotten meanwhile. Only a step whose outcome a
        person was asked to look up is made as if it had never been. After a restore, a step may have gone out in the
        lost time.
        """
        earlier = superseded(changes.tx, changes.run.id, do.path) if changes.run.retries else []
        lost = self._deps.restoration.lost
        if not earlier and lost is not None:
            began = lost.first_attempt(changes.tx, changes.run, changes.before.event)
            if began is not None:
                return OpenStep(first_at=began, in_doubt=True, in_flight=True)
        if not earlier or earlier[-1].kind == _OUTCOME_UNKNOWN.kind or not any(tried.in_doubt for tried in earlier):
            return OpenStep(first_at=now, in_flight=True)
        return OpenStep(first_at=min(tried.first_at or now for tried in earlier), in_doubt=True, in_flight=True)

    def settle(self, changes: TurnChanges, result: StepResult) -> None:
        """Record the result of a call, or plan its retry."""
        do, failure = result.do, result.failure
        step = changes.open.get(do.path)
        if step is None:
            return
        step = changes.open[do.path] = dataclasses.replace(step, in_flight=False)
        policy = do.retry or Retry()
        retryable = failure is not None and failure.retryable and step.attempts < policy.attempts
        if failure is not None and failure.rate_limited and failure.retryable and policy.attempts > 1:
            # Nothing was done: the try does not count.
            step, retryable = dataclasses.replace(step, attempts=step.attempts - 1), True
        if failure is not None and retryable and not changes.canceled:
            self.retry_later(changes, do, failure, step, policy, new=False)
            return
        changes.finish(do, self._deps.clock.now(), result.recorded(changes.tx), failure)

    def retry_later(
        self, changes: TurnChanges, do: Do, failure: StepFailure, step: OpenStep, policy: Retry, *, new: bool
    ) -> None:
        """Plan the next attempt of a step. new: the step has no row yet."""
        now = self._deps.clock.now()
        pause = min(policy.first * policy.factor ** (step.attempts - 1), policy.most)
        if failure.rate_limited:
            waited = (now - (step.first_at or now)).total_seconds()
            pause = min(max(policy.first, waited / 2), policy.most)
        retry_after = failure.data.get("retry_after")
        if isinstance(retry_after, int | float):
            pause = max(pause, min(float(retry_after), _MAX_RETRY_AFTER))
        until = self._deps.later(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        in_doubt = step.in_doubt or bool(failure.data.get("in_doubt"))
        step = dataclasses.replace(step, until=until, in_doubt=in_doubt)
        row: StepRow = {
            "status": "started",
            "retry_at": until,
            "in_doubt": in_doubt,
            "attempts": step.attempts,
            "failure": failure_to_json(failure),
        }
        if new:
            changes.insert(do, {**row, "first_attempt_at": step.first_at})
        else:
            if do.in_database:
                step = dataclasses.replace(step, attempts=step.attempts + 1)
                row["attempts"] = step.attempts
            changes.update(do.path, row)
        changes.open[do.path] = step

    def _must_not_repeat(self, do: Do, step: OpenStep) -> bool:
        """Whether a step during which the process died must not go out again."""
        return self._only_once(do) or step.attempts >= (do.retry or Retry()).attempts + _DEATHS

    def _only_once(self, do: Do) -> bool:
        return (do.retry or Retry()).attempts == 1 and not self._deps.repeats_safely(do)
