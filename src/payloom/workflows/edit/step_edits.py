"""Changes that take steps along with their comments: move, copy, wrap, unwrap, replace, and renamed keys.

Lines that move get a new indentation; all other lines stay byte for byte.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from payloom.kit.diagnostics import Path, path_text
from payloom.kit.json_types import is_dict, is_list, is_map
from payloom.kit.yaml.source import Source
from payloom.workflows.edit.edits import insert_item, remove, set_value
from payloom.workflows.edit.text_positions import (
    checked,
    dash_before,
    is_flow,
    item_bounds,
    line_start,
    readable,
    value_at,
)
from payloom.workflows.edit.yaml_writer import block
from payloom.workflows.errors import BadEdit
from payloom.workflows.syntax.filemodel.steps import verb_of


def move_to(text: str, path: Path, to: Path) -> tuple[str, Path]:
    """Return the text with the item at `path` put before what stands at `to`, and where it stands then.

    to: a place in a list, as the document is now; one after the last item is its end. A list that is not there yet is
    made. Raises BadEdit.
    """
    if to[: len(path)] == path:
        raise BadEdit("a step cannot move into itself")
    list_path, at = _place(to)
    source = readable(text)
    _item(source, path)
    if path[:-1] == list_path and at in {path[-1], int(path[-1]) + 1}:
        return text, path
    inserted, landed = _with_copy(source, path, list_path, at)
    again = _shifted(path, list_path, at)
    after = _cut(inserted, again)
    # Taking the original out moves what stood behind it in the same list.
    if landed[: len(again) - 1] == again[:-1] and int(landed[len(again) - 1]) > int(again[-1]):
        landed = (*again[:-1], int(landed[len(again) - 1]) - 1, *landed[len(again) :])
    return after, landed


def copy_to(text: str, path: Path, to: Path, new_id: str | None = None) -> tuple[str, Path]:
    """Return the text with a copy of the item at `path` before what stands at `to`, and where the copy stands.

    new_id: the copy's id; left out, the copy has none.
    """
    list_path, at = _place(to)
    source = readable(text)
    item = _item(source, path)
    after, landed = _with_copy(source, path, list_path, at)
    if is_map(item) and new_id is not None:
        after = set_value(after, (*landed, "id"), new_id)
    elif is_map(item) and "id" in item and len(item) > 1:
        after = remove(after, (*landed, "id"))
    return after, landed


def wrap(text: str, path: Path, count: int, value: Mapping[str, Any], key: str) -> str:
    """Return the text with `count` items from `path` under `key` of a new step `value` that takes their place."""
    source = readable(text)
    items, at = value_at(source.data, path[:-1]), path[-1]
    if not is_list(items) or not isinstance(at, int) or not 0 <= at < at + count <= len(items):
        raise BadEdit(f"there are no {count} steps at {path_text(path)}")
    new = {**value, key: items[at : at + count]} if key in value else _keyed(value, key, items[at : at + count])
    expected = copy.deepcopy(source.data)
    target = value_at(expected, path[:-1])
    target[at : at + count] = [copy.deepcopy(new)]
    if is_flow(source, path[:-1]):
        return _data_edit(source, path[:-1], target, expected)
    low = item_bounds(source, path)[0]
    high = item_bounds(source, (*path[:-1], at + count - 1))[1]
    column = _column(source, path)
    lead, lines = _lead(_whole_lines(source.text[low:high]))
    head, tail = _around(new, key, column)
    inside = _indented(lines, 4)
    return checked(source.text[:low] + lead + head + inside + tail + source.text[high:], expected)


def unwrap(text: str, path: Path, key: str) -> str:
    """Return the text with the step at `path` replaced by the steps under its `key`."""
    source = readable(text)
    item = _item(source, path)
    inner = item.get(key) if is_map(item) else None
    if not is_list(inner) or not inner:
        raise BadEdit(f"there are no steps at {path_text((*path, key))}")
    expected = copy.deepcopy(source.data)
    target = value_at(expected, path[:-1])
    at = int(path[-1])
    target[at : at + 1] = copy.deepcopy(inner)
    if is_flow(source, path[:-1]) or is_flow(source, (*path, key)):
        return _data_edit(source, path[:-1], target, expected)
    low, high = item_bounds(source, path)
    start = item_bounds(source, (*path, key, 0))[0]
    end = item_bounds(source, (*path, key, len(inner) - 1))[1]
    lead, _ = _lead(source.text[low:high])
    delta = _column(source, path) - _column(source, (*path, key, 0))
    lines = _indented(_whole_lines(source.text[start:end]), delta)
    return checked(source.text[:low] + lead + lines + source.text[high:], expected)


def replace_step(text: str, path: Path, value: Mapping[str, Any]) -> str:
    """Return the text with the step at `path` made into `value`; its id (unless given) and its comments stay."""
    source = readable(text)
    old = _item(source, path)
    if not is_map(old) or not is_map(value) or not value:
        raise BadEdit(f"there is no step at {path_text(path)}")
    new = dict(value)
    if "id" in old and "id" not in new:
        new = {"id": old["id"], **new}
    before, after = verb_of(dict(old)), verb_of(new)
    if before and after and before != after and after not in old:
        text = rename_key(text, (*path, before), after)
        old = {after if name == before else name: item for name, item in old.items()}
    return _merged(text, path, old, new)


def merge_value(text: str, path: Path, value: Any) -> str:
    """Return the text with the value at `path` made into `value`, touching only what differs."""
    source = readable(text)
    return _merged(text, path, value_at(source.data, path), value)


def rename_key(text: str, path: Path, name: str) -> str:
    """Return the text with the key at `path` called `name`; it stays where it is, and so does its value."""
    source = readable(text)
    parent = value_at(source.data, path[:-1]) if path else None
    if not is_dict(parent) or path[-1] not in parent:
        raise BadEdit(f"there is no key at {path_text(path)}")
    if name == path[-1]:
        return text
    if name in parent:
        raise BadEdit(f"{path_text(path[:-1])} has `{name}` already")
    expected = copy.deepcopy(source.data)
    target = value_at(expected, path[:-1])
    renamed = {name if key == path[-1] else key: item for key, item in target.items()}
    target.clear()
    target.update(renamed)
    place = source.keys[path]
    written = block({name: 0}).partition(": ")[0]
    return checked(source.text[: place.start] + written + source.text[place.end :], expected)


# ------------------------------------------------------------------ pieces


def _merged(text: str, path: Path, old: Any, new: Any) -> str:
    if old == new and type(old) is type(new):
        return text
    if not is_map(old) or not is_map(new) or not new or not old:
        return set_value(text, path, new)
    for name, item in new.items():
        here = (*path, name)
        text = _merged(text, here, old[name], item) if name in old else set_value(text, here, item)
    for name in old:
        if name not in new:
            text = remove(text, (*path, name))
    return text


def _place(to: Path) -> tuple[Path, int]:
    if not to or not isinstance(to[-1], int) or to[-1] < 0:
        raise BadEdit(f"{path_text(to)} is not a place in a list")
    return to[:-1], to[-1]


def _item(source: Source, path: Path) -> Any:
    items = value_at(source.data, path[:-1]) if path else None
    at = path[-1] if path else None
    if not is_list(items) or not isinstance(at, int) or not 0 <= at < len(items):
        raise BadEdit(f"there is no item at {path_text(path)}")
    return items[at]


def _shifted(path: Path, list_path: Path, at: int) -> Path:
    """Return where `path` is after something was put into a list."""
    depth = len(list_path)
    here = path[depth] if len(path) > depth and path[:depth] == list_path else None
    return (*list_path, here + 1, *path[depth + 1 :]) if isinstance(here, int) and at <= here else path


def _with_copy(source: Source, path: Path, list_path: Path, at: int) -> tuple[str, Path]:
    """Return the text with a copy of an item, comments and all, in a list; and where it stands."""
    item = copy.deepcopy(_item(source, path))
    items = value_at(source.data, list_path)
    parent = value_at(source.data, list_path[:-1])
    missing = not is_list(items)
    if missing and (not is_dict(parent) or items is not None):
        raise BadEdit(f"{path_text(list_path)} is not a list")
    size = 0 if missing else len(items)
    if at > size:
        raise BadEdit(f"{path_text(list_path)} has no place {at}")
    landed = (*list_path, at)
    from_flow = is_flow(source, path[:-1])
    if missing or not size or is_flow(source, list_path) or from_flow:
        if missing or (not size and not _inside_flow(source, list_path)):
            text = set_value(source.text, list_path, [item])
        else:
            text = insert_item(source.text, landed, item)
        if from_flow or is_flow(readable(text), list_path):
            return text, landed
        # The list stands now; its one item gives way to the lines of the original.
        read = readable(text)
        low, high = item_bounds(read, landed)
        start, end = item_bounds(source, path)
        delta = _column(read, landed) - _column(source, path)
        lines = _indented(_stripped(_whole_lines(source.text[start:end])), delta)
        return checked(text[:low] + lines + text[high:], read.data), landed
    expected = copy.deepcopy(source.data)
    value_at(expected, list_path).insert(at, item)
    start, end = item_bounds(source, path)
    anchor = (*list_path, min(at, size - 1))
    delta = _column(source, anchor) - _column(source, path)
    lines = _indented(_whole_lines(source.text[start:end]), delta)
    if at == 0:
        # The blank lines that parted it from the step before part it from the one behind it now.
        blanks = len(lines) - len(_stripped(lines))
        lines = _stripped(lines) + "\n" * blanks
    low, high = item_bounds(source, anchor)
    where = low if at < size else high
    before = source.text[:where]
    if before and not before.endswith("\n"):
        before += "\n"
    return checked(before + lines + source.text[where:], expected), landed


def _inside_flow(source: Source, path: Path) -> bool:
    return any(is_flow(source, path[:length]) for length in range(len(path)))


def _cut(text: str, path: Path) -> str:
    """Return the text without an item and the comments above it."""
    source = readable(text)
    items = value_at(source.data, path[:-1])
    if len(items) == 1 or is_flow(source, path[:-1]):
        if len(items) == 1 and not is_flow(source, path[:-1]) and path[:-1] in source.keys:
            return _emptied(source, path)
        return remove(text, path)
    expected = copy.deepcopy(source.data)
    del value_at(expected, path[:-1])[path[-1]]
    low, high = item_bounds(source, path)
    return checked(text[:low] + text[high:], expected)


def _emptied(source: Source, path: Path) -> str:
    """Return the text with `key: []` where the one item of a list stood."""
    expected = copy.deepcopy(source.data)
    value_at(expected, path[:-1]).clear()
    key = source.keys[path[:-1]]
    colon = source.text.index(":", key.end) + 1
    stop = source.text.index("\n", colon)
    text = f"{source.text[:colon]} []{source.text[colon:stop]}\n{source.text[item_bounds(source, path)[1] :]}"
    return checked(text, expected)


def _data_edit(source: Source, path: Path, value: Any, expected: Any) -> str:
    return checked(set_value(source.text, path, value), expected)


def _column(source: Source, path: Path) -> int:
    dash = dash_before(source.text, source.values[path].start)
    return dash - line_start(source.text, dash)


def _whole_lines(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _stripped(lines: str) -> str:
    """Drop the blank lines above: they separated the item from one that stays."""
    return lines.lstrip("\n")


def _lead(text: str) -> tuple[str, str]:
    """Split blank lines and comments above an item from its own lines; comments stay above what takes its place."""
    lines = text.splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
    return "".join(lines[:at]), "".join(lines[at:])


def _indented(lines: str, delta: int) -> str:
    if not delta:
        return lines
    moved: list[str] = []
    for line in lines.splitlines(keepends=True):
        if not line.strip():
            moved.append(line)
        elif delta > 0:
            moved.append(" " * delta + line)
        else:
            blanks = len(line) - len(line.lstrip(" "))
            moved.append(line[min(-delta, blanks) :])
    return "".join(moved)


def _keyed(value: Mapping[str, Any], key: str, items: Sequence[Any]) -> dict[str, Any]:
    # `try` is the verb itself and comes first; `then` and `do` come after their verb.
    return {**value, key: items} if verb_of(dict(value)) else {key: items, **value}


def _around(step: Mapping[str, Any], key: str, column: int) -> tuple[str, str]:
    """Return the lines of a step before and after the items under `key`."""
    pad = " " * (column + 2)
    names = list(step)
    cut = names.index(key)
    before = {name: step[name] for name in names[:cut]}
    after = {name: step[name] for name in names[cut + 1 :]}
    head = (block(before, column + 2) if before else "") + f"{pad}{key}:\n"
    return " " * column + "- " + head[column + 2 :], block(after, column + 2) if after else ""
