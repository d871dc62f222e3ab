"""Reads a YAML file strictly and keeps every position: no anchors, aliases, tags, repeated keys or oversized files."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, SequenceEndEvent, SequenceStartEvent

from payloom.tables.errors import BadTablesFile, Diagnostic

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 20_000
_HINTS = {
    "mapping values are not allowed here": "put the whole value in quotes if it holds a colon",
    "found character '\\t' that cannot start any token": "indent with spaces, not with tabs",
}


class Reader:
    """One file: its nodes, and the diagnostics found so far."""

    def __init__(self, text: str, file: str) -> None:
        """Parse `text`; raises `BadTablesFile` when it is not strict YAML."""
        self.file = file
        self.diagnostics: list[Diagnostic] = []
        if len(text) > MAX_CHARACTERS:
            self._stop(0, 0, f"the file is larger than {MAX_CHARACTERS // 1024} KB")
        try:
            self._scan(text)
            self.root = YAML().load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line, mark.column) if mark else (0, 0)
            problem = (error.problem or "this is not YAML").split("\n")[0].rstrip(". ")
            self._stop(line, column, problem, _HINTS.get(problem, ""))
        except YAMLError as error:
            self._stop(0, 0, str(error).split("\n")[0])

    def _stop(self, line: int, column: int, message: str, hint: str = "") -> None:
        raise BadTablesFile([Diagnostic(self.file, line + 1, column + 1, message, hint)])

    def _scan(self, text: str) -> None:
        depth = 0
        for nodes, event in enumerate(YAML().parse(text)):
            line, column = event.start_mark.line, event.start_mark.column
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                self._stop(line, column, "anchors and aliases (& and *) are not allowed here")
            tag = str(getattr(event, "tag", None) or "!")
            if tag != "!":
                self._stop(line, column, f"tags ({tag}) are not allowed here")
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                depth += 1
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
            if depth > MAX_DEPTH or nodes > MAX_NODES:
                self._stop(line, column, "the file is nested too deeply or holds too much")

    def report(self, place: tuple[int, int], message: str, hint: str = "") -> None:
        """Note a mistake at `place` (line and column, from 1)."""
        self.diagnostics.append(Diagnostic(self.file, *place, message, hint))

    def finish(self) -> None:
        """Raise `BadTablesFile` if anything was noted."""
        if self.diagnostics:
            raise BadTablesFile(sorted(self.diagnostics, key=lambda found: (found.line, found.column)))


def place_of_key(node: CommentedMap, key: Any) -> tuple[int, int]:
    """Return where a key stands: line and column, from 1."""
    line, column = node.lc.key(key)
    return line + 1, column + 1


def place_of_value(node: CommentedMap, key: Any) -> tuple[int, int]:
    """Return where a key's value stands: line and column, from 1."""
    line, column = node.lc.value(key)
    return line + 1, column + 1


def place_of_item(node: CommentedSeq, index: int) -> tuple[int, int]:
    """Return where an item of a list stands: line and column, from 1."""
    line, column = node.lc.item(index)
    return line + 1, column + 1


def plain(node: Any) -> Any:
    """Return the node as Python's own types, without positions and comments."""
    if isinstance(node, dict):
        return {plain(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
