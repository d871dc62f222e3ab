"""What is known, before a run, about the values that expressions read: JSON Schemas of roots, rows and step results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from payloom.workflows.catalog.catalog import Catalog, Column, Schema, TableShape
from payloom.workflows.interpreter.verbs import approve, branch, loops, outbound, parallel, simple, tables, wait
from payloom.workflows.program.node import Node
from payloom.workflows.program.program import ApiTrigger, StripeTrigger, Workflow

_TEXT: Schema = {"type": "string"}
_COLUMN: Mapping[str, Schema] = {
    "uuid": _TEXT,
    "string": _TEXT,
    "text": _TEXT,
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "number": {"type": ["integer", "number"]},
    "json": {},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}
_ANY_OBJECT: Schema = {"type": "object"}
ROOTS = ("inputs", "event", "object", "previous", "user", "env", "run", "vars", "steps", "context")
RESERVED = frozenset({*ROOTS, "secrets", "error", "true", "false", "null", "in"})


def closed(properties: Mapping[str, Any]) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def or_null(schema: Schema | None) -> Schema | None:
    """Return a schema that null fits as well."""
    return None if schema is None else {"anyOf": [schema, {"type": "null"}]}


def column_schema(column: Column) -> Schema:
    """Return the schema of a column's values, null not included."""
    schema = _COLUMN.get(column.type, {})
    return {**schema, "enum": list(column.enum)} if column.enum else schema


def _read(column: Column) -> Schema:
    schema = column_schema(column)
    return {**schema, "x-type": "timestamp"} if column.type == "datetime" else schema


def row_schema(table: TableShape | None) -> Schema | None:
    """Return the schema of a table's rows."""
    if table is None:
        return None
    if table.row is not None:
        return table.row
    return closed(
        {
            name: or_null(_read(column)) if column.nullable and column.type != "json" else _read(column)
            for name, column in table.columns.items()
        }
    )


def result(node: Node, catalog: Catalog) -> Schema | None:
    """Return the schema of a step's result when it is neither skipped nor absent; None if it can be anything."""
    match node:
        case tables.Select():
            row = row_schema(catalog.table(node.table))
            if node.fixed["one"]:
                return row
            if node.fixed["key_by"]:
                return {"type": "object", "additionalProperties": row if row is not None else True}
            return {"type": "array", "items": row or {}}
        case tables.Insert():
            row = row_schema(catalog.table(node.table))
            if isinstance(node.values.literal, Mapping):
                return row
            return {"type": "array", "items": row or {}} if isinstance(node.values.literal, list) else None
        case tables.Update() | tables.Delete():
            row = row_schema(catalog.table(node.table))
            return row if node.rows[1] == 1 else {"type": "array", "items": row or {}}
        case tables.Upsert():
            return row_schema(catalog.table(node.table))
        case outbound.Stripe() | outbound.Python() | outbound.Email() | outbound.Http():
            return _called(node, catalog)
        case _:
            return _computed(node)


def _called(node: outbound.OutsideStep, catalog: Catalog) -> Schema | None:
    if isinstance(node, outbound.Stripe):
        action = catalog.action("stripe", node.action)
        returns = action.returns if action else None
        return None if node.extra else returns
    if isinstance(node, outbound.Python):
        action = catalog.action("python", node.function)
        return action.returns if action else None
    return None


def _computed(node: Node) -> Schema | None:
    match node:
        case approve.Approve():
            return closed(
                {
                    "approved": {"type": "boolean"},
                    "by": or_null(_TEXT),
                    "at": or_null({"type": "string", "format": "date-time"}),
                    "note": or_null(_TEXT),
                    "timed_out": {"type": "boolean"},
                }
            )
        case loops.ForEach():
            return {"type": "array"}
        case loops.While():
            return {"type": "integer"}
        case branch.Filter():
            return {"type": "boolean"}
        case simple.Log() | simple.Respond() | wait.Wait():
            return {"type": "null"}
        case parallel.Parallel():
            return closed({name: {} for name in node.branches})
        case simple.Let():
            keys = node.values.literal if isinstance(node.values.literal, Mapping) else {}
            return closed({name: {} for name in keys})
        case _:
            return None


def roots(workflow: Workflow, catalog: Catalog) -> dict[str, Schema | None]:
    """Return the types of the names every expression of a workflow can read."""
    event, stripe_object = _event(workflow, catalog)
    known: dict[str, Schema | None] = {
        "inputs": _inputs(workflow),
        "event": event,
        "object": stripe_object,
        "previous": _ANY_OBJECT if event is not None else None,
        "user": None,
        "env": closed(dict.fromkeys(catalog.env_names(), _TEXT)),
        "run": closed(
            {
                "id": _TEXT,
                "root_id": _TEXT,
                "started_at": {"type": "string", "format": "date-time", "x-type": "timestamp"},
                "workflow": _TEXT,
            }
        ),
        "vars": _vars(workflow),
        "steps": None,
    }
    changed = [one.table for one in workflow.triggers if one.kind == "table"]
    if changed:
        row = row_schema(catalog.table(changed[0])) if len(changed) == 1 else None
        known["row"], known["old"] = row, or_null(row)
    return known


def _inputs(workflow: Workflow) -> Schema:
    if workflow.input is not None:
        return _all_present(workflow.input)
    return closed({})


def _all_present(schema: Any) -> Any:
    # A field that was left out is null when the run reads it, so every declared field is there.
    if not isinstance(schema, Mapping):
        return schema
    out = dict(schema)
    if isinstance(schema.get("properties"), Mapping):
        required = set(schema.get("required", ()))
        out["properties"] = {
            name: _all_present(inner) if name in required or "default" in inner else or_null(_all_present(inner))
            for name, inner in schema["properties"].items()
        }
    if "items" in schema:
        out["items"] = _all_present(schema["items"])
    return out


def _vars(workflow: Workflow) -> Schema | None:
    names: dict[str, Any] = {name: {} for name in workflow.model.vars}
    for node in workflow.nodes():
        if isinstance(node, simple.Let) and isinstance(node.values.literal, Mapping):
            names.update({name: {} for name in node.values.literal})
    return closed(names)


def _event(workflow: Workflow, catalog: Catalog) -> tuple[Schema | None, Schema | None]:
    triggers = [one for one in workflow.triggers if isinstance(one, StripeTrigger)]
    if len(triggers) != 1 or len(workflow.triggers) != 1:
        return None, None
    return event_types(triggers[0].family, catalog)


def event_types(family_name: str, catalog: Catalog) -> tuple[Schema | None, Schema | None]:
    """Return the types of `event` and `object` for a family; `event` stays open."""
    family = catalog.family(family_name)
    if family is None:
        return None, None
    of = family.object_schema
    event = {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "type": _TEXT,
            "family": _TEXT,
            "action": _TEXT,
            "created": {"type": "integer"},
            "livemode": {"type": "boolean"},
            "object": of or {},
        },
    }
    return event, of


def context_type(known: Mapping[str, Schema | None]) -> Schema:
    """Return the type of `context`, which holds the roots again."""
    return closed({name: schema or {} for name, schema in known.items() if name != "secrets"})


def has_user(workflow: Workflow) -> bool | None:
    """Tell whether `user` is always there: True, None for maybe, False for never."""
    answers: list[bool | None] = []
    for one in workflow.triggers:
        if isinstance(one, ApiTrigger):
            answers.append({"none": False, "optional": None}.get(one.auth, True) if isinstance(one.auth, str) else True)
        elif one.kind == "manual":
            answers.append(one.auth != "none" if one.auth != "optional" else None)
        elif one.kind == "called":
            answers.append(None)
        else:
            answers.append(False)
    return answers[0] if len(set(answers)) == 1 else None


def names(parts: Iterable[str], most: int = 12) -> str:
    """Return a list for a hint, cut when it is long."""
    listed = list(parts)
    return ", ".join(listed[:most]) + (", …" if len(listed) > most else "")
