"""What a change would lose or break, counted in the rows as they are. Nothing is changed here."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.tables.definition.schema import build_all
from payloom.tables.definition.spec import TableSpec
from payloom.tables.migration.changes import KEEPING, Change
from payloom.tables.migration.undeclared import can_stay

ALLOW_DROP = "`payloom migrate --allow-drop"


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change is not made, and what to do instead."""

    change: Change
    reason: str
    hint: str

    @property
    def can_be_allowed(self) -> bool:
        """Whether naming the change's target in `allow_drop` lets the change be made."""
        return f"{ALLOW_DROP} {self.change.target}`" in self.hint

    def __str__(self) -> str:
        return f"{self.change.target}: {self.reason} ({self.hint})"


class DestructiveChangeCheck:
    """Looks at the stored rows through the tables as they were last applied."""

    def __init__(
        self,
        tx: sa.Connection,
        before: Mapping[str, TableSpec],
        after: Mapping[str, TableSpec],
        allow_drop: Collection[str],
    ) -> None:
        """`allow_drop`: tables (`coupons`) and columns (`orders.coupon`) whose values may be given up."""
        self._tx = tx
        self._before = before
        self._after = after
        self._allowed = frozenset(allow_drop)
        metadata = sa.MetaData()
        self._stored = build_all(before, metadata)

    def refusals(self, changes: list[Change]) -> list[Refusal]:
        """Return one refusal for each change that cannot be made."""
        added = {(change.table, change.columns[0]) for change in changes if change.kind == "add_column"}
        refusals: list[Refusal] = []
        for change in changes:
            check = getattr(self, f"_{change.kind}", None)
            # A new column has no values of its own yet: its index cannot clash unless it gets a fixed default.
            if change.kind == "add_index" and any((change.table, name) in added for name in change.columns):
                check = self._index_on_new_column
            refusal = check(change) if check else None
            if refusal:
                refusals.append(Refusal(change, *refusal))
        return refusals

    def _count(self, table: str, *conditions: sa.ColumnElement[bool]) -> int:
        statement = sa.select(sa.func.count()).select_from(self._stored[table]).where(*conditions)
        return self._tx.execute(statement).scalar_one()

    def _column(self, change: Change) -> sa.Column[Any]:
        return self._stored[change.table].c[change.columns[0]]

    def _drop_hint(self, change: Change) -> str:
        return f"Declare it again, or delete its values with {ALLOW_DROP} {change.target}`."

    def _drop_table(self, change: Change) -> tuple[str, str] | None:
        if change.target in self._allowed:
            return None
        rows = self._count(change.table)
        reason = f"dropping the table would lose {_rows(rows)}" if rows else "the table has no rows"
        return f"no longer declared; {reason}", self._drop_hint(change)

    def _drop_column(self, change: Change) -> tuple[str, str] | None:
        if change.target in self._allowed:
            return None
        filled = self._count(change.table, self._column(change).is_not(None))
        lost = f"dropping the column would lose the values of {_rows(filled)}"
        reason = lost if filled else "the column has no values"
        needed = (
            ""
            if can_stay(self._before[change.table], self._before[change.table].columns[change.columns[0]])
            else ("no row can be inserted without it, and ")
        )
        return f"no longer declared; {needed}{reason}", self._drop_hint(change)

    def _change_type(self, change: Change) -> tuple[str, str] | None:
        old = self._before[change.table].columns[change.columns[0]]
        new = self._after[change.table].columns[change.columns[0]]
        linked = new.references or old.references or self._referred_to(change)
        if (old.type, new.type) in KEEPING and not linked:
            return None
        if change.target in self._allowed and not linked:
            return self._values_for_new_column(change)
        filled = self._count(change.table, self._column(change).is_not(None))
        reason = f"{old.type} cannot become {new.type} without losing the values of {_rows(filled)}"
        if linked:
            return reason, "the column takes part in a reference: add a new column and copy the values"
        return reason, f"Add a new column, or delete the values with {ALLOW_DROP} {change.target}`."

    def _referred_to(self, change: Change) -> bool:
        target = (change.table, change.columns[0])
        return any(column.references == target for spec in self._before.values() for column in spec.columns.values())

    def _change_primary(self, change: Change) -> tuple[str, str]:
        return f"the primary column cannot change ({change.detail})", "declare a new table and copy the rows"

    def _add_column(self, change: Change) -> tuple[str, str] | None:
        return self._values_for_new_column(change)

    def _values_for_new_column(self, change: Change) -> tuple[str, str] | None:
        column = self._after[change.table].columns[change.columns[0]]
        rows = self._count(change.table)
        if column.nullable or not rows or (column.default and column.default.kind != "counter"):
            return None
        reason = f"the new column would be empty in {_rows(rows)}"
        return reason, f"give it a default, or let it be empty: `{column.name}?`"

    def _forbid_null(self, change: Change) -> tuple[str, str] | None:
        empty = self._count(change.table, self._column(change).is_(None))
        if not empty:
            return None
        return f"may no longer be empty, but is in {_rows(empty)}", "fill those rows first"

    def _change_values(self, change: Change) -> tuple[str, str] | None:
        allowed = self._after[change.table].columns[change.columns[0]].enum
        old = self._before[change.table].columns[change.columns[0]]
        if allowed is None or old.type not in ("string", "text") or (old.enum and set(old.enum) <= set(allowed)):
            return None
        other = self._count(change.table, self._column(change).not_in(allowed))
        return (f"{_rows(other)} with a value that is no longer allowed", "change those rows first") if other else None

    def _add_index(self, change: Change) -> tuple[str, str] | None:
        if not change.unique:
            return None
        columns = [self._stored[change.table].c[name] for name in change.columns]
        twice = (
            sa.select(sa.func.count().label("count"))
            .where(*(column.is_not(None) for column in columns))
            .group_by(*columns)
            .having(sa.func.count() > 1)
            .subquery()
        )
        clashes = self._tx.execute(sa.select(sa.func.count()).select_from(twice)).scalar_one()
        names = ", ".join(change.columns)
        return (f"values of {names} that several rows have: {clashes:,}", "make them unique first") if clashes else None

    def _index_on_new_column(self, change: Change) -> tuple[str, str] | None:
        columns = self._after[change.table].columns
        fixed = all(
            (default := columns[name].default) is not None and default.kind in ("value", "now", "today")
            for name in change.columns
            if name not in self._before[change.table].columns
        )
        if not change.unique or not fixed or self._count(change.table) < 2:
            return None
        names = ", ".join(change.columns)
        return f"{names} would get the same default in every row, but is to be unique", "leave out the default"

    def _add_reference(self, change: Change) -> tuple[str, str] | None:
        column = self._after[change.table].columns[change.columns[0]]
        table, field = column.references or ("", "")
        if table not in self._stored or field not in self._stored[table].c:
            orphans = self._count(change.table, self._column(change).is_not(None))
        else:
            target = self._stored[table].alias()
            known = sa.select(target.c[field]).where(target.c[field] == self._column(change)).exists()
            orphans = self._count(change.table, self._column(change).is_not(None), ~known)
        if not orphans:
            return None
        return f"{_rows(orphans)} with a reference to a row of {table} that does not exist", "correct those rows first"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
