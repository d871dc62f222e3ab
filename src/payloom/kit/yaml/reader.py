"""YAML text in, plain data and the place of every node out. The only reader of YAML files in Payloom.

A strict subset of YAML 1.2 with the core schema (`on` and `yes` are strings): no anchors, aliases, tags, merge keys,
duplicate keys or second documents, and limits on size, depth and number of nodes.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from ruamel.yaml.error import YAMLError

from payloom.kit.diagnostics import Path, Place
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.validation.text_files import NotUtf8, line_of, read_text
from payloom.kit.yaml import incremental, masking
from payloom.kit.yaml.incremental import Mover, Part, Places
from payloom.kit.yaml.parser import MAX_NODES, Parser, Refusal, refuse, yaml_error
from payloom.kit.yaml.source import SPLIT_HINT, Scalar, Source

MAX_BYTES = 256 * 1024


def _too_big(text: str) -> bool:
    return len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES


def read_source(text: str, file: str, *, split_hint: str = SPLIT_HINT) -> Source:
    """Read YAML text. Never raises for what a file may hold; problems are in `.diagnostics`.

    An unquoted `${{ … }}` that YAML cannot read is found, reported with the corrected line, and read as if it were
    quoted, so that everything else in the file is checked as well.
    split_hint: what to do with a file that is too large.
    """
    source = Source(text=text, file=file, split_hint=split_hint)
    if _too_big(text):
        source.report(Place(), f"the file is larger than {MAX_BYTES // 1024} KB", hint=split_hint)
        return source
    if masking.MASK in text:
        at = text.index(masking.MASK)
        source.report(source.between(at, at + 1), "the private character U+E000 is not allowed", hint="remove it")
        return source
    quick = _in_parts(text, file)
    if quick is not None:
        return quick
    try:
        Parser(source).read(text)
    except Refusal as error:
        repaired = _masked(text, file)
        if repaired is not None:
            return repaired
        refuse(source, error)
    except YAMLError as error:
        repaired = _masked(text, file)
        if repaired is not None:
            return repaired
        yaml_error(source, error)
    except (ValueError, RecursionError) as error:
        source.data = None
        source.report(Place(), f"not valid YAML: {error}")
    return source


def read_source_file(path: pathlib.Path, name: str) -> Source:
    """`read_source` of a file. One that is no UTF-8 text has no data, and a diagnostic. Raises OSError."""
    try:
        return read_source(read_text(path, name), name)
    except NotUtf8 as error:
        line = line_of(error)
        source = Source(text="", file=name)
        source.report(Place(line, 1, line, 2), error.message, hint=error.hint or "")
        return source


def _in_parts(text: str, file: str) -> Source | None:
    """Read the text step by step; None when it is to be read as a whole."""
    pieces = incremental.cut(text)
    if pieces is None:
        return None
    head = Source(pieces.skeleton, file)
    parts = [_part(chunk) for _, _, chunk in pieces.chunks]
    try:
        Parser(head).read(pieces.skeleton)
    except (Refusal, YAMLError, ValueError, RecursionError):
        return None
    read = [part for part in parts if part is not None]
    nodes = sum(part.nodes for part in read) + len(head.values)
    if len(read) < len(parts) or head.diagnostics or nodes > MAX_NODES or not is_dict(head.data):
        return None
    if head.data.get("steps") != [0]:
        return None
    values, keys = (
        {path: incremental.after(place, pieces) for path, place in places.items() if path != ("steps", 0)}
        for places in (head.values, head.keys)
    )
    scalars = {
        path: dataclasses.replace(scalar, place=incremental.after(scalar.place, pieces))
        for path, scalar in head.scalars.items()
        if path != ("steps", 0)
    }
    return Source(
        text=text,
        file=file,
        data={key: [part.data for part in read] if key == "steps" else value for key, value in head.data.items()},
        values=Places(values, [part.values for part in read], _MovePlace(pieces)),
        keys=Places(keys, [part.keys for part in read], _MovePlace(pieces)),
        scalars=Places(scalars, [part.scalars for part in read], _MoveScalar(pieces)),
    )


@incremental.cached
def _part(text: str) -> Part | None:
    """Return a step read by itself; None when anything in it needs the reader of whole files."""
    alone = Source(text, "")
    try:
        reader = Parser(alone, depth=1)
        reader.read(text)
    except (Refusal, YAMLError, ValueError, RecursionError):
        return None
    if alone.diagnostics or not is_list(alone.data) or len(alone.data) != 1:
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
    source = Source(text, file)
    try:
        Parser(source).read(masked)
    except (Refusal, YAMLError, ValueError, RecursionError):
        return None
    has_document = False
    for path, scalar in source.scalars.items():
        raw = text[scalar.place.start : scalar.place.end]
        if masking.MASK not in masked[scalar.place.start : scalar.place.end]:
            continue
        _set(source, path, masking.unquote(raw, scalar.style))
        if scalar.style is None and masking.needs_quotes(raw, in_flow=scalar.in_flow):
            has_document = True
            source.report(
                scalar.place,
                "quote this value: YAML reads `{`, `}`, `: ` and ` #` in it as its own",
                hint="write: " + masking.corrected(text, scalar.place.start, scalar.place.end),
                path=path,
            )
    return source if has_document else None


def _set(source: Source, path: Path, value: Any) -> None:
    if not path:
        source.data = value
        return
    parent: Any = source.data
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
