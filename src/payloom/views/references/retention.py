"""Deletes the references of rows that retention has deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from payloom.views.references.models import refs


def delete_references(tx: sa.Connection, deleted: Mapping[str, Sequence[str]]) -> None:
    """Within `tx`, delete the references of what was deleted. deleted: ids by kind."""
    for kind, ids in deleted.items():
        tx.execute(sa.delete(refs).where(refs.c.kind == kind, refs.c.id.in_(ids)))
