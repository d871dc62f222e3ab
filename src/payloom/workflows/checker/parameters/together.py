"""F137, over several parameters of one call: order, doubles, fees of Connect, currencies, what is expanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.catalog.catalog import Action
from payloom.workflows.catalog.limits import ORDERED
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.parameters.constants import constant, moment
from payloom.workflows.checker.parameters.limits import Problem, maps_of
from payloom.workflows.expressions.left_out import moved_hint

_DEEPEST = 4
"""Levels of `expand`, without the `data` of a list."""
_ONCE = ((None, "custom_fields", "key"), ("subscriptions.create", "items", "price"))
"""Lists whose items differ in one of their parameters: the operation (None: any), the list, and that parameter."""
Schema = Mapping[str, Any]


def orders(findings: Findings, action: Action, values: Any, path: Path) -> Iterator[Problem]:
    """Yield the pairs in the wrong order, such as a minimum above its maximum."""
    for at, shape, named in maps_of(values, action.params or {}, path):
        for low, high in shape.get(ORDERED) or ():
            first, second = (_number(findings, named, at, name) for name in (low, high))
            if first is not None and second is not None and first > second:
                less, more = _value_at(named, high), _value_at(named, low)
                message = f"`{high}` is at least `{low}`, and {less} is less than {more}"
                yield (*at, *high.split(".")), message, "swap them, or change one of them"


def _number(findings: Findings, named: Mapping[str, Any], at: Path, dotted: str) -> float | None:
    """Return a number, or a moment in seconds; moments that are counted from the call are compared with each other."""
    value, place = _value_at(named, dotted), (*at, *dotted.split("."))
    sent = constant(findings, value, place)
    if isinstance(sent, int | float) and not isinstance(sent, bool):
        return sent
    counted = moment(findings, value, place)
    return None if counted is None or counted.fixed else counted.seconds


def _value_at(named: Mapping[str, Any], dotted: str) -> Any:
    value: Any = named
    for name in dotted.split("."):
        value = value.get(name) if is_map(value) else None
    return value


def doubles(action: str, values: Any, path: Path) -> Iterator[Problem]:
    """Yield the items of a list that repeat one before them."""
    for operation, parameter, name in _ONCE:
        items = values.get(parameter) if is_map(values) and operation in {None, action} else None
        seen: set[str] = set()
        for at, item in enumerate(items if is_list(items) else ()):
            key = item.get(name) if is_map(item) else None
            if not isinstance(key, str) or "${{" in key:
                continue
            if key in seen:
                yield (*path, parameter, at, name), f"`{name}: {key}` stands twice in `{parameter}`", "leave one out"
            seen.add(key)


def fees(action: str, values: Any, path: Path, *, of_account: bool) -> Iterator[Problem]:
    """Yield what is wrong with the fee of a payment. of_account: the step names a connected account."""
    payment = values.get("payment_intent_data") if action == "checkout.sessions.create" and is_map(values) else values
    if payment is not values:
        path = (*path, "payment_intent_data")
    if action not in ("checkout.sessions.create", "payment_intents.create") or not is_map(payment):
        return
    fee, transfer = payment.get("application_fee_amount"), payment.get("transfer_data")
    if fee is None or fee == 0:
        return
    at = (*path, "application_fee_amount")
    if transfer is None and not of_account:
        message = "a fee is taken from the payment of a connected account, and this one names none"
        yield at, message, "add `transfer_data: {destination: acct_…}`, or `account: acct_…` beside `with`"
    elif is_map(transfer) and transfer.get("amount") is not None:
        yield at, "Stripe takes `application_fee_amount` or `transfer_data.amount`, not both", "leave one of them out"
    amount = payment.get("amount")
    if isinstance(fee, int) and isinstance(amount, int) and fee > amount:
        yield at, f"a fee is at most the amount, and {fee} is more than {amount}", "lower the fee"


def currencies(action: str, values: Any, path: Path) -> Iterator[Problem]:
    """Yield the line of a Checkout whose currency is not that of the lines before it."""
    lines = values.get("line_items") if action == "checkout.sessions.create" and is_map(values) else None
    first: str | None = None
    for at, line in enumerate(lines if is_list(lines) else ()):
        price = line.get("price_data") if is_map(line) else None
        currency = price.get("currency") if is_map(price) else None
        if not isinstance(currency, str) or "${{" in currency:
            continue
        first = first or currency.lower()
        if currency.lower() != first:
            place = (*path, "line_items", at, "price_data", "currency")
            yield (
                place,
                f"a Checkout has one currency, and this is {currency} after {first}",
                "make one for each currency",
            )


def expansions(action: Action, values: Any, path: Path) -> Iterator[Problem]:
    """Yield what `expand` names and the answer does not have."""
    expand = values.get("expand") if is_map(values) else None
    returns = action.returns
    if not is_list(expand) or returns is None:
        return
    is_page = "has_more" in returns.get("properties", {})
    for at, name in enumerate(expand):
        if not isinstance(name, str) or "${{" in name:
            continue
        steps = name.split(".")
        place = (*path, "expand", at)
        if is_page and steps[0] != "data":
            yield place, f"the answer is a list, and `{name}` is not a part of it", f"write data.{name}"
            continue
        if len(steps) - is_page > _DEEPEST:
            yield (
                place,
                f"Stripe expands {_DEEPEST} levels, and `{name}` has {len(steps) - is_page}",
                "read the rest in a step of its own",
            )
            continue
        missing = _missing(returns, steps)
        if missing is not None:
            part, schemas = missing
            known = sorted({key for schema in schemas for key in schema["properties"]})
            message = f"`expand`: there is no `{part}`" + (f" in `{name}`" if part != name else "")
            hint = moved_hint(schemas, part) or did_you_mean(part, known) or "see `payloom actions`"
            yield place, message, hint


def _missing(schema: Schema, steps: list[str]) -> tuple[str, list[Schema]] | None:
    """Return the first step that no object there has, with the schemas of these objects; None if all are there."""
    level: list[Schema] = [schema]
    for step in steps:
        objects = [part for each in level for part in _objects(each)]
        if not objects or any(part.get("additionalProperties") is not False for part in objects):
            return None
        if not any(step in part["properties"] for part in objects):
            return step, objects
        level = [part["properties"][step] for part in objects if step in part["properties"]]
    return None


def _objects(schema: Any) -> list[Schema]:
    """Return the objects that a value may be: itself, one of several, or the items of a list."""
    if not is_map(schema):
        return []
    if "anyOf" in schema:
        return [part for each in schema["anyOf"] for part in _objects(each)]
    if "items" in schema:
        return _objects(schema["items"])
    return [schema] if "properties" in schema else []
