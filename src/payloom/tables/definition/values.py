"""What a column takes: each type's check turns a JSON-able value into what is stored, or says why it does not fit.

Nothing is converted silently: an int column takes no float and no numeral in a string, a bool is not a 1.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

from payloom.kit.clock import rfc3339
from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.secrets.redaction import redact
from payloom.tables.definition.spec import ColumnSpec

INT64 = 2**63
MAX_TEXT = 1_000_000
MAX_JSON_DEPTH = 64
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})")


class Unfit(Exception):
    """A value does not fit a column; the text says why and may carry what to do, apart."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(reason)


def kind_of(value: Any) -> str:
    """Return the language's name for a value's type with its article, for messages: `an int`."""
    kind = cast("type[Any]", type(value))
    names: dict[type[Any], str] = {
        bool: "bool",
        int: "int",
        float: "float",
        str: "string",
        type(None): "null",
        list: "list",
        dict: "map",
    }
    name = "timestamp" if isinstance(value, dt.datetime) else names.get(kind, kind.__name__)
    return name if name == "null" else f"an {name}" if name[0] in "aeiou" else f"a {name}"


def show(value: Any, limit: int = 60) -> str:
    """Return a short form of a value for messages, with secrets masked."""
    text = repr(redact(rfc3339(value) if isinstance(value, dt.datetime) else value))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit(f"{kind_of(value)} is not a string", "convert it with string(…)")
    if "\x00" in value:
        raise Unfit("the string holds a NUL character")
    if len(value) > MAX_TEXT:
        raise Unfit(f"the string is longer than {MAX_TEXT:,} characters")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise Unfit("the string holds half a character (a lone surrogate)")
    return value


def _uuid(value: Any) -> str:
    if isinstance(value, str):
        if _UUID.fullmatch(value):
            return value
        try:
            return str(uuid.UUID(value))
        except ValueError:
            raise Unfit(f"{show(value)} is not a UUID") from None
    if isinstance(value, uuid.UUID):
        return str(value)
    raise Unfit(f"{kind_of(value)} is not a UUID")


def _int(value: Any) -> int:
    if type(value) is not int:
        hint = "amounts are whole minor units" if isinstance(value, float) else ""
        raise Unfit(f"{kind_of(value)} is not an int", hint)
    if not -INT64 <= value < INT64:
        raise Unfit("the number is outside the 64-bit range")
    return value


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise Unfit(f"{kind_of(value)} is not a bool")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise Unfit(f"{kind_of(value)} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("the number is not finite")
    return number


def _datetime(value: Any) -> dt.datetime:
    if isinstance(value, str) and _DATETIME.fullmatch(value):
        try:
            value = dt.datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise Unfit(f"{show(value)} is not a timestamp: {error}") from None
    if not isinstance(value, dt.datetime):
        hint = "timestamp(…) turns Stripe's seconds into one" if type(value) is int else "write 2026-01-31T10:00:00Z"
        raise Unfit(f"{show(value)} is not a timestamp", hint)
    if value.utcoffset() is None:
        raise Unfit("the timestamp has no time zone")
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise Unfit("the timestamp is outside the years 1 to 9999") from None


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return _datetime(value).date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise Unfit(f"{show(value)} is not a date", "write 2026-01-31")


def _json(value: Any, depth: int = 0) -> Any:
    if depth > MAX_JSON_DEPTH:
        raise Unfit(f"the value is nested deeper than {MAX_JSON_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dt.datetime):
        return rfc3339(_datetime(value))
    if isinstance(value, dt.date):
        return value.isoformat()
    if is_map(value):
        return {_text(key): _json(item, depth + 1) for key, item in value.items()}
    if is_sequence(value):
        return [_json(item, depth + 1) for item in value]
    raise Unfit(f"{kind_of(value)} is not JSON")


CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "uuid": _uuid,
    "string": _text,
    "text": _text,
    "int": _int,
    "bool": _bool,
    "number": _number,
    "json": _json,
    "datetime": _datetime,
    "date": _date,
}


def check(column: ColumnSpec, value: Any) -> Any:
    """Return the value as it is stored. `value` is not None. Raises `Unfit`."""
    checked = CHECKS[column.type](value)
    if column.enum is not None and checked not in column.enum:
        raise Unfit(f"{show(checked)} is not one of {', '.join(column.enum)}")
    return checked
