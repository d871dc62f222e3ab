"""Waits: a run may wait for an event or for a person's decision.

Whatever brings the answer writes it into the run's journal.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.inbox.models import events
from payloom.inbox.service import InboxEvent, load, set_aside
from payloom.inbox.set_aside import CAN_BE_HANDLED
from payloom.runs.coordination.lanes import Lanes
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import NotAllowed, WrongState
from payloom.runs.models import runs, steps, waits
from payloom.runs.run_rows import TERMINAL, Run, failure_to_json, load_run
from payloom.workflows.catalog.events import ANY_ACCOUNT
from payloom.workflows.program.commands import Approve, StepFailure, Wait

_LOOK_BACK = 500


@functools.cache
def _waiting(dialect: str) -> Any:
    return sa.select(waits.c.run_id, waits.c.path, waits.c.family, waits.c.details).where(
        waits.c.kind == "event", compiled_statements.any_of(waits.c.family, "families", dialect)
    )


class Waits:
    """Delivers events, decisions and results to the runs that wait for them."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps
        self._lanes = Lanes(deps)

    def wait_values(self, run: Run, command: Wait | Approve, now: Any) -> dict[str, Any]:
        """Return the row of a wait."""
        if isinstance(command, Wait):
            scope = self._deps.workflows.wait_scope(command.match, command.scope)
            details = {"match": command.match, "scope": scope, "account": command.account}
            return {**_base(run, command, now), "kind": "event", "family": command.family, "details": details}
        details = {"roles": list(command.roles), "title": command.title, "data": dict(command.data)}
        return {**_base(run, command, now), "kind": "approval", "family": None, "details": details}

    def find_existing_event(self, tx: sa.Connection, run: Run, command: Wait) -> InboxEvent | None:
        """Return a matching event that came in after the run's own, or after it was begun, and before it waits.

        The intake of an event looks for waits under the same lock: one of the two sees the other.
        """
        self._deps.database.write_lock(tx, _family_lock(command.family))
        query = (
            sa.select(events.c.id)
            .where(
                events.c.received_at >= _since(tx, run),
                events.c.type.startswith(f"{command.family}.", autoescape=True),
                events.c.id != (run.event_id or ""),
                sa.or_(events.c.set_aside.is_(None), events.c.set_aside.in_(sorted(CAN_BE_HANDLED))),
            )
            .order_by(events.c.received_at, events.c.id)
            .limit(_LOOK_BACK)
        )
        for event_id in tx.execute(query).scalars().all():
            event = load(tx, event_id)
            if event is not None and self._deps.workflows.wait_matches(
                command.family, command.match, command.scope, event, command.account
            ):
                if event.set_aside is not None:
                    set_aside(tx, event.id, None)
                return event
        return None

    def deliver_events(self, tx: sa.Connection, new: Sequence[InboxEvent], begun: Mapping[str, int]) -> Sequence[int]:
        """Give new events to the runs that wait for them; returns how many there were for each.

        begun: run id -> place in `new` of the event that has just begun it: a run waits for what comes after.
        """
        positions = [0] * len(new)
        of_family: dict[str, list[tuple[int, InboxEvent]]] = {}
        for place, event in enumerate(new):
            for family in self._deps.workflows.families(event):
                of_family.setdefault(family, []).append((place, event))
        if not of_family:
            return positions
        self._deps.database.write_lock(tx, *map(_family_lock, of_family), shared=True)
        dialect = tx.dialect.name
        waiting = compiled_statements.rows(
            tx, _waiting(dialect), {"families": compiled_statements.array_param(sorted(of_family), dialect)}
        )
        for run_id, path, family, details in waiting:
            since = begun.get(run_id, -1)
            for place, event in of_family[family]:
                if place > since and self._deps.workflows.wait_matches(
                    family, details["match"], details["scope"], event, details.get("account", ANY_ACCOUNT)
                ):
                    positions[place] += self.answer(tx, run_id, path, self._deps.workflows.awaited_value(event))
                    break
        return positions

    def decide(
        self,
        tx: sa.Connection,
        run_id: str,
        path: str,
        *,
        approved: bool,
        by: str,
        roles: Sequence[str] | None,
        note: str | None = None,
    ) -> None:
        """Record a decision of an approval step. Raises `NotAllowed` or `WrongState`."""
        query = sa.select(waits).where(waits.c.run_id == run_id, waits.c.path == path, waits.c.kind == "approval")
        row = tx.execute(query).one_or_none()
        if row is None:
            raise WrongState(f"Run {run_id} does not wait for a decision at step {path}.", hint="Reload the run.")
        if roles is not None and not set(row.details["roles"]) & set(roles):
            raise NotAllowed("This decision is for: " + ", ".join(row.details["roles"]) + ".")
        value = {"approved": approved, "by": by, "at": self._deps.clock.now(), "note": note}
        if not self.answer(tx, run_id, path, value):
            raise WrongState(f"Run {run_id} no longer waits at step {path}.", hint="Reload the run.")

    def answer(self, tx: sa.Connection, run_id: str, path: str, value: Any, failure: StepFailure | None = None) -> bool:
        """Write what a wait was waiting for into the journal and let the run go on; returns whether it still waited."""
        run = load_run(tx, run_id, lock=True)
        if run is None or run.status in TERMINAL:
            return False
        last = tx.execute(sa.select(sa.func.max(steps.c.seq)).where(steps.c.run_id == run_id)).scalar() or 0
        changed = tx.execute(
            sa.update(steps)
            .where(steps.c.run_id == run_id, steps.c.path == path, steps.c.status == "waiting")
            .values(
                status="succeeded" if failure is None else "failed",
                value=value,
                failure=None if failure is None else failure_to_json(failure),
                seq=last + 1,
                at=self._deps.clock.now(),
                retry_at=None,
            )
        )
        tx.execute(sa.delete(waits).where(waits.c.run_id == run_id, waits.c.path == path))
        if changed.rowcount == 0:
            return False
        if run.status == "waiting":
            self._lanes.requeue(tx, run_id, run.segment)
        else:
            # Somebody advances it now. A new segment number tells them to read the journal again.
            tx.execute(sa.update(runs).where(runs.c.id == run_id).values(segment=run.segment + 1))
            self._deps.engine.enqueue(tx, run_id, run.segment + 1)
        return True


def _base(run: Run, command: Wait | Approve, now: Any) -> dict[str, Any]:
    return {"run_id": run.id, "path": command.path, "until": command.until, "created_at": now}


def _since(tx: sa.Connection, run: Run) -> dt.datetime:
    """Return from when on an event may be what a run waits for: others may have been stored together with its own."""
    if run.event_id is None or run.forked_from is not None:
        return run.started_at
    received_at = tx.execute(sa.select(events.c.received_at).where(events.c.id == run.event_id)).scalar()
    return run.started_at if received_at is None else min(received_at, run.started_at)


def _family_lock(family: str) -> str:
    return f"wait:{family}"


def delete_waits(tx: sa.Connection, run_id: str) -> None:
    """Delete the waits of a run that has ended."""
    tx.execute(sa.delete(waits).where(waits.c.run_id == run_id))
