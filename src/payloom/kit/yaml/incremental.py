"""Reads a file step by step, so that after a change only the step it is in is parsed again.

A file whose parts cannot be told apart for sure, or in which anything is wrong, is left to the reader of whole files:
both give the same, and a test compares them.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar, cast

from payloom.kit.diagnostics import Path, Place

T = TypeVar("T")

_HEADING = re.compile(r"^steps:[ \t]*(?:#.*)?$", re.MULTILINE)
_MARKS = re.compile(r"^(?:---|\.\.\.)", re.MULTILINE)
FEW = 3
"""Below so many steps reading the whole is as fast."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cut:
    """A text in parts. chunks: `(start, lines before, text)` of each step; skeleton: the rest, `- 0` for the steps."""

    skeleton: str
    placeholder: int
    chunks: tuple[tuple[int, int, str], ...]
    indent: int
    end: int
    lines: int


def cut(text: str) -> Cut | None:
    """Return a text in parts, None when it had better be read as a whole."""
    if "\r" in text or "\t" in text or not text.endswith("\n") or _MARKS.search(text):
        return None
    headings = list(_HEADING.finditer(text))
    if len(headings) != 1 or "&" in text or "\n  - " not in text:
        return None
    at = headings[0].end() + 1
    starts, indent, end = _items(text, at)
    if len(starts) < FEW:
        return None
    bounds = [*starts, end]
    chunks: list[tuple[int, int, str]] = []
    line = text.count("\n", 0, starts[0])
    for low, high in itertools.pairwise(bounds):
        piece = text[low:high]
        chunks.append((low, line, piece))
        line += piece.count("\n")
    skeleton = f"{text[: starts[0]]}{' ' * indent}- 0\n{text[end:]}"
    return Cut(skeleton, starts[0], tuple(chunks), indent, end, line - chunks[0][1])


def _items(text: str, at: int) -> tuple[list[int], int, int]:
    """Return where the items of a list begin, their indentation, and where the list ends."""
    starts: list[int] = []
    indent = -1
    size = len(text)
    while at < size:
        stop = text.find("\n", at)
        stop = size if stop < 0 else stop
        line = text[at:stop]
        bare = line.lstrip(" ")
        column = len(line) - len(bare)
        if bare and not bare.startswith("#"):
            is_item = bare == "-" or bare.startswith("- ")
            if indent < 0:
                if not is_item or column == 0:
                    return [], 0, at
                indent = column
            if column < indent or (column == indent and not is_item):
                return starts, indent, at
            if column == indent:
                starts.append(at)
        at = stop + 1
    return starts, indent, size


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A step as it was read by itself. Places count from its own first character. nodes: how many it has."""

    data: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    scalars: Mapping[Path, Any]
    nodes: int


class Places(Mapping[Path, T], Generic[T]):
    """Places of a file in parts. Places in a step are moved to the step's position when they are read."""

    def __init__(self, head: dict[Path, T], steps: list[Mapping[Path, T]], move: Mover[T]) -> None:
        self._head = head
        self._steps = steps
        self._move = move

    def __getitem__(self, path: Path) -> T:
        if len(path) > 1 and path[0] == "steps" and type(path[1]) is int and 0 <= path[1] < len(self._steps):
            return self._move(path[1], self._steps[path[1]][0, *path[2:]])
        return self._head[path]

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, tuple):
            return False
        path = cast("Path", path)
        if len(path) > 1 and path[0] == "steps" and type(path[1]) is int:
            return 0 <= path[1] < len(self._steps) and (0, *path[2:]) in self._steps[path[1]]
        return path in self._head

    def __iter__(self) -> Iterator[Path]:
        yield from self._head
        for at, places in enumerate(self._steps):
            for path in places:
                if path:
                    yield ("steps", at, *path[1:])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __setitem__(self, path: Path, place: T) -> None:
        self._head[path] = place

    def pop(self, path: Path) -> T:
        """Remove a place that is none of a step's."""
        return self._head.pop(path)


class Mover(Generic[T]):
    """Moves a place of a step to where the step stands."""

    def __init__(self, pieces: Cut) -> None:
        self._pieces = pieces

    def __call__(self, at: int, place: T) -> T:
        """Return the place, moved by what was put in or taken out. at: the offset where it began."""
        raise NotImplementedError

    def moved(self, at: int, place: Place, *, collection: bool) -> Place:
        """Return the place in the whole text."""
        start, lines, text = self._pieces.chunks[at]
        # Alone, a map ends with its text; in the file it ends where the dash of the next step stands.
        more = self._pieces.indent if collection and place.end == len(text) and at + 1 < len(self._pieces.chunks) else 0
        return Place(
            place.line + lines, place.column, place.end_line + lines, place.end_column + more,
            place.start + start, place.end + start + more,
        )  # fmt: skip


def after(place: Place, pieces: Cut) -> Place:
    """Return a place of the skeleton in the whole text."""
    gap = pieces.end - pieces.placeholder - (pieces.indent + 4)
    lines = pieces.lines - 1
    limit = pieces.placeholder + pieces.indent + 4
    start, end = place.start, place.end
    line, end_line = place.line, place.end_line
    if start >= limit:
        start, line = start + gap, line + lines
    if end >= limit:
        end, end_line = end + gap, end_line + lines
    return Place(line, place.column, end_line, place.end_column, start, end)


cached = functools.lru_cache(maxsize=4096)
