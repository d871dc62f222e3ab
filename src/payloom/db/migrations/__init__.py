"""Alembic migrations of the `payloom_…` tables, numbered; never edited once released."""
