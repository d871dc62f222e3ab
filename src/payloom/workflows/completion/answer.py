"""Completion and hover for a text and an offset, or for a field of a form with what is typed in it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from payloom.kit.diagnostics import Path, value_at
from payloom.kit.json_types import is_dict, is_map
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.checker import scope
from payloom.workflows.completion import document, expression
from payloom.workflows.completion.cursor import Cursor, cursor_at
from payloom.workflows.completion.expression import Completions, Item, Names
from payloom.workflows.completion.tolerant_document import TolerantDocument, read_tolerantly
from payloom.workflows.completion.type_names import type_words
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.functions.library import FUNCTIONS, HAS, MACROS, METHODS
from payloom.workflows.expressions.types import Type
from payloom.workflows.program.node import ExpressionSite, Node
from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS
from payloom.workflows.syntax.filemodel.steps import VERBS, verb_of
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS, kind_of

_MOST = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Hover:
    """What is known about the word under the cursor. start, end: of the word."""

    start: int
    end: int
    title: str
    type: str | None = None
    doc: str | None = None
    link: str | None = None


def complete_text(text: str, offset: int, catalog: Catalog) -> Completions:
    """Return what may stand at an offset of a whole text."""
    at = cursor_at(text, offset)
    if at.kind == "none":
        return Completions(offset, offset, [])
    draft = read_tolerantly(text, offset, catalog)
    if at.kind == "expression":
        completions = expression.complete(text[at.start : at.end], offset - at.start, names_at(draft, at.path))
        return _sorted(at.start + completions.start, at.start + completions.end, completions.items)
    if at.kind == "value":
        items = list(document.values(draft, at.path, at.text))
        return _sorted(at.start, at.end, items)
    # What looks like a key may be an item of a list of values.
    items = [_shown(key, at) for key in document.keys(draft, at.path)]
    if at.path and isinstance(at.path[-1], int):
        items += document.values(draft, at.path, at.text)
    elif at.path:
        items += [] if items else list(document.values(draft, at.path, at.text))
    return _sorted(at.start, at.end, items)


def complete_field(
    text: str, path: Path, typed: str, cursor: int, catalog: Catalog, *, is_expression: bool
) -> Completions:
    """Return what may stand at `cursor` of what is typed into the field at `path`."""
    draft = read_tolerantly(text, len(text), catalog)
    if not is_expression:
        opening = typed.rfind("${{", 0, cursor)
        if opening >= 0 and "}}" not in typed[opening:cursor]:
            end = typed.find("}}", cursor)
            inner = typed[opening + 3 : end if end >= 0 else len(typed)]
            completions = expression.complete(inner, cursor - opening - 3, names_at(draft, path))
            shift = opening + 3
            return _sorted(completions.start + shift, completions.end + shift, completions.items)
        return _sorted(0, len(typed), list(document.values(draft, path, typed[:cursor])))
    completions = expression.complete(typed, cursor, names_at(draft, path))
    return _sorted(completions.start, completions.end, completions.items)


def hover_text(text: str, offset: int, catalog: Catalog) -> Hover | None:
    """Return what is known about the word at an offset, or None."""
    at = cursor_at(text, offset)
    if at.kind == "none":
        return None
    draft = read_tolerantly(text, offset, catalog)
    if at.kind == "expression":
        inner = text[at.start : at.end]
        hover = _hover_expression(inner, offset - at.start, names_at(draft, at.path))
        return None if hover is None else dataclasses.replace(
            hover, start=hover.start + at.start, end=hover.end + at.start
        )  # fmt: skip
    return _hover_document(draft, text, offset, at)


def names_at(draft: TolerantDocument, path: Path) -> Names:
    """Return what an expression at a path sees."""
    node = draft.node_at(path)
    site = ExpressionSite(path, compile_expression("null"), bare=bool(path) and path[-1] in BARE_KEYS, node=node)
    types = dict(draft.types.at(site))
    readable = draft.readable(path)
    own: set[str] = {node.id} if node is not None and node.id is not None and node.id not in readable else set()
    hidden: set[str] = (set(draft.types.results) | own) - set(readable)
    known = {name: schema for name, schema in types.items() if name not in hidden and name != "secrets"}
    if draft.types.results:
        steps = {name: draft.types.results.get(name) or {} for name in readable}
        known["steps"] = {"type": "object", "properties": steps, "additionalProperties": False}
    for name in ("event", "object", "previous"):
        if known.get(name, 0) is None and not _has_event(draft, node):
            known.pop(name, None)
    if scope.has_user(draft.workflow) is False:
        known.pop("user", None)
    extra: frozenset[str] = draft.flow.extra.get(node, frozenset()) if node is not None else frozenset()
    return Names(
        types=known,
        certain=frozenset(name for name, sure in readable.items() if sure),
        perhaps=frozenset(name for name, sure in readable.items() if not sure),
        extra=frozenset(extra) | (_loop_names(draft, path)),
        values=document.known_values(draft),
    )


def _has_event(draft: TolerantDocument, node: Node | None) -> bool:
    return any(trigger.kind == "stripe" for trigger in draft.workflow.triggers) or (
        node is not None and node.verb == "wait_for"
    )


def _loop_names(draft: TolerantDocument, path: Path) -> frozenset[str]:
    return frozenset(
        node.item  # type: ignore[attr-defined] - every for_each has one
        for node in draft.types.findings.nodes
        if node.verb == "for_each" and node.path == path[: len(node.path)] and "do" in path[len(node.path) :][:1]
    )


def _shown(item: Item, at: Cursor) -> Item:
    """A key in braces is followed by a blank, one on a line of its own by what its value begins with."""
    return item if not at.quote else dataclasses.replace(item, insert=item.label)


def _sorted(start: int, end: int, items: list[Item]) -> Completions:
    unique = {(item.label, item.kind): item for item in reversed(items)}
    in_order = list(unique.values())[::-1]
    ranked = sorted(in_order, key=lambda item: item.rank)
    return Completions(start, end, ranked[:_MOST])


# ------------------------------------------------------------------ hover


def _hover_expression(source: str, cursor: int, names: Names) -> Hover | None:
    receiver = expression.chain_at(source, cursor)
    if receiver is None:
        return None
    start, end = receiver
    chain = source[start:end]
    word = re.search(r"\w+$", chain)
    if word is None:
        return None
    where = end - len(word[0])
    functions = {**FUNCTIONS, **METHODS, **MACROS, HAS.name: HAS}
    called = source[end:].lstrip().startswith("(")
    if called and word[0] in functions:
        function = functions[word[0]]
        return Hover(where, end, function.signature, None, f"{function.summary}\n\n`{function.example}`")
    shape = expression.type_at(source, start, end, names)
    if shape is None:
        return None
    doc = _doc(source[start : start + len(chain) - len(word[0])].rstrip(" .?"), word[0], names, source, start)
    if chain == word[0] and chain in expression.ROOTS:
        doc = expression.ROOTS[chain]
    return Hover(where, end, re.sub(r"\s+", "", chain), type_words(shape), doc)


def _doc(receiver: str, field: str, names: Names, source: str, start: int) -> str | None:
    """Return what the type says about a field of a receiver."""
    if not receiver:
        return None
    shape = expression.type_at(source, start, start + len(receiver), names)
    for schema in (shape.alternatives() if shape else None) or ():
        properties = schema.get("properties")
        part = properties.get(field) if is_map(properties) else None
        if is_map(part) and part.get("description"):
            return str(part["description"])
    return None


def _hover_document(draft: TolerantDocument, text: str, offset: int, at: Cursor) -> Hover | None:
    """Return what a key, or a name that stands as a value, means."""
    start, end = _word_bounds(text, offset)
    word = text[start:end]
    if not word:
        return None
    if at.kind == "key":
        return _hover_key(draft, at.path, word, start, end)
    step = document.step_around(draft.data, at.path)
    data = value_at(draft.data, step) if step is not None else None
    verb = verb_of(data) if is_dict(data) else None
    value = value_at(draft.data, at.path)
    if verb is not None and at.path[-1] == verb and isinstance(value, str):
        return _hover_target(draft, verb, value, text, offset)
    if at.path[:1] == ("on",) and at.path[-1] == "stripe" and isinstance(value, str):
        family = draft.catalog.family(value)
        if family is not None:
            return Hover(
                *_value_bounds(text, offset, value), value, None, f"{family.label}: {', '.join(family.actions)}"
            )
    return None


def _word_bounds(text: str, offset: int) -> tuple[int, int]:
    before = re.search(r"[\w$-]*$", text[max(0, offset - 100) : offset])
    after = re.match(r"[\w-]*", text[offset : offset + 100])
    assert before is not None
    assert after is not None
    return offset - len(before[0]), offset + len(after[0])


def _value_bounds(text: str, offset: int, value: str) -> tuple[int, int]:
    line = text.rfind("\n", 0, offset) + 1
    start = text.find(value, line)
    return (start, start + len(value)) if start >= 0 else (offset, offset)


def _hover_key(draft: TolerantDocument, path: Path, word: str, start: int, end: int) -> Hover | None:
    data = value_at(draft.data, path)
    step = document.step_around(draft.data, path)
    if step == path and word in VERBS:
        model = VERBS[word]
        return Hover(start, end, word, None, (model.__doc__ or "").strip(), f"reference/language/verbs/{word}")
    kind = kind_of(data) if path[:1] == ("on",) and is_dict(data) else None
    model: Any = WorkflowFile if not path else TRIGGERS.get(kind or "")
    if step == path and is_dict(data) and (verb := verb_of(data)):
        model = VERBS[verb]
    if model is not None:
        for name, field in model.model_fields.items():
            if (field.alias or name) == word:
                return Hover(
                    start, end, word, None, field.description or (TRIGGERS[word].__doc__ if word == kind else None)
                )
    for item in document.offered(draft, path):
        if item.label == word:
            return Hover(start, end, word, item.type, item.doc or item.detail)
    return None


def _hover_target(draft: TolerantDocument, verb: str, value: str, text: str, offset: int) -> Hover | None:
    start, end = _value_bounds(text, offset, value)
    if verb in {"stripe", "python"}:
        action = draft.catalog.action(verb, value)
        if action is None:
            return None
        returns = type_words(Type(action.returns)) if action.returns is not None else None
        return Hover(start, end, action.name, returns, action.summary, action.docs_url)
    table = draft.catalog.table(value) if verb in {"select", "insert", "update", "upsert", "delete"} else None
    if table is not None:
        columns = "\n".join(f"- `{column.name}`: {document.column_words(column)}" for column in table.columns.values())
        return Hover(start, end, value, "table", columns)
    return None
