"""Checks and types parameters against the table generated from Stripe's own request types.

One source for every operation: unknown names, missing names, wrong types and enum values answer as Stripe does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.kit.digits import is_digits, whole_number
from payloom_emulator.kit.suggest import closest
from payloom_emulator.protocol.errors import StripeError, invalid, parameter_missing
from payloom_emulator.protocol.form import bracket
from payloom_emulator.protocol.json_shapes import is_array, is_object
from payloom_emulator.protocol.older_params import extended
from payloom_emulator.protocol.param_types import TypeNode, in_stripes_order, operations, type_of
from payloom_emulator.protocol.undeclared_params import with_undeclared

if TYPE_CHECKING:
    from payloom_emulator.protocol.param_types import NodeJson, Ref

ParamPath: TypeAlias = "list[str | int]"
"""Where in the parameters a value is."""

_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


def check(
    operation: tuple[str, str],
    params: Mapping[str, object],
    *,
    extra: Mapping[str, Ref] | None = None,
    typed: bool = False,
) -> dict[str, object]:
    """Return `params` with their types, or raise as Stripe answers.

    operation: (METHOD, anonymous path). extra: parameters older versions took, path to type.
    typed: the values are JSON already (v2); otherwise they are strings of a form.
    """
    index = operations().get(operation)
    node = TypeNode("o") if index is None else type_of(index)
    fields = with_undeclared(
        operation,
        {"expand": _EXPAND, **extended(node.fields, extra or {})},
        raw_cards="payment_method_data" in params,
    )
    unknown = [name for name in params if name not in fields]
    if unknown:
        raise _unknown(unknown, list(fields))
    checked = {name: _value(fields[name], value, [name], typed) for name, value in params.items()}
    for name in node.required:
        if name not in checked and name not in (extra or {}):
            raise parameter_missing(name)
    return checked


_EXPAND: NodeJson = ["a", ["s"]]


def _unknown(names: list[str], known: list[str], within: list[str | int] | None = None) -> StripeError:
    shown_names = [bracket([*(within or []), n]) for n in names]
    if len(shown_names) > 1:
        message = f"Received unknown parameters: {', '.join(shown_names)}"
    else:
        near = closest(names[0], known)
        message = f"Received unknown parameter: {shown_names[0]}" + (f". Did you mean {near}?" if near else "")
    return StripeError(message, code="parameter_unknown", param=shown_names[0])


def _value(ref: Ref, value: object, path: ParamPath, typed: bool) -> object:
    node = type_of(ref)
    return _KINDS[node.kind](node, value, path, typed)


def _string(node: TypeNode, value: object, path: ParamPath, typed: bool) -> str:
    if str(path[-1]).endswith("_decimal"):
        return str(_number(node, str(value) if typed else value, path, typed=False))
    if isinstance(value, str):
        return value
    if typed and isinstance(value, int | float):
        return str(value)
    if is_array(value):
        value = {str(index): item for index, item in enumerate(value)}
    raise invalid(f"Invalid string: {_shown(value)}", bracket(path))


def _integer(node: TypeNode, value: object, path: ParamPath, typed: bool) -> int:
    del node
    if typed and isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        _refuse_empty(value, path)
        number = whole_number(value.strip())
        if number is not None:
            return number
    raise invalid(f"Invalid integer: {_shown(value)}", bracket(path), "parameter_invalid_integer")


def _number(node: TypeNode, value: object, path: ParamPath, typed: bool) -> object:
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
    return number if math.isfinite(number) and text.isascii() and "_" not in text else None


def _boolean(node: TypeNode, value: object, path: ParamPath, typed: bool) -> bool:
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


def _enum(node: TypeNode, value: object, path: ParamPath, typed: bool) -> object:
    del typed
    values = node.choices
    if value in values:
        return value
    if values == ("",):
        raise invalid(f"Invalid value: {_shown(value)}", bracket(path))
    _refuse_empty(value, path)
    number = whole_number(value) if isinstance(value, str) else None
    if number is not None and number in values:
        return number
    names = in_stripes_order([str(v) for v in values if v != ""])
    listed = " or ".join(names) if len(names) < 3 else ", ".join(names[:-1]) + f", or {names[-1]}"
    raise invalid(f"Invalid {bracket(path)}: must be {'one of ' if len(names) > 1 else ''}{listed}", bracket(path))


def _array(node: TypeNode, value: object, path: ParamPath, typed: bool) -> list[object]:
    if isinstance(value, str):
        _refuse_empty(value, path)
    if is_object(value) and value and all(is_digits(key) for key in value):
        raise _gap(value, path)
    if not is_array(value):
        raise invalid("Invalid array", bracket(path))
    return [_value(node.item, item, [*path, index], typed) for index, item in enumerate(value)]


def _gap(value: Mapping[str, object], path: ParamPath) -> StripeError:
    """Return the 400 for an array whose explicit keys do not begin at 0 or leave one out."""
    expected = next(str(index) for index in range(len(value)) if str(index) not in value)
    keys = ", ".join(f"`{key}`" for key in value)
    return invalid(
        f"If passing an array with explicit keys (e.g. foo[0]=a&foo[1]=b) instead of as an array (e.g. foo[]=a&foo[]=b), the keys must be numeric and sequential starting from 0. You passed the keys {keys}, we expected to have a key with the value `{expected}`.",
        bracket(path),
    )


def _map(node: TypeNode, value: object, path: ParamPath, typed: bool) -> dict[str, object]:
    if is_array(value):  # keys that happen to be 0..n-1
        value = {str(i): v for i, v in enumerate(value)}
    if isinstance(value, str):
        _refuse_empty(value, path)
    if not is_object(value):
        raise invalid("Invalid object", bracket(path))
    if typed and path[0] == "metadata":
        return {k: v if v is None else _value(node.item, v, [*path, k], typed) for k, v in value.items()}
    return {k: _value(node.item, v, [*path, k], typed) for k, v in value.items()}


def _object(node: TypeNode, value: object, path: ParamPath, typed: bool) -> dict[str, object]:
    if isinstance(value, str):
        _refuse_empty(value, path)
    if not is_object(value):
        raise invalid("Invalid object", bracket(path))
    unknown = [k for k in value if k not in node.fields]
    if unknown:
        raise _unknown(unknown, list(node.fields), path)
    checked = {k: _value(node.fields[k], v, [*path, k], typed) for k, v in value.items()}
    for name in node.required:
        if name not in checked:
            raise parameter_missing(bracket([*path, name]))
    return checked


def _union(node: TypeNode, value: object, path: ParamPath, typed: bool) -> object:
    members = [type_of(ref) for ref in node.either]
    if value == "" and any("" in member.choices for member in members):
        return ""
    first: StripeError | None = None
    for member in sorted(members, key=_fitness(value)):
        try:
            return _KINDS[member.kind](member, value, path, typed)
        except StripeError as error:
            first = first or error
    assert first is not None
    raise first


def _fitness(value: object) -> Callable[[TypeNode], int]:
    kinds = {"a"} if is_array(value) else {"o", "m"} if is_object(value) else set[str]()

    def rank(member: TypeNode) -> int:
        if member.kind in kinds:
            return 0
        # A form has only strings, so the narrow kinds are tried before plain text.
        return {"e": 4 if member.choices == ("",) else 1, "i": 2, "n": 2, "b": 2, "s": 3}.get(member.kind, 4)

    return rank


def _file(node: TypeNode, value: object, path: ParamPath, typed: bool) -> object:
    del node, path, typed
    return value


_KINDS: dict[str, Callable[[TypeNode, object, ParamPath, bool], object]] = {
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


def _refuse_empty(value: object, path: ParamPath) -> None:
    if value == "":
        name = bracket(path)
        raise invalid(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value.",
            name,
            "parameter_invalid_empty",
        )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
