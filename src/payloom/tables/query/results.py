"""What a verb gives back, and the counts it insists on: one row, exactly so many rows, every value found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_sequence
from payloom.tables.definition.spec import TableSpec
from payloom.tables.definition.values import show
from payloom.tables.errors import BadArguments, KeyNotUnique, RowNotFound, RowsMismatch, RowsMissing, TooManyRows
from payloom.tables.query.where import Where, describe_where, find_column

Row = dict[str, Any]
MAX_ROWS = 10_000
"""The most rows one step reads, writes or changes."""


def single(spec: TableSpec, rows: list[Row], where: Any, *, required: bool) -> Row | None:
    """Return the only row. Raises RowsMismatch for several, RowNotFound for none when one is required."""
    if len(rows) > 1:
        hint = "compare with a unique column, or leave `one` out to read them all"
        raise RowsMismatch(
            f"more than one row of {spec.name} matches ({describe_where(where)})",
            hint=hint,
            table=spec.name,
            expected=[0, 1],
        )
    if not rows and required:
        raise RowNotFound(f"no row of {spec.name} matches ({describe_where(where)})", table=spec.name)
    return rows[0] if rows else None


def counted(spec: TableSpec, verb: str, touched: list[Row], rows: Any, where: Any) -> Any:
    """Return what a write gives back, or fail when it touched more or fewer rows than `rows` allows."""
    least, most = _bounds(rows)
    count = len(touched)
    if count < least or (most is not None and count > most):
        allowed = f"exactly {least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        counted = "no row matches" if count == 0 else f"{count:,} rows match" if count > 1 else "1 row matches"
        message = f"{verb} {spec.name}: {counted}, {allowed} expected ({describe_where(where)})"
        hint = "say `rows: 0..1` if the row may be absent" if count == 0 else "narrow `where`, or say `rows: 1..`"
        error = RowNotFound if count == 0 else RowsMismatch
        raise error(message, hint=hint, table=spec.name, matched=count, expected=[least, most])
    if most == 1:
        return touched[0] if touched else None
    if count > MAX_ROWS:
        raise TooManyRows(f"{verb} {spec.name}: {count:,} rows in one step", hint=f"at most {MAX_ROWS:,} are allowed")
    return touched


def _bounds(rows: Any) -> tuple[int, int | None]:
    if is_sequence(rows) and len(rows) == 2:
        least, most = rows
        if type(least) is int and least >= 0 and (most is None or (type(most) is int and most >= max(least, 1))):
            return least, most
    raise BadArguments(f"rows is [least, most], most null for no bound, not {show(rows)}")


def require_all(
    spec: TableSpec, condition: Where, where: Mapping[str, Any], key_by: str | None, rows: list[Row]
) -> None:
    """Check that each value of the list in `where` has its row. Raises RowsMismatch and names those without."""
    lists = [name for name, value in where.items() if is_sequence(value)]
    name = key_by if key_by in lists else lists[0] if len(lists) == 1 else None
    if name is None:
        raise BadArguments("require: all needs one list in `where`", table=spec.name)
    present = {row[name] for row in rows}
    missing = [value for value in condition.listed(name) if value not in present]
    missing += [None for value in where[name] if value is None]
    if missing:
        values = ", ".join(show(value) for value in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        message = f"{spec.name} has no matching row with {name} {values}{more}"
        raise RowsMissing(message, table=spec.name, column=name, missing=[str(value)[:100] for value in missing[:20]])


def keyed(spec: TableSpec, key_by: str, rows: list[Row]) -> dict[str, Row]:
    """Return the rows by a column's value. Raises BadArguments where the values cannot be keys of a map."""
    column = find_column(spec, key_by)
    if column.type not in ("string", "text", "uuid", "date"):
        raise BadArguments(f"key_by {key_by}: keys of a map are strings, this column is {column.type}", table=spec.name)
    keyed: dict[str, Row] = {}
    for row in rows:
        value = row[key_by]
        if value is None or value in keyed:
            problem = "two rows share" if value is not None else "a row has null for"
            raise KeyNotUnique(f"key_by {key_by}: {problem} {show(value)}", table=spec.name, column=key_by)
        keyed[value] = row
    return keyed
