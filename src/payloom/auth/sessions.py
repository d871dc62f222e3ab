"""Sessions: a random token for the browser, its hash for us. And the token that forms must repeat."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac

import sqlalchemy as sa

from payloom.auth.accounts import Account, account_of
from payloom.auth.models import accounts, sessions
from payloom.kit.ids import new_token

LIFETIME = dt.timedelta(days=30)
IDLE = dt.timedelta(days=14)
_SEEN_EVERY = dt.timedelta(minutes=15)
"""How exact `last_seen_at` is: a page view must not cost a write."""


def token_hash(token: str) -> str:
    """Return what is stored of a token. A random token of 256 bits needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def start_session(tx: sa.Connection, account_id: str, now: dt.datetime, lifetime: dt.timedelta = LIFETIME) -> str:
    """Begin a session and return its token; it is not stored anywhere and cannot be shown again."""
    token = new_token()
    row = {"token_hash": token_hash(token), "account_id": account_id, "created_at": now, "last_seen_at": now}
    tx.execute(sa.insert(sessions).values(**row, expires_at=now + lifetime))
    return token


def current_account(tx: sa.Connection, token: str | None, now: dt.datetime) -> tuple[Account, bool] | None:
    """Return whose session the token opens, and whether `touch_session` is due; None if it opens none (any more)."""
    if not token:
        return None
    query = (
        sa.select(accounts, sessions.c.last_seen_at)
        .join(sessions, sessions.c.account_id == accounts.c.id)
        .where(sessions.c.token_hash == token_hash(token))
        .where(sessions.c.expires_at > now, sessions.c.last_seen_at > now - IDLE, accounts.c.disabled.is_(False))
    )
    row = tx.execute(query).one_or_none()
    return (account_of(row), now - row.last_seen_at >= _SEEN_EVERY) if row is not None else None


def touch_session(tx: sa.Connection, token: str, now: dt.datetime) -> None:
    """Note that the session is in use."""
    tx.execute(sa.update(sessions).where(sessions.c.token_hash == token_hash(token)).values(last_seen_at=now))


def end_session(tx: sa.Connection, token: str) -> None:
    """End the session; an unknown token changes nothing."""
    tx.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash(token)))


def end_sessions(tx: sa.Connection, account_id: str) -> int:
    """End every session of the account; return how many there were."""
    return tx.execute(sa.delete(sessions).where(sessions.c.account_id == account_id)).rowcount


def sweep_sessions(tx: sa.Connection, now: dt.datetime) -> int:
    """Delete sessions that opened nothing any more; return how many."""
    over = (sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= now - IDLE)
    return tx.execute(sa.delete(sessions).where(over)).rowcount


def csrf_token(session_token: str) -> str:
    """Return the token that a session's forms and requests must repeat: bound to the session, useless without it."""
    return hmac.new(session_token.encode(), b"payloom csrf", hashlib.sha256).hexdigest()


def csrf_matches(session_token: str, token: str | None) -> bool:
    """Return whether `token` is this session's `csrf_token`, in constant time."""
    return hmac.compare_digest(csrf_token(session_token).encode(), (token or "").encode("utf-8", "replace"))
