"""Alembic's entry: runs the migrations on the connection that `payloom.db.migrate` hands over.

They run inside that connection's transaction.
"""

from __future__ import annotations

from alembic import context

from payloom.db.database import metadata
from payloom.db.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=False,
    transactional_ddl=False,  # the caller's transaction is the one
    compare_type=True,
)
context.run_migrations()
