"""`where` and `order_by` on objects that are kept here: as Stripe's list call answers, and by any column besides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from payloom.kit.clock import to_epoch
from payloom.kit.json_types import is_list, is_map, is_sequence
from payloom.kit.suggest import did_you_mean
from payloom.tables.errors import BadArguments, NoFilter, UnknownColumn

if TYPE_CHECKING:
    from payloom.connectors.stripe.catalog.tables import StripeTable

Test = Callable[[Mapping[str, Any]], bool]
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, operand: value > operand,
    "gte": lambda value, operand: value >= operand,
    "lt": lambda value, operand: value < operand,
    "lte": lambda value, operand: value <= operand,
    "contains": lambda value, operand: operand in value,
    "starts_with": lambda value, operand: value.startswith(operand),
}


def condition(table: StripeTable, where: Mapping[str, Any]) -> Test | None:
    """Return the test for `where`, None when nothing can match; raises VerbFailed."""
    alternatives = where.get("any")
    tests, nulls = _tests(table, {name: value for name, value in where.items() if name != "any"})
    groups: list[list[Test]] = []
    for entry in alternatives or ():
        inner, missing = _tests(table, entry)
        if not missing:
            groups.append(inner)
    if (alternatives is not None and not groups) or (nulls and not tests and not groups):
        raise NoFilter(
            f"every value in `where` is null, so the step would not know which rows of {table.name} it means",
            hint="check the values the step compares with; nothing was read",
        )
    if nulls:
        return None

    def test(row: Mapping[str, Any]) -> bool:
        if not all(test(row) for test in tests):
            return False
        return not groups or any(all(test(row) for test in group) for group in groups)

    return test


def _tests(table: StripeTable, where: Mapping[str, Any]) -> tuple[list[Test], int]:
    tests: list[Test] = []
    nulls = 0
    for name, condition in where.items():
        if name in ("starting_after", "ending_before"):
            hint = "say `order_by: created` and `where: {created: {gt: …}}`"
            raise BadArguments(f"where {table.name}: a copy has no cursors", hint=hint)
        if name not in table.filters and name not in table.spec.columns:
            hint = did_you_mean(name, [*table.filters, *table.spec.columns]) or None
            raise UnknownColumn(f"{table.name} has no column {name!r}", hint=hint)
        value = _plain(condition)
        if value is None or (is_list(value) and value and all(item is None for item in value)):
            nulls += 1
        elif name == "status" and value == "all" and table.resource == "subscriptions":
            continue
        else:
            tests.append(_test(table, name, value))
    return tests, nulls


def _test(table: StripeTable, name: str, value: Any) -> Test:
    if is_map(value) and name in ("metadata", "recurring", "automatic_tax"):
        wanted_items: Mapping[str, Any] = value

        def holds_all(row: Mapping[str, Any]) -> bool:
            nested: Mapping[str, Any] = row.get(name) or {}
            return all(nested.get(key) == item for key, item in wanted_items.items())

        return holds_all
    if is_map(value):
        operators = {sign: _plain(operand) for sign, operand in value.items() if operand is not None}
        return lambda row: any(_holds(value, operators, f"{table.name}.{name}") for value in _values(table, row, name))
    accepted = value if is_list(value) else [value]
    return lambda row: any(value in accepted for value in _values(table, row, name) if value is not None)


def _holds(value: Any, operators: Mapping[str, Any], where: str) -> bool:
    for sign, operand in operators.items():
        if sign == "is_null":
            if (value is None) is not operand:
                return False
        elif value is None:
            return False
        elif sign == "ne":
            if value == operand:
                return False
        elif sign not in _COMPARE:
            raise BadArguments(f"where {where}: {sign!r} is not an operator")
        else:
            try:
                if not _COMPARE[sign](value, operand):
                    return False
            except (TypeError, AttributeError):
                raise BadArguments(f"where {where}: `{sign}` does not compare {value!r} and {operand!r}") from None
    return True


def _values(table: StripeTable, row: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield what a filter compares: most are fields, some of Stripe's filters look deeper."""
    listed: Mapping[str, Any] = row.get("items") or {}
    items: list[Mapping[str, Any]] = (listed.get("data") or []) if table.resource == "subscriptions" else []
    if name == "ids":
        yield row.get("id")
    elif name == "lookup_keys":
        yield row.get("lookup_key")
    elif name in ("price", "plan") and items:
        objects: Iterator[Mapping[str, Any]] = (item.get(name) or {} for item in items)
        yield from (child.get("id") for child in objects)
    elif name in ("current_period_start", "current_period_end") and items:
        yield from (item.get(name) for item in items)
    elif name == "subscription" and table.resource == "invoices":
        parent: Mapping[str, Any] = row.get("parent") or {}
        details: Mapping[str, Any] = parent.get("subscription_details") or {}
        yield details.get("subscription")
    else:
        child = row.get(name)
        # An object that Stripe expanded is compared by its id.
        yield child["id"] if is_map(child) and "id" in child else child


def ordered(table: StripeTable, rows: Sequence[dict[str, Any]], order_by: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows sorted by `column` or `column desc`; nulls come last."""
    ordered = list(rows)
    for entry in reversed(order_by):
        name, _, direction = entry.strip().partition(" ")
        if name not in table.spec.columns or table.spec.columns[name].type == "json":
            hint = did_you_mean(name, table.spec.columns) or None
            raise UnknownColumn(f"{table.name} cannot be sorted by {name!r}", hint=hint)
        down = direction.strip() == "desc"
        present = [row for row in ordered if row.get(name) is not None]
        absent = [row for row in ordered if row.get(name) is None]
        ordered = [*sorted(present, key=lambda row, name=name: row[name], reverse=down), *absent]
    return ordered


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return to_epoch(value)
    return list(value) if is_sequence(value) else value
