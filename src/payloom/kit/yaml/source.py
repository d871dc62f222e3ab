"""YAML text in, plain data and the place of every node out. The only code that may read a workflow file's text.

A strict subset of YAML 1.2 with the core schema (`on` and `yes` are strings): no anchors, aliases, tags, merge keys,
duplicate keys or second documents, and limits on size, depth and number of nodes.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

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

from payloom.kit.diagnostics import SHAPE, Diagnostic, Path, Place
from payloom.kit.yaml import incremental, masking
from payloom.kit.yaml.incremental import Mover, Part, Places

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 20_000

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Scalar:
    """How a scalar stands in the text: its place, its quoting (`'`, `"`, `|`, `>` or None for plain)."""

    place: Place
    style: str | None
    in_flow: bool


@dataclasses.dataclass(slots=True)
class Source:
    """A file that was read: `data` is plain JSON-like data, or None when it could not be read at all."""

    text: str
    file: str
    data: Any = None
    values: dict[Path, Place] | Places[Place] = dataclasses.field(default_factory=dict)
    keys: dict[Path, Place] | Places[Place] = dataclasses.field(default_factory=dict)
    scalars: dict[Path, Scalar] | Places[Scalar] = dataclasses.field(default_factory=dict)
    diagnostics: list[Diagnostic] = dataclasses.field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Return where the node at `path` begins: its key if it has one, else the node, else the nearest node around
        it."""
        for length in range(len(path), -1, -1):
            head = path[:length]
            found = self.keys.get(head) or self.values.get(head)
            if found:
                return found
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
        found = start - 1
        for _ in range(nth + 1):
            found = self.text.find(part, found + 1, end)
            if found < 0:
                return scalar.place
        low, high = span or (0, len(part))
        return self.between(found + low, found + max(high, low + 1))

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


class _Refused(Exception):
    def __init__(self, place: Place, message: str, hint: str | None = None) -> None:
        self.place, self.message, self.hint = place, message, hint
        super().__init__(message)


def _place(event: Event) -> Place:
    a, b = event.start_mark, event.end_mark
    return Place(a.line + 1, a.column + 1, b.line + 1, b.column + 1, a.index, b.index)


@dataclasses.dataclass(slots=True)
class _Open:
    path: Path
    data: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None
    key_place: Place | None = None
    flow: bool = False


class _Reader:
    """Builds data from the parser's events with a stack of its own, so that depth costs no recursion."""

    def __init__(self, source: Source, depth: int = 0) -> None:
        """depth: how deep in its file the text stands."""
        self.source = source
        self.depth = depth
        self.stack: list[_Open] = []
        self.nodes = 0
        self.documents = 0

    def read(self, text: str) -> None:
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise _Refused(_place(event), "one file holds one document", "remove the second `---`")
            elif isinstance(event, AliasEvent):
                raise _Refused(_place(event), f"aliases (*{event.anchor}) are not allowed", "write the value out again")
            elif isinstance(event, ScalarEvent | CollectionStartEvent):
                self.node(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.close(event)

    def node(self, event: ScalarEvent | CollectionStartEvent) -> None:
        place = _place(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Refused(place, f"the file has more than {MAX_NODES:,} nodes", "split it with `call`")
        if event.anchor is not None:
            raise _Refused(place, f"anchors (&{event.anchor}) are not allowed", "write the value where it is needed")
        if event.ctag is not None:
            raise _Refused(place, f"tags ({event.ctag}) are not allowed", "quote the value if it is a string")
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
            raise _Refused(
                place, f"nested deeper than {MAX_DEPTH} levels", "move the inner steps to a workflow and `call` it"
            )
        data: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        flow = bool(event.flow_style) or bool(top and top.flow)
        self.stack.append(_Open(path, data, place, flow=flow))

    def key(self, top: _Open, event: ScalarEvent | CollectionStartEvent, place: Place) -> None:
        if not isinstance(event, ScalarEvent):
            raise _Refused(place, "a key must be text", "an unquoted `${{ … }}` in braces needs quotes")
        key = event.value
        if key == "<<" and event.style is None:
            raise _Refused(place, "merge keys (<<) are not allowed", "write the keys out")
        assert isinstance(top.data, dict)
        if key in top.data:
            first = self.source.keys[(*top.path, key)]
            self.source.report(place, f"`{key}` stands twice", hint=f"the first is on line {first.line}")
        top.key, top.key_place = key, place

    @staticmethod
    def next_path(top: _Open | None) -> Path:
        if top is None:
            return ()
        return (*top.path, len(top.data) if isinstance(top.data, list) else str(top.key))

    def put(self, top: _Open | None, value: Any) -> None:
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
        done = self.stack.pop()
        end = _place(event)
        self.source.values[done.path] = dataclasses.replace(
            done.place, end_line=end.end_line, end_column=end.end_column, end=end.end
        )
        self.put(self.stack[-1] if self.stack else None, done.data)

    @staticmethod
    def scalar(event: ScalarEvent, place: Place) -> Any:
        text = event.value
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            value = int(text, 0) if text[:2] in {"0o", "0x"} else int(text[:24])
            if not -(2**63) <= value < 2**63 or len(text) > 24:
                raise _Refused(place, "a whole number is outside the 64-bit range", "quote it if it is text")
            return value
        if _FLOAT.fullmatch(text):
            return float(text)
        return text


def _refuse(source: Source, error: _Refused) -> None:
    source.data = None
    source.report(error.place, error.message, hint=error.hint)


def _yaml_error(source: Source, error: YAMLError) -> None:
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


def _fresh(text: str, file: str) -> Source:
    return Source(text=text, file=file)


def _too_big(text: str) -> bool:
    return len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES


def read_source(text: str, file: str) -> Source:
    """Read YAML text. Never raises for what a file may hold; problems are in `.diagnostics`.

    An unquoted `${{ … }}` that YAML cannot read is found, reported with the corrected line, and read as if it were
    quoted,
    so that everything else in the file is checked as well.
    """
    source = _fresh(text, file)
    if _too_big(text):
        source.report(Place(), f"the file is larger than {MAX_BYTES // 1024} KB", hint="split it with `call`")
        return source
    if masking.MASK in text:
        at = text.index(masking.MASK)
        source.report(source.between(at, at + 1), "the private character U+E000 is not allowed", hint="remove it")
        return source
    quick = _in_parts(text, file)
    if quick is not None:
        return quick
    try:
        _Reader(source).read(text)
    except _Refused as error:
        repaired = _masked(text, file)
        if repaired is not None:
            return repaired
        _refuse(source, error)
    except YAMLError as error:
        repaired = _masked(text, file)
        if repaired is not None:
            return repaired
        _yaml_error(source, error)
    except (ValueError, RecursionError) as error:
        source.data = None
        source.report(Place(), f"not valid YAML: {error}")
    return source


def _in_parts(text: str, file: str) -> Source | None:
    """Read the text step by step; None when it is to be read as a whole."""
    pieces = incremental.cut(text)
    if pieces is None:
        return None
    head = _fresh(pieces.skeleton, file)
    parts = [_part(chunk) for _, _, chunk in pieces.chunks]
    try:
        _Reader(head).read(pieces.skeleton)
    except (_Refused, YAMLError, ValueError, RecursionError):
        return None
    read = [one for one in parts if one is not None]
    nodes = sum(one.nodes for one in read) + len(head.values)
    if len(read) < len(parts) or head.diagnostics or nodes > MAX_NODES or not isinstance(head.data, dict):
        return None
    if head.data.get("steps") != [0]:
        return None
    values, keys = (
        {path: incremental.after(place, pieces) for path, place in places.items() if path != ("steps", 0)}
        for places in (head.values, head.keys)
    )
    scalars = {
        path: dataclasses.replace(one, place=incremental.after(one.place, pieces))
        for path, one in head.scalars.items()
        if path != ("steps", 0)
    }
    return Source(
        text=text,
        file=file,
        data={key: [one.data for one in read] if key == "steps" else value for key, value in head.data.items()},
        values=Places(values, [one.values for one in read], _MovePlace(pieces)),
        keys=Places(keys, [one.keys for one in read], _MovePlace(pieces)),
        scalars=Places(scalars, [one.scalars for one in read], _MoveScalar(pieces)),
    )


@incremental.cached
def _part(text: str) -> Part | None:
    """Return a step read by itself; None when anything in it needs the reader of whole files."""
    alone = _fresh(text, "")
    try:
        reader = _Reader(alone, depth=1)
        reader.read(text)
    except (_Refused, YAMLError, ValueError, RecursionError):
        return None
    if alone.diagnostics or not isinstance(alone.data, list) or len(alone.data) != 1:
        return None
    values = {path: place for path, place in alone.values.items() if path}
    collections = frozenset(values) - frozenset(alone.scalars)
    marked = {path: _Collection(*dataclasses.astuple(place)) if path in collections else place
              for path, place in values.items()}  # fmt: skip
    return Part(alone.data[0], marked, alone.keys, alone.scalars, reader.nodes)


class _Collection(Place):
    """The place of a map or a list: where it ends depends on what follows."""

    __slots__ = ()


class _MovePlace(Mover[Place]):
    def __call__(self, at: int, place: Place) -> Place:
        return self.moved(at, place, collection=isinstance(place, _Collection))


class _MoveScalar(Mover[Scalar]):
    def __call__(self, at: int, place: Scalar) -> Scalar:
        return dataclasses.replace(place, place=self.moved(at, place.place, collection=False))


def _masked(text: str, file: str) -> Source | None:
    """Read the text with every `${{ … }}` masked; None when that does not help."""
    masked, _ = masking.mask(text)
    if masked == text:
        return None
    source = _fresh(text, file)
    try:
        _Reader(source).read(masked)
    except (_Refused, YAMLError, ValueError, RecursionError):
        return None
    found = False
    for path, scalar in source.scalars.items():
        raw = text[scalar.place.start : scalar.place.end]
        if masking.MASK not in masked[scalar.place.start : scalar.place.end]:
            continue
        _set(source, path, masking.unquote(raw, scalar.style))
        if scalar.style is None and masking.needs_quotes(raw, in_flow=scalar.in_flow):
            found = True
            source.report(
                scalar.place,
                "quote this value: YAML reads `{`, `}`, `: ` and ` #` in it as its own",
                hint="write: " + masking.corrected(text, scalar.place.start, scalar.place.end),
                path=path,
            )
    return source if found else None


def _set(source: Source, path: Path, value: Any) -> None:
    if not path:
        source.data = value
        return
    parent: Any = source.data
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
