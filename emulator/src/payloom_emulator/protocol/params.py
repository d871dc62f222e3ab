"""Checks and types parameters against the table generated from Stripe's own request types.

One source for every operation: unknown names, missing names, wrong types and enum values answer as Stripe does.
"""

from __future__ import annotations

import functools
import gzip
import json
import math
from pathlib import Path

from payloom_emulator.kit.suggest import closest
from payloom_emulator.protocol.errors import StripeError, invalid, parameter_missing
from payloom_emulator.protocol.form import bracket
from payloom_emulator.protocol.json_shapes import is_array, is_object

_FILE = Path(__file__).with_name("params.json.gz")
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


@functools.cache
def table() -> dict[str, object]:
    """Return the generated table: api_version, types, operations, shapes."""
    return json.loads(gzip.decompress(_FILE.read_bytes()))


@functools.cache
def operations() -> dict[tuple[str, str], int]:
    """Return (METHOD, path with anonymous placeholders) → type index."""
    rows = ((key.split(" ", 1), node) for key, node in table()["operations"].items())
    return {(method, anonymous(path)): node for (method, path), node in rows}


@functools.cache
def anonymous(path: str) -> str:
    """Return a path template whose placeholders have no names, so that templates compare."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def extended(method: str, path: str, name: str, more: dict[str, object]) -> list[object]:
    """Return the type node of a parameter (an object or an array of them) with further members, for older versions."""
    node = _node(_node(operations()[method, anonymous(path)])[1][name])
    array = node[0] == "a"
    inner = _node(node[1]) if array else node
    if inner[0] == "u":
        inner = next(n for n in map(_node, inner[1:]) if n[0] == "o")
    node_type = ["o", {**inner[1], **more}, inner[2]]
    return ["a", node_type] if array else node_type


def event_types() -> frozenset[str]:
    """Return every event type Stripe has, including `*`."""
    node = _node(operations()["POST", "/v1/webhook_endpoints"])
    items = _node(_node(node[1]["enabled_events"])[1])
    return frozenset(items[1:])


def enum(method: str, path: str, *names: str) -> tuple[str, ...]:
    """Return the values Stripe lists for a parameter, e.g. `enum("POST", "/v1/refunds", "reason")`."""
    node = _node(operations()[method, anonymous(path)])
    for name in names:
        while node[0] == "a":
            node = _node(node[1])
        if node[0] == "u":
            node = next(n for n in map(_node, node[1:]) if n[0] == "o")
        node = _node(node[1][name])
    while node[0] == "a":
        node = _node(node[1])
    return tuple(node[1:])


def _node(ref: object) -> list[object]:
    return table()["types"][ref] if isinstance(ref, int) else ref


# What Stripe takes and its SDKs' types do not name: raw cards beside tokens, and what its own browser code sends.
_RAW_CARD: list[object] = [
    "o",
    {
        "number": ["s"],
        "exp_month": ["i"],
        "exp_year": ["i"],
        "cvc": ["s"],
        "token": ["s"],
        "networks": ["o", {"preferred": ["s"]}, []],
    },
    [],
]
_BROWSER: dict[str, object] = {
    "client_secret": ["s"],
    "expected_payment_method_type": ["s"],
    "use_stripe_sdk": ["b"],
    "payment_user_agent": ["s"],
    "referrer": ["s"],
    "client_context": ["m", ["s"]],
}
_FROM_BROWSERS = frozenset(
    {
        "/v1/payment_intents/{}",
        "/v1/payment_intents/{}/confirm",
        "/v1/payment_intents/{}/verify_microdeposits",
        "/v1/setup_intents/{}",
        "/v1/setup_intents/{}/confirm",
        "/v1/setup_intents/{}/verify_microdeposits",
    }
)


def _with_raw_cards(ref: object) -> object:
    node = _node(ref)
    return ["o", {**node[1], "card": _RAW_CARD, "type": ["s"]}, node[2]] if node[0] == "o" else ref


def with_undeclared(operation: tuple[str, str], fields: dict[str, object], *, raw_cards: bool) -> dict[str, object]:
    """Return an operation's parameters with those that Stripe takes and its SDKs' types do not name.

    raw_cards: `payment_method_data` may have a card's number.
    """
    if operation[1] in _FROM_BROWSERS:
        fields = {**_BROWSER, **fields}
    if operation[0] == "GET" and operation[1].startswith("/v2/") and not operation[1].endswith("{}"):
        # In no type of the SDK: it follows `next_page_url` as it stands.
        fields = {**_PAGE_OF_V2, **fields}
    if raw_cards and "payment_method_data" in fields:
        fields = {**fields, "payment_method_data": _with_raw_cards(fields["payment_method_data"])}
    return fields


def check(
    operation: tuple[str, str],
    params: dict[str, object],
    *,
    extra: dict[str, object] | None = None,
    typed: bool = False,
) -> dict[str, object]:
    """Return `params` with their types, or raise as Stripe answers.

    operation: (METHOD, anonymous path). extra: parameters older versions took, name → inline node.
    typed: the values are JSON already (v2); otherwise they are strings of a form.
    """
    index = operations().get(operation)
    node: list[object] = ["o", {}, []] if index is None else _node(index)
    fields = with_undeclared(
        operation,
        {"expand": _EXPAND, **node[1], **(extra or {})},
        raw_cards="payment_method_data" in params,
    )
    unknown = [name for name in params if name not in fields]
    if unknown:
        raise _unknown(unknown, list(fields))
    checked = {name: _value(fields[name], value, [name], typed) for name, value in params.items()}
    for name in node[2]:
        if name not in checked and name not in (extra or {}):
            raise parameter_missing(name)
    return checked


_EXPAND: list[object] = ["a", ["s"]]
_PAGE_OF_V2: dict[str, object] = {"page": ["s"], "limit": ["i"]}


def _unknown(names: list[str], known: list[str], within: list[str | int] | None = None) -> StripeError:
    shown_names = [bracket([*(within or []), n]) for n in names]
    if len(shown_names) > 1:
        message = f"Received unknown parameters: {', '.join(shown_names)}"
    else:
        near = closest(names[0], known)
        message = f"Received unknown parameter: {shown_names[0]}" + (f". Did you mean {near}?" if near else "")
    return StripeError(message, code="parameter_unknown", param=shown_names[0])


def _value(ref: object, value: object, path: list[str | int], typed: bool) -> object:
    node = _node(ref)
    return _KINDS[node[0]](node, value, path, typed)


def _string(node: list[object], value: object, path: list[str | int], typed: bool) -> str:
    del node
    if str(path[-1]).endswith("_decimal"):
        return str(_number([], str(value) if typed else value, path, typed=False))
    if isinstance(value, str):
        return value
    if typed and isinstance(value, int | float):
        return str(value)
    raise invalid(f"Invalid string: {_shown(value)}", bracket(path))


def _integer(node: list[object], value: object, path: list[str | int], typed: bool) -> int:
    del node
    if typed and isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        _refuse_empty(value, path)
        text = value.strip()
        if text.lstrip("-").isdigit() and len(text) <= 20:
            return int(text)
    raise invalid(f"Invalid integer: {_shown(value)}", bracket(path), "parameter_invalid_integer")


def _number(node: list[object], value: object, path: list[str | int], typed: bool) -> object:
    del node
    if typed and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        _refuse_empty(value, path)
        number = _finite(value)
        if number is not None:
            # Decimals travel as text so that no digit is lost; whole numbers are handed on as such.
            return int(number) if number.is_integer() and "." not in value and "e" not in value.lower() else value
    raise invalid(f"Invalid decimal: {_shown(value)}", bracket(path))


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _boolean(node: list[object], value: object, path: list[str | int], typed: bool) -> bool:
    del node
    if typed and isinstance(value, bool):
        return value
    if isinstance(value, str):
        _refuse_empty(value, path)
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
    raise invalid(f"Invalid boolean: {_shown(value)}", bracket(path))


def _enum(node: list[object], value: object, path: list[str | int], typed: bool) -> object:
    del typed
    values = node[1:]
    if value in values:
        return value
    if values == [""]:
        raise invalid(f"Invalid value: {_shown(value)}", bracket(path))
    _refuse_empty(value, path)
    if isinstance(value, str) and value.isdigit() and int(value) in values:
        return int(value)
    names = [str(v) for v in values if v != ""]
    listed = " or ".join(names) if len(names) < 3 else ", ".join(names[:-1]) + f", or {names[-1]}"
    raise invalid(f"Invalid {bracket(path)}: must be {'one of ' if len(names) > 1 else ''}{listed}", bracket(path))


def _array(node: list[object], value: object, path: list[str | int], typed: bool) -> list[object]:
    if isinstance(value, str):
        _refuse_empty(value, path)
    if not is_array(value):
        raise invalid("Invalid array", bracket(path))
    return [_value(node[1], item, [*path, index], typed) for index, item in enumerate(value)]


def _map(node: list[object], value: object, path: list[str | int], typed: bool) -> dict[str, object]:
    if is_array(value):  # keys that happen to be 0..n-1
        value = {str(i): v for i, v in enumerate(value)}
    if isinstance(value, str):
        _refuse_empty(value, path)
    if not is_object(value):
        raise invalid("Invalid object", bracket(path))
    if typed and path[0] == "metadata":
        return {k: v if v is None else _value(node[1], v, [*path, k], typed) for k, v in value.items()}
    return {k: _value(node[1], v, [*path, k], typed) for k, v in value.items()}


def _object(node: list[object], value: object, path: list[str | int], typed: bool) -> dict[str, object]:
    if isinstance(value, str):
        _refuse_empty(value, path)
    if not is_object(value):
        raise invalid("Invalid object", bracket(path))
    unknown = [k for k in value if k not in node[1]]
    if unknown:
        raise _unknown(unknown, list(node[1]), path)
    checked = {k: _value(node[1][k], v, [*path, k], typed) for k, v in value.items()}
    for name in node[2]:
        if name not in checked:
            raise parameter_missing(bracket([*path, name]))
    return checked


def _union(node: list[object], value: object, path: list[str | int], typed: bool) -> object:
    members = [_node(i) for i in node[1:]]
    if value == "" and any(m[0] == "e" and "" in m[1:] for m in members):
        return ""
    first: StripeError | None = None
    for member in sorted(members, key=_fitness(value)):
        try:
            return _KINDS[member[0]](member, value, path, typed)
        except StripeError as error:
            first = first or error
    assert first is not None
    raise first


def _fitness(value: object) -> object:
    kind = "a" if isinstance(value, list) else "o" if isinstance(value, dict) else ""

    def rank(member: list[object]) -> int:
        if member[0] == kind or (kind == "o" and member[0] == "m"):
            return 0
        # A form has only strings, so the narrow kinds are tried before plain text.
        return {"e": 4 if member[1:] == [""] else 1, "i": 2, "n": 2, "b": 2, "s": 3}.get(member[0], 4)

    return rank


def _file(node: list[object], value: object, path: list[str | int], typed: bool) -> object:
    del node, path, typed
    return value


_KINDS = {
    "s": _string,
    "i": _integer,
    "n": _number,
    "b": _boolean,
    "e": _enum,
    "a": _array,
    "m": _map,
    "o": _object,
    "u": _union,
    "f": _file,
}


def _refuse_empty(value: object, path: list[str | int]) -> None:
    if value == "":
        name = bracket(path)
        raise invalid(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value.",
            name,
            "parameter_invalid_empty",
        )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
