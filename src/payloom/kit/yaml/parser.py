"""Builds plain data from a YAML parser's events, and refuses what the strict subset leaves out."""

# ruamel.yaml declares no types for its events; every value that is read from one is checked here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any, Protocol, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from payloom.kit.diagnostics import Path, Place
from payloom.kit.yaml.source import Scalar, Source

MAX_DEPTH = 32
MAX_NODES = 20_000

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Refusal(Exception):
    """A construct of YAML that this reader refuses, at its place."""

    def __init__(self, place: Place, message: str, hint: str | None = None) -> None:
        self.place, self.message, self.hint = place, message, hint
        super().__init__(message)


class _Mark(Protocol):
    """A position of the YAML parser, which has no types of its own. Counts from 0."""

    line: int
    column: int
    index: int


def _place(event: Event) -> Place:
    start, end = cast("_Mark", event.start_mark), cast("_Mark", event.end_mark)
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1, start.index, end.index)


@dataclasses.dataclass(slots=True)
class _Open:
    path: Path
    data: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None
    key_place: Place | None = None
    flow: bool = False


class Parser:
    """Builds data from the parser's events with a stack of its own, so that depth costs no recursion."""

    def __init__(self, source: Source, depth: int = 0) -> None:
        """Read into `source`. depth: how many levels of its file are around the text."""
        self.source = source
        self.depth = depth
        self.stack: list[_Open] = []
        self.nodes = 0
        self.documents = 0

    def read(self, text: str) -> None:
        """Read one document into the source. Raises Refusal, or YAMLError where the text is not YAML."""
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise Refusal(_place(event), "one file holds one document", "remove the second `---`")
            elif isinstance(event, AliasEvent):
                raise Refusal(_place(event), f"aliases (*{event.anchor}) are not allowed", "write the value out again")
            elif isinstance(event, ScalarEvent | CollectionStartEvent):
                self.node(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.close(event)

    def node(self, event: ScalarEvent | CollectionStartEvent) -> None:
        """Take the beginning of a value or of a key: check it, record its place, put it where it belongs."""
        place = _place(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Refusal(place, f"the file has more than {MAX_NODES:,} nodes", self.source.split_hint)
        if event.anchor is not None:
            raise Refusal(place, f"anchors (&{event.anchor}) are not allowed", "write the value where it is needed")
        if event.ctag is not None:
            raise Refusal(place, f"tags ({event.ctag}) are not allowed", "quote the value if it is a string")
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            self.key(top, event, place)
            return
        path = self.next_path(top)
        self.source.values[path] = place
        if isinstance(event, ScalarEvent):
            self.source.scalars[path] = Scalar(place, event.style, bool(top and top.flow))
            self.put(top, self.scalar(event, place))
            return
        if len(self.stack) + self.depth >= MAX_DEPTH:
            raise Refusal(place, f"nested deeper than {MAX_DEPTH} levels", f"flatten it, or {self.source.split_hint}")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        flow = bool(event.flow_style) or bool(top and top.flow)
        self.stack.append(_Open(path, data, place, flow=flow))

    def key(self, top: _Open, event: ScalarEvent | CollectionStartEvent, place: Place) -> None:
        """Begin an entry of the open map, and report a key that stands twice.

        Raises Refusal for a merge key or a collection.
        """
        if not isinstance(event, ScalarEvent):
            raise Refusal(place, "a key must be text", "an unquoted `${{ … }}` in braces needs quotes")
        key = event.value
        if key == "<<" and event.style is None:
            raise Refusal(place, "merge keys (<<) are not allowed", "write the keys out")
        assert isinstance(top.data, dict)
        if key in top.data:
            first = self.source.keys[(*top.path, key)]
            self.source.report(place, f"`{key}` stands twice", hint=f"the first is on line {first.line}")
        top.key, top.key_place = key, place

    @staticmethod
    def next_path(top: _Open | None) -> Path:
        """Return the path of the value that comes next in an open map or list; the root's is empty."""
        if top is None:
            return ()
        return (*top.path, len(top.data) if isinstance(top.data, list) else str(top.key))

    def put(self, top: _Open | None, value: Any) -> None:
        """Put a finished value into the open map or list, or make it the document."""
        if top is None:
            self.source.data = value
        elif isinstance(top.data, list):
            top.data.append(value)
        else:
            assert top.key is not None
            assert top.key_place is not None
            top.data[top.key] = value
            self.source.keys[(*top.path, top.key)] = top.key_place
            top.key = top.key_place = None

    def close(self, event: Event) -> None:
        """End the open map or list: record where it ends and put it into its parent."""
        done = self.stack.pop()
        end = _place(event)
        self.source.values[done.path] = dataclasses.replace(
            done.place, end_line=end.end_line, end_column=end.end_column, end=end.end
        )
        self.put(self.stack[-1] if self.stack else None, done.data)

    @staticmethod
    def scalar(event: ScalarEvent, place: Place) -> Any:
        """Return a scalar's value. A quoted one is text; plain words become numbers, booleans or null."""
        text = event.value
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            value = int(text, 0) if text[:2] in {"0o", "0x"} else int(text[:24])
            if not -(2**63) <= value < 2**63 or len(text) > 24:
                raise Refusal(place, "a whole number is outside the 64-bit range", "quote it if it is text")
            return value
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                raise Refusal(place, "a number must be finite and at most 1.8e308", "quote it if it is text")
            return number
        return text


def refuse(source: Source, error: Refusal) -> None:
    """Report a refusal; the source then holds no data."""
    source.data = None
    source.report(error.place, error.message, hint=error.hint)


def yaml_error(source: Source, error: YAMLError) -> None:
    """Report what the YAML library could not read, in plain words; the source then holds no data."""
    source.data = None
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = (
        Place() if mark is None else Place(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2, mark.index)
    )
    problem = getattr(error, "problem", None) if isinstance(error, MarkedYAMLError) else None
    hint = None
    if problem and "\\t" in repr(problem):
        hint = "indent with blanks, not tabs"
    elif problem and ("mapping values" in problem or "expected <block end>" in problem):
        hint = "check the indentation, or quote the value"
    source.report(place, f"not valid YAML: {problem or str(error).splitlines()[0]}", hint=hint)
