"""F137, of what a parameter lacks: what its schema requires, one of a group, and the branch that its type names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import Action
from payloom.workflows.catalog.limits import ALONE, NEEDED, ONE_NEEDED, Needed
from payloom.workflows.checker.parameters.limits import Problem, lacks, maps_of

_BRANCH_LEFT_OUT = ("tax.registrations.", "v2.")
"""Operations of whose `type` the branch may be left out: Stripe has a default for what it says."""


def what_is_missing(action: Action, values: Any, path: Path) -> Iterator[Problem]:
    """Yield the parameters that are needed, each in the map in which it would stand."""
    schema = action.params or {}
    needed: tuple[Needed, ...] = schema.get(NEEDED) or ()
    for at, shape, named in maps_of(values, schema, path):
        names = [part for part in at[len(path) :] if isinstance(part, str)]
        for row in needed:
            if (names[-1] if names else "") == row.place and row.asks(named):
                value = f": {row.value}" if row.value is not None else ""
                message = f"Stripe needs `{row.needs}` with `{row.parameter}{value}`"
                yield (*at, row.parameter), message, f"add {row.needs}: …"
        yield from _required(shape, named, at, names)
        yield from _one_of_each(shape, named, at)
        if not action.name.startswith(_BRANCH_LEFT_OUT):
            yield from _branch(shape, named, at)
        yield from _alone(shape, named, at)


def _required(shape: Mapping[str, Any], named: Mapping[str, Any], at: Path, names: list[str]) -> Iterator[Problem]:
    for name in shape.get("required") or ():
        if name in named and named[name] == "":
            yield (*at, name), f"Stripe takes no empty `{name}`", "write a value, or leave the step out"
        elif name in named and lacks(named, name):
            yield (*at, name), f"Stripe needs a value of `{name}`", "write at least one"
        elif names and name not in named:
            yield at, f"Stripe needs `{name}` in `{'.'.join(names)}`", f"add {name}: …"


def _one_of_each(shape: Mapping[str, Any], named: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    if any(name not in (shape.get("properties") or {}) for name in named):
        return  # an unknown name may mean one of them
    for group in shape.get(ONE_NEEDED) or ():
        if all(lacks(named, name) for name in group):
            listed = " or ".join(f"`{name}`" for name in group[:3])
            yield at, f"Stripe needs {listed} here", f"add {group[0]}: …"


def _branch(shape: Mapping[str, Any], named: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    """Find `type: redirect` without `redirect`: it is needed if something in it is, or if it is no map."""
    branch = named.get("type")
    properties: Mapping[str, Any] = shape.get("properties") or {}
    if not isinstance(branch, str) or branch not in properties or not lacks(named, branch):
        return
    part = properties[branch]
    alternatives = part.get("anyOf") or [part]
    is_needed = any(each.get("required") or each.get("type") in {"string", "integer"} for each in alternatives)
    if is_needed and not any(is_list(each.get("enum")) and "" in each["enum"] for each in alternatives):
        yield (*at, "type"), f"Stripe needs `{branch}` with `type: {branch}`", f"add {branch}: …"


def _alone(shape: Mapping[str, Any], named: Mapping[str, Any], at: Path) -> Iterator[Problem]:
    alone: Mapping[str, frozenset[str]] = shape.get(ALONE) or {}
    for name, beside in alone.items():
        if lacks(named, name):
            continue
        for other, value in named.items():
            if other != name and other not in beside and value is not None and not (is_map(value) and not value):
                yield (*at, other), f"Stripe takes no `{other}` with `{name}`", "change it in a step of its own"
