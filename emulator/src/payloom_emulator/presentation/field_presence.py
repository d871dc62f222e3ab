"""Which fields an object shows: what Stripe leaves out instead of null, and what it always had in older API versions.

The facts are in `response_fields.json`, which `emulator/tools/older_fields.py` derives from releases of Stripe's SDK.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TypedDict

from payloom_emulator.protocol.json_shapes import is_array, is_object

_FILE = Path(__file__).parents[1] / "protocol" / "response_fields.json"


class ResponseFields(TypedDict):
    """The generated table. left_out: object to paths. removed: object to path to what it was.

    What it was: "always" or "null" (may be null), the first version that was read, and the first one without it.
    """

    release: str
    left_out: dict[str, list[str]]
    removed: dict[str, dict[str, tuple[str, str, str]]]


class Paths(dict[str, "Paths"]):
    """Paths as a tree: a field to what is below it. `here`: the path ends at this field."""

    here = False


@functools.cache
def response_fields() -> ResponseFields:
    """Return the table."""
    return json.loads(_FILE.read_text())


def _tree(paths: list[str]) -> Paths:
    root = Paths()
    for path in paths:
        node = root
        for part in path.split("."):
            node = node.setdefault(part.removesuffix("[]"), Paths())
        node.here = True
    return root


@functools.cache
def _left_out(object_name: str) -> Paths:
    return _tree(response_fields()["left_out"].get(object_name, []))


@functools.cache
def _nullable_then(object_name: str, date: str) -> Paths:
    rows = response_fields()["removed"].get(object_name, {})
    return _tree(
        [path for path, (how, since, until) in rows.items() if how == "null" and since[:10] <= date < until[:10]]
    )


def settle(view: dict[str, object], version: str, *, inside: bool = False) -> None:
    """Drop what Stripe leaves out when there is nothing to show, and add what the version always had, as null.

    inside: do the same with the objects that it holds.
    """
    if view.get("deleted") is True:
        return
    for value in view.values() if inside else ():
        _settle_inside(value, version)
    name = str(view.get("object", ""))
    _drop(view, _left_out(name))
    older = _nullable_then(name, version[:10])
    if older:
        _add(view, older)


def _settle_inside(value: object, version: str) -> None:
    if is_array(value):
        for inner in value:
            _settle_inside(inner, version)
    elif is_object(value) and isinstance(value.get("object"), str):
        settle(value, version, inside=True)
    elif is_object(value):
        for inner in value.values():
            _settle_inside(inner, version)


def _drop(holder: dict[str, object], paths: Paths) -> None:
    for name, below in paths.items():
        if name not in holder:
            continue
        value = holder[name]
        if value is None:
            if below.here:
                del holder[name]
        elif below:
            for inner in value if is_array(value) else (value,):
                if is_object(inner) and "object" not in inner:
                    _drop(inner, below)


def _add(holder: dict[str, object], paths: Paths) -> None:
    for name, below in paths.items():
        if below.here:
            holder.setdefault(name, None)
        value = holder.get(name)
        for inner in value if is_array(value) else (value,):
            if below and is_object(inner) and "object" not in inner:
                _add(inner, below)
