"""Seed rows: inserted once each, never overwritten, and not re-created after a user deleted them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.kit.clock import Clock
from payloom.tables import models
from payloom.tables.definition.seed_rows import key_text, seed_key
from payloom.tables.definition.spec import TableSpec
from payloom.tables.errors import BadArguments
from payloom.tables.query.sql import Tables


def seed_declared(tx: sa.Connection, tables: Tables, clock: Clock) -> int:
    """Insert the seed rows of tables.yaml that were never inserted; return how many were."""
    return sum(seed(tx, tables, name, spec.seed, clock) for name, spec in tables.specs.items() if spec.seed)


def seed(tx: sa.Connection, tables: Tables, table: str, rows: Sequence[Mapping[str, Any]], clock: Clock) -> int:
    """Insert the rows whose key was never seeded and is not there; return how many were inserted.

    A row's key is its primary column or the first unique group it gives in full.
    """
    spec = tables.spec(table)
    seeded = models.seeded
    known = set(tx.execute(sa.select(seeded.c.row_key).where(seeded.c.table_name == spec.stored)).scalars())
    inserted = 0
    for row in rows:
        group = _group(spec, row)
        key = key_text({spec.columns[name].stored: row[name] for name in group})
        if key in known:
            continue
        known.add(key)
        tx.execute(sa.insert(models.seeded).values(table_name=spec.stored, row_key=key, at=clock.now()))
        where = {name: row[name] for name in group}
        if not tables.select(tx, table, where=where):
            tables.insert(tx, table, values=row)
            inserted += 1
    return inserted


def fill(tx: sa.Connection, tables: Tables, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Set columns that are still null in existing rows (e.g. Stripe price ids); return how many rows changed.

    An existing value stays, and a missing row is not inserted.
    """
    spec = tables.spec(table)
    changed = 0
    for row in rows:
        group = _group(spec, row)
        where = {name: row[name] for name in group}
        existing = tables.select(tx, table, where=where, one="optional")
        missing = {
            name: value for name, value in row.items() if existing and existing.get(name) is None and value is not None
        }
        if missing:
            tables.update(tx, table, where=where, set=missing)
            changed += 1
    return changed


def _group(spec: TableSpec, row: Mapping[str, Any]) -> tuple[str, ...]:
    group = seed_key(spec, row)
    if group is None:
        names = " or ".join(", ".join(names) for names in spec.unique_groups())
        raise BadArguments(f"a row for {spec.name} needs {names}", table=spec.name)
    return group
