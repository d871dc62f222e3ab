"""Whether an account has a second factor: asked at every sign-in and with every session."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.auth.models import passkeys, second_factors


def has_factor(account_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an account has a second factor. An app that was not confirmed is none."""
    app = sa.exists().where(second_factors.c.account_id == account_id, second_factors.c.confirmed_at.is_not(None))
    passkey = sa.exists().where(passkeys.c.account_id == account_id)
    return sa.or_(app, passkey)


def is_enrolled(tx: sa.Connection, account_id: str) -> bool:
    """Whether a sign-in of the account asks for a second factor."""
    return bool(tx.execute(sa.select(has_factor(sa.literal(account_id)))).scalar())
