"""What requests took in older API versions: the generated table, and the types that it makes of an operation."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.protocol.errors import not_covered
from payloom_emulator.protocol.json_shapes import is_array, is_object
from payloom_emulator.protocol.param_types import operations, type_of

if TYPE_CHECKING:
    from payloom_emulator.protocol.param_types import NodeJson, Ref

_FILE = Path(__file__).with_name("older_params.json")

_NODES: dict[str, NodeJson] = {"number": ["n"], "text": ["s"], "boolean": ["b"], "map": ["m", ["s"]]}


class OlderParams(TypedDict):
    """The generated table. operations: "METHOD path" to a parameter's path to (kind, first version without it)."""

    releases: dict[str, str]
    operations: dict[str, dict[str, tuple[str, str]]]


@functools.cache
def older_params() -> OlderParams:
    """Return the table."""
    return json.loads(_FILE.read_text())


def taken(operation: tuple[str, str], version: str) -> dict[str, Ref]:
    """Return the path and the type of each parameter that an operation took at `version` and does not take today."""
    rows = older_params()["operations"].get(" ".join(operation), {})
    return {path: _NODES[kind] for path, (kind, until) in rows.items() if path and version[:10] < until[:10]}


def was_there(operation: tuple[str, str], version: str) -> bool:
    """Return whether an operation that Stripe does not have any more existed at `version`."""
    rows = older_params()["operations"].get(" ".join(operation), {})
    return operation not in operations() and any(version[:10] < until[:10] for _, until in rows.values())


def extended(fields: Mapping[str, Ref], more: Mapping[str, Ref]) -> dict[str, Ref]:
    """Return an operation's parameters with further ones, by path: `phases[].iterations`."""
    result = dict(fields)
    for path, node in more.items():
        first, _, rest = path.partition(".")
        name = first.removesuffix("[]")
        inner = _with_inner(result.get(name), rest, node) if rest else node
        result[name] = inner if not first.endswith("[]") or (rest and name in result) else ["a", inner]
    return result


def _with_inner(ref: Ref | None, path: str, node: Ref) -> Ref:
    if ref is None:
        return ["o", extended({}, {path: node}), []]
    known = type_of(ref)
    if known.kind == "a":
        return ["a", _with_inner(known.item, path, node)]
    if known.kind == "u":
        return ["u", *(_with_inner(r, path, node) if type_of(r).kind in {"a", "o"} else r for r in known.either)]
    return ["o", extended(known.fields, {path: node}), list(known.required)]


def refuse_uncovered(
    operation: tuple[str, str], params: Mapping[str, object], version: str, covered: Mapping[str, Ref]
) -> None:
    """Answer 501 for a parameter that Stripe took at `version` and no rule here reads.

    covered: the paths that the declarations accept at this version.
    """
    known = taken(operation, version)
    if not known:
        return
    for path in _paths(params):
        if path in known and not is_covered(path, covered):
            reason = f"The local Stripe does not have the parameter `{path}` of `{' '.join(operation)}`"
            raise not_covered(f"{reason}, which Stripe took at API version {version}", param=path)


def is_covered(path: str, covered: Mapping[str, Ref]) -> bool:
    """Return whether the declarations accept a parameter: by its own path, or with the whole that it is a part of."""
    own, whole = path.removesuffix("[]"), path.partition(".")[0].removesuffix("[]")
    return own in covered or whole in covered


def _paths(value: object, path: str = "") -> Iterator[str]:
    if is_object(value):
        for name, inner in value.items():
            yield from _paths(inner, f"{path}.{name}" if path else name)
    elif is_array(value):
        for inner in value:
            yield from _paths(inner, f"{path}[]")
    if path:
        yield path
