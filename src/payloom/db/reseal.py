"""Seals anew what other keys sealed, or nobody, in batches; a server may run meanwhile."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from payloom.db.database import Database, metadata
from payloom.db.packing import pack, unpack
from payloom.db.sealing.sealer import Sealer
from payloom.db.types import Json, PlainJson, SealedBytes, SealedText

_BATCH = 200
Stored = TypeVar("Stored", str, bytes)
Rework = Callable[[str | bytes], str | bytes | None]
"""Returns what to store instead; None deletes the row."""


@dataclasses.dataclass(slots=True)
class Report:
    """What was found and done. sealed_by: how many values each key seals, after it. changed: how many were changed."""

    changed: int = 0
    sealed_by: Counter[str] = dataclasses.field(default_factory=Counter[str])


def sealed_columns() -> Iterator[tuple[sa.Table, Sequence[sa.Column[Any]]]]:
    """Yield the tables of Payloom with the columns that are sealed."""
    for table in metadata.sorted_tables:
        columns = [
            column
            for column in table.c
            if isinstance(column.type, Json | SealedText | SealedBytes) and not isinstance(column.type, PlainJson)
        ]
        if columns:
            yield table, columns


async def reseal(database: Database, sealer: Sealer) -> Report:
    """Seal everything with the current key, also what was stored before there were keys."""
    return await _rework(database, sealer, lambda value: _resealed(sealer, value))


async def abandon(database: Database, sealer: Sealer) -> Report:
    """Mark what no key here opens as lost, for good; keys of our own that are lost are deleted and made anew."""

    def rework(value: str | bytes) -> str | bytes | None:
        if isinstance(value, bytes):
            return value if sealer.sealed_by(value) <= set(sealer.keyring.ids) else None
        return sealer.abandon(value)

    return await _rework(database, sealer, rework)


async def count(database: Database, sealer: Sealer) -> Report:
    """Count what each key seals."""
    return await _rework(database, sealer, lambda value: value)


def _resealed(sealer: Sealer, value: str | bytes) -> str | bytes:
    """Return a stored value sealed with the current key; the value itself if it is that already."""
    if isinstance(value, bytes):
        return (
            value
            if sealer.sealed_by(value) == {sealer.keyring.current}
            else sealer.seal_bytes(sealer.unseal_bytes(value))
        )
    fresh = sealer.seal(sealer.unseal(value))
    same = sealer.marks(fresh) == sealer.marks(value) and sealer.sealed_by(value) <= {sealer.keyring.current}
    return value if same else fresh


async def _rework(database: Database, sealer: Sealer, rework: Rework) -> Report:
    report = Report()
    for table, columns in sealed_columns():
        for column in columns:
            after: Sequence[Any] | None = None
            while True:
                batch = _Batch(table, column, after)
                after, batch_report = await database.write(lambda tx, batch=batch: batch.work(tx, sealer, rework))
                report.changed += batch_report.changed
                report.sealed_by.update(batch_report.sealed_by)
                if after is None:
                    break
    return report


@dataclasses.dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of a column after a primary key."""

    table: sa.Table
    column: sa.Column[Any]
    after: Sequence[Any] | None

    def work(self, tx: sa.Connection, sealer: Sealer, rework: Rework) -> tuple[Sequence[Any] | None, Report]:
        """Do them; returns the last primary key, None at the end, and what was done."""
        report = Report()
        keys = list(self.table.primary_key.columns)
        kind = sa.LargeBinary if isinstance(self.column.type, SealedBytes) else sa.Text
        stored = sa.type_coerce(self.column, kind)
        query = sa.select(*keys, stored.label("stored_value")).where(self.column.is_not(None))
        if self.after is not None:
            query = query.where(sa.tuple_(*keys) > sa.tuple_(*map(sa.literal, self.after, [key.type for key in keys])))
        rows = tx.execute(query.order_by(*keys).limit(_BATCH)).all()
        for row in rows:
            value = bytes(row.stored_value) if kind is sa.LargeBinary else unpack(row.stored_value)
            new = rework(value)
            if new != value:
                # Only if nobody has changed it since.
                own = sa.and_(*(key == part for key, part in zip(keys, row, strict=False)), stored == row.stored_value)
                if new is None:
                    report.changed += tx.execute(sa.delete(self.table).where(own)).rowcount
                    continue
                packed = self.column.type.packed if isinstance(self.column.type, Json | SealedText) else None
                again = pack(new, packed) if isinstance(new, str) and packed and tx.dialect.name == "sqlite" else new
                change = sa.update(self.table).where(own).values({self.column: sa.type_coerce(again, kind)})
                report.changed += tx.execute(change).rowcount
            report.sealed_by.update(sealer.sealed_by(value if new is None else new))
        return (tuple(rows[-1][:-1]) if len(rows) == _BATCH else None), report
