"""The functions, methods and macros of the language, as the compiler, the reference page and the studio see them."""

from __future__ import annotations

from typing import Any

from payloom.workflows.expressions.functions import number, text, time
from payloom.workflows.expressions.functions.registry import BOOL, FUNCTIONS, METHODS, Function
from payloom.workflows.expressions.functions.text import compile_pattern
from payloom.workflows.expressions.values import EvalError

__all__ = ["FUNCTIONS", "HAS", "MACROS", "METHODS", "OTHER_WORDS", "Function", "compile_pattern"]

# Importing them declares what is in them.
_DECLARED = (number, text, time)


def _of_macros(*_: Any) -> Any:
    raise EvalError("a macro is compiled, not called")


MACROS: dict[str, Function] = {
    name: Function(name, signature, summary, example, _of_macros, (2, most), returns, "macro")
    for name, signature, summary, example, most, returns in (
        ("all", "list.all(x, condition) -> bool", "Whether the condition is true for every item (or key of a map).",
         "inputs.items.all(i, i.quantity > 0)", 2, BOOL),
        ("exists", "list.exists(x, condition) -> bool", "Whether the condition is true for at least one item.",
         "object.items.data.exists(i, i.price.id == plan.price_id)", 2, BOOL),
        ("exists_one", "list.exists_one(x, condition) -> bool", "Whether the condition is true for exactly one item.",
         "order.items.exists_one(i, i.gift)", 2, BOOL),
        ("map", "list.map(x[, condition], value) -> list", "A value for every item (for which the condition is true).",
         "inputs.items.map(i, i.sku)", 3, {"type": "array"}),
        ("filter", "list.filter(x, condition) -> list", "The items for which the condition is true.",
         "inputs.items.filter(i, i.quantity > 1)", 2, {"type": "array"}),
    )
}  # fmt: skip
HAS = Function(
    "has", "has(a.b) -> bool", "Whether a map has a field (null counts as having it).", "has(object.metadata.order_id)",
    _of_macros, (1, 1), BOOL, "macro",
)  # fmt: skip

OTHER_WORDS = {
    "length": "size()", "len": "size()", "count": "size()", "toLowerCase": "lower()", "lowerAscii": "lower()",
    "toUpperCase": "upper()", "upperAscii": "upper()", "includes": "contains(), or `x in list`", "some": "exists(x, …)",
    "every": "all(x, …)", "find": "filter(x, …)[0]", "strip": "trim()", "substr": "substring(0, 500)", "left": "substring(0, 500)", "truncate": "substring(0, 500)", "clip": "substring(0, 500)", "take": "slice(0, 10)", "toString": "string(x)", "str": "string(x)",
    "float": "double(x)", "number": "double(x)", "Number": "double(x)", "parseInt": "int(x)", "parseFloat": "double(x)",
    "String": "string(x)", "startswith": "startsWith()", "endswith": "endsWith()", "concat": "+", "keys": "map(k, k)",
    "floor": "int(x)", "any": "exists(x, …)", "replaceAll": "replace()", "test": "matches()", "match": "matches()",
    "get": "`m[?key] ?? default`", "stringify": "json(x)",
}  # fmt: skip
"""What people write out of habit from JavaScript, Python or CEL's extensions, and what it is called here."""
