"""What can go wrong with the user's tables.

    TableError
    ├── BadTablesFile      tables.yaml cannot be used; carries every diagnostic with line and column
    ├── MigrationRefused   a change would lose or break stored data
    └── VerbFailed         a table verb could not be done
        ├── UnknownTable, UnknownColumn, BadArguments, NoFilter        the workflow file is wrong
        ├── TypeMismatch, MissingValue, RowsMissing                    a value does not fit
        ├── RowNotFound, RowsMismatch, TooManyRows, KeyNotUnique       the rows do not fit
        └── UniqueViolation, ReferenceViolation                        the database refused

`code` is the failure kind a workflow's `catch` sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from payloom.kit.diagnostics import Diagnostic
from payloom.kit.errors import PayloomError


class TableError(PayloomError):
    """Something is wrong with a table."""

    code: ClassVar[str] = "table_error"


class BadTablesFile(TableError):
    """tables.yaml cannot be used."""

    code: ClassVar[str] = "bad_tables_file"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(
            "\n".join(diagnostic.format() for diagnostic in diagnostics),
            diagnostics=[_plain(diagnostic) for diagnostic in diagnostics],
        )


def _plain(diagnostic: Diagnostic) -> dict[str, Any]:
    names = ("file", "line", "column", "message")
    return {name: getattr(diagnostic, name) for name in names} | {"hint": diagnostic.hint or ""}


class MigrationRefused(TableError):
    """A change to tables.yaml would lose or break stored data."""

    code: ClassVar[str] = "migration_refused"
    status: ClassVar[int] = 409


class VerbFailed(TableError):
    """A table step could not be done."""


class UnknownTable(VerbFailed):
    """There is no such table."""

    code: ClassVar[str] = "unknown_table"


class UnknownColumn(VerbFailed):
    """There is no such column."""

    code: ClassVar[str] = "unknown_column"
    status: ClassVar[int] = 422


class BadArguments(VerbFailed):
    """The step's arguments do not make sense together."""

    code: ClassVar[str] = "bad_arguments"


class NoFilter(VerbFailed):
    """Every value in `where` is null, so the step would not know which rows it means."""

    code: ClassVar[str] = "no_filter"


class TypeMismatch(VerbFailed):
    """A value does not have the column's type."""

    code: ClassVar[str] = "type_mismatch"
    status: ClassVar[int] = 422


class MissingValue(VerbFailed):
    """A column that may not be empty got no value."""

    code: ClassVar[str] = "missing_value"
    status: ClassVar[int] = 422


class RowsMissing(VerbFailed):
    """Not every value asked for has a row (`require: all`)."""

    code: ClassVar[str] = "rows_missing"
    status: ClassVar[int] = 422


class RowNotFound(VerbFailed):
    """No row matches."""

    code: ClassVar[str] = "row_not_found"
    status: ClassVar[int] = 404


class RowsMismatch(VerbFailed):
    """The number of rows that match is not the number the step allows."""

    code: ClassVar[str] = "rows_mismatch"
    status: ClassVar[int] = 409


class TooManyRows(VerbFailed):
    """More rows match than one step may read."""

    code: ClassVar[str] = "too_many_rows"


class KeyNotUnique(VerbFailed):
    """Two rows share a value of the `key_by` column."""

    code: ClassVar[str] = "key_not_unique"


class UniqueViolation(VerbFailed):
    """A row with this value exists already."""

    code: ClassVar[str] = "unique_violation"
    status: ClassVar[int] = 409


class ReferenceViolation(VerbFailed):
    """The row refers to one that does not exist, or is still referred to."""

    code: ClassVar[str] = "reference_violation"
    status: ClassVar[int] = 409
