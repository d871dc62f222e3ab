"""Two calls that are the same call: `dedupe` (per workflow and user, for a day) and `once` (per workflow, for good).

Both are one unique column. Who comes second is given the first run, whether it is over or still on its way, if it is
theirs: a key that two people share never hands the answer of one to the other.
"""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

from payloom.db.types import dump_json, load_json
from payloom.kit import strict_json
from payloom.kit.json_types import is_dict
from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import runs
from payloom.runs.registry import StartPlan
from payloom.runs.run_rows import SELECT_RUN, Run, run_from

_RELEASED = "released_key"


def dedupe_key(workflow_id: str, user_id: str | None, value: str) -> str:
    """Return the key of `dedupe`: never shared between users or workflows."""
    return _hash(["dedupe", workflow_id, user_id, value])


def once_key(workflow_id: str, value: str) -> str:
    """Return the key of `once`."""
    return _hash(["once", workflow_id, value])


def answers(first: Run, run: Run, *, for_good: bool) -> bool:
    """Whether a caller who would have begun `run` may have the answer of `first`, which has the same key.

    A run answers the user that it acts as. Guests are told apart by nothing but their inputs. A run of an event is
    nobody's. And an answer belongs to its question: with a `dedupe` value that was sent with other inputs, "refunded"
    would be said of another order. for_good: the key is that of `once`, which says itself what is the same.
    """
    if first.user_id != run.user_id:
        return False
    if first.inputs is None or (for_good and run.user_id is not None):
        return True
    return _stored(first.inputs) == _stored(run.inputs)


def may_join(first: Run, caller: Run) -> bool:
    """Whether the `call` step of a run may have the output of `first`: a person never gets another person's.

    A run without a waiting caller, such as an event's, can join every run.
    """
    if first.user_id is None or caller.user_id == first.user_id:
        return True
    return caller.user_id is None and not is_guest(caller)


def is_guest(run: Run) -> bool:
    """Whether an unauthenticated caller waits for this run, directly or through calls."""
    called = run.facts.get("called")
    return run.user_id is None and (run.trigger == "api" or (is_dict(called) and bool(called.get("guest"))))


def _stored(value: Any) -> Any:
    return load_json(dump_json(value))


def _hash(parts: list[str | None]) -> str:
    return hashlib.sha256(strict_json.canonical(parts).encode()).hexdigest()


class DedupeKeys:
    """Claims and releases the keys that make two calls the same call."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps

    def claim(self, tx: sa.Connection, run: Run, key: str, *, seconds: float | None) -> Run | None:
        """Within `tx`, give `run` the key; returns the run that has it already.

        seconds: how long a run keeps its key; None: for good, unless it failed, was refused or was canceled.
        """
        self._deps.database.write_lock(tx, key)
        row = tx.execute(SELECT_RUN.where(runs.c.dedupe_key == key)).one_or_none()
        if row is not None:
            first = run_from(row)
            age = (self._deps.clock.now() - first.created_at).total_seconds()
            stale = age > seconds if seconds is not None else first.status in ("failed", "refused", "canceled")
            if not stale:
                return first
            _release(tx, first, key)
        run.dedupe_key = key
        return None

    def hold_key(self, tx: sa.Connection, run: Run) -> None:
        """Within `tx`, lock the key that a run has, or had, before the run itself is locked."""
        key = run.dedupe_key or run.facts.get(_RELEASED)
        if key is not None:
            self._deps.database.write_lock(tx, key)

    def reclaim(self, tx: sa.Connection, run: Run) -> Run | None:
        """Within `tx`, in which `run` is retried, give it back the key that it had.

        Returns the run that has the key now, if that is not to be done again: with both, what is to happen once would
        happen twice.
        """
        request = dict(run.facts)
        key = request.pop(_RELEASED, None)
        if key is None or run.dedupe_key is not None:
            return None
        first = self.claim(tx, run, key, seconds=None)
        if first is None:
            tx.execute(sa.update(runs).where(runs.c.id == run.id).values(dedupe_key=key, request=request or None))
        return first

    def claim_once(self, tx: sa.Connection, run: Run, start: StartPlan) -> Run | None:
        """Within `tx`, claim the run's `once` key, if it has one; returns the run that has it already."""
        if start.once is None:
            return None
        return self.claim(tx, run, once_key(start.workflow_id, start.once), seconds=None)


def _release(tx: sa.Connection, run: Run, key: str) -> None:
    """Release a run's key. The run keeps a copy, for a retry."""
    request = {**run.facts, _RELEASED: key}
    tx.execute(sa.update(runs).where(runs.c.id == run.id).values(dedupe_key=None, request=request))
