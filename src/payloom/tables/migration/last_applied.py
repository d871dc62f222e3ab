"""What is remembered of the tables: how each was last applied, and which declarations of it were applied before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from payloom.kit.clock import Clock
from payloom.tables import models
from payloom.tables.definition.spec import TableSpec, describe, restore

_DECLARATIONS_KEPT = 50


@dataclasses.dataclass(frozen=True, slots=True)
class LastApplied:
    """The tables in the database.

    specs: each table as it stands there, columns that its last declaration left out included; referenced ones first.
    declarations: fingerprints of the declarations that were applied to each, the last one last.
    """

    specs: Mapping[str, TableSpec]
    declarations: Mapping[str, tuple[str, ...]]

    def without(self, tables: Collection[str]) -> LastApplied:
        """Return the same as if these tables had never been made."""
        return LastApplied(
            {name: spec for name, spec in self.specs.items() if name not in tables},
            {name: known for name, known in self.declarations.items() if name not in tables},
        )

    def is_earlier(self, spec: TableSpec, name: str) -> bool:
        """Whether another declaration was applied after this one: an older version of the project declares it.

        name: what the table is called here.
        """
        return fingerprint(spec) in self.declarations.get(name, ())[:-1]


def fingerprint(spec: TableSpec) -> str:
    """Return a short text that differs for each declaration of a table. Seed rows do not count."""
    described = describe(spec)
    for entry in [described, *described["columns"]]:
        # These say where it is kept, not what is declared.
        entry.pop("was", None)
        entry.pop("stored_as", None)
        entry.get("default", {}).pop("in_database", None)
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]


def read_last_applied(tx: sa.Connection) -> LastApplied:
    """Return what is remembered: nothing in a database without Payloom's own tables."""
    if not sa.inspect(tx).has_table(models.applied.name):
        return LastApplied({}, {})
    rows = tx.execute(sa.select(models.applied).order_by(models.applied.c.name)).all()
    specs = {row.name: restore(row.spec) for row in rows}
    declarations = {row.name: tuple(row.spec.get("declarations", [fingerprint(specs[row.name])])) for row in rows}
    ordered: dict[str, TableSpec] = {}
    while len(ordered) < len(specs):
        for name, spec in specs.items():
            targets = {column.references[0] for column in spec.columns.values() if column.references} - {name}
            if name not in ordered and targets <= ordered.keys():
                ordered[name] = spec
    return LastApplied(ordered, declarations)


def applied_at(tx: sa.Connection) -> tuple[tuple[str, dt.datetime], ...]:
    """Return when each table was last applied: as long as that stays, so do the names in the database."""
    query = sa.select(models.applied.c.name, models.applied.c.applied_at).order_by(models.applied.c.name)
    return tuple((row.name, row.applied_at) for row in tx.execute(query))


def remember(
    tx: sa.Connection,
    stored: LastApplied,
    known: Mapping[str, TableSpec],
    after: Mapping[str, TableSpec],
    *,
    declared: Mapping[str, TableSpec],
    clock: Clock,
) -> None:
    """Remember the tables as they stand `after` the migration, and what was `declared`.

    known: what is `stored`, in the same order, under the names of the declaration.
    """
    old_names = dict(zip(known, stored.specs, strict=True))
    written: dict[str, dict[str, object]] = {}
    for name, spec in after.items():
        declarations = stored.declarations.get(old_names.get(name, ""), ())
        before = stored.specs.get(name)
        latest = declarations
        if name in declared and not (stored.is_earlier(declared[name], name) and spec is before):
            mark = fingerprint(declared[name])
            latest = (*(each for each in declarations if each != mark), mark)[-_DECLARATIONS_KEPT:]
        if before is None or describe(before) != describe(spec) or latest != declarations:
            written[name] = {**describe(spec), "declarations": list(latest)}
    if names := {*written, *(name for name in stored.specs if name not in after)}:
        tx.execute(sa.delete(models.applied).where(models.applied.c.name.in_(sorted(names))))
    if dropped := [spec.stored for name, spec in known.items() if name not in after]:
        tx.execute(sa.delete(models.seeded).where(models.seeded.c.table_name.in_(dropped)))
    if written:
        rows = [{"name": name, "spec": spec, "applied_at": clock.now()} for name, spec in written.items()]
        tx.execute(sa.insert(models.applied), rows)
