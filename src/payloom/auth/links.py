"""One-time links, e.g. into the studio or to choose a new password: stored as hashes, short-lived, used once."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.auth.errors import LinkNotValid
from payloom.auth.models import RESET_LINK, links
from payloom.auth.sessions import token_hash
from payloom.kit.ids import new_token

LIFETIME = dt.timedelta(minutes=15)
RESET = RESET_LINK
VERIFY = "verify"
"""Purposes of the links that an account's mails carry."""
NOTHING = "nothing"
"""Purpose of a link that opens nothing."""


def make_link(
    tx: sa.Connection,
    purpose: str,
    now: dt.datetime,
    *,
    account_id: str | None = None,
    lifetime: dt.timedelta = LIFETIME,
) -> str:
    """Return a token good once for `purpose` (e.g. `admin`), for the account if one is given."""
    token = new_token()
    tx.execute(
        sa.insert(links).values(
            token_hash=token_hash(token),
            purpose=purpose,
            account_id=account_id,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    return token


def use_link(tx: sa.Connection, token: str, purpose: str, now: dt.datetime) -> str | None:
    """Use the link up and return its account's id (None if it belongs to none). Raises `LinkNotValid`."""
    used = (
        sa.update(links)
        .where(links.c.token_hash == token_hash(token), links.c.purpose == purpose)
        .where(links.c.used_at.is_(None), links.c.expires_at > now)
        .values(used_at=now)
        .returning(links.c.account_id)
    )
    row = tx.execute(used).one_or_none()
    if row is None:
        raise LinkNotValid(hint="ask for a new one")
    return row[0]


def read_link(tx: sa.Connection, token: str, purpose: str, now: dt.datetime) -> str | None:
    """Return the account's id of a link that still opens, and leave it as it is. Raises `LinkNotValid`."""
    query = (
        sa.select(links.c.account_id)
        .where(links.c.token_hash == token_hash(token), links.c.purpose == purpose)
        .where(links.c.used_at.is_(None), links.c.expires_at > now)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        raise LinkNotValid(hint="ask for a new one")
    return row[0]


def drop_links(tx: sa.Connection, account_id: str) -> int:
    """Delete every link of the account; return how many."""
    return tx.execute(sa.delete(links).where(links.c.account_id == account_id)).rowcount


def sweep_links(tx: sa.Connection, now: dt.datetime) -> int:
    """Delete links that open nothing any more; return how many."""
    return tx.execute(sa.delete(links).where(links.c.expires_at <= now)).rowcount
