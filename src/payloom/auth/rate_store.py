"""Rates of calls, counted in the database: a limit holds for all processes together, and a restart gives no new tries.

A token bucket in one number per key, the moment until which its calls so far have used it up: `count` calls at once,
then one each `seconds / count`. One upsert counts a call; one that is refused changes nothing.
"""

from __future__ import annotations

import hashlib
import math

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.auth.models import rates
from payloom.db.database import Database
from payloom.kit.clock import Clock

_SLACK = 1.0
"""Seconds by which moments of one machine may seem to be in another's future."""


class RateLimitStore:
    """The counters of one project."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """clock: for SQLite, which one machine has. With Postgres its own clock counts, the same for every server."""
        self._database = database
        self._clock = clock

    async def take(self, key: str, count: int, seconds: float) -> int:
        """Count a call of `key`; return 0, or after how many whole seconds the next one may come. May be any text."""
        return await self._database.write(lambda tx: take(tx, key, count, seconds, self._clock.now().timestamp()))

    async def give_back(self, key: str) -> None:
        """Forget the calls of `key`."""
        forgotten = sa.delete(rates).where(rates.c.bucket == _bucket(key))
        await self._database.write(lambda tx: tx.execute(forgotten))


def take(tx: sa.Connection, key: str, count: int, seconds: float, now: float) -> int:
    """Count a call, as `RateLimitStore.take` does. now: epoch seconds, for databases without a clock of their own."""
    bucket = _bucket(key)
    each = seconds / count
    moment = _moment(tx, now)
    used = rates.c.used_until
    # Beyond what calls could have used up, a clock has been set back: begin anew rather than refuse for as long.
    start = sa.case((sa.and_(used > moment, used <= moment + seconds + _SLACK), used), else_=moment)
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(rates)
    counted = (
        insert.values(bucket=bucket, used_until=moment + each)
        .on_conflict_do_update(
            index_elements=["bucket"],
            set_={"used_until": start + each},
            where=start - moment <= seconds - each + each / 1000,
        )
        .returning(used)
    )
    if tx.execute(counted).one_or_none() is not None:
        return 0
    left = tx.execute(sa.select(used - moment).where(rates.c.bucket == bucket)).scalar()
    return max(math.ceil((left or 0.0) - (seconds - each) - 1e-6), 1)


def _bucket(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def sweep_rates(tx: sa.Connection, now: float) -> int:
    """Delete counters of which nothing is used any more; return how many."""
    return tx.execute(sa.delete(rates).where(rates.c.used_until <= _moment(tx, now))).rowcount


def _moment(tx: sa.Connection, now: float) -> sa.ColumnElement[float]:
    if tx.dialect.name == "postgresql":
        # Not the transaction's moment: it may have waited for the row.
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
    return sa.literal(now, sa.Double)
