"""F003 and F111: whether what stands in the file fits what is asked for, as far as both are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.catalog import schemas
from payloom.workflows.catalog.catalog import Column, Schema
from payloom.workflows.checker import scope
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.expressions.check import fits
from payloom.workflows.expressions.left_out import moved_hint
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.types import Type
from payloom.workflows.program.node import ExpressionSite

_WORDS = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
    "object": "a map", "null": "null",
}  # fmt: skip
_KIND = {
    "map": "a map",
    "list": "a list",
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
AMOUNTS = frozenset(
    {"amount", "unit_amount", "application_fee_amount", "transfer_amount", "amount_to_capture", "amount_off"}
)


def json_type(value: Any) -> str:
    """Return JSON Schema's word for a value in a file."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if is_list(value):
        return "array"
    return "object" if is_map(value) else "string"


class ValueCheck:
    """Compares values with schemas."""

    def __init__(self, findings: Findings, types: Types) -> None:
        self.findings = findings
        self.types = types

    def value(self, value: Any, shape: Type, path: Path, label: str) -> None:
        """Check a value (with expressions in it) against what an action takes, at any depth."""
        if value is None:
            return
        alternatives = shape.alternatives()
        if alternatives is None:
            return
        if is_map(value):
            self.map(value, [shape.of(alternative) for alternative in alternatives], path, label)
        elif is_list(value):
            lists = [alternative for alternative in alternatives if alternative.get("type") in {"array", None}]
            if not lists:
                self.findings.report(
                    "F003", path, f"{self.subject(path, label)} takes {self.kinds(shape)}, found a list"
                )
            elif len(lists) == 1 and is_map(lists[0].get("items")):
                for at, item in enumerate(value):
                    self.value(item, shape.of(lists[0]["items"]), (*path, at), label)
        else:
            self.scalar(value, shape, path, label)

    def map(self, value: Mapping[str, Any], shapes: list[Type], path: Path, label: str) -> None:
        """Check a literal map, entry by entry, against the shapes that are maps."""
        maps = [shape for shape in shapes if shape.schema is not None and shape.schema.get("type") in {"object", None}]
        if not maps:
            joined = " or ".join(self.kinds(shape) for shape in shapes)
            self.findings.report("F003", path, f"{self.subject(path, label)} takes {joined}, found a map")
            return
        for key, item in value.items():
            inner: list[Type] = []
            known: set[str] = set()
            is_open = False
            for variant in maps:
                schema = variant.schema or {}
                properties: Mapping[str, Any] = schema.get("properties") or {}
                known.update(properties)
                if key in properties:
                    inner.append(variant.of(properties[key]))
                elif schema.get("additionalProperties", True) is not False:
                    is_open = True
                    inner.append(variant.of(schema.get("additionalProperties", True)))
            if inner:
                # With several ways to read a map the first that knows the key decides; the rest is for the run.
                if len(inner) == 1 or not is_open:
                    self.value(item, inner[0], (*path, key), label)
            else:
                moved = moved_hint([variant.schema for variant in maps], key)
                hint = (
                    moved
                    or did_you_mean(key, known - value.keys())
                    or (f"it takes {scope.names(sorted(known))}" if known else None)
                )
                place = self.subject(path, label) if path and path[-1] != "with" else label
                self.findings.report("F001", (*path, key), f"{place} does not take `{key}`", hint, key=True)

    def scalar(self, value: Any, shape: Type, path: Path, label: str) -> None:
        """Check a literal, or the type of the one expression in it, against a shape."""
        site = self.findings.single(value, path)
        if site is not None:
            for constant in _constants(site.compiled.tree):
                self.choice(constant, shape, path, label)
            actual = self.types.of(site)
            if actual is not None and not fits(_without_null(actual), shape.present()):
                self.mismatch(
                    path, label, shape.present(), f"`{site.compiled.source}` is {_describe(actual)}", site=site
                )
            return
        literal = _literal(value)
        if isinstance(value, float) and path and path[-1] in AMOUNTS:
            self.findings.report(
                "F111", path, f"{value} is not an amount", "write whole minor units, e.g. 2198 for 21.98"
            )
        elif not fits(literal, shape.present()):
            self.mismatch(path, label, shape.present(), f"found {_show(value)}")
        elif isinstance(value, str) and "${{" not in value:
            self.choice(value, shape, path, label)

    def choice(self, value: str, shape: Type, path: Path, label: str) -> None:
        """Check a text against the words that are known; of an open list only a near miss is a mistake."""
        words: list[str] = []
        is_open = False
        for schema in shape.alternatives() or ():
            if schema.get("type") not in {"string", None}:
                continue
            if "enum" not in schema:
                return
            words += map(str, schema["enum"])
            is_open = is_open or bool(schema.get("x-open"))
        if not words or value in words:
            return
        near = did_you_mean(value, words)
        subject = self.subject(path, label)
        hint = near or f"it is one of {scope.names(words)}"
        if near or not is_open or not value:
            message = f"{subject} cannot be {value!r}" if value else f"{subject} has no value yet"
            self.findings.report("F003", path, message, hint)
        else:
            self.findings.report("F006", path, f"Stripe lists no {value!r} for {subject}", hint)

    def mismatch(
        self, path: Path, label: str, expected: Schema | None, actual: str, *, site: ExpressionSite | None = None
    ) -> None:
        """Report that a place takes other values. found: what stands there, in words; site: its expression."""
        subject = self.subject(path, label)
        message = (
            f"{subject} takes {_describe(expected)}, {actual}"
            if site is None
            else f"{subject} takes {_describe(expected)}; {actual}"
        )
        if path and path[-1] in AMOUNTS and "number" in actual:
            self.findings.report("F111", path, message, "amounts are whole minor units: use int(round(…))")
        else:
            self.findings.report("F003", path, message)

    def cell(self, value: Any, column: Column, path: Path, label: str, *, listed: bool = False) -> None:
        """Check a value against a column. `listed`: an expression may give a list of values (IN)."""
        if value is None:
            return
        expected = schemas.column_schema(column)
        if not expected:
            return
        site = self.findings.single(value, path)
        if site is not None:
            actual = self.types.of(site)
            if actual is None:
                return
            bare = _without_null(actual)
            if listed and bare.get("type") == "array":
                return
            if not fits(bare, expected):
                self.findings.report_in(
                    "F003", site, f"{label} is {_describe(expected)}, and this is {_describe(actual)}"
                )
            return
        literal = _literal(value)
        if column.enum and isinstance(value, str) and "${{" not in value:
            if value not in column.enum:
                hint = did_you_mean(value, column.enum) or f"it is one of {scope.names(column.enum)}"
                message = f"{label} cannot be {value!r}" if value else f"{label} has no value yet"
                self.findings.report("F003", path, message, hint)
        elif not fits(literal, expected):
            self.findings.report("F003", path, f"{label} is {_describe(expected)}, found {_show(value)}")

    @staticmethod
    def subject(path: Path, label: str) -> str:
        """Return how a message names the value at `path`."""
        if "with" not in path:
            return label
        inner = path[path.index("with") + 1 :]
        text = ".".join(str(part) for part in inner if isinstance(part, str))
        return f"`{text}`" if text else label

    @staticmethod
    def kinds(shape: Type) -> str:
        """Return the kinds of values that a shape takes, in words."""
        kinds = shape.kinds()
        return "anything" if kinds is None else " or ".join(sorted(_KIND.get(kind, kind) for kind in kinds - {"null"}))


def _literal(value: Any) -> Schema:
    """Return the schema of a scalar in a file. 2.0 may stand for a whole number, 1.5 may not."""
    if isinstance(value, str):
        return {"type": "string"} if "${{" in value else {"type": "string", "const": value}
    if isinstance(value, float) and not value.is_integer():
        return {"type": "number", "x-type": "float"}
    return {"type": json_type(value)}


def _constants(node: ast.Node) -> list[str]:
    """Return the texts that an expression may give: it is one, or chooses between some."""
    if isinstance(node, ast.Literal):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Conditional):
        return [*_constants(node.then), *_constants(node.otherwise)]
    if isinstance(node, ast.Binary) and node.sign == "??":
        return [*_constants(node.left), *_constants(node.right)]
    return []


def _without_null(schema: Schema) -> Schema:
    # A null is checked by the run (and not sent to Stripe); here only the rest has to fit.
    union = schema.get("anyOf")
    if is_list(union):
        rest = [alternative for alternative in union if alternative.get("type") != "null"]
        return rest[0] if len(rest) == 1 else {**schema, "anyOf": rest}
    kinds = schema.get("type")
    if is_list(kinds):
        rest = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}
    return schema


def _describe(schema: Schema | None) -> str:
    if schema is None:
        return "anything"
    if schema.get("anyOf"):
        parts = dict.fromkeys(
            _describe(alternative) for alternative in schema["anyOf"] if alternative.get("type") != "null"
        )
        return " or ".join(parts) or "null"
    if "const" in schema and "type" not in schema:
        return _WORDS.get(json_type(schema["const"]), "a value")
    kinds = schema.get("type")
    listed = kinds if is_list(kinds) else [kinds]
    if schema.get("x-type") in {"timestamp", "duration"}:
        return f"a {schema['x-type']}"
    if schema.get("format") == "date-time":
        return "a moment"
    return " or ".join(_WORDS.get(str(kind), "anything") for kind in listed if kind != "null")


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value[:60])
    return {"array": "a list", "object": "a map"}.get(json_type(value), str(value))
