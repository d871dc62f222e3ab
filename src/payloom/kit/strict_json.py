"""JSON read strictly: what Python's json accepts beyond the standard becomes an error here, not a surprise later."""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar

from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict, is_list

MAX_DEPTH = 64
_INT64 = 2**63


class NotStrictJson(PayloomError):
    """The body is not valid JSON."""

    code: ClassVar[str] = "invalid_json"
    status: ClassVar[int] = 400


def _no_constant(name: str) -> Any:
    raise NotStrictJson(f"{name} is not a JSON value")


def _int64(text: str) -> int:
    if len(text) < 19:
        return int(text)
    if len(text) > 20 or not -_INT64 <= (value := int(text)) < _INT64:
        raise NotStrictJson("a whole number is outside the 64-bit range")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotStrictJson("a number is too large")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise NotStrictJson(f"the key {key[:60]!r} stands twice in one object")
            seen.add(key)
    return members


def _depth(raw: bytes) -> int:
    # Brackets inside strings may overcount; good enough for a guard that runs before the recursive parser.
    deepest = depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in (0x7B, 0x5B):
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (0x7D, 0x5D):
            depth -= 1
    return deepest


_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_int=_int64, parse_float=_finite, object_pairs_hook=_unique
)


def loads(raw: bytes) -> Any:
    """Parse UTF-8 JSON bytes.

    Refuses bad UTF-8, NaN, Infinity and numbers that become it, duplicate keys, whole numbers outside int64, lone
    surrogates, NUL in strings, and nesting deeper than 64. Raises `NotStrictJson`, never anything else.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"the body is not UTF-8 (byte {error.start})") from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise NotStrictJson(f"the body is nested deeper than {MAX_DEPTH} levels")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotStrictJson(f"the body is nested deeper than {MAX_DEPTH} levels") from None
    if "\\u" in text and _has_bad_text(value):
        raise NotStrictJson("a string holds a lone surrogate or a NUL character")
    if "\x00" in text:
        raise NotStrictJson("a string holds a NUL character")
    return value


def _has_bad_text(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value)
    if is_dict(value):
        return any(_has_bad_text(key) or _has_bad_text(item) for key, item in value.items())
    return is_list(value) and any(map(_has_bad_text, value))


def dumps(value: Any) -> str:
    """Return compact JSON with keys as given."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """Return JSON that is equal for equal values: sorted keys, no blanks. For hashing."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False, sort_keys=True)
