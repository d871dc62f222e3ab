"""Changes one node of a file and nothing else: the rest of the text, with its comments and layout, stays byte for byte.

The changed text is read again and compared with what was meant; an edit that would do anything else is refused.
"""

from __future__ import annotations

import copy
from typing import Any

from payloom.kit.diagnostics import Path, path_text
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.yaml.source import Source
from payloom.workflows.edit.text_positions import (
    checked,
    content_end,
    dash_before,
    end_of,
    is_flow,
    item_bounds,
    line_end,
    line_start,
    next_key,
    readable,
    value_at,
)
from payloom.workflows.edit.yaml_writer import block, flow, scalar
from payloom.workflows.errors import BadEdit


def set_value(text: str, path: Path, value: Any) -> str:
    """Return the text with the value at `path` replaced, or a new key with it at the end of its map.

    Raises BadEdit when the file cannot be read, there is no such place, or the edit would change anything else.
    """
    source = readable(text)
    expected = copy.deepcopy(source.data)
    parent = value_at(expected, path[:-1]) if path else None
    if is_list(parent):
        last = path[-1]
        if not isinstance(last, int) or not 0 <= last <= len(parent):
            raise BadEdit(f"there is no item {last} at {path_text(path[:-1])}")
        if last == len(parent):
            return insert_item(text, path, value)
        parent[last] = value
    elif is_dict(parent):
        last = path[-1]
        if last not in parent:
            return _add_key(source, path, value)
        parent[str(last)] = value
    else:
        raise BadEdit(f"there is nothing at {path_text(path) or 'the top'} to change")
    return checked(_replaced(source, path, value), expected)


def insert_item(text: str, path: Path, value: Any) -> str:
    """Return the text with `value` put into a list, before the item at `path` (or at the end)."""
    source = readable(text)
    expected = copy.deepcopy(source.data)
    items, at = value_at(expected, path[:-1]), path[-1]
    if not is_list(items) or not isinstance(at, int) or not 0 <= at <= len(items):
        raise BadEdit(f"{path_text(path[:-1])} is not a list with a place {at}")
    size = len(items)
    items.insert(at, value)
    if not size or is_flow(source, path[:-1]):
        return checked(_replaced(source, path[:-1], items), expected)
    anchor = source.values[(*path[:-1], min(at, size - 1))]
    dash = dash_before(source.text, anchor.start)
    column = dash - line_start(source.text, dash)
    lines = block([value], column)
    # Right behind the item before: the comments above the next one stay with that.
    where = end_of(source, (*path[:-1], at - 1)) if at else item_bounds(source, (*path[:-1], 0))[0]
    return checked(_insert_lines(source.text, where, lines), expected)


def remove(text: str, path: Path) -> str:
    """Return the text without the key or the item at `path`, its own lines and comment included."""
    source = readable(text)
    expected = copy.deepcopy(source.data)
    parent = value_at(expected, path[:-1]) if path else None
    if not isinstance(parent, dict | list) or value_at(source.data, path, missing=source) is source:
        raise BadEdit(f"there is nothing at {path_text(path)}")
    del parent[path[-1]]  # pyright: ignore[reportArgumentType] - the path fits the parent
    if not parent or is_flow(source, path[:-1]):
        if len(path) == 1:
            raise BadEdit("a file needs at least one key")
        return checked(_replaced(source, path[:-1], parent), expected)
    place = source.keys.get(path) or source.values[path]
    start = place.start if path in source.keys else dash_before(source.text, place.start)
    line = line_start(source.text, start)
    if source.text[line:start].strip():
        # The first key after a dash: what follows moves up to the dash.
        following = next_key(source, path)
        return checked(source.text[:start] + source.text[following:], expected)
    return checked(source.text[:line] + source.text[end_of(source, path) :], expected)


def move_item(text: str, path: Path, to: int) -> str:
    """Return the text with the item at `path` of a list in block style moved to index `to`, its comments included."""
    source = readable(text)
    items, at = value_at(source.data, path[:-1]), path[-1]
    if not is_list(items) or not isinstance(at, int) or not 0 <= at < len(items) or not 0 <= to < len(items):
        raise BadEdit(f"{path_text(path[:-1])} is not a list with places {at} and {to}")
    expected = copy.deepcopy(source.data)
    target = value_at(expected, path[:-1])
    target.insert(to, target.pop(at))
    if is_flow(source, path[:-1]):
        return checked(_replaced(source, path[:-1], target), expected)
    bounds = [item_bounds(source, (*path[:-1], index)) for index in range(len(items))]
    pieces = [source.text[low:high] for low, high in bounds]
    pieces = [piece if piece.endswith("\n") else piece + "\n" for piece in pieces]
    pieces.insert(to, pieces.pop(at))
    return checked(source.text[: bounds[0][0]] + "".join(pieces) + source.text[bounds[-1][1] :], expected)


# ------------------------------------------------------------------ writing


def _replaced(source: Source, path: Path, value: Any) -> str:
    place = source.values[path]
    text = source.text
    end = content_end(source, path)
    in_block = not _insideflow(source, path)
    stop = line_end(text, end)
    comment = text[end:stop].rstrip("\n")
    key = source.keys.get(path)
    if isinstance(value, dict | list) and value and in_block and not is_flow(source, path):
        if key is not None:
            # A comment behind the old value goes behind the key.
            head = text[: text.index(":", key.end) + 1] + comment.rstrip() + "\n"
            return head + block(value, key.column + 1) + text[stop:]
        if not comment.strip():
            dash = dash_before(text, place.start)
            lines = block([value], dash - line_start(text, dash)).lstrip()
            return text[:dash] + lines + text[stop:]
    new = flow(value)
    if in_block and not isinstance(value, dict | list):
        new = scalar(value, _indent(text, place.start), alone=not comment.strip())
    gap = "" if end > place.start or text[place.start - 1 : place.start].isspace() else " "
    return text[: place.start] + gap + new + text[end:]


def _insideflow(source: Source, path: Path) -> bool:
    return any(is_flow(source, path[:length]) for length in range(len(path)))


def _add_key(source: Source, path: Path, value: Any) -> str:
    expected = copy.deepcopy(source.data)
    parent = value_at(expected, path[:-1])
    key = str(path[-1])
    empty = not parent
    parent[key] = value
    if empty or (path[:-1] and is_flow(source, path[:-1])):
        return checked(_replaced(source, path[:-1], parent), expected)
    first = source.keys[(*path[:-1], next(iter(parent)))]
    lines = block({key: value}, first.column - 1)
    where = end_of(source, path[:-1])
    return checked(_insert_lines(source.text, where, lines), expected)


def _insert_lines(text: str, where: int, lines: str) -> str:
    before = text[:where]
    if before and not before.endswith("\n"):
        before += "\n"
    return before + lines + text[where:]


def _indent(text: str, start: int) -> int:
    line = line_start(text, start)
    return len(text[line:start]) - len(text[line:start].lstrip(" -"))
