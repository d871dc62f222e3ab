"""Changes one node of a file and nothing else: the rest of the text, with its comments and layout, stays byte for byte.

The changed text is read again and compared with what was meant; an edit that would do anything else is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from payloom.workflows.diagnostics import Path, path_text
from payloom.workflows.errors import BadEdit
from payloom.workflows.source import Source, read_source
from payloom.workflows.writing import block, flow, scalar


def set_value(text: str, path: Path, value: Any) -> str:
    """Return the text with the value at `path` replaced, or a new key with it at the end of its map.

    Raises BadEdit when the file cannot be read, there is no such place, or the edit would change anything else.
    """
    source = _read(text)
    expected = copy.deepcopy(source.data)
    parent = _at(expected, path[:-1]) if path else None
    if not path or not isinstance(parent, dict | list):
        raise BadEdit(f"there is nothing at {path_text(path) or 'the top'} to change")
    last = path[-1]
    if isinstance(parent, list):
        if not isinstance(last, int) or not 0 <= last <= len(parent):
            raise BadEdit(f"there is no item {last} at {path_text(path[:-1])}")
        if last == len(parent):
            return insert_item(text, path, value)
        parent[last] = value
    else:
        if last not in parent:
            return _add_key(source, path, value)
        parent[str(last)] = value
    return _checked(_replaced(source, path, value), expected)


def insert_item(text: str, path: Path, value: Any) -> str:
    """Return the text with `value` put into a list, before the item at `path` (or at the end)."""
    source = _read(text)
    expected = copy.deepcopy(source.data)
    items, at = _at(expected, path[:-1]), path[-1]
    if not isinstance(items, list) or not isinstance(at, int) or not 0 <= at <= len(items):
        raise BadEdit(f"{path_text(path[:-1])} is not a list with a place {at}")
    size = len(items)
    items.insert(at, value)
    if not size or _isflow(source, path[:-1]):
        return _checked(_replaced(source, path[:-1], items), expected)
    anchor = source.values[(*path[:-1], min(at, size - 1))]
    dash = _dash(source.text, anchor.start)
    column = dash - _line_start(source.text, dash)
    lines = block([value], column)
    where = _line_start(source.text, dash) if at < size else _end_of(source, (*path[:-1], size - 1))
    return _checked(_insert_lines(source.text, where, lines), expected)


def remove(text: str, path: Path) -> str:
    """Return the text without the key or the item at `path`, its own lines and comment included."""
    source = _read(text)
    expected = copy.deepcopy(source.data)
    parent = _at(expected, path[:-1]) if path else None
    if not isinstance(parent, dict | list) or _at(source.data, path, missing=source) is source:
        raise BadEdit(f"there is nothing at {path_text(path)}")
    del parent[path[-1]]  # pyright: ignore[reportArgumentType, reportCallIssue]
    if not parent or _isflow(source, path[:-1]):
        if len(path) == 1:
            raise BadEdit("a file needs at least one key")
        return _checked(_replaced(source, path[:-1], parent), expected)
    place = source.keys.get(path) or source.values[path]
    start = place.start if path in source.keys else _dash(source.text, place.start)
    line = _line_start(source.text, start)
    if source.text[line:start].strip():
        # The first key after a dash: what follows moves up to the dash.
        following = _next_key(source, path)
        return _checked(source.text[:start] + source.text[following:], expected)
    return _checked(source.text[:line] + source.text[_end_of(source, path) :], expected)


def move_item(text: str, path: Path, to: int) -> str:
    """Return the text with the item at `path` of a list in block style moved to index `to`, its comments included."""
    source = _read(text)
    items, at = _at(source.data, path[:-1]), path[-1]
    if not isinstance(items, list) or not isinstance(at, int) or not 0 <= at < len(items) or not 0 <= to < len(items):
        raise BadEdit(f"{path_text(path[:-1])} is not a list with places {at} and {to}")
    expected = copy.deepcopy(source.data)
    target = _at(expected, path[:-1])
    target.insert(to, target.pop(at))
    if _isflow(source, path[:-1]):
        return _checked(_replaced(source, path[:-1], target), expected)
    bounds = [_item_bounds(source, (*path[:-1], index)) for index in range(len(items))]
    pieces = [source.text[low:high] for low, high in bounds]
    pieces = [piece if piece.endswith("\n") else piece + "\n" for piece in pieces]
    pieces.insert(to, pieces.pop(at))
    return _checked(source.text[: bounds[0][0]] + "".join(pieces) + source.text[bounds[-1][1] :], expected)


# ------------------------------------------------------------------ reading


def _read(text: str) -> Source:
    source = read_source(text, "")
    if source.data is None or source.diagnostics:
        reason = source.diagnostics[0].format().removeprefix(":") if source.diagnostics else "it is empty"
        raise BadEdit("the file cannot be read, so it cannot be edited", hint=f"mend it first: {reason}")
    return source


def _at(data: Any, path: Path, missing: Any = None) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return missing
    return data


def _checked(text: str, expected: Any) -> str:
    again = read_source(text, "")
    if again.data != expected or again.diagnostics:
        raise BadEdit("the edit would change more than it should", hint="edit the text by hand")
    return text


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1


def _dash(text: str, start: int) -> int:
    """Return the offset of the `-` before an item."""
    return text.rindex("-", 0, start)


def _content_end(source: Source, path: Path) -> int:
    """Return the offset after the last character of a node; block collections end where their last part ends."""
    data = _at(source.data, path)
    place = source.values[path]
    if path in source.scalars or source.text[place.start : place.start + 1] in "[{":
        end = place.end
        if path in source.scalars and source.scalars[path].style in {"|", ">"}:
            return place.start + len(source.text[place.start : end].rstrip()) if end > place.start else end
        return end
    parts = list(data) if isinstance(data, Mapping) else list(range(len(data or ())))
    return _content_end(source, (*path, parts[-1])) if parts else place.end


def _end_of(source: Source, path: Path) -> int:
    """Return the offset of the line after a node."""
    return _line_end(source.text, _content_end(source, path))


def _next_key(source: Source, path: Path) -> int:
    parent = _at(source.data, path[:-1])
    keys = list(parent)
    return source.keys[(*path[:-1], keys[keys.index(path[-1]) + 1])].start


def _isflow(source: Source, path: Path) -> bool:
    place = source.values.get(path)
    return place is not None and source.text[place.start : place.start + 1] in {"[", "{"}


def _item_bounds(source: Source, path: Path) -> tuple[int, int]:
    """Return the lines of an item, the comments above it included."""
    start = _line_start(source.text, _dash(source.text, source.values[path].start))
    if path[-1] != 0:
        start = _end_of(source, (*path[:-1], int(path[-1]) - 1))
    elif path[:-1] in source.keys:
        start = _line_end(source.text, source.keys[path[:-1]].end)
    return start, _end_of(source, path)


# ------------------------------------------------------------------ writing


def _replaced(source: Source, path: Path, value: Any) -> str:
    place = source.values[path]
    text = source.text
    end = _content_end(source, path)
    in_block = not _insideflow(source, path)
    stop = _line_end(text, end)
    comment = text[end:stop].rstrip("\n")
    key = source.keys.get(path)
    if isinstance(value, dict | list) and value and in_block and not _isflow(source, path):
        if key is not None:
            # A comment behind the old value goes behind the key.
            head = text[: text.index(":", key.end) + 1] + comment.rstrip() + "\n"
            return head + block(value, key.column + 1) + text[stop:]
        if not comment.strip():
            dash = _dash(text, place.start)
            lines = block([value], dash - _line_start(text, dash)).lstrip()
            return text[:dash] + lines + text[stop:]
    new = flow(value)
    if in_block and not isinstance(value, dict | list):
        new = scalar(value, _indent(text, place.start), alone=not comment.strip())
    gap = "" if end > place.start or text[place.start - 1 : place.start].isspace() else " "
    return text[: place.start] + gap + new + text[end:]


def _insideflow(source: Source, path: Path) -> bool:
    return any(_isflow(source, path[:length]) for length in range(len(path)))


def _add_key(source: Source, path: Path, value: Any) -> str:
    expected = copy.deepcopy(source.data)
    parent = _at(expected, path[:-1])
    key = str(path[-1])
    empty = not parent
    parent[key] = value
    if empty or (path[:-1] and _isflow(source, path[:-1])):
        return _checked(_replaced(source, path[:-1], parent), expected)
    first = source.keys[(*path[:-1], next(iter(parent)))]
    lines = block({key: value}, first.column - 1)
    where = _end_of(source, path[:-1])
    return _checked(_insert_lines(source.text, where, lines), expected)


def _insert_lines(text: str, where: int, lines: str) -> str:
    before = text[:where]
    if before and not before.endswith("\n"):
        before += "\n"
    return before + lines + text[where:]


def _indent(text: str, start: int) -> int:
    line = _line_start(text, start)
    return len(text[line:start]) - len(text[line:start].lstrip(" -"))
