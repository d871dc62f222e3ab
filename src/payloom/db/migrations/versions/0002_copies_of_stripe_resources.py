"""Copies of Stripe resources."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_stripe_copies",
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("filled_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resource"),
    )
    op.create_table(
        "payloom_stripe_customers",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("object", payloom.db.types.Json(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_stripe_customers_created", "payloom_stripe_customers", ["created", "id"], unique=False)
    op.create_index("payloom_stripe_customers_customer", "payloom_stripe_customers", ["customer"], unique=False)
    op.create_table(
        "payloom_stripe_invoices",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("object", payloom.db.types.Json(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_stripe_invoices_created", "payloom_stripe_invoices", ["created", "id"], unique=False)
    op.create_index("payloom_stripe_invoices_customer", "payloom_stripe_invoices", ["customer"], unique=False)
    op.create_table(
        "payloom_stripe_payment_intents",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("object", payloom.db.types.Json(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "payloom_stripe_payment_intents_created", "payloom_stripe_payment_intents", ["created", "id"], unique=False
    )
    op.create_index(
        "payloom_stripe_payment_intents_customer", "payloom_stripe_payment_intents", ["customer"], unique=False
    )
    op.create_table(
        "payloom_stripe_prices",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("object", payloom.db.types.Json(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_stripe_prices_created", "payloom_stripe_prices", ["created", "id"], unique=False)
    op.create_index("payloom_stripe_prices_customer", "payloom_stripe_prices", ["customer"], unique=False)
    op.create_table(
        "payloom_stripe_products",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("object", payloom.db.types.Json(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_stripe_products_created", "payloom_stripe_products", ["created", "id"], unique=False)
    op.create_index("payloom_stripe_products_customer", "payloom_stripe_products", ["customer"], unique=False)
    op.create_table(
        "payloom_stripe_subscriptions",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("object", payloom.db.types.Json(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "payloom_stripe_subscriptions_created", "payloom_stripe_subscriptions", ["created", "id"], unique=False
    )
    op.create_index("payloom_stripe_subscriptions_customer", "payloom_stripe_subscriptions", ["customer"], unique=False)


def downgrade() -> None:
    op.drop_index("payloom_stripe_subscriptions_customer", table_name="payloom_stripe_subscriptions")
    op.drop_index("payloom_stripe_subscriptions_created", table_name="payloom_stripe_subscriptions")
    op.drop_table("payloom_stripe_subscriptions")
    op.drop_index("payloom_stripe_products_customer", table_name="payloom_stripe_products")
    op.drop_index("payloom_stripe_products_created", table_name="payloom_stripe_products")
    op.drop_table("payloom_stripe_products")
    op.drop_index("payloom_stripe_prices_customer", table_name="payloom_stripe_prices")
    op.drop_index("payloom_stripe_prices_created", table_name="payloom_stripe_prices")
    op.drop_table("payloom_stripe_prices")
    op.drop_index("payloom_stripe_payment_intents_customer", table_name="payloom_stripe_payment_intents")
    op.drop_index("payloom_stripe_payment_intents_created", table_name="payloom_stripe_payment_intents")
    op.drop_table("payloom_stripe_payment_intents")
    op.drop_index("payloom_stripe_invoices_customer", table_name="payloom_stripe_invoices")
    op.drop_index("payloom_stripe_invoices_created", table_name="payloom_stripe_invoices")
    op.drop_table("payloom_stripe_invoices")
    op.drop_index("payloom_stripe_customers_customer", table_name="payloom_stripe_customers")
    op.drop_index("payloom_stripe_customers_created", table_name="payloom_stripe_customers")
    op.drop_table("payloom_stripe_customers")
    op.drop_table("payloom_stripe_copies")
