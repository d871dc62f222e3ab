"""Random keys that a project signs with: made when first needed, kept in the database, the same for every process."""

from __future__ import annotations

import datetime as dt
import secrets

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.auth.models import keys

BYTES = 32


def signing_key(tx: sa.Connection, purpose: str, now: dt.datetime) -> bytes:
    """Return the key for `purpose`, such as `decision`; make it if there is none."""
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(keys)
    statement = insert.values(purpose=purpose, value=secrets.token_bytes(BYTES), created_at=now)
    # Whoever makes it first wins; the others read it.
    tx.execute(statement.on_conflict_do_nothing(index_elements=["purpose"]))
    return tx.execute(sa.select(keys.c.value).where(keys.c.purpose == purpose)).scalar_one()
