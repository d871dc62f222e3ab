"""Whose rows a database holds: one environment, one mode of Stripe, one Stripe account, from the first start on.

What was tried must not become real: an order that a test card paid, an account whose password everybody knows, and the
ids of one Stripe account mean something else, or nothing, anywhere else.
"""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from payloom.db.errors import DatabaseOfAnother

metadata = sa.MetaData()
identities = sa.Table(
    "payloom_identity",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("environment", sa.String(32), nullable=False),
    sa.Column("stripe_mode", sa.String(8), nullable=False),
    sa.Column("stripe_account", sa.String(255)),
)
_ROW = 1
_MODES = {"local": "the local Stripe", "test": "Stripe's test mode", "live": "live Stripe keys"}


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """stripe_mode: `local`, `test` or `live`. stripe_account: `acct_…`, or None while Stripe has not said it."""

    environment: str
    stripe_mode: str
    stripe_account: str | None = None


def _place(identity: Identity) -> str:
    return f"{identity.environment} with {_MODES[identity.stripe_mode]}"


def read_identity(tx: sa.Connection) -> Identity | None:
    """Return what the database says of itself, or None before its first start."""
    row = tx.execute(sa.select(identities).where(identities.c.id == _ROW)).one_or_none()
    return None if row is None else Identity(row.environment, row.stripe_mode, row.stripe_account)


def claim(tx: sa.Connection, identity: Identity) -> None:
    """Write the identity into a database that has none; raises `DatabaseOfAnother` when it has another one.

    An account that is not known yet on either side is no difference; it is kept as soon as it is known.
    """
    before = read_identity(tx)
    if before is None:
        tx.execute(identities.insert().values(id=_ROW, **dataclasses.asdict(identity)))
        return
    if (before.environment, before.stripe_mode) != (identity.environment, identity.stripe_mode):
        raise DatabaseOfAnother(
            f"this database was used in {_place(before)}, and this is {_place(identity)}",
            hint="Use a database of its own here: set `database` in payloom.yaml, or PAYLOOM_DATABASE_URL.",
        )
    if identity.stripe_account is None or identity.stripe_account == before.stripe_account:
        return
    if before.stripe_account is not None:
        raise DatabaseOfAnother(
            f"this database belongs to the Stripe account {before.stripe_account}, and the keys to {identity.stripe_account}",
            hint="Set the keys of that account, or use a database of its own for this one.",
        )
    tx.execute(identities.update().where(identities.c.id == _ROW).values(stripe_account=identity.stripe_account))
