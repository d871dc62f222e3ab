"""Reads tables.yaml with the strict reader, and collects what is wrong with it."""

from __future__ import annotations

import dataclasses
from typing import Any

from payloom.kit.diagnostics import SHAPE, Diagnostic, Path, Place, in_order
from payloom.kit.yaml.reader import read_source
from payloom.tables.errors import BadTablesFile


class Reader:
    """One file: its data, the places in it, and the diagnostics found so far."""

    def __init__(self, text: str, file: str) -> None:
        """Parse `text`; raises `BadTablesFile` when it is not strict YAML."""
        self.file = file
        self._source = read_source(text, file)
        self.diagnostics: list[Diagnostic] = list(self._source.diagnostics)
        self.finish()

    @property
    def data(self) -> Any:
        """The file's plain data; None when it holds nothing."""
        return self._source.data

    def key_place(self, path: Path) -> Place:
        """Return where the node at `path` begins: at its key if it has one."""
        return self._source.place(path)

    def value_place(self, path: Path) -> Place:
        """Return where the value at `path` begins."""
        return self._source.value_place(path)

    def report(self, place: Place, message: str, hint: str = "") -> None:
        """Add a mistake at `place`."""
        self.diagnostics.append(Diagnostic.at(place, SHAPE, message, hint=hint, file=self.file))

    def finish(self) -> None:
        """Raise `BadTablesFile` if anything was reported."""
        if self.diagnostics:
            raise BadTablesFile(in_order(self.diagnostics))


def shifted(place: Place, columns: int) -> Place:
    """Return the place `columns` further to the right in its line."""
    return dataclasses.replace(place, column=place.column + columns)
