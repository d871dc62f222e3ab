"""What is remembered of the tables: how each was last applied, and which declarations of it were applied before."""

from __future__ import annotations

import dataclasses
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

    def is_earlier(self, spec: TableSpec) -> bool:
        """Whether another declaration was applied after this one: an older version of the project declares it."""
        return fingerprint(spec) in self.declarations.get(spec.name, ())[:-1]


def fingerprint(spec: TableSpec) -> str:
    """Return a short text that differs for each declaration of a table. Seed rows do not count."""
    described = describe(spec)
    for column in described["columns"]:
        column.get("default", {}).pop("in_database", None)  # says where it is kept, not what is declared
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


def remember(
    tx: sa.Connection,
    before: LastApplied,
    after: Mapping[str, TableSpec],
    declared: Mapping[str, TableSpec],
    clock: Clock,
) -> None:
    """Remember the tables as they stand `after` the migration, and what was `declared`."""
    written: dict[str, dict[str, object]] = {}
    for name, spec in after.items():
        known = before.declarations.get(name, ())
        declarations = known
        if name in declared and not (before.is_earlier(declared[name]) and spec is before.specs.get(name)):
            latest = fingerprint(declared[name])
            declarations = (*(each for each in known if each != latest), latest)[-_DECLARATIONS_KEPT:]
        old = before.specs.get(name)
        if old is None or describe(old) != describe(spec) or declarations != known:
            written[name] = {**describe(spec), "declarations": list(declarations)}
    dropped = [name for name in before.specs if name not in after]
    if names := [*written, *dropped]:
        tx.execute(sa.delete(models.applied).where(models.applied.c.name.in_(names)))
    if dropped:
        tx.execute(sa.delete(models.seeded).where(models.seeded.c.table_name.in_(dropped)))
    if written:
        rows = [{"name": name, "spec": spec, "applied_at": clock.now()} for name, spec in written.items()]
        tx.execute(sa.insert(models.applied), rows)
