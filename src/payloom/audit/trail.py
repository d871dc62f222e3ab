"""Writes the audit trail. Everything that is recorded passes `AuditTrail.record`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.audit.actions import ACTIONS, ActorKind, Outcome
from payloom.audit.models import audit
from payloom.db.database import Database
from payloom.db.types import dump_json
from payloom.kit.clock import Clock
from payloom.kit.ids import new_id
from payloom.kit.secrets.redaction import redact

KEEP_DAYS = 400
"""A year and a month: last year's entries are there when the books are closed."""
FAILURES_AN_HOUR = 300
FAILURES_AN_HOUR_PER_ADDRESS = 10
"""Failures of strangers that are recorded one by one: a flood of them must not become a flood of rows."""
_LONGEST = 4000
"""Characters of JSON in `before`, `after` and `details`, each."""


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Who does something. name: what a reader is shown. address: of the network. request_id: as in the answer."""

    kind: ActorKind
    name: str | None = None
    account_id: str | None = None
    address: str | None = None
    request_id: str | None = None


SERVER = Actor("server", "Payloom")


@dataclasses.dataclass(slots=True)
class AuditNote:
    """An action of a user, as its parts become known. target: id of what it is done to. before, after: what changed."""

    action: str
    target: str | None = None
    outcome: Outcome = "done"
    before: Any = None
    after: Any = None
    details: Mapping[str, Any] | None = None
    recorded: bool = False
    """Whether the change's own transaction recorded it."""
    details_of: Callable[[Any], Mapping[str, Any]] | None = None
    """Returns details from what the change's transaction returns, such as the ID of a new run."""

    def on(
        self,
        target: str | None = None,
        *,
        action: str | None = None,
        before: Any = None,
        after: Any = None,
        **details: Any,
    ) -> None:
        """Say what it is done to, and what changes. Secrets are masked when it is written."""
        if target is not None:
            self.target = target
        if action is not None:
            self.action = action
        if before is not None:
            self.before = before
        if after is not None:
            self.after = after
        if details:
            self.details = {**(self.details or {}), **details}


class AuditTrail:
    """The audit trail of one project."""

    def __init__(self, database: Database, clock: Clock, *, keep_days: int = KEEP_DAYS) -> None:
        """keep_days: an entry cannot be deleted earlier, not even with a later, shorter setting."""
        self._database = database
        self._clock = clock
        self._keep = dt.timedelta(days=keep_days)

    def record(self, tx: sa.Connection, actor: Actor, note: AuditNote) -> None:
        """Write an entry within `tx`: it stands if, and only if, the change does."""
        if note.action not in ACTIONS:
            raise ValueError(f"{note.action!r} is not one of the audit trail's actions")
        now = self._clock.now()
        tx.execute(
            sa.insert(audit).values(
                id=new_id("aud"),
                at=now,
                keep_until=now + self._keep,
                action=note.action,
                outcome=note.outcome,
                actor_kind=actor.kind,
                actor=_text(actor.name, 320),
                account_id=actor.account_id,
                address=_text(actor.address, 64),
                request_id=actor.request_id,
                target=_text(note.target, 255),
                before=_stored(note.before),
                after=_stored(note.after),
                details=_stored(note.details or None),
            )
        )
        note.recorded = True

    async def write(self, actor: Actor, note: AuditNote) -> None:
        """Write an entry in a transaction of its own."""
        await self._database.write(lambda tx: self.record(tx, actor, note))

    async def write_failure(self, actor: Actor, note: AuditNote) -> None:
        """Write what a stranger failed at: so many an hour from one address and in all. The last one says so."""
        await self._database.write(lambda tx: self._record_failure(tx, actor, note))

    def _record_failure(self, tx: sa.Connection, actor: Actor, note: AuditNote) -> None:
        since = self._clock.now() - dt.timedelta(hours=1)
        lately = sa.select(sa.func.count()).where(audit.c.action == note.action, audit.c.at > since)
        in_all = tx.execute(lately).scalar_one()
        here = tx.execute(lately.where(audit.c.address == actor.address)).scalar_one()
        if in_all >= FAILURES_AN_HOUR or here >= FAILURES_AN_HOUR_PER_ADDRESS:
            return
        if in_all + 1 == FAILURES_AN_HOUR or here + 1 == FAILURES_AN_HOUR_PER_ADDRESS:
            note.on(more="further failures of this hour are not listed one by one")
        self.record(tx, actor, note)

    async def prune(self) -> int:
        """Delete the entries whose time is up; return how many."""
        now = self._clock.now()
        return await self._database.write(
            lambda tx: tx.execute(sa.delete(audit).where(audit.c.keep_until <= now)).rowcount
        )


def _text(value: str | None, longest: int) -> str | None:
    return None if value is None else str(redact(value))[:longest]


def _stored(value: Any) -> Any:
    """Return a value as it is stored: without secrets, and short."""
    if value is None:
        return None
    masked = redact(value)
    return masked if len(dump_json(masked)) <= _LONGEST else {"too_long": dump_json(masked)[:_LONGEST]}
