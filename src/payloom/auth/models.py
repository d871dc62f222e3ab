"""Accounts, sessions, links, keys, the counters of failed sign-ins and of calls. Tokens are stored as hashes only."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import Json, SealedBytes, UtcDateTime

accounts = sa.Table(
    "payloom_accounts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("email_key", sa.String(320), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=True),
    sa.Column("password_hash", sa.String(255), nullable=True),
    sa.Column("roles", Json, nullable=False),
    sa.Column("studio_role", sa.String(16), nullable=True),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("password_changed_at", UtcDateTime, nullable=True),
    sa.Column("verified_at", UtcDateTime, nullable=True),
)
"""verified_at: when the address was proved to belong to whoever signs in. Roles count from then on.

roles: the project's own. studio_role: one of `payloom.settings.studio_roles`.
"""

sessions = sa.Table(
    "payloom_sessions",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.String(36), sa.ForeignKey("payloom_accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("last_seen_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("agent", sa.String(200), nullable=True),
    sa.Column("address", sa.String(64), nullable=True),
    sa.Column("proved_at", UtcDateTime, nullable=True),
    sa.Index("payloom_sessions_account", "account_id"),
    sa.Index("payloom_sessions_expiry", "expires_at"),
)

second_factors = sa.Table(
    "payloom_second_factors",
    metadata,
    sa.Column("account_id", sa.String(36), sa.ForeignKey("payloom_accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("secret", SealedBytes, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("confirmed_at", UtcDateTime, nullable=True),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)
"""last_step: the newest time step whose code was used; a code counts once."""

passkeys = sa.Table(
    "payloom_passkeys",
    metadata,
    sa.Column("id", sa.String(400), primary_key=True),
    sa.Column("account_id", sa.String(36), sa.ForeignKey("payloom_accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("last_used_at", UtcDateTime, nullable=True),
    sa.Index("payloom_passkeys_account", "account_id"),
)
"""id: of the credential, in base64url. sign_count: of the latest use; a smaller one shows a copied passkey."""

recovery_codes = sa.Table(
    "payloom_recovery_codes",
    metadata,
    sa.Column("account_id", sa.String(36), sa.ForeignKey("payloom_accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("code_hash", sa.String(64), primary_key=True),
    sa.Column("used_at", UtcDateTime, nullable=True),
)

RESET_LINK = "reset"
"""Purpose of a link to choose a forgotten password."""
SECOND_FACTOR_LINK = "second-factor"
"""Purpose of what a sign-in waits with for its second factor."""

links = sa.Table(
    "payloom_links",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("purpose", sa.String(32), nullable=False),
    sa.Column("account_id", sa.String(36), sa.ForeignKey("payloom_accounts.id", ondelete="CASCADE"), nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=True),
    sa.Index("payloom_links_account", "account_id"),
)

keys = sa.Table(
    "payloom_keys",
    metadata,
    sa.Column("purpose", sa.String(32), primary_key=True),
    sa.Column("value", SealedBytes, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
"""Random keys that every process of the project signs with."""

failures = sa.Table(
    "payloom_sign_in_failures",
    metadata,
    sa.Column("bucket", sa.String(64), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)

rates = sa.Table(
    "payloom_rates",
    metadata,
    sa.Column("bucket", sa.String(64), primary_key=True),
    sa.Column("used_until", sa.Double, nullable=False),
)
"""used_until: Unix seconds."""
