"""Stripe's actions for people who look for one: ranked search, and one action's parameters as a typed tree."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from typing import Any

from payloom.api.http.errors import NoSuchRoute
from payloom.connectors.stripe.catalog import aliases, operations
from payloom.connectors.stripe.catalog.schemas import plain
from payloom.connectors.stripe.catalog.stripe_catalog import MOVES_MONEY, action
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.catalog.limits import STARTS
from payloom.workflows.reference.workflow_schema import COMMON

_WORD = re.compile(r"[a-z0-9]+")
_DEPTH = 12
_PERHAPS = frozenset({"setup_fee", "preset", "minimum", "maximum", "balance"})
"""Names of amounts in some places only; there the description tells."""
_MINOR_DOC = re.compile(
    r"smallest currency unit|in cents\b|\bcents\b|minor unit|(?:integer|amount) in the", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """An action in the list. label: its name for people, of those that have one."""

    name: str
    label: str | None
    aliases: tuple[str, ...]
    summary: str
    writes: bool
    moves_money: bool
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return every action: operations, and aliases that fix parameters. The first call reads Stripe's types (1 s)."""
    entries: list[Entry] = []
    for heading in operations.headings():
        names = aliases.of_operation(heading.name)
        label = next((name for name in names if " " in name), None)
        entries.append(
            Entry(heading.name, label, names, heading.summary, heading.method != "get", heading.name in MOVES_MONEY)
        )
    by_name = {entry.name: entry for entry in entries}
    for alias in aliases.ALIASES:
        base = by_name.get(alias.operation)
        if alias.fixed and base is not None:
            summary = f"{base.summary} With {', '.join(f'{key}: {str(value).lower()}' for key, value in alias.fixed.items())}."
            entries.append(
                Entry(alias.name, alias.label, (alias.label,), summary, base.writes, base.moves_money, alias.fixed)
            )
    return tuple(entries)


def search(query: str) -> list[Entry]:
    """Return what fits, best first: the label or name itself, how they begin, their words, then the description.

    Every word asked for must occur. Without words: the common ones first.
    """
    words = _WORD.findall(query.lower())
    if not words:
        return sorted(entries(), key=lambda entry: (entry.name not in COMMON, entry.label is None, entry.name))
    ranked = [(rank, entry) for entry in entries() if (rank := _rank(entry, query.lower().strip(), words)) is not None]
    ranked.sort(key=lambda pair: (*pair[0], pair[1].name))
    return [entry for _, entry in ranked]


def _rank(entry: Entry, query: str, words: list[str]) -> tuple[int, int, int] | None:
    names = [entry.name.lower(), *(alias.lower() for alias in entry.aliases)]
    in_names = [set(_WORD.findall(name)) for name in names]
    known = entry.name not in COMMON
    if query in names:
        return (0, known, 0)
    score = None
    for name, parts in zip(names, in_names, strict=True):
        if name.startswith(query):
            score = min(score or 9, 1)
        elif all(any(_same(part, word) for part in parts) for word in words):
            score = min(score or 9, 2)
        elif all(any(part.startswith(word) for part in parts) for word in words):
            score = min(score or 9, 3)
    all_words: set[str] = set[str]().union(*in_names)
    if score is None and all(any(part.startswith(word) for part in all_words) for word in words):
        score = 4
    if score is None and all(word in " ".join(names) for word in words):
        score = 5
    if score is None:
        summary = set(_WORD.findall(entry.summary.lower()))
        if not all(any(part.startswith(word) for part in all_words | summary) for word in words):
            return None
        score = 6
    return (score, known, (entry.label is None) * 100 + len(entry.name))


def _same(part: str, word: str) -> bool:
    return part in {word, f"{word}s"} or f"{part}s" == word


def details(name: str) -> dict[str, Any]:
    """Return one action with its parameters and result as plain JSON Schema. Raises NoSuchRoute."""
    operation = action(name)
    if operation is None:
        hint = did_you_mean(name, [entry.name for entry in entries()]) or "Search with `?q=`."
        raise NoSuchRoute(f"Stripe has no action {name[:100]!r}", hint=hint)
    return _details(name)


@functools.lru_cache(maxsize=256)
def _details(name: str) -> dict[str, Any]:
    operation = action(name)
    assert operation is not None
    entry = next((candidate for candidate in entries() if operation.name == candidate.name), None)
    params = _with_units(plain(operation.params, _DEPTH)) if operation.params is not None else {"type": "object"}
    return {
        "name": operation.name,
        "label": entry.label if entry else None,
        "aliases": list(operation.aliases),
        "summary": operation.summary,
        "writes": operation.writes,
        "moves_money": operation.moves_money,
        "fixed": dict(entry.fixed) if entry else {},
        "docs_url": operation.docs_url,
        "params": params,
        "required": list(params.get("required", ())),
        "returns": plain(operation.returns, 2) if operation.returns is not None else None,
        "snippet": snippet(operation.name, params),
    }


def _with_units(schema: Any, name: str = "") -> Any:
    """Mark whole numbers that are amounts of money: `x-unit: minor`."""
    if is_list(schema):
        return [_with_units(part, name) for part in schema]
    if not is_map(schema):
        return schema
    out = dict(schema)
    if is_map(properties := schema.get("properties")):
        out["properties"] = {key: _with_units(property_, key) for key, property_ in properties.items()}
    for key in ("items", "anyOf", "additionalProperties"):
        if key in schema:
            out[key] = _with_units(schema[key], name)
    if out.get("type") == "integer" and "format" not in out and _is_amount(name, out):
        out["x-unit"] = "minor"
    elif out.get("format") == "unix-time":
        out["x-unit"] = "seconds"
    return out


def _is_amount(name: str, schema: Mapping[str, Any]) -> bool:
    if name.endswith(("_amount", "amount_off")) or name == "amount" or name.startswith("amount_"):
        return True
    return name in _PERHAPS and bool(_MINOR_DOC.search(str(schema.get("description", ""))))


def snippet(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step that calls the action, with its required parameters left to fill in."""
    required = {key: _blank(params.get("properties", {}).get(key, {})) for key in params.get("required", ())}
    for group in params.get("x-one-of", ()):
        required = {group[0]: "", **required}
    required |= {key: _blank(params.get("properties", {}).get(key, {})) for key in params.get(STARTS, ())}
    step: dict[str, Any] = {"stripe": name}
    return {**step, "with": required} if required else step


def _blank(schema: Mapping[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    empty: Mapping[str, Any] = {"integer": 0, "boolean": False, "array": [], "object": {}}
    return empty.get(str(schema.get("type")), "")
