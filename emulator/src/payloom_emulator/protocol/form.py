"""Reads `a[b][0][c]=x` form bodies and query strings into nested dicts and lists of strings."""

from __future__ import annotations

from urllib.parse import unquote_plus

from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import is_object

MAX_DEPTH = 12


def decode(text: str) -> dict[str, object]:
    """Return the nested parameters of a form body or query string; leaves are strings.

    `a[]=x` appends, `a[0][b]=x` indexes; a dict whose keys are 0..n-1 becomes a list.
    """
    root: dict[str, object] = {}
    if not text:
        return root
    for pair in text.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        _place(root, _path(unquote_plus(name)), unquote_plus(value))
    return {k: _listify(v) for k, v in root.items()}


def _path(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [name]
    if not rest.endswith("]"):
        raise StripeError(f"Invalid request: the parameter name '{name}' has an unclosed bracket.", param=name)
    parts = [head, *rest[:-1].split("][")]
    if len(parts) > MAX_DEPTH:
        raise StripeError(f"Invalid request: the parameter '{head}' is nested too deeply.", param=head)
    return parts


def _place(node: dict[str, object], path: list[str], value: str) -> None:
    for index, key in enumerate(path[:-1]):
        slot = str(len(node)) if key == "" else key
        below = node.setdefault(slot, {})
        if not is_object(below):
            raise StripeError("Invalid request: a parameter is both a value and an object.", param=path[index])
        node = below
    last = path[-1]
    node[str(len(node)) if last == "" else last] = value


def _listify(value: object) -> object:
    if not is_object(value):
        return value
    inner = {k: _listify(v) for k, v in value.items()}
    if inner and set(inner) == {str(index) for index in range(len(inner))}:
        return [inner[str(index)] for index in range(len(inner))]
    return inner


def bracket(path: list[str | int]) -> str:
    """Return a parameter's name as Stripe writes it: `items[0][price]`."""
    return str(path[0]) + "".join(f"[{p}]" for p in path[1:])
