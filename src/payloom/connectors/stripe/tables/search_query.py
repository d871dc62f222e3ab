"""Writes `where` in Stripe's search language: every value is quoted, so that what a caller sends stays a value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from payloom.kit.clock import to_epoch
from payloom.kit.json_types import is_list, is_map
from payloom.tables.errors import BadArguments

if TYPE_CHECKING:
    from payloom.connectors.stripe.catalog.tables import StripeTable

_SIGNS: Mapping[str, str] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def query(table: StripeTable, where: Mapping[str, Any]) -> str:
    """Return the query; raises BadArguments for what the language cannot say."""
    if "query" in where:
        if len(where) > 1 or not isinstance(where["query"], str):
            raise BadArguments(f"where {table.name}: `query` is a text without other filters")
        return where["query"]
    if not where:
        raise BadArguments(f"where {table.name}: a search needs something to look for", hint=table.shape().hint)
    lists = [name for name, value in where.items() if is_list(value)]
    if lists and len(where) > 1:
        raise BadArguments(
            f"where {table.name}: Stripe's search does not mix OR (the list of {lists[0]}) and AND",
            hint="search once for each value",
        )
    if lists:
        return " OR ".join(_clause(table, lists[0], "eq", value) for value in where[lists[0]])
    return " AND ".join(clause for name, value in where.items() for clause in _clauses(table, name, value))


def _clauses(table: StripeTable, name: str, value: Any) -> Iterator[str]:
    if name == "metadata":
        if not is_map(value):
            raise BadArguments(f"where {table.name}: metadata is a map of key: value")
        for key, item in value.items():
            yield f"metadata[{_quoted(str(key))}]:{'null' if item is None else _quoted(_text(item))}"
    elif is_map(value):
        for sign, operand in value.items():
            yield _clause(table, name, sign, operand)
    else:
        yield _clause(table, name, "eq", value)


def _clause(table: StripeTable, name: str, sign: str, value: Any) -> str:
    numeric = name in table.ranges
    if sign in _SIGNS:
        if not numeric:
            raise BadArguments(f"where {table.name}.{name}: `{sign}` is for numbers and moments")
        return f"{name}{_SIGNS[sign]}{_number(table, name, value)}"
    if sign == "is_null":
        return f"{'' if value else '-'}{name}:null"
    if sign == "contains":
        if not isinstance(value, str) or len(value) < 3:
            raise BadArguments(f"where {table.name}.{name}: `contains` takes a text of at least 3 characters")
        return f"{name}~{_quoted(value)}"
    if sign not in ("eq", "ne"):
        raise BadArguments(f"where {table.name}.{name}: Stripe's search has no `{sign}`")
    literal = str(_number(table, name, value)) if numeric else _quoted(_text(value))
    return f"{'-' if sign == 'ne' else ''}{name}:{literal}"


def _number(table: StripeTable, name: str, value: Any) -> int:
    if isinstance(value, dt.datetime):
        return to_epoch(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadArguments(f"where {table.name}.{name}: a whole number or a moment, not {value!r}")
    return value


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
