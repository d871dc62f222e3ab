"""Gives a step another id, and every expression that reads it the new name; nothing else in the text changes."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from payloom.kit.diagnostics import Path, path_text
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.yaml.source import Source
from payloom.workflows.edit.edits import set_value
from payloom.workflows.edit.text_positions import checked, readable, value_at
from payloom.workflows.errors import BadEdit
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.interpolation import compile_value
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS, RESERVED, ROW_NAMES
from payloom.workflows.syntax.filemodel.steps import verb_of
from payloom.workflows.syntax.filemodel.values import STEP_ID, bare

_NO_READERS = frozenset({("tests",), ("on",)})
"""The parts of a file whose expressions read no steps."""


def rename_step(text: str, path: Path, name: str) -> str:
    """Return the text with the step at `path` called `name`, everywhere. Raises BadEdit."""
    source = readable(text)
    step = value_at(source.data, path)
    if not is_dict(step) or verb_of(step) is None:
        raise BadEdit(f"there is no step at {path_text(path)}")
    if not re.fullmatch(STEP_ID, name):
        raise BadEdit(f"`{name[:80]}` cannot be an id", hint="small letters, digits and _, beginning with a letter")
    old = step.get("id")
    if old == name:
        return text
    ids = set(_ids(source.data))
    if name in ids:
        raise BadEdit(f"there is a step `{name}` already")
    if not isinstance(old, str):
        return _named(text, path, name)
    # Two steps may share an id when only one of them runs; readers mean whichever did.
    for at in list(_steps_called(source.data, old)):
        text = set_value(text, (*at, "id"), name)
    for at in _readers(readable(text), old):
        text = _reader_renamed(text, at, old, name)
    return text


def _named(text: str, path: Path, name: str) -> str:
    """Give an id to a step that has none, as its first key."""
    source = readable(text)
    step = value_at(source.data, path)
    first = source.keys[(*path, next(iter(step)))]
    expected = copy.deepcopy(source.data)
    target = value_at(expected, path)
    rest = dict(target)
    target.clear()
    target.update({"id": name, **rest})
    in_flow = source.text[source.values[path].start] == "{"
    gap = ", " if in_flow else "\n" + " " * (first.column - 1)
    return checked(f"{source.text[: first.start]}id: {name}{gap}{source.text[first.start :]}", expected)


def _ids(data: Any) -> Iterator[str]:
    if is_dict(data):
        if verb_of(data) is not None and isinstance(data.get("id"), str):
            yield data["id"]
        for value in data.values():
            yield from _ids(value)
    elif is_list(data):
        for value in data:
            yield from _ids(value)


def _steps_called(data: Any, name: str, path: Path = ()) -> Iterator[Path]:
    if is_dict(data):
        if data.get("id") == name and verb_of(data) is not None:
            yield path
        for key, value in data.items():
            yield from _steps_called(value, name, (*path, key))
    elif is_list(data):
        for at, value in enumerate(data):
            yield from _steps_called(value, name, (*path, at))


def _readers(source: Source, name: str) -> list[Path]:
    """Return the places of the texts that read a step of this name."""
    return [path for path in source.scalars if path[:1] not in _NO_READERS and any(_spans(source, path, name))]


def _means_something_else(data: Any, name: str) -> bool:
    """Whether expressions read the name as their own: a step that is called so is read by `steps.name` alone."""
    on = data.get("on") if is_dict(data) else None
    by_table = any(is_dict(trigger) and "table" in trigger for trigger in (on if is_list(on) else [on]))
    return name in RESERVED or (by_table and name in ROW_NAMES)


def _spans(source: Source, path: Path, name: str) -> Iterator[tuple[int, int]]:
    """Yield where the name of the step stands in the value of a text."""
    value = value_at(source.data, path)
    if not isinstance(value, str) or name not in value:
        return
    try:
        if path[-1] in BARE_KEYS and "${{" not in value:
            expression = bare(value)
            expressions = [(compile_expression(expression), value.index(expression))]
        elif "${{" in value:
            expressions = [(compiled, offset) for _, compiled, offset in compile_value(value).expressions]
        else:
            return
    except ExpressionError:
        # What does not compile is reported by the check; guessing at it could change its meaning.
        return
    bound = frozenset({name}) if _means_something_else(source.data, name) else frozenset[str]()
    for compiled, offset in expressions:
        for start, end in _names(compiled.tree, name, bound):
            yield offset + start, offset + end


def _names(node: ast.Node, name: str, bound: frozenset[str]) -> Iterator[tuple[int, int]]:
    match node:
        case ast.Name():
            if node.name == name and name not in bound:
                yield node.span
        case ast.Field():
            if node.name == name and _is_holder(node.of):
                yield node.span[1] - len(name), node.span[1]
            yield from _names(node.of, name, bound)
        case ast.Index():
            if isinstance(node.index, ast.Literal) and node.index.value == name and _is_holder(node.of):
                yield node.index.span[0] + 1, node.index.span[1] - 1
            yield from _names(node.of, name, bound)
            yield from _names(node.index, name, bound)
        case ast.Macro():
            yield from _names(node.of, name, bound)
            for part in node.args:
                yield from _names(part, name, bound | {node.variable})
        case _:
            for child in node.children():
                yield from _names(child, name, bound)


def _is_holder(node: ast.Node) -> bool:
    """Whether a node is `steps`, `context` or `context.steps`."""
    if isinstance(node, ast.Name):
        return node.name in {"steps", "context"}
    return (
        isinstance(node, ast.Field)
        and node.name == "steps"
        and isinstance(node.of, ast.Name)
        and node.of.name == "context"
    )


def _reader_renamed(text: str, path: Path, old: str, name: str) -> str:
    source = readable(text)
    value = value_at(source.data, path)
    spans = sorted(_spans(source, path, old))
    new_value = value
    for start, end in reversed(spans):
        new_value = new_value[:start] + name + new_value[end:]
    expected = copy.deepcopy(source.data)
    value_at(expected, path[:-1])[path[-1]] = new_value
    place = source.scalars[path].place
    raw = text[place.start : place.end]
    word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])")
    in_value = [match.start() for match in word.finditer(value)]
    in_raw = [match.start() for match in word.finditer(raw)]
    if len(in_value) == len(in_raw):
        # Quotes and indentation shift the raw text, but the words stand in the same order.
        in_expressions = {in_raw[in_value.index(start)] for start, _ in spans if start in in_value}
        if len(in_expressions) == len(spans):
            for start in sorted(in_expressions, reverse=True):
                raw = raw[:start] + name + raw[start + len(old) :]
            return checked(text[: place.start] + raw + text[place.end :], expected)
    return set_value(text, path, new_value)
