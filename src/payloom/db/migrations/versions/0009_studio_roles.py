"""The studio's roles have a column of their own. Sessions note the device, and second factors have tables.

Until here one list held the studio's roles and the project's. An account keeps every role of that list as the project's
own, because workflows may ask for them. The strongest of viewer, editor, and admin is its role in the studio, too.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WEAKEST_FIRST = ("viewer", "editor", "admin")
accounts = sa.table(
    "payloom_accounts",
    sa.column("id", sa.String),
    sa.column("roles", payloom.db.types.Json),
    sa.column("studio_role", sa.String),
)


def upgrade() -> None:
    op.add_column("payloom_accounts", sa.Column("studio_role", sa.String(length=16), nullable=True))
    _move_roles(op.get_bind())
    moment = payloom.db.types.UtcDateTime(timezone=True)
    op.add_column("payloom_sessions", sa.Column("agent", sa.String(length=200), nullable=True))
    op.add_column("payloom_sessions", sa.Column("address", sa.String(length=64), nullable=True))
    op.add_column("payloom_sessions", sa.Column("proved_at", moment, nullable=True))
    op.create_table(
        "payloom_second_factors",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("secret", sa.String(length=512), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["payloom_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "payloom_recovery_codes",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["payloom_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "code_hash"),
    )


def _move_roles(conn: sa.Connection) -> None:
    for row in conn.execute(sa.select(accounts.c.id, accounts.c.roles)).all():
        roles = json.loads(row.roles) if isinstance(row.roles, str) else row.roles
        known = [role for role in _WEAKEST_FIRST if role in (roles or [])]
        if known:
            conn.execute(sa.update(accounts).where(accounts.c.id == row.id).values(studio_role=known[-1]))


def downgrade() -> None:
    op.drop_table("payloom_recovery_codes")
    op.drop_table("payloom_second_factors")
    for column in ("proved_at", "address", "agent"):
        op.drop_column("payloom_sessions", column)
    op.drop_column("payloom_accounts", "studio_role")
