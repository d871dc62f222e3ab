"""Deletes the references of rows that retention has deleted."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from payloom.views.references.models import refs


def delete_references(tx: sa.Connection, run_ids: Sequence[str], event_ids: Sequence[str]) -> None:
    """Within `tx`, delete the references of runs and events that were deleted."""
    tx.execute(sa.delete(refs).where(refs.c.kind == "run", refs.c.id.in_(run_ids)))
    tx.execute(sa.delete(refs).where(refs.c.kind == "event", refs.c.id.in_(event_ids)))
