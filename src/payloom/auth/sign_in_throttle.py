"""Brakes on guessing: failed sign-ins are counted per account and address of the caller, and per account alone.

Counted in the database, so that several processes and a restart do not give more tries. Unknown accounts count too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.auth.accounts import email_key
from payloom.auth.errors import TooManyAttempts
from payloom.auth.models import failures

WINDOW = dt.timedelta(minutes=15)
PER_CALLER = 5
PER_DEVICE = 10
PER_ACCOUNT = 50
"""Too many for a stranger to lock somebody out by accident, too few to guess from many addresses."""
PER_FACTOR = 20
"""With the password known: two thousand codes of a million in a day."""


def count_attempt(tx: sa.Connection, email: str, caller: str, now: dt.datetime, *, device: str | None = None) -> None:
    """Count an attempt before the password is checked; raises `TooManyAttempts` with `retry_after` in seconds.

    device: of the address's owner, who signed in there before. It has attempts of its own, whatever others do.
    """
    if device is not None and _add(tx, _bucket(email, f"device {device}"), now)[0] <= PER_DEVICE:
        return
    for bucket, most in ((_bucket(email, caller), PER_CALLER), (_bucket(email), PER_ACCOUNT)):
        _require_few(*_add(tx, bucket, now), most, now)


def count_factor_attempt(tx: sa.Connection, account_id: str, caller: str, now: dt.datetime) -> None:
    """Count an attempt with a second factor before it is checked; raises `TooManyAttempts`, as `count_attempt` does.

    Only who knows the password, or has a session, gets here.
    """
    for bucket, most in ((_factor_bucket(account_id, caller), PER_CALLER), (_factor_bucket(account_id), PER_FACTOR)):
        _require_few(*_add(tx, bucket, now), most, now)


def forget_factor_attempts(tx: sa.Connection, account_id: str, caller: str) -> None:
    """Forget the attempts with a second factor after a success."""
    buckets = [_factor_bucket(account_id, caller), _factor_bucket(account_id)]
    tx.execute(sa.delete(failures).where(failures.c.bucket.in_(buckets)))


def forget_attempts(tx: sa.Connection, email: str, caller: str, *, device: str | None = None) -> None:
    """Forget the caller's attempts after a success; those from elsewhere stay counted."""
    buckets = [_bucket(email, caller), *([_bucket(email, f"device {device}")] if device else [])]
    tx.execute(sa.delete(failures).where(failures.c.bucket.in_(buckets)))
    if device is None:
        # A success is no failure of the account's either: an owner who signs in often is not locked out.
        _uncount(tx, [_bucket(email)])


def take_attempt_back(tx: sa.Connection, email: str, caller: str) -> None:
    """Uncount an attempt whose password was never looked at."""
    _uncount(tx, [_bucket(email, caller), _bucket(email)])


def _uncount(tx: sa.Connection, buckets: list[str]) -> None:
    tx.execute(
        sa.update(failures)
        .where(failures.c.bucket.in_(buckets), failures.c.count > 0)
        .values(count=failures.c.count - 1)
    )


def forget_account_attempts(tx: sa.Connection, email: str) -> None:
    """Forget what is counted for an account as a whole: its owner has proved to be there."""
    tx.execute(sa.delete(failures).where(failures.c.bucket == _bucket(email)))


def sweep_attempts(tx: sa.Connection, now: dt.datetime) -> int:
    """Delete counters whose window is over; return how many."""
    return tx.execute(sa.delete(failures).where(failures.c.since <= now - WINDOW)).rowcount


def _require_few(count: int, since: dt.datetime, most: int, now: dt.datetime) -> None:
    if count > most:
        wait = max(math.ceil((since + WINDOW - now).total_seconds()), 1)
        raise TooManyAttempts(hint=f"wait {math.ceil(wait / 60)} minutes", retry_after=wait)


def _factor_bucket(account_id: str, caller: str = "") -> str:
    return hashlib.sha256(f"factor {account_id}\n{caller}".encode("utf-8", "replace")).hexdigest()


def _bucket(email: str, caller: str = "") -> str:
    return hashlib.sha256(f"{email_key(email)}\n{caller}".encode("utf-8", "replace")).hexdigest()


def _add(tx: sa.Connection, bucket: str, now: dt.datetime) -> tuple[int, dt.datetime]:
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(failures)
    over = failures.c.since <= now - WINDOW
    counted = insert.values(bucket=bucket, count=1, since=now).on_conflict_do_update(
        index_elements=["bucket"],
        set_={
            "count": sa.case((over, 1), else_=failures.c.count + 1),
            "since": sa.case((over, now), else_=failures.c.since),
        },
    )
    row = tx.execute(counted.returning(failures.c.count, failures.c.since)).one()
    return row[0], row[1]
