"""The functions and methods of the language, with what the reference page and the studio say about them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import hashlib
import math
import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Literal

import re2

from payloom.kit import strict_json
from payloom.kit.clock import from_epoch
from payloom.kit.money import Amount
from payloom.workflows.expressions.values import (
    MAX_OUTPUT,
    Mistake,
    Work,
    checked,
    comparable,
    is_number,
    measure,
    parse_duration,
    parse_timestamp,
    to_json,
    to_text,
    type_name,
)

MAX_PATTERN = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """One function or method.

    signature: as people read it, `round(number[, digits]) -> int | float`.
    args: least and greatest number of arguments (the receiver of a method not counted).
    fn: takes the running evaluation (`Work`) first, then the receiver of a method, then the arguments; raises Mistake.
    returns: a JSON Schema fragment, or None for any.
    """

    name: str
    signature: str
    summary: str
    example: str
    fn: Callable[..., Any]
    args: tuple[int, int]
    returns: Mapping[str, Any] | None = None
    kind: Literal["function", "method", "macro"] = "function"


FUNCTIONS: dict[str, Function] = {}
METHODS: dict[str, Function] = {}

_STRING = {"type": "string"}
_INT = {"type": "integer"}
_FLOAT = {"type": "number", "x-type": "float"}
_NUMBER = {"type": ["integer", "number"]}
_BOOL = {"type": "boolean"}
_TIMESTAMP = {"type": "string", "format": "date-time", "x-type": "timestamp"}
_DURATION = {"type": "string", "format": "duration", "x-type": "duration"}


def _function(
    signature: str, summary: str, example: str, *, args: tuple[int, int], returns: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        name = signature.partition("(")[0]
        if "." in name:
            name = name.partition(".")[2]
            METHODS[name] = Function(name, signature, summary, example, fn, args, returns, "method")
        else:
            FUNCTIONS[name] = Function(name, signature, summary, example, fn, args, returns)
        return fn

    return register


def _need(value: Any, kind: type | tuple[type, ...], what: str, words: str) -> Any:
    if isinstance(value, bool) and kind is int:
        raise Mistake(f"{what} is {words}, not a bool")
    if not isinstance(value, kind):
        null = "null; it may be missing: write ?? with a value to use instead" if value is None else type_name(value)
        raise Mistake(f"{what} is {words}, not {null}")
    return value


def _text(value: Any, what: str = "the argument") -> str:
    return _need(value, str, what, "a string")


def _list(value: Any, what: str = "the argument") -> list[Any]:
    return list(_need(value, (list, tuple), what, "a list"))


# ---------------------------------------------------------------- time and ids


@_function(
    "now() -> timestamp",
    "The moment this step began. A replay after a crash reads the same moment.",
    "now() - duration('14d')", args=(0, 0), returns=_TIMESTAMP,
)  # fmt: skip
def _now(work: Work) -> dt.datetime:
    return work.ambient.now()


@_function(
    "today([zone]) -> timestamp",
    "Midnight at the beginning of the current day, in UTC or in a time zone.",
    "today('Europe/Berlin')", args=(0, 1), returns=_TIMESTAMP,
)  # fmt: skip
def _today(work: Work, zone: Any = "UTC") -> dt.datetime:
    local = work.ambient.now().astimezone(_zone(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC)


@_function(
    "date(timestamp[, zone]) -> string",
    "The calendar day of a moment as `2026-01-31`, in UTC or in a time zone.",
    "date(timestamp(object.created), 'America/New_York')", args=(1, 2), returns={"type": "string", "format": "date"},
)  # fmt: skip
def _date(_work: Work, moment: Any, zone: Any = "UTC") -> str:
    try:
        return _moment(moment).astimezone(_zone(zone)).date().isoformat()
    except OverflowError:
        raise Mistake("the moment is outside the years 1 to 9999") from None


@_function(
    "uuid() -> string",
    "A new random id. A replay after a crash reads the same one.",
    "uuid()", args=(0, 0), returns={"type": "string", "format": "uuid"},
)  # fmt: skip
def _uuid(work: Work) -> str:
    return work.ambient.uuid()


@_function(
    "timestamp(value) -> timestamp",
    "A moment from Unix seconds (as Stripe counts time), from RFC 3339 text, or from a date (its midnight in UTC).",
    "timestamp(object.created)", args=(1, 1), returns=_TIMESTAMP,
)  # fmt: skip
def _timestamp(_work: Work, value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, str):
        return parse_timestamp(value)
    try:
        return from_epoch(_need(value, int, "the argument", "whole seconds or text"))
    except (ValueError, OverflowError, OSError):
        raise Mistake("the moment is outside the years 1 to 9999", "Stripe counts seconds, not milliseconds") from None


@_function(
    "duration(text) -> duration",
    "A length of time: `30s`, `15m`, `2h`, `14d`, `1w`, or joined as in `1h30m`.",
    "now() + duration('14d')", args=(1, 1), returns=_DURATION,
)  # fmt: skip
def _duration(_work: Work, value: Any) -> dt.timedelta:
    return value if isinstance(value, dt.timedelta) else parse_duration(_text(value))


def _moment(value: Any) -> dt.datetime:
    moment = _need(value, dt.datetime, "the argument", "a timestamp")
    if moment.tzinfo is None:
        raise Mistake("the timestamp has no time zone")
    return moment


def _zone(name: Any) -> dt.tzinfo:
    text = _text(name, "the time zone")
    offset = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text)
    if offset:
        delta = dt.timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if delta < dt.timedelta(hours=24):
            return dt.timezone(-delta if offset[1] == "-" else delta)
    elif re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", text):
        try:
            return dt.UTC if text == "UTC" else zoneinfo.ZoneInfo(text)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            pass
    raise Mistake(f"{text[:40]!r} is not a time zone", "write a name such as Europe/Berlin, or +02:00")


# ---------------------------------------------------------------- conversions


@_function(
    "string(value) -> string",
    "The text of a number, bool, timestamp or duration. Lists, maps and null have none: use `json()` or `??`.",
    "string(order.amount)", args=(1, 1), returns=_STRING,
)  # fmt: skip
def _string(_work: Work, value: Any) -> str:
    return to_text(value)


@_function(
    "int(value) -> int",
    "A whole number from text, from a float (towards zero), or from a timestamp (Unix seconds).",
    "int(object.metadata.seats)", args=(1, 1), returns=_INT,
)  # fmt: skip
def _int(_work: Work, value: Any) -> int:
    if isinstance(value, str):
        if not re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
            raise Mistake(f"{value[:40]!r} is not a whole number")
        return checked(int(value))
    if isinstance(value, dt.datetime):
        return math.floor(_moment(value).timestamp())
    if isinstance(value, float):
        return checked(int(value))
    return _need(value, int, "the argument", "a number, text or a timestamp")


@_function(
    "double(value) -> float", "A number with a fraction, from an int or from text.", "double(order.amount) / 100.0",
    args=(1, 1), returns=_FLOAT,
)  # fmt: skip
def _double(_work: Work, value: Any) -> float:
    if isinstance(value, str):
        if not re.fullmatch(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", value, re.ASCII) or len(value) > 100:
            raise Mistake(f"{value[:40]!r} is not a number")
        return checked(float(value))
    if isinstance(value, float):
        return value
    return float(_need(value, int, "the argument", "a number or text"))


@_function(
    "bool(value) -> bool", "True or false from the texts `true` and `false`.", "bool(object.metadata.gift)",
    args=(1, 1), returns=_BOOL,
)  # fmt: skip
def _bool(_work: Work, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if _text(value) in ("true", "false"):
        return value == "true"
    raise Mistake(f"{value[:40]!r} is neither 'true' nor 'false'")


@_function(
    "json(value) -> string", "The JSON text of any value.", "json(object.metadata)", args=(1, 1), returns=_STRING
)
def _json(_work: Work, value: Any) -> str:
    measure(value)
    return strict_json.dumps(to_json(value))


@_function(
    "hash(value) -> string",
    "The SHA-256 of a value's canonical JSON, as 64 hexadecimal digits. Equal values have equal hashes.",
    "hash([user.id, inputs.items])", args=(1, 1), returns=_STRING,
)  # fmt: skip
def _hash(_work: Work, value: Any) -> str:
    measure(value)
    return hashlib.sha256(strict_json.canonical(to_json(value)).encode()).hexdigest()


# ---------------------------------------------------------------- numbers


@_function(
    "money(amount, currency[, locale]) -> string",
    "An amount in minor units, written for people. Knows which currencies have no or three decimals.",
    "money(object.amount_total, object.currency, 'de-DE')", args=(2, 3), returns=_STRING,
)  # fmt: skip
def _money(_work: Work, amount: Any, currency: Any, locale: Any = "en_US") -> str:
    minor = _need(amount, int, "the amount", "a whole number of minor units")
    code = _text(currency, "the currency")
    name = _text(locale, "the locale")
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", name):
        raise Mistake(f"{name[:20]!r} is not a locale", "write en-US, de-DE, …")
    try:
        return Amount(minor, code).format(name)
    except (ValueError, LookupError) as error:
        raise Mistake(str(error)[:100]) from None
    except Exception as error:
        if type(error).__name__ == "UnknownLocaleError":
            raise Mistake(f"{name!r} is not a known locale", "write en-US, de-DE, …") from None
        raise


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    items = _list(values[0]) if len(values) == 1 and isinstance(values[0], list | tuple) else list(values)
    for item in items:
        if not is_number(item):
            raise Mistake(f"needs numbers, found {type_name(item)}")
    return items


@_function(
    "sum(list) -> int | float", "The sum of a list of numbers; 0 for an empty list.",
    "sum(order.items.map(i, i.price * i.quantity))", args=(1, 1), returns=_NUMBER,
)  # fmt: skip
def _sum(work: Work, values: Any) -> int | float:
    items = _numbers((_list(values),))
    if len({type(item) for item in items}) > 1:
        raise Mistake("the list mixes int and float", "convert with int() or double()")
    work.spend(len(items) // 10)
    return checked(math.fsum(items) if items and type(items[0]) is float else sum(items))


def _extreme(name: str, values: tuple[Any, ...], work: Work) -> Any:
    items = _list(values[0]) if len(values) == 1 else list(values)
    if not items:
        raise Mistake("the list is empty")
    work.spend(len(items) // 10)
    best = items[0]
    for item in items:
        if not comparable(item, best):
            raise Mistake(f"cannot compare {type_name(item)} with {type_name(best)}")
        if (item < best) if name == "min" else (item > best):
            best = item
    return best


@_function(
    "min(list) or min(a, b, …)", "The least of numbers, strings, timestamps or durations.", "min(order.amount, 500)",
    args=(1, 20),
)  # fmt: skip
def _min(work: Work, *values: Any) -> Any:
    return _extreme("min", values, work)


@_function(
    "max(list) or max(a, b, …)", "The greatest of numbers, strings, timestamps or durations.",
    "max(0, order.amount - order.refunded)", args=(1, 20),
)  # fmt: skip
def _max(work: Work, *values: Any) -> Any:
    return _extreme("max", values, work)


@_function(
    "round(number[, digits]) -> int | float",
    "Without digits the nearest whole number (an int), with digits a float. Halves go away from zero.",
    "round(double(order.amount) * 0.19)", args=(1, 2), returns=_NUMBER,
)  # fmt: skip
def _round(_work: Work, value: Any, digits: Any = None) -> int | float:
    if not is_number(value):
        raise Mistake(f"needs a number, not {type_name(value)}")
    if digits is None:
        return value if isinstance(value, int) else checked(int(_half_up(value, 0)))
    places = _need(digits, int, "the number of digits", "a whole number")
    if not 0 <= places <= 15:
        raise Mistake("digits is a number from 0 to 15")
    return float(_half_up(float(value), places))


def _half_up(value: float, places: int) -> decimal.Decimal:
    exact = decimal.Decimal(repr(value))
    with decimal.localcontext(prec=400):
        return exact.quantize(decimal.Decimal(1).scaleb(-places), rounding=decimal.ROUND_HALF_UP)


# ---------------------------------------------------------------- texts, lists and maps


@_function(
    "size(value) -> int", "How many characters, items or keys a string, list or map has.", "size(inputs.items)",
    args=(1, 1), returns=_INT,
)  # fmt: skip
@_function(
    "value.size() -> int", "How many characters, items or keys a string, list or map has.", "inputs.items.size()",
    args=(0, 0), returns=_INT,
)  # fmt: skip
def _size(_work: Work, value: Any) -> int:
    return len(_need(value, (str, list, tuple, Mapping), "the value", "a string, list or map"))


@_function(
    "string.startsWith(prefix) -> bool", "Whether the text begins with a prefix.", "session.id.startsWith('cs_')",
    args=(1, 1), returns=_BOOL,
)  # fmt: skip
def _starts(_work: Work, text: Any, prefix: Any) -> bool:
    return _text(text, "the value").startswith(_text(prefix))


@_function(
    "string.endsWith(suffix) -> bool", "Whether the text ends with a suffix.", "user.email.endsWith('@example.com')",
    args=(1, 1), returns=_BOOL,
)  # fmt: skip
def _ends(_work: Work, text: Any, suffix: Any) -> bool:
    return _text(text, "the value").endswith(_text(suffix))


@_function(
    "string.contains(part) -> bool", "Whether the text contains a part. For lists and maps write `x in list`.",
    "object.description.contains('gift')", args=(1, 1), returns=_BOOL,
)  # fmt: skip
def _contains(_work: Work, text: Any, part: Any) -> bool:
    if isinstance(text, list | tuple | Mapping):
        raise Mistake(f"the value is a {type_name(text)}, not a string", "write `x in list`")
    return _text(part) in _text(text, "the value")


@_function(
    "string.matches(pattern) -> bool",
    "Whether a regular expression (RE2 syntax) is found in the text; `^` and `$` tie it to the ends.",
    "inputs.code.matches('^[A-Z]{3}-[0-9]+$')", args=(1, 1), returns=_BOOL,
)  # fmt: skip
def _matches(work: Work, text: Any, pattern: Any) -> bool:
    subject = _text(text, "the value")
    if len(subject) > MAX_OUTPUT:
        raise Mistake(f"the text is longer than {MAX_OUTPUT} characters")
    work.spend(1 + len(subject) // 1000)
    return compile_pattern(_text(pattern, "the pattern")).search(subject) is not None


def compile_pattern(pattern: str) -> Any:
    """Return an RE2 pattern, which matches in linear time; raises Mistake."""
    if len(pattern) > MAX_PATTERN:
        raise Mistake(f"the pattern is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "it is not valid"
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Mistake(f"the pattern is not valid: {shown[:120]}") from None


@_function(
    "list.join([separator]) -> string", "The texts of a list, one after another.", "order.tags.join(', ')",
    args=(0, 1), returns=_STRING,
)  # fmt: skip
def _join(work: Work, items: Any, separator: Any = "") -> str:
    texts = _list(items, "the value")
    work.spend(len(texts) // 10)
    between = _text(separator, "the separator")
    for text in texts:
        if not isinstance(text, str):
            raise Mistake(f"the list holds a {type_name(text)}", "convert with .map(x, string(x)) first")
    if sum(map(len, texts)) + len(between) * len(texts) > 2 * MAX_OUTPUT:
        raise Mistake(f"the text is longer than {MAX_OUTPUT} characters")
    return checked(between.join(texts))


@_function(
    "string.split(separator[, most]) -> list", "The parts of a text between separators.", "inputs.tags.split(',')",
    args=(1, 2), returns={"type": "array", "items": _STRING},
)  # fmt: skip
def _split(work: Work, text: Any, separator: Any, most: Any = -1) -> list[str]:
    subject, between = _text(text, "the value"), _text(separator, "the separator")
    limit = _need(most, int, "the number of parts", "a whole number")
    if limit == 0:
        return []
    if not between:
        parts = list(subject) if limit < 0 else [*subject[: limit - 1], subject[limit - 1 :]]
    else:
        parts = subject.split(between, limit - 1 if limit > 0 else -1)
    work.spend(len(parts) // 10)
    return parts


@_function(
    "string.replace(old, new) -> string", "The text with every occurrence of a part replaced.",
    "user.phone.replace(' ', '')", args=(2, 2), returns=_STRING,
)  # fmt: skip
def _replace(_work: Work, text: Any, old: Any, new: Any) -> str:
    subject, part, other = _text(text, "the value"), _text(old), _text(new)
    if len(subject) + subject.count(part) * len(other) > 2 * MAX_OUTPUT:
        raise Mistake(f"the text is longer than {MAX_OUTPUT} characters")
    return checked(subject.replace(part, other))


@_function("string.lower() -> string", "The text in small letters.", "user.email.lower()", args=(0, 0), returns=_STRING)
def _lower(_work: Work, text: Any) -> str:
    return checked(_text(text, "the value").lower())


@_function(
    "string.upper() -> string", "The text in capital letters.", "object.currency.upper()", args=(0, 0), returns=_STRING
)
def _upper(_work: Work, text: Any) -> str:
    return checked(_text(text, "the value").upper())


@_function(
    "string.trim() -> string",
    "The text without blanks at its ends.",
    "inputs.name.trim()",
    args=(0, 0),
    returns=_STRING,
)
def _trim(_work: Work, text: Any) -> str:
    return _text(text, "the value").strip()


# ---------------------------------------------------------------- parts of timestamps


_PARTS: dict[str, tuple[str, Callable[[dt.datetime], int], int | None]] = {
    "getFullYear": ("The year.", lambda t: t.year, None),
    "getMonth": ("The month, from 0.", lambda t: t.month - 1, None),
    "getDate": ("The day of the month, from 1.", lambda t: t.day, None),
    "getDayOfMonth": ("The day of the month, from 0.", lambda t: t.day - 1, None),
    "getDayOfWeek": ("The day of the week, Sunday is 0.", lambda t: t.isoweekday() % 7, None),
    "getDayOfYear": ("The day of the year, from 0.", lambda t: t.timetuple().tm_yday - 1, None),
    "getHours": ("The hour of a timestamp, or whole hours of a duration.", lambda t: t.hour, 3600),
    "getMinutes": ("The minute of a timestamp, or whole minutes of a duration.", lambda t: t.minute, 60),
    "getSeconds": ("The second of a timestamp, or whole seconds of a duration.", lambda t: t.second, 1),
    "getMilliseconds": ("The milliseconds within the second.", lambda t: t.microsecond // 1000, None),
}


def _reader(name: str, read: Callable[[dt.datetime], int], unit: int | None) -> Callable[..., int]:
    def part(_work: Work, value: Any, zone: Any = "UTC") -> int:
        if isinstance(value, dt.timedelta):
            if unit is not None:
                seconds = abs(value) // dt.timedelta(seconds=unit)
                return -seconds if value < dt.timedelta() else seconds
            if name == "getMilliseconds":
                return abs(value).microseconds // 1000
        try:
            return read(_moment(value).astimezone(_zone(zone)))
        except OverflowError:
            raise Mistake("the moment is outside the years 1 to 9999") from None

    return part


for _name, (_summary, _read, _unit) in _PARTS.items():
    _function(
        f"timestamp.{_name}([zone]) -> int", _summary, f"now().{_name}('Europe/Berlin')", args=(0, 1), returns=_INT
    )(_reader(_name, _read, _unit))


def _of_macros(*_: Any) -> Any:
    raise Mistake("a macro is compiled, not called")


MACROS: dict[str, Function] = {
    name: Function(name, signature, summary, example, _of_macros, (2, most), returns, "macro")
    for name, signature, summary, example, most, returns in (
        ("all", "list.all(x, condition) -> bool", "Whether the condition is true for every item (or key of a map).",
         "inputs.items.all(i, i.quantity > 0)", 2, _BOOL),
        ("exists", "list.exists(x, condition) -> bool", "Whether the condition is true for at least one item.",
         "object.items.data.exists(i, i.price.id == plan.price_id)", 2, _BOOL),
        ("exists_one", "list.exists_one(x, condition) -> bool", "Whether the condition is true for exactly one item.",
         "order.items.exists_one(i, i.gift)", 2, _BOOL),
        ("map", "list.map(x[, condition], value) -> list", "A value for every item (for which the condition is true).",
         "inputs.items.map(i, i.sku)", 3, {"type": "array"}),
        ("filter", "list.filter(x, condition) -> list", "The items for which the condition is true.",
         "inputs.items.filter(i, i.quantity > 1)", 2, {"type": "array"}),
    )
}  # fmt: skip
HAS = Function(
    "has", "has(a.b) -> bool", "Whether a map has a field (null counts as having it).", "has(object.metadata.order_id)",
    _of_macros, (1, 1), _BOOL, "macro",
)  # fmt: skip

OTHER_WORDS = {
    "length": "size()", "len": "size()", "count": "size()", "toLowerCase": "lower()", "lowerAscii": "lower()",
    "toUpperCase": "upper()", "upperAscii": "upper()", "includes": "contains(), or `x in list`", "some": "exists(x, …)",
    "every": "all(x, …)", "find": "filter(x, …)[0]", "strip": "trim()", "toString": "string(x)", "str": "string(x)",
    "float": "double(x)", "number": "double(x)", "Number": "double(x)", "parseInt": "int(x)", "parseFloat": "double(x)",
    "String": "string(x)", "startswith": "startsWith()", "endswith": "endsWith()", "concat": "+", "keys": "map(k, k)",
    "floor": "int(x)", "any": "exists(x, …)", "replaceAll": "replace()", "test": "matches()", "match": "matches()",
    "get": "`m[?key] ?? default`", "stringify": "json(x)",
}  # fmt: skip
"""What people write out of habit from JavaScript, Python or CEL's extensions, and what it is called here."""
