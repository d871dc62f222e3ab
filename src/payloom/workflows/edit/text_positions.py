"""Where things stand in a file's text, as edits need it: lines of items with their comments, ends of nodes, dashes."""

from __future__ import annotations

from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_map
from payloom.kit.yaml.reader import read_source
from payloom.kit.yaml.source import Source
from payloom.workflows.errors import BadEdit


def readable(text: str) -> Source:
    """Read the text of a file. Raises BadEdit when it cannot be read."""
    source = read_source(text, "")
    if source.data is None or source.diagnostics:
        reason = source.diagnostics[0].format().removeprefix(":") if source.diagnostics else "it is empty"
        raise BadEdit("the file can't be read, so it can't be edited", hint=f"fix it first: {reason}")
    return source


def value_at(data: Any, path: Path, missing: Any = None) -> Any:
    """Return the value at a path, or `missing` when nothing is there."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return missing
    return data


def checked(text: str, expected: Any) -> str:
    """Return the text if it reads as expected.

    Raises BadEdit otherwise, so that an edit never changes more than it should.
    """
    again = read_source(text, "")
    if again.data != expected or again.diagnostics:
        raise BadEdit("the edit would change more than it should", hint="edit the text by hand")
    return text


def line_start(text: str, offset: int) -> int:
    """Return the offset where the line of this offset begins."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Return the offset behind the line break of this offset's line."""
    line_break = text.find("\n", offset)
    return len(text) if line_break < 0 else line_break + 1


def dash_before(text: str, start: int) -> int:
    """Return the offset of the `-` before an item."""
    return text.rindex("-", 0, start)


def content_end(source: Source, path: Path) -> int:
    """Return the offset after the last character of a node; block collections end where their last part ends."""
    data = value_at(source.data, path)
    place = source.values[path]
    if path in source.scalars or source.text[place.start : place.start + 1] in "[{":
        end = place.end
        if path in source.scalars and source.scalars[path].style in {"|", ">"}:
            return place.start + len(source.text[place.start : end].rstrip()) if end > place.start else end
        return end
    parts = list(data) if is_map(data) else list(range(len(data or ())))
    return content_end(source, (*path, parts[-1])) if parts else place.end


def end_of(source: Source, path: Path) -> int:
    """Return the offset of the line after a node."""
    return line_end(source.text, content_end(source, path))


def next_key(source: Source, path: Path) -> int:
    """Return the offset of the key that follows in the same map."""
    parent = value_at(source.data, path[:-1])
    keys = list(parent)
    return source.keys[(*path[:-1], keys[keys.index(path[-1]) + 1])].start


def is_flow(source: Source, path: Path) -> bool:
    """Return whether the value is written in brackets or braces."""
    place = source.values.get(path)
    return place is not None and source.text[place.start : place.start + 1] in {"[", "{"}


def item_bounds(source: Source, path: Path) -> tuple[int, int]:
    """Return the lines of an item, the comments above it included."""
    start = line_start(source.text, dash_before(source.text, source.values[path].start))
    if path[-1] != 0:
        start = end_of(source, (*path[:-1], int(path[-1]) - 1))
    elif path[:-1] in source.keys:
        start = line_end(source.text, source.keys[path[:-1]].end)
    return start, end_of(source, path)
