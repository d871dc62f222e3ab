"""What a single operation of a template can make, estimated before it makes it.

`'x' * 10**9` is one step and a gigabyte. So each operator, method, and filter whose result can be larger than its
arguments is measured first.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.templates.budget import MOST_OF_ONE, TemplateTooCostly, length, spend, written

MOST_WIDTH = 10_000
"""Of a padding, an indentation, and a number of parts."""
_MOST_BITS = 4_096
_SLOW = 20_000
"""Characters that a filter looks through which takes more than one look at each."""
_LONGEST_NAME = 200
_MOST_INDENT = 8
_WIDE = re.compile(r"\d{5,}|\*")


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Raise `TemplateTooCostly` for an operation that would make a value beyond all bounds."""
    if operator == "%" and isinstance(left, str | bytes):
        _check_percent(_text(left), right)
    elif operator == "+":
        spend(length(left) + length(right))
    elif operator == "*":
        for value, times in ((left, right), (right, left)):
            if isinstance(times, int) and not isinstance(value, int | float):
                spend(max(0, length(value) * times))
        if isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() + right.bit_length())
    elif operator == "**" and isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(0, right))


def check_method(method: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
    """Measure a call of the own method of a text, of its bytes, or of a number."""
    owner, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
    if not isinstance(owner, str | bytes | int | float):
        return
    values = [*args, *keywords.values()]
    _check_widths(values)
    if not isinstance(owner, str | bytes):
        return
    text = _text(owner)
    if name == "replace" and len(args) > 1:
        check_replace(text, _text(args[0]), _text(args[1]))
    elif name == "join" and args:
        spend(_joined(text, args[0]))
    elif name == "expandtabs":
        spend(len(text) + text.count("\t") * max((abs(value) for value in values if isinstance(value, int)), default=8))
    elif name == "translate" and args:
        letters = args[0].values() if is_map(args[0]) else args[0] if is_sequence(args[0]) else ()
        spend(len(text) * max(map(length, letters), default=1))


def check_format(text: str, values: list[Any]) -> None:
    """Measure `'{} …'.format(…)`."""
    try:
        specs = [spec or "" for _, name, spec, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return  # Python says what is wrong
    if any("{" in spec or _WIDE.search(spec) for spec in specs):
        raise TemplateTooCostly(f"a format is wider than {MOST_WIDTH:,} characters")
    spend(len(text) + len(specs) * max(map(written, values), default=0) + sum(map(_width, specs)))


def check_replace(text: str, old: str, new: str) -> None:
    """Measure `text.replace(old, new)`."""
    spend(len(text) + text.count(old) * len(new))


def _text(value: object) -> str:
    """Return a value as text, in which each byte is a character."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _check_widths(values: Sequence[Any]) -> None:
    if any(isinstance(value, int) and abs(value) > MOST_WIDTH for value in values):
        raise TemplateTooCostly(f"a width or a number of parts is larger than {MOST_WIDTH:,}")


def _check_percent(text: str, values: Any) -> None:
    if _WIDE.search(text) and any(_WIDE.search(part) for part in re.findall(r"%[^A-Za-z%]*", text)):
        raise TemplateTooCostly(f"a format is wider than {MOST_WIDTH:,} characters")
    spend(len(text) + text.count("%") * (written(values) + MOST_WIDTH // 100))


def _check_bits(bits: int) -> None:
    if bits > _MOST_BITS:
        raise TemplateTooCostly("the template makes a number with more than a thousand digits")


def _width(spec: str) -> int:
    match = re.search(r"\d+", spec)
    return int(match[0]) if match else 0


def _joined(between: str, values: Any) -> int:
    """Return how long the joined text is. What has no length is measured as it is read."""
    count = length(values) * len(between)
    return count if count > MOST_OF_ONE else count + written(values)


def _arguments_are_narrow(_value: Any, others: Sequence[Any]) -> None:
    _check_widths(others)


def _is_written(value: Any, _others: Sequence[Any]) -> None:
    spend(written(value) * 3)


def _is_indented(value: Any, others: Sequence[Any]) -> None:
    _check_widths(others)
    text = str(value)
    each = max((abs(other) if isinstance(other, int) else length(other) for other in others), default=4)
    spend(len(text) + (text.count("\n") + 1) * each)


def _is_joined(value: Any, others: Sequence[Any]) -> None:
    spend(_joined(max(map(str, others), key=len, default=""), value))


def _is_replaced(value: Any, others: Sequence[Any]) -> None:
    if len(others) > 1:
        check_replace(str(value), str(others[0]), str(others[1]))


def _is_formatted(value: Any, others: Sequence[Any]) -> None:
    _check_percent(str(value), others)


def _names_are_short(_value: Any, others: Sequence[Any]) -> None:
    """An attribute's name is looked up for each item."""
    if any(length(other) > _LONGEST_NAME for other in others):
        raise TemplateTooCostly(f"the name of an attribute is longer than {_LONGEST_NAME}")


def _are_numbers(_value: Any, others: Sequence[Any]) -> None:
    _names_are_short(_value, others)
    if any(isinstance(other, list | tuple) for other in others):
        raise TemplateTooCostly("sum adds numbers; join puts texts together")


def _is_json(value: Any, others: Sequence[Any]) -> None:
    if any(isinstance(other, int) and abs(other) > _MOST_INDENT for other in others):
        raise TemplateTooCostly(f"tojson indents by at most {_MOST_INDENT}")
    spend(written(value) * 2)


def _is_short(value: Any, others: Sequence[Any]) -> None:
    characters = written(value)
    spend(characters)
    if characters > _SLOW or any(length(other) > _LONGEST_NAME for other in others):
        raise TemplateTooCostly(f"this filter takes at most {_SLOW:,} characters, and short arguments")


FILTERS: Final[Mapping[str, Callable[[Any, Sequence[Any]], None]]] = {
    **dict.fromkeys(("batch", "center", "round", "slice"), _arguments_are_narrow),
    **dict.fromkeys(("attr", "dictsort", "groupby", "map", "max", "min", "sort", "unique"), _names_are_short),
    **dict.fromkeys(("rejectattr", "selectattr"), _names_are_short),
    **dict.fromkeys(("string", "urlencode", "xmlattr"), _is_written),
    **dict.fromkeys(("pprint", "urlize", "wordwrap"), _is_short),
    "format": _is_formatted,
    "indent": _is_indented,
    "join": _is_joined,
    "replace": _is_replaced,
    "sum": _are_numbers,
    "tojson": _is_json,
}
"""By the filter's name: what looks at the value and at the other arguments."""
LINEAR: Final = frozenset(
    {"abs", "capitalize", "count", "d", "date", "default", "e", "escape", "filesizeformat", "first", "float"}
    | {"forceescape", "int", "items", "last", "length", "list", "lower", "money", "random", "reject", "reverse", "safe"}
    | {"select", "striptags", "title", "trim", "truncate", "upper", "wordcount"}
)
"""Filters whose result is about as large as their value."""
