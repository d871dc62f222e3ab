"""The secret of an authenticator app is sealed as a whole, and passkeys have a table. Nothing was stored until here."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = payloom.db.types.UtcDateTime(timezone=True)


def upgrade() -> None:
    _make_second_factors(sa.LargeBinary())
    op.create_table(
        "payloom_passkeys",
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["payloom_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_passkeys_account", "payloom_passkeys", ["account_id"])


def downgrade() -> None:
    op.drop_index("payloom_passkeys_account", "payloom_passkeys")
    op.drop_table("payloom_passkeys")
    _make_second_factors(sa.String(length=512))


def _make_second_factors(secret: sa.types.TypeEngine[Any]) -> None:
    op.drop_table("payloom_second_factors")
    op.create_table(
        "payloom_second_factors",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("secret", secret, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["payloom_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id"),
    )
