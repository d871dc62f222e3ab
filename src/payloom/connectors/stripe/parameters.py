"""Checks the parameters of a call against the SDK's types before it is sent, and sorts them into path, body and paging.

Nulls are dropped (Stripe's way to unset a field is an empty string). Moments become Unix seconds where a whole number
is wanted, numbers become text in `metadata`; nothing else is converted.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from payloom.connectors.stripe.catalog.moved import lookup as moved
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.catalog.schemas import Schema
from payloom.connectors.stripe.failures import refused
from payloom.kit.clock import to_epoch
from payloom.kit.json_types import is_list, is_map, is_sequence
from payloom.kit.path_values import segment_fault
from payloom.kit.suggest import did_you_mean

ALL_AT_MOST = 1_000
"""How many objects `all: true` returns unless `limit` says otherwise."""
_HARD_LIMIT = 10_000
_ID = re.compile(r"[A-Za-z0-9_.-]+")
CHOSEN_IDS = frozenset({"coupon", "plan", "price", "product"})
"""Objects whose ids the merchant may have chosen. A price's, because every plan is a price as well."""
_CHOSEN_ID = re.compile(r"[^/\\\\?#%\x00-\x1f\x7f]+")
"""Such as a coupon's "SPRING 25+": no character that has a meaning in an address."""
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]+")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")


@dataclasses.dataclass(slots=True)
class Prepared:
    """path: values of the placeholders in order. body: what is sent. at_most: for `all: true`, else None."""

    path: list[str]
    body: dict[str, Any]
    at_most: int | None = None


def prepare(operation: Operation, args: Mapping[str, Any]) -> Prepared:
    """Check and sort the parameters; raises StripeStepFailed (kind `invalid_parameters`) naming the parameter."""
    schema = _schema(operation)
    parameters = {name: value for name, value in args.items() if value is not None}
    aliases = operation.path_aliases()
    path: dict[str, str] = {}
    body: dict[str, Any] = {}
    for name, value in parameters.items():
        if name in aliases:
            _require_id(operation, name, aliases[name], value)
            if path.setdefault(aliases[name], value) != value:
                raise _wrong(operation, name, f"two different values for {aliases[name]}")
        elif name not in schema["properties"]:
            raise _unknown(operation, name, name, schema["properties"])
        else:
            body[name] = _value(operation, schema["properties"][name], value, name)
    missing = [name for name in operation.path_names if name not in path]
    missing += [name for name in schema["required"] if name not in aliases and name not in body]
    if missing:
        alias = "id" if missing[0] == next(iter(operation.path_names[-1:]), None) and "id" in aliases else missing[0]
        raise _wrong(operation, alias, "is required")
    at_most = _paging(operation, body)
    return Prepared([path[name] for name in operation.path_names], body, at_most)


_schemas: dict[str, Schema] = {}
_MOST_SCHEMAS = 50


def _schema(operation: Operation) -> Schema:
    """Return the schema of what an operation takes; of the operations in use it is kept, as making it is slow."""
    schema = _schemas.get(operation.name)
    if schema is None:
        if len(_schemas) >= _MOST_SCHEMAS:
            _schemas.clear()
        schema = _schemas[operation.name] = operation.params()
    return schema


def _require_id(operation: Operation, name: str, placeholder: str, value: Any) -> None:
    """Raise unless a value can stand in the address of the call, where it may only ever name one object."""
    if not isinstance(value, str):
        raise _wrong(operation, name, f"is a text, not {_NAMES.get(cast('type[Any]', type(value)), 'that')}")
    fault = segment_fault(value)
    if fault is None and not (_CHOSEN_ID if operation.object_of(placeholder) in CHOSEN_IDS else _ID).fullmatch(value):
        fault = "be an id: letters, digits, `_`, `-` and `.`"
    if fault is not None:
        # The value may be a caller's, so the answer is the caller's fault and does not repeat it.
        message = f"{operation.name}: {name} must {fault}"
        raise refused("invalid_parameters", message, param=name, action=operation.name)


def require_account(operation: Operation, account: str) -> None:
    """Raise StripeStepFailed unless `account` is the id of a connected account, or of a v2 context."""
    if not _ACCOUNT.fullmatch(account):
        message = f"{operation.name}: account must be the id of an account, acct_…"
        raise refused("invalid_parameters", message, param="account", action=operation.name)


def _paging(operation: Operation, body: dict[str, Any]) -> int | None:
    if not operation.is_list or not body.pop("all", False):
        return None
    if "ending_before" in body:
        raise _wrong(operation, "ending_before", "cannot be combined with all: true")
    limit = body.pop("limit", ALL_AT_MOST)
    if not 1 <= limit <= _HARD_LIMIT:
        raise _wrong(operation, "limit", f"with all: true it is a number from 1 to {_HARD_LIMIT}")
    return limit


def _value(operation: Operation, schema: Schema, value: Any, path: str) -> Any:
    """Return `value` as it is sent, or raise."""
    alternatives = [part for part in schema.get("anyOf", [schema]) if is_map(part)]
    kinds = {kind for part in alternatives for kind in _types(part)}
    if not kinds:
        return _seconds(value)
    if is_map(value):
        matching = [part for part in alternatives if "object" in _types(part)]
        if not matching:
            raise _mismatch(operation, path, kinds, "a map")
        return _object(operation, matching, value, path)
    if is_sequence(value):
        matching = [part for part in alternatives if "array" in _types(part)]
        if not matching:
            raise _mismatch(operation, path, kinds, "a list")
        items = matching[0].get("items", {})
        return [_value(operation, items, item, f"{path}[{index}]") for index, item in enumerate(value)]
    return _scalar(operation, kinds, value, path)


def _object(
    operation: Operation, alternatives: Sequence[Schema], value: Mapping[str, Any], path: str
) -> dict[str, Any]:
    known: dict[str, Schema] = {}
    rest: Any = None
    for part in alternatives:
        known |= part.get("properties", {})
        rest = rest or (part.get("additionalProperties") if "properties" not in part else None)
        if "properties" not in part and "additionalProperties" not in part:
            rest = {}
    body: dict[str, Any] = {}
    for name, item in value.items():
        where = f"{path}.{name}"
        if item is None:
            continue
        if name in known:
            body[name] = _value(operation, known[name], item, where)
        elif rest is None:
            raise _unknown(operation, str(name), where, known)
        elif rest == {"type": ["string", "number", "boolean"]}:
            body[name] = _text(operation, item, where)
        else:
            body[name] = _value(operation, rest, item, where)
    if len(alternatives) == 1:
        for name in alternatives[0].get("required", ()):
            if name not in body:
                raise _wrong(operation, f"{path}.{name}", "is required")
    return body


def _text(operation: Operation, value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise _mismatch(operation, path, {"string"}, "a map" if is_map(value) else "a list")


def _scalar(operation: Operation, kinds: set[str], value: Any, path: str) -> Any:
    if isinstance(value, bool):
        if "boolean" in kinds:
            return value
    elif isinstance(value, int):
        if kinds & {"integer", "number"}:
            return value
    elif isinstance(value, float):
        if "number" in kinds:
            return value
        if "integer" in kinds:
            raise _wrong(operation, path, f"is a whole number, not {value}; amounts are minor units")
    elif isinstance(value, str | dt.datetime):
        sent = _seconds(value) if "integer" in kinds and "string" not in kinds else value
        if isinstance(sent, int) or (isinstance(sent, str) and ("string" in kinds or sent == "")):
            return sent
    raise _mismatch(operation, path, kinds, _NAMES.get(cast("type[Any]", type(value)), type(value).__name__))


_NAMES = {
    bool: "true or false", int: "a whole number", float: "a fraction", str: "a text", dt.datetime: "a moment",
}  # fmt: skip
_WORDS = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a map", "null": "null",
}  # fmt: skip


def _seconds(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return to_epoch(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return to_epoch(dt.datetime.fromisoformat(value))
    return value


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    return list(kind) if is_list(kind) else []


def _mismatch(operation: Operation, path: str, kinds: set[str], actual: str) -> Exception:
    expected = " or ".join(sorted(_WORDS[kind] for kind in kinds))
    hint = "convert it with string()" if kinds == {"string"} and actual in ("a whole number", "a fraction") else None
    return _wrong(operation, path, f"is {expected}, not {actual}", hint)


def _wrong(operation: Operation, path: str, problem: str, hint: str | None = None) -> Exception:
    message = f"{operation.name}: {path} {problem}"
    return refused("invalid_parameters", message, status=500, hint=hint, param=path, action=operation.name)


def _unknown(operation: Operation, name: str, path: str, known: Mapping[str, Any]) -> Exception:
    hint = moved.parameters(operation.name).get(name) or did_you_mean(name, known)
    if not hint and known:
        hint = f"it takes {', '.join(sorted(known)[:12])}"
    message = f"{operation.name} has no parameter {path}"
    return refused("invalid_parameters", message, status=500, hint=hint or None, param=path, action=operation.name)
