"""select, insert, update, upsert, delete: done inside a database transaction together with their history entry."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_dict, is_list, is_map
from payloom.workflows.catalog.catalog import STRIPE_TABLES, Catalog, Schema
from payloom.workflows.catalog.schemas import row_schema
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.program.commands import Do
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.program.signals import fail
from payloom.workflows.program.step_generator import Steps, command
from payloom.workflows.program.templates import Template
from payloom.workflows.syntax.filemodel import steps as models
from payloom.workflows.syntax.filemodel.values import row_range


def fill_where(frame: Frame, where: Template, path: str) -> Any:
    """Return a filled-in `where`, whose operators are those that stand in the file.

    A value that was filled in stays a value: a map that a caller sent in its place would be read as operators.
    Raises Failed (`invalid_filter`, 422).
    """
    filled = frame.fill(where, path)
    if not where.constant:
        _require_plain(where.literal, filled, path, "where")
    return filled


def _require_plain(written: Any, filled: Any, path: str, at: str) -> None:
    if is_map(written) and is_map(filled):
        for name, value in written.items():
            _require_plain(value, filled.get(name), path, f"{at}.{name}")
    elif is_list(written) and is_list(filled):
        for index, (item, value) in enumerate(zip(written, filled, strict=True)):
            _require_plain(item, value, path, f"{at}[{index}]")
    elif is_map(filled) or (is_list(filled) and any(is_map(item) or is_list(item) for item in filled)):
        kind = "a map" if is_map(filled) else "a list of maps or lists"
        hint = "give the input a type such as `string`; operators such as `ne` stand in the file"
        raise fail(path, "invalid_filter", f"`{at}` compares with a value, found {kind}", status=422, hint=hint)


class TableStep(Node):
    """What the table verbs share."""

    table: str

    def args(self, frame: Frame, path: str) -> dict[str, Any]:
        """Return the evaluated arguments."""
        raise NotImplementedError

    def run(self, frame: Frame, path: str) -> Steps:
        """Ask for the step on the table; the value is what the table answers."""
        entry = yield from command(
            Do(
                path,
                self.verb,
                self.table,
                self.args(frame, path),
                key=frame.run_context.key(path),
                step_id=self.id,
                name=self.name,
                line=self.line,
            )
        )
        return entry.value


class Select(TableStep):
    """Reads rows: a list, one row or null with `one`, a map with `key_by`. Stripe's tables are read outside."""

    verb: ClassVar[str] = "select"

    def build(self, model: models.Select, compiler: StepCompiler, path: Path) -> None:
        """Compile the conditions. A table of Stripe makes the step a durable one."""
        self.table = model.select
        if self.table.startswith(STRIPE_TABLES):
            self.lane = "durable"
        self.where = compiler.template(model.where, (*path, "where"))
        self.limit = compiler.maybe_template(model.limit, (*path, "limit"))
        self.fixed = {"one": model.one, "key_by": model.key_by, "require": model.require, "order_by": model.order_by}

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        row = row_schema(catalog.table(self.table))
        if self.fixed["one"]:
            return row
        if self.fixed["key_by"]:
            return {"type": "object", "additionalProperties": row if row is not None else True}
        return {"type": "array", "items": row or {}}

    @override
    def may_be_null(self) -> bool:
        return self.fixed["one"] == "optional"

    def args(self, frame: Frame, path: str) -> dict[str, Any]:
        """Return the arguments. Fails when the limit is no whole number from 0 up."""
        limit = frame.maybe(self.limit, path)
        if limit is not None and (type(limit) is not int or limit < 0):
            raise fail(path, "expression", f"`limit` must be a whole number from 0 up, found {limit!r}")
        return {"where": fill_where(frame, self.where, path), **self.fixed, "limit": limit}


class Insert(TableStep):
    """Adds a row, or several; the value is what was stored."""

    verb: ClassVar[str] = "insert"

    def build(self, model: models.Insert, compiler: StepCompiler, path: Path) -> None:
        """Compile the row or rows."""
        self.table = model.insert
        self.values = compiler.template(model.values, (*path, "values"))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        row = row_schema(catalog.table(self.table))
        if is_map(self.values.literal):
            return row
        return {"type": "array", "items": row or {}} if is_list(self.values.literal) else None

    def args(self, frame: Frame, path: str) -> dict[str, Any]:
        """Return the arguments. Fails when the values are neither a row nor a list of rows."""
        values = frame.fill(self.values, path)
        if is_dict(values) or (is_list(values) and all(is_dict(row) for row in values)):
            return {"values": values}
        raise fail(
            path, "expression", "`values` must be a row or a list of rows", hint="a row is a map of column: value"
        )


def touched_schema(table: str, rows: list[int | None], catalog: Catalog) -> Schema | None:
    """Return the schema of what `update` and `delete` give: the row when at most one may be touched, else a list."""
    row = row_schema(catalog.table(table))
    return row if rows[1] == 1 else {"type": "array", "items": row or {}}


class Update(TableStep):
    """Changes rows; exactly one unless `rows` says otherwise."""

    verb: ClassVar[str] = "update"

    def build(self, model: models.Update, compiler: StepCompiler, path: Path) -> None:
        """Compile the conditions, the new values, and how many rows may change."""
        self.table = model.update
        self.where = compiler.template(model.where, (*path, "where"))
        self.set = compiler.template(model.set, (*path, "set"))
        self.rows = list(row_range(model.rows))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return touched_schema(self.table, self.rows, catalog)

    @override
    def may_be_null(self) -> bool:
        return self.rows == [0, 1]

    def args(self, frame: Frame, path: str) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "where": fill_where(frame, self.where, path),
            "set": frame.fill(self.set, path),
            "rows": list(self.rows),
        }


class Upsert(TableStep):
    """Adds a row or changes the one with the same key; the value is the row."""

    verb: ClassVar[str] = "upsert"

    def build(self, model: models.Upsert, compiler: StepCompiler, path: Path) -> None:
        """Compile the row; the key's columns decide which one it replaces."""
        self.table = model.upsert
        self.key = list(model.key)
        self.values = compiler.template(model.values, (*path, "values"))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return row_schema(catalog.table(self.table))

    def args(self, frame: Frame, path: str) -> dict[str, Any]:
        """Return the arguments."""
        return {"key": list(self.key), "values": frame.fill(self.values, path)}


class Delete(TableStep):
    """Removes rows; exactly one unless `rows` says otherwise."""

    verb: ClassVar[str] = "delete"

    def build(self, model: models.Delete, compiler: StepCompiler, path: Path) -> None:
        """Compile the conditions and how many rows may go."""
        self.table = model.delete
        self.where = compiler.template(model.where, (*path, "where"))
        self.rows = list(row_range(model.rows))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return touched_schema(self.table, self.rows, catalog)

    @override
    def may_be_null(self) -> bool:
        return self.rows == [0, 1]

    def args(self, frame: Frame, path: str) -> dict[str, Any]:
        """Return the arguments."""
        return {"where": fill_where(frame, self.where, path), "rows": list(self.rows)}
