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
    """A table or a step on it failed."""

    code: ClassVar[str] = "table_error"


class BadTablesFile(TableError):
    """tables.yaml has errors."""

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
    """A table step failed."""


class UnknownTable(VerbFailed):
    """No table has this name."""

    code: ClassVar[str] = "unknown_table"


class UnknownColumn(VerbFailed):
    """The table has no such column."""

    code: ClassVar[str] = "unknown_column"
    status: ClassVar[int] = 422


class BadArguments(VerbFailed):
    """The step's arguments exclude each other."""

    code: ClassVar[str] = "bad_arguments"


class TooManyValues(BadArguments):
    """A list in `where` holds more values than it may. Its length often is the caller's choice."""

    status: ClassVar[int] = 422


class NoFilter(VerbFailed):
    """Every value in `where` is null, so the step would match every row. Often a caller left a value out."""

    code: ClassVar[str] = "no_filter"
    status: ClassVar[int] = 422


class TypeMismatch(VerbFailed):
    """A value does not have the column's type."""

    code: ClassVar[str] = "type_mismatch"
    status: ClassVar[int] = 422


class MissingValue(VerbFailed):
    """A column that can't be empty got no value."""

    code: ClassVar[str] = "missing_value"
    status: ClassVar[int] = 422


class RowsMissing(VerbFailed):
    """Some values have no row (`require: all`)."""

    code: ClassVar[str] = "rows_missing"
    status: ClassVar[int] = 422


class RowNotFound(VerbFailed):
    """No row matches."""

    code: ClassVar[str] = "row_not_found"
    status: ClassVar[int] = 404


class RowsMismatch(VerbFailed):
    """More or fewer rows match than the step allows."""

    code: ClassVar[str] = "rows_mismatch"
    status: ClassVar[int] = 409


class TooManyRows(VerbFailed):
    """More rows match than one step can read."""

    code: ClassVar[str] = "too_many_rows"


class KeyNotUnique(VerbFailed):
    """Two rows share a value of the `key_by` column."""

    code: ClassVar[str] = "key_not_unique"


class UniqueViolation(VerbFailed):
    """A row with this value exists."""

    code: ClassVar[str] = "unique_violation"
    status: ClassVar[int] = 409


class ReferenceViolation(VerbFailed):
    """The row references one that does not exist, or is still referenced."""

    code: ClassVar[str] = "reference_violation"
    status: ClassVar[int] = 409
