"""Runs with all effects held back: one transaction that is rolled back, and an outside that only answers.

An outside call is answered by what was recorded when the same call was made before; else by something made up, and
marked.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.connector import resolve
from payloom.connectors.stripe.parameters import prepare
from payloom.db.transactions import begin_work, savepoint, take_hooks
from payloom.engine.port import Advance, Takeover
from payloom.kit import strict_json
from payloom.kit.clock import Clock
from payloom.kit.redaction import redact
from payloom.runs.models import steps
from payloom.runs.run_rows import failure_from_json
from payloom.sandbox.stripe.fake import FakeStripe
from payloom.workflows.program.commands import Do

T = TypeVar("T")
_SAME = 200


class RollbackDatabase:
    """A Database that is one open transaction: what is written is seen, and never stored."""

    def __init__(self, tx: sa.Connection) -> None:
        """tx: in a transaction that the owner rolls back."""
        self._tx = tx

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._tx.dialect.name

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath."""
        return self._tx.engine

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See Database.read."""
        return work(self._tx)

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:  # noqa: ARG002 - the seam
        """See Database.write."""
        begin_work(self._tx)
        with savepoint(self._tx):
            result = work(self._tx)
        for hook in take_hooks(self._tx):
            hook()
        return result

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """Nobody else sees what is held."""

    async def close(self) -> None:
        """The owner closes the connection."""


class HeldEngine:
    """Keeps what is due now; what is due later stays undone."""

    worker_id = "dry_run"

    def __init__(self) -> None:
        self.due: list[str] = []
        self.advance: Advance | None = None

    async def prepare(self) -> None:
        """Nothing to make."""

    async def start(self, advance: Advance, takeover: Takeover) -> None:  # noqa: ARG002 - the seam
        """Take note of how runs are advanced."""
        self.advance = advance

    async def stop(self, grace: float = 10.0) -> None:
        """Nothing runs by itself."""

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:  # noqa: ARG002
        """Keep a run that is due at once."""
        if at is None:
            self.due.append(run_id)

    def wake(self) -> None:
        """The dry run looks by itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """An outside call that was not made. answered: `recorded`, or `made up`."""

    path: str
    answered: str


class HeldHost:
    """Answers outside calls without making them."""

    def __init__(self, tx: sa.Connection, clock: Clock) -> None:
        """tx: where the recorded calls are."""
        self._tx = tx
        self._stripe = FakeStripe(clock)
        self.held: dict[tuple[str, str], Held] = {}
        """By run and path."""

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Answer one step."""
        found = self._recorded(do)
        self.held[attempt.run_id, do.path] = Held(do.path, "made up" if found is None else "recorded")
        if found is None:
            return self._made_up(do)
        if found.failure is not None:
            failure = failure_from_json(found.failure)
            raise StepFailed(dataclasses.replace(failure, retryable=False))
        return found.value

    def _recorded(self, do: Do) -> Any:
        query = sa.select(steps.c.args, steps.c.value, steps.c.failure).where(
            steps.c.verb == do.verb,
            steps.c.action == do.action[:512],
            steps.c.status.in_(("succeeded", "failed")),
        )
        wanted = comparable(redact(dict(do.args)))
        rows = self._tx.execute(query.order_by(steps.c.at.desc()).limit(_SAME))
        return next((row for row in rows if comparable(row.args) == wanted), None)

    def _made_up(self, do: Do) -> Any:
        if do.verb == "stripe":
            operation, fixed = resolve(do.action)
            prepared = prepare(operation, {**(do.args.get("with") or {}), **fixed})
            if operation.method == "get" and prepared.path:
                self._stripe.give({operation.name: {"id": prepared.path[-1]}})
            return self._stripe.request(operation, prepared, None, None, None)
        if do.verb == "select":
            return {} if do.args.get("key_by") else None if do.args.get("one") else []
        if do.verb == "email":
            return {"id": "mail_dry_run", "to": do.args.get("to"), "subject": "", "status": "queued", "repeated": False}
        if do.verb == "http":
            return {"status": 200, "headers": {}, "body": None}
        return None


def comparable(value: Any) -> str:
    """Return a text that is the same for the same arguments."""
    return strict_json.canonical(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
