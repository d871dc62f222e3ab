"""Sessions: a random token for the browser, its hash for us. And the token that forms must repeat."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac

import sqlalchemy as sa

from payloom.auth.accounts import Account, account_of, has_factor
from payloom.auth.errors import SignInRefused
from payloom.auth.models import accounts, sessions
from payloom.kit.ids import new_token

LIFETIME = dt.timedelta(days=30)
IDLE = dt.timedelta(days=14)
MOST = 50
"""Sessions of one account; a further one ends the oldest."""
STAFF_LIFETIME = dt.timedelta(hours=12)
STAFF_IDLE = dt.timedelta(hours=2)
"""Of sessions of accounts with a role in the studio."""
_SEEN_EVERY = dt.timedelta(minutes=15)
"""How exact `last_seen_at` is: a page view must not cost a write."""


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """Where somebody signs in, as the owner of the account is shown it. agent: such as `Firefox on Linux`."""

    agent: str | None = None
    address: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CurrentSession:
    """Whose session a request comes with. proved_at: when the owner last proved to be there.

    second_factor: whether the account has one. touch: whether `touch_session` is due.
    """

    account: Account
    proved_at: dt.datetime
    second_factor: bool
    touch: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """An open session. id: names it, and opens nothing."""

    id: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    device: Device


def token_hash(token: str) -> str:
    """Return what is stored of a token. A random token of 256 bits needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def start_session(
    tx: sa.Connection,
    account_id: str,
    now: dt.datetime,
    device: Device | None = None,
    *,
    lifetime: dt.timedelta = LIFETIME,
) -> str:
    """Begin a session and return its token; it is not stored anywhere and cannot be shown again."""
    token = new_token()
    row = {"token_hash": token_hash(token), "account_id": account_id, "created_at": now, "last_seen_at": now}
    at = {"agent": device.agent, "address": device.address} if device else {}
    tx.execute(sa.insert(sessions).values(**row, **at, proved_at=now, expires_at=now + lifetime))
    oldest = (
        sa.select(sessions.c.token_hash)
        .where(sessions.c.account_id == account_id)
        .order_by(sessions.c.created_at.desc(), sessions.c.token_hash)
        .offset(MOST)
    )
    tx.execute(sa.delete(sessions).where(sessions.c.token_hash.in_(oldest.scalar_subquery())))
    return token


def session_id(token_hashed: str) -> str:
    """Return the name of a session, which says nothing of its token."""
    return hashlib.sha256(f"session {token_hashed}".encode()).hexdigest()[:20]


def list_sessions(tx: sa.Connection, account_id: str, now: dt.datetime) -> list[Session]:
    """Return the account's open sessions, the one in use last comes first."""
    query = (
        sa.select(sessions)
        .where(sessions.c.account_id == account_id, sessions.c.expires_at > now, sessions.c.last_seen_at > now - IDLE)
        .order_by(sessions.c.last_seen_at.desc(), sessions.c.created_at.desc())
    )
    return [
        Session(
            session_id(row.token_hash),
            row.created_at,
            row.last_seen_at,
            row.expires_at,
            Device(row.agent, row.address),
        )
        for row in tx.execute(query)
    ]


def end_session_named(tx: sa.Connection, account_id: str, name: str) -> bool:
    """End the account's session with this id; return whether there was one."""
    query = sa.select(sessions.c.token_hash).where(sessions.c.account_id == account_id)
    sought = name.encode("utf-8", "replace")
    stored = tx.execute(query).scalars()
    hashes = [hashed for hashed in stored if hmac.compare_digest(session_id(hashed).encode(), sought)]
    return bool(hashes and tx.execute(sa.delete(sessions).where(sessions.c.token_hash.in_(hashes))).rowcount)


def current_session(
    tx: sa.Connection, token: str | None, now: dt.datetime, *, staff_lifetime: dt.timedelta = STAFF_LIFETIME
) -> CurrentSession | None:
    """Return the session that the token opens; None if it opens none (any more).

    staff_lifetime: of a session whose account has a role in the studio, from the moment of the sign-in.
    """
    if not token:
        return None
    query = (
        sa.select(
            accounts,
            sessions.c.last_seen_at,
            sessions.c.proved_at,
            sessions.c.created_at.label("began_at"),
            has_factor(accounts.c.id).label("second_factor"),
        )
        .join(sessions, sessions.c.account_id == accounts.c.id)
        .where(sessions.c.token_hash == token_hash(token))
        .where(sessions.c.expires_at > now, sessions.c.last_seen_at > now - IDLE, accounts.c.disabled.is_(False))
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    account = account_of(row)
    unused = now - row.last_seen_at
    if account.studio_role is not None and (now - row.began_at >= staff_lifetime or unused >= STAFF_IDLE):
        return None
    return CurrentSession(account, row.proved_at or row.began_at, bool(row.second_factor), unused >= _SEEN_EVERY)


def require_session(tx: sa.Connection, account_id: str, token: str) -> None:
    """Raise `SignInRefused` unless the account's session still stands: it may end while a password is checked."""
    query = sa.select(sessions.c.token_hash).where(sessions.c.account_id == account_id)
    if tx.execute(query.where(sessions.c.token_hash == token_hash(token))).first() is None:
        raise SignInRefused("this session has ended meanwhile", hint="sign in again")


def touch_session(tx: sa.Connection, token: str, now: dt.datetime) -> None:
    """Note that the session is in use."""
    tx.execute(sa.update(sessions).where(sessions.c.token_hash == token_hash(token)).values(last_seen_at=now))


def prove_session(tx: sa.Connection, token: str, now: dt.datetime) -> None:
    """Note that the owner of the account has just proved to be there."""
    tx.execute(sa.update(sessions).where(sessions.c.token_hash == token_hash(token)).values(proved_at=now))


def end_session(tx: sa.Connection, token: str) -> None:
    """End the session; an unknown token changes nothing."""
    tx.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash(token)))


def end_sessions(tx: sa.Connection, account_id: str, *, keep: str | None = None) -> int:
    """End every session of the account but the one of the token `keep`; return how many ended."""
    ended = sa.delete(sessions).where(sessions.c.account_id == account_id)
    return tx.execute(ended.where(sessions.c.token_hash != token_hash(keep)) if keep else ended).rowcount


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
