"""A YAML file as it was read: its plain data, the place of every node, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from typing import Any

from payloom.kit.diagnostics import SHAPE, Diagnostic, Path, Place
from payloom.kit.yaml.incremental import Places

SPLIT_HINT = "split the file"


@dataclasses.dataclass(frozen=True, slots=True)
class Scalar:
    """How a scalar stands in the text: its place, its quoting (`'`, `"`, `|`, `>` or None for plain)."""

    place: Place
    style: str | None
    in_flow: bool


@dataclasses.dataclass(slots=True)
class Source:
    """A file that was read. data: plain JSON values, or None when the file could not be read at all."""

    text: str
    file: str
    data: Any = None
    values: dict[Path, Place] | Places[Place] = dataclasses.field(default_factory=dict[Path, Place])
    keys: dict[Path, Place] | Places[Place] = dataclasses.field(default_factory=dict[Path, Place])
    scalars: dict[Path, Scalar] | Places[Scalar] = dataclasses.field(default_factory=dict[Path, Scalar])
    diagnostics: list[Diagnostic] = dataclasses.field(default_factory=list[Diagnostic])
    split_hint: str = SPLIT_HINT
    """What to do with a file that is too large or too deep."""

    def place(self, path: Path) -> Place:
        """Return where the node at `path` begins: at its key, else at the node, else at the nearest node around it."""
        for length in range(len(path), -1, -1):
            head = path[:length]
            position = self.keys.get(head) or self.values.get(head)
            if position:
                return position
        return Place()

    def value_place(self, path: Path) -> Place:
        """Return the place of the value at `path`, or of the nearest node around it."""
        return self.values.get(path) or self.place(path)

    def inside(self, path: Path, part: str, nth: int = 0, span: tuple[int, int] | None = None) -> Place:
        """Return the place of `part` (an expression's text; `span` within it) inside the scalar at `path`."""
        scalar = self.scalars.get(path)
        if scalar is None:
            return self.value_place(path)
        start, end = scalar.place.start, scalar.place.end
        at = start - 1
        for _ in range(nth + 1):
            at = self.text.find(part, at + 1, end)
            if at < 0:
                return scalar.place
        low, high = span or (0, len(part))
        return self.between(at + low, at + max(high, low + 1))

    def between(self, start: int, end: int) -> Place:
        """Return the place of two offsets."""
        line, column = _line_column(self.text, start)
        end_line, end_column = _line_column(self.text, end)
        return Place(line, column, end_line, end_column, start, end)

    def rename(self, old: str, new: str) -> None:
        """Move the places of everything below a top key to another name."""
        for places in (self.keys, self.values):
            for path in [path for path in places if path[:1] == (old,)]:
                places[new, *path[1:]] = places.pop(path)
        for path in [path for path in self.scalars if path[:1] == (old,)]:
            self.scalars[new, *path[1:]] = self.scalars.pop(path)

    def report(
        self, place: Place, message: str, *, hint: str | None = None, code: str = SHAPE, path: Path = ()
    ) -> None:
        """Add an error."""
        self.diagnostics.append(Diagnostic.at(place, code, message, hint=hint, path=path, file=self.file))


def _line_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
