"""Verified accounts, and random keys to sign with. Nobody proved the addresses of those who signed up before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types
from payloom.kit.addresses.email_address import address_key

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

accounts = sa.table(
    "payloom_accounts",
    sa.column("id", sa.String),
    sa.column("email_key", sa.String),
    sa.column("email", sa.String),
    sa.column("password_hash", sa.String),
    sa.column("created_at", payloom.db.types.UtcDateTime(timezone=True)),
    sa.column("verified_at", payloom.db.types.UtcDateTime(timezone=True)),
)


def upgrade() -> None:
    op.create_table(
        "payloom_keys",
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("purpose"),
    )
    op.add_column(
        "payloom_accounts", sa.Column("verified_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True)
    )
    # Only a one-time link made accounts without a password: for the operator's first admin.
    conn = op.get_bind()
    by_link = accounts.c.password_hash.is_(None)
    conn.execute(sa.update(accounts).where(by_link).values(verified_at=accounts.c.created_at))
    _unify_keys(conn)


def _unify_keys(conn: sa.Connection) -> None:
    """Write each key in today's form, unless an account has that already; the other then stays as it is."""
    rows = conn.execute(sa.select(accounts.c.id, accounts.c.email, accounts.c.email_key)).all()
    email_keys = {row.email_key for row in rows}
    for row in rows:
        key = address_key(row.email)
        if key != row.email_key and key not in email_keys:
            email_keys.add(key)
            conn.execute(sa.update(accounts).where(accounts.c.id == row.id).values(email_key=key))


def downgrade() -> None:
    op.drop_column("payloom_accounts", "verified_at")
    op.drop_table("payloom_keys")
