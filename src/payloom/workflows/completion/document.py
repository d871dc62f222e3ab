"""What may stand at the cursor in the YAML around expressions: keys of steps and parameters, names, known values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from payloom.kit.diagnostics import Path, value_at
from payloom.kit.json_types import is_dict, is_map
from payloom.workflows.catalog.catalog import WHERE_OPERATORS, Column, TableShape
from payloom.workflows.completion.expression import Item
from payloom.workflows.completion.tolerant_document import TolerantDocument
from payloom.workflows.completion.type_names import type_words
from payloom.workflows.expressions.types import Type, type_of_schema
from payloom.workflows.program.inputs import TYPE_NAMES
from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.step_keys import STEP_LIST_KEYS, STEP_MAP_KEYS
from payloom.workflows.syntax.filemodel.steps import INNER_MODELS, VERBS, CaseClause, CatchClause, verb_of
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS, kind_of

_TABLE_VERBS = frozenset({"select", "insert", "update", "upsert", "delete"})
_ROW_KEYS = frozenset({"where", "set", "values"})
_HEAD = ("id", "name", "when", "on_error")
_MOST = 400


def is_step_place(data: Any, path: Path) -> bool:
    """Whether a path is a place in a list of steps."""
    if not path or not isinstance(path[-1], int):
        return False
    if path[:1] == ("on",) or path[:1] == ("tests",):
        return False
    holder = path[:-1]
    if holder in {("steps",), ("on_error",)}:
        return True
    if not holder:
        return False
    last = holder[-1]
    if last == "catch":
        clause = value_at(data, path)
        return not (is_dict(clause) and ("do" in clause or "errors" in clause))
    if isinstance(last, str) and last in STEP_LIST_KEYS | {"steps"}:
        return "with" not in holder and "data" not in holder
    return len(holder) > 1 and holder[-2] in STEP_MAP_KEYS and not isinstance(last, int)


def step_around(data: Any, path: Path) -> Path | None:
    """Return the innermost step a path lies in."""
    for length in range(len(path), 0, -1):
        if is_step_place(data, path[:length]):
            return path[:length]
    return None


# ------------------------------------------------------------------ keys


def keys(document: TolerantDocument, path: Path) -> Iterator[Item]:
    """Yield the keys that may still be put into the map at `path`."""
    present = value_at(document.data, path)
    used: set[str] = set(present) if is_dict(present) else set()
    for item in offered(document, path):
        if item.label not in used:
            yield item


def offered(document: TolerantDocument, path: Path) -> Iterator[Item]:
    """Yield the keys that a map at `path` may have."""
    if not path:
        yield from _of_model(WorkflowFile)
        return
    if path[0] == "on":
        yield from _trigger_keys(document, path)
        return
    if path[-1] in {"steps", "do", "then", "else", "try"} and isinstance(value_at(document.data, path), list | None):
        return
    step = step_around(document.data, path)
    if step is None:
        return
    data = value_at(document.data, step)
    data = data if is_dict(data) else {}
    rest = path[len(step) :]
    if not rest:
        yield from _step_keys(data)
    else:
        yield from _inside(document, data, rest)


def _of_model(model: type[BaseModel], first: tuple[str, ...] = ()) -> Iterator[Item]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        required = field.is_required()
        rank = 1 if key in first else 2 if required else 6 if key in _HEAD else 3
        detail = "required" if required else None
        yield Item(key, "key", None, detail, field.description, f"{key}: ", rank)


def _trigger_keys(document: TolerantDocument, path: Path) -> Iterator[Item]:
    data = value_at(document.data, path)
    kind = kind_of(data) if is_dict(data) else None
    if len(path) > 2:
        return
    if kind is not None:
        yield from _of_model(TRIGGERS[kind])
        return
    for name, model in TRIGGERS.items():
        yield Item(name, "key", None, None, (model.__doc__ or "").strip(), f"{name}: ", 1)


def _step_keys(data: Mapping[str, Any]) -> Iterator[Item]:
    verb = verb_of(dict(data))
    if verb is not None:
        yield from _of_model(VERBS[verb])
        return
    for at, (name, model) in enumerate(VERBS.items()):
        yield Item(name, "verb", None, None, (model.__doc__ or "").strip(), f"{name}: ", 1 if at < 100 else 2)
    for key in _HEAD:
        field = VERBS["log"].model_fields[key]
        yield Item(key, "key", None, None, field.description, f"{key}: ", 3)


def _inside(document: TolerantDocument, step: dict[str, Any], rest: Path) -> Iterator[Item]:
    verb = verb_of(step)
    key = str(rest[0])
    if verb in _TABLE_VERBS and key in _ROW_KEYS:
        yield from _row_keys(_table(document, step, verb), key, rest[1:])
    elif key == "with":
        yield from _parameters(_arguments(document, step, verb), rest[1:])
    elif key in INNER_MODELS and len(rest) == 1:
        yield from _of_model(INNER_MODELS[key])
    elif key == "cases" and len(rest) == 1:
        yield from (Item(name, "value", None, None, None, f"{name}:", 1) for name in _actions_here(document, step))
    elif key == "cases" and len(rest) == 2:
        yield from _of_model(CaseClause)
    elif key == "catch" and len(rest) == 2:
        yield from _of_model(CatchClause)


def _table(document: TolerantDocument, step: Mapping[str, Any], verb: str | None) -> TableShape | None:
    name = step.get(verb) if verb else None
    return document.catalog.table(name) if isinstance(name, str) else None


def _row_keys(table: TableShape | None, key: str, rest: Path) -> Iterator[Item]:
    if table is None:
        return
    inner = [part for part in rest if not isinstance(part, int) and part != "any"]
    if len(inner) == 1 and key == "where":
        yield from (Item(name, "key", None, None, None, f"{name}: ", 2) for name in WHERE_OPERATORS)
    elif not inner:
        for column in table.columns.values():
            yield Item(column.name, "column", column_words(column), _column_detail(column), None, f"{column.name}: ", 1)
        if key == "where" and not rest:
            yield Item("any", "key", None, "a list of conditions, one of which must hold", None, "any:", 4)


def column_words(column: Column) -> str:
    """Return a column's type in words."""
    words = " | ".join(f'"{value}"' for value in column.enum) if column.enum else column.type
    return f"{words} | null" if column.nullable else words


def _column_detail(column: Column) -> str | None:
    if column.primary:
        return "primary key"
    return f"refers to {column.references}" if column.references else None


def _arguments(document: TolerantDocument, step: Mapping[str, Any], verb: str | None) -> Type | None:
    """Return the shape of a step's `with:`."""
    target = step.get(verb) if verb else None
    if not isinstance(target, str):
        return None
    if verb in {"stripe", "python"}:
        action = document.catalog.action(verb, target)
        return type_of_schema(action.params) if action is not None and action.params is not None else None
    return None


def _parts(shape: Type | None, rest: Iterable[str | int]) -> list[Type]:
    """Return the shapes of what stands at a path below a shape."""
    shapes = [shape] if shape is not None else []
    for part in rest:
        types: list[Type] = []
        for holder in shapes:
            for schema in holder.alternatives() or ():
                if isinstance(part, int):
                    if is_map(schema.get("items")):
                        types.append(holder.of(schema["items"]))
                    continue
                properties = schema.get("properties")
                if is_map(properties) and part in properties:
                    types.append(holder.of(properties[part]))
                elif is_map(schema.get("additionalProperties")):
                    types.append(holder.of(schema["additionalProperties"]))
        shapes = types
    return shapes


def _parameters(shape: Type | None, rest: Path) -> Iterator[Item]:
    seen: set[str] = set()
    for holder in _parts(shape, rest):
        for schema in holder.alternatives() or ():
            if schema.get("type") == "array" and is_map(schema.get("items")):
                continue
            properties = schema.get("properties")
            required = schema.get("required", ())
            for name in properties if is_map(properties) else ():
                if name in seen or not is_map(properties):
                    continue
                seen.add(name)
                part = properties[name]
                doc = part.get("description") if is_map(part) else None
                if is_map(part) and "x-alias-of" in part:
                    continue
                yield Item(
                    str(name), "parameter", type_words(holder.of(part)), "required" if name in required else None, doc,
                    f"{name}: ", 1 if name in required else 2,
                )  # fmt: skip


# ------------------------------------------------------------------ values


def values(document: TolerantDocument, path: Path, typed: str = "") -> Iterator[Item]:
    """Yield what may stand as the value at `path`. typed: what is there already, up to the cursor."""
    if not path:
        return
    if path[0] == "on":
        yield from _trigger_values(document, path)
        return
    if path[0] in {"input", "output"}:
        yield from (Item(name, "type", rank=2) for name in TYPE_NAMES)
        return
    step = step_around(document.data, path)
    if step is None or len(path) == len(step):
        return
    data = value_at(document.data, step)
    yield from _step_values(document, data if is_dict(data) else {}, path[len(step) :], typed)


def _named(names: Iterable[str], kind: str, rank: int = 1) -> Iterator[Item]:
    for at, name in enumerate(names):
        if at >= _MOST:
            return
        yield Item(name, kind, rank=rank)


def _trigger_values(document: TolerantDocument, path: Path) -> Iterator[Item]:
    head = path[: 2 if len(path) > 1 and isinstance(path[1], int) else 1]
    rest = path[len(head) :]
    data = value_at(document.data, head)
    data = data if is_dict(data) else {}
    key = str(rest[0]) if rest else ""
    if key == "stripe":
        yield from _families(document)
    elif key == "actions" and isinstance(data.get("stripe"), str):
        family = document.catalog.family(data["stripe"])
        yield from _named(family.actions if family else (), "value")
    elif key == "auth":
        yield from _named(("user", "none", "optional"), "value")
    elif key == "table":
        yield from _named(document.catalog.table_names(), "table")
    elif key == "on":
        yield from _named(("insert", "update", "delete"), "value")
    elif key:
        kind = kind_of(data)
        yield from _of_field(TRIGGERS.get(kind or ""), key)


def _families(document: TolerantDocument) -> Iterator[Item]:
    for name in document.catalog.family_names():
        yield Item(name, "family", None, None, None, None, 1)


def _of_field(model: type[BaseModel] | None, key: str) -> Iterator[Item]:
    """Yield the words a field of a model lists."""
    if model is None:
        return
    schema = model.model_json_schema(by_alias=True)
    target = schema if "properties" in schema else schema["$defs"].get(model.__name__, {})
    yield from _words_of(target.get("properties", {}).get(key, {}))


def _words_of(schema: Any) -> Iterator[Item]:
    if not is_map(schema):
        return
    for key in ("anyOf", "oneOf"):
        for alternative in schema.get(key, ()):
            yield from _words_of(alternative)
    for value in schema.get("enum", ()):
        yield Item(str(value), "value", rank=1)
    if isinstance(schema.get("const"), str):
        yield Item(schema["const"], "value", rank=1)
    if schema.get("type") == "boolean":
        yield from _named(("true", "false"), "value", 2)


def _step_values(document: TolerantDocument, step: dict[str, Any], rest: Path, typed: str) -> Iterator[Item]:
    verb = verb_of(step)
    key = str(rest[0])
    catalog = document.catalog
    named = {
        "select": (catalog.table_names, "table"), "insert": (catalog.table_names, "table"),
        "update": (catalog.table_names, "table"), "upsert": (catalog.table_names, "table"),
        "delete": (catalog.table_names, "table"), "email": (catalog.email_names, "template"),
        "call": (catalog.workflow_names, "workflow"), "python": (catalog.python_names, "function"),
    }  # fmt: skip
    if key == "stripe":
        yield from _stripe_actions(document, typed)
    elif key in named:
        names, kind = named[key]
        yield from _named(names(), kind)
    elif key == "wait_for":
        yield from _waited(document, step, rest)
    elif key == "with":
        yield from _parameter_values(_arguments(document, step, verb), rest[1:])
    elif verb in _TABLE_VERBS and key in {*_ROW_KEYS, "key", "key_by", "order_by"}:
        yield from _table_values(_table(document, step, verb), key, rest[1:])
    elif key == "catch" and "errors" in rest:
        return
    elif verb is not None:
        yield from _of_field(VERBS[verb], key)


def _stripe_actions(document: TolerantDocument, typed: str) -> Iterator[Item]:
    words = typed.lower().replace(".", " ").replace("_", " ").split()
    for at, name in enumerate(
        action_name
        for action_name in document.catalog.action_names("stripe")
        if " " not in action_name and all(word in action_name.lower() for word in words)
    ):
        if at >= _MOST:
            return
        yield Item(name, "action", rank=1 if "." in name else 3)


def _waited(document: TolerantDocument, step: Mapping[str, Any], rest: Path) -> Iterator[Item]:
    if rest[1:] == ("stripe",):
        yield from _families(document)
    elif rest[1:2] == ("actions",):
        waited = step.get("wait_for")
        name = waited.get("stripe") if is_dict(waited) else None
        family = document.catalog.family(name) if isinstance(name, str) else None
        yield from _named(family.actions if family else (), "value")


def _parameter_values(shape: Type | None, rest: Path) -> Iterator[Item]:
    seen: set[str] = set()
    for part in _parts(shape, rest):
        for schema in part.alternatives() or ():
            listed = schema.get("items") if schema.get("type") == "array" else None
            for item in (*_words_of(schema), *(_words_of(listed) if listed else ())):
                if item.label and item.label not in seen:
                    seen.add(item.label)
                    yield item


def _table_values(table: TableShape | None, key: str, rest: Path) -> Iterator[Item]:
    if table is None:
        return
    if key in {"key", "key_by", "order_by"}:
        yield from _named(table.columns, "column")
        if key == "order_by":
            yield from _named((f"{name} desc" for name in table.columns), "column", 3)
        return
    name = next((part for part in rest if isinstance(part, str) and part != "any"), None)
    column = table.columns.get(name) if name is not None else None
    if column is not None and column.enum:
        yield from _named(column.enum, "value")
    elif column is not None and column.type == "bool":
        yield from _named(("true", "false"), "value")


def _actions_here(document: TolerantDocument, step: Mapping[str, Any]) -> list[str]:
    value = str(step.get("switch", "")).replace(" ", "").removeprefix("context.")
    return list(known_values(document).get(value, ()))


def known_values(document: TolerantDocument) -> dict[str, tuple[str, ...]]:
    """Return the values of paths that the types of events do not tell."""
    actions: dict[str, None] = {}
    families: dict[str, None] = {}
    for trigger in document.workflow.triggers:
        if trigger.kind == "stripe":
            family = document.catalog.family(trigger.family)
            families[trigger.family] = None
            actions.update(dict.fromkeys(trigger.actions or (family.actions if family else ())))
    if not families:
        return {}
    types = tuple(f"{name}.{action}" for name in families for action in actions)
    return {"event.action": tuple(actions), "event.family": tuple(families), "event.type": types}
