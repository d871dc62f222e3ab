"""Conversions between types, and functions of numbers and money."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import math
import re
from typing import Any

from payloom.kit import strict_json
from payloom.kit.json_types import is_sequence
from payloom.kit.money import Amount
from payloom.workflows.expressions.functions.registry import (
    BOOL,
    FLOAT,
    INT,
    NUMBER,
    STRING,
    define,
    list_of,
    moment_of,
    need,
    text_of,
)
from payloom.workflows.expressions.values import (
    Budget,
    EvalError,
    checked,
    comparable,
    is_number,
    measure,
    to_json,
    to_text,
    type_name,
)


@define(
    "string(value) -> string",
    "The text of a number, bool, timestamp or duration. Lists, maps and null have none: use `json()` or `??`.",
    "string(order.amount)", args=(1, 1),
    takes=("bool | duration | float | int | string | timestamp",), returns=STRING,
)  # fmt: skip
def _string(_budget: Budget, value: Any) -> str:
    return to_text(value)


@define(
    "int(value) -> int",
    "A whole number from text, from a float (towards zero), or from a timestamp (Unix seconds).",
    "int(object.metadata.seats)", args=(1, 1),
    takes=("float | int | string | timestamp",), returns=INT,
)  # fmt: skip
def _int(_budget: Budget, value: Any) -> int:
    if isinstance(value, str):
        if not re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
            raise EvalError(f"{value[:40]!r} is not a whole number")
        return checked(int(value))
    if isinstance(value, dt.datetime):
        return math.floor(moment_of(value).timestamp())
    if isinstance(value, float):
        return checked(int(value))
    return need(value, int, "the argument", "a number, text or a timestamp")


@define(
    "double(value) -> float", "A number with a fraction, from an int or from text.", "double(order.amount) / 100.0",
    args=(1, 1), takes=("float | int | string",), returns=FLOAT,
)  # fmt: skip
def _double(_budget: Budget, value: Any) -> float:
    if isinstance(value, str):
        if not re.fullmatch(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", value, re.ASCII) or len(value) > 100:
            raise EvalError(f"{value[:40]!r} is not a number")
        return checked(float(value))
    if isinstance(value, float):
        return value
    return float(need(value, int, "the argument", "a number or text"))


@define(
    "bool(value) -> bool", "True or false from the texts `true` and `false`.", "bool(object.metadata.gift)",
    args=(1, 1), returns=BOOL,
)  # fmt: skip
def _bool(_budget: Budget, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if text_of(value) in ("true", "false"):
        return value == "true"
    raise EvalError(f"{value[:40]!r} is neither 'true' nor 'false'")


@define("json(value) -> string", "The JSON text of any value.", "json(object.metadata)", args=(1, 1), returns=STRING)
def _json(_budget: Budget, value: Any) -> str:
    measure(value)
    return strict_json.dumps(to_json(value))


@define(
    "hash(value) -> string",
    "The SHA-256 of a value's canonical JSON, as 64 hexadecimal digits. Equal values have equal hashes.",
    "hash([user.id, inputs.items])", args=(1, 1), returns=STRING,
)  # fmt: skip
def _hash(_budget: Budget, value: Any) -> str:
    measure(value)
    return hashlib.sha256(strict_json.canonical(to_json(value)).encode()).hexdigest()


@define(
    "money(amount, currency[, locale]) -> string",
    "An amount in minor units, written for people. Knows which currencies have no or three decimals.",
    "money(object.amount_total, object.currency, 'de-DE')", args=(2, 3),
    takes=("int", "string", "string"), returns=STRING,
)  # fmt: skip
def _money(_budget: Budget, amount: Any, currency: Any, locale: Any = "en_US") -> str:
    minor = need(amount, int, "the amount", "a whole number of minor units")
    code = text_of(currency, "the currency")
    name = text_of(locale, "the locale")
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", name):
        raise EvalError(f"{name[:20]!r} is not a locale", "write en-US, de-DE, …")
    try:
        return Amount(minor, code).format(name)
    except Exception as error:  # noqa: BLE001 - Babel raises many kinds for locales it does not know
        raise EvalError(str(error)[:100], "write a currency such as usd and a locale such as en-US") from None


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    items = list_of(values[0]) if len(values) == 1 and is_sequence(values[0]) else list(values)
    for item in items:
        if not is_number(item):
            raise EvalError(f"needs numbers, found {type_name(item)}")
    return items


@define(
    "sum(list) -> int | float", "The sum of a list of numbers; 0 for an empty list.",
    "sum(order.items.map(i, i.price * i.quantity))", args=(1, 1),
    takes=("list",), returns=NUMBER,
)  # fmt: skip
def _sum(budget: Budget, values: Any) -> int | float:
    items = _numbers((list_of(values),))
    if any(type(item) is not type(items[0]) for item in items):
        raise EvalError("the list mixes int and float", "convert with int() or double()")
    budget.spend(len(items) // 10)
    return checked(math.fsum(items) if items and type(items[0]) is float else sum(items))


def _extreme(name: str, values: tuple[Any, ...], budget: Budget) -> Any:
    items = list_of(values[0]) if len(values) == 1 else list(values)
    if not items:
        raise EvalError("the list is empty")
    budget.spend(len(items) // 10)
    best = items[0]
    for item in items:
        if not comparable(item, best):
            raise EvalError(f"cannot compare {type_name(item)} with {type_name(best)}")
        if (item < best) if name == "min" else (item > best):
            best = item
    return best


@define(
    "min(list) or min(a, b, …)", "The least of numbers, strings, timestamps or durations.", "min(order.amount, 500)",
    args=(1, 20),
)  # fmt: skip
def _min(budget: Budget, *values: Any) -> Any:
    return _extreme("min", values, budget)


@define(
    "max(list) or max(a, b, …)", "The greatest of numbers, strings, timestamps or durations.",
    "max(0, order.amount - order.refunded)", args=(1, 20),
)  # fmt: skip
def _max(budget: Budget, *values: Any) -> Any:
    return _extreme("max", values, budget)


@define(
    "round(number[, digits]) -> int | float",
    "Without digits the nearest whole number (an int), with digits a float. Halves go away from zero.",
    "round(double(order.amount) * 0.19)", args=(1, 2),
    takes=("float | int", "int"), returns=NUMBER,
)  # fmt: skip
def _round(_budget: Budget, value: Any, digits: Any = None) -> int | float:
    if not is_number(value):
        raise EvalError(f"needs a number, not {type_name(value)}")
    if digits is None:
        return value if isinstance(value, int) else checked(int(_half_up(value, 0)))
    places = need(digits, int, "the number of digits", "a whole number")
    if not 0 <= places <= 15:
        raise EvalError("digits is a number from 0 to 15")
    return float(_half_up(float(value), places))


def _half_up(value: float, places: int) -> decimal.Decimal:
    exact = decimal.Decimal(repr(value))
    with decimal.localcontext(prec=400):
        return exact.quantize(decimal.Decimal(1).scaleb(-places), rounding=decimal.ROUND_HALF_UP)
