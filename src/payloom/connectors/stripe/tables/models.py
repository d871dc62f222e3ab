"""The rows of the local copy of Stripe's resources: a table per resource, and how far each copy has got."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from payloom.connectors.stripe.catalog.tables import RESOURCES
from payloom.db.database import metadata
from payloom.db.types import Json, UtcDateTime


def _copy(resource: str) -> sa.Table:
    name = f"payloom_stripe_{resource}"
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("customer", sa.String(255)),
        sa.Column("object", Json, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("doubtful", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Index(f"{name}_created", "created", "id"),
        sa.Index(f"{name}_customer", "customer"),
    )


copies: Mapping[str, sa.Table] = {resource: _copy(resource) for resource in RESOURCES}
"""at: Stripe's Unix seconds of the state that is here. listed: it was read, not brought by an event. doubtful: which of
two states is the newer one cannot be told; it is read again. deleted: kept so that a late event cannot bring it back.
revision: counts the changes of the row."""

fills = sa.Table(
    "payloom_stripe_copies",
    metadata,
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("filled_at", UtcDateTime, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
)
"""Resources whose copy is whole, and when they were last listed from end to end."""
