"""Functions and methods of strings, lists and maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit import linear_regex
from payloom.workflows.expressions.functions.registry import (
    BOOL,
    INT,
    STRING,
    define,
    list_of,
    need,
    text_of,
)
from payloom.workflows.expressions.values import (
    MAX_OUTPUT,
    Budget,
    EvalError,
    checked,
    type_name,
)

MAX_PATTERN = 500


@define(
    "size(value) -> int", "How many characters, items or keys a string, list or map has.", "size(inputs.items)",
    args=(1, 1), takes=("list | map | string",), returns=INT,
)  # fmt: skip
@define(
    "value.size() -> int", "How many characters, items or keys a string, list or map has.", "inputs.items.size()",
    args=(0, 0), returns=INT,
)  # fmt: skip
def _size(_budget: Budget, value: Any) -> int:
    return len(need(value, (str, list, tuple, Mapping), "the value", "a string, list or map"))


@define(
    "string.startsWith(prefix) -> bool", "Whether the text begins with a prefix.", "session.id.startsWith('cs_')",
    args=(1, 1), takes=("string",), returns=BOOL,
)  # fmt: skip
def _starts(_budget: Budget, text: Any, prefix: Any) -> bool:
    return text_of(text, "the value").startswith(text_of(prefix))


@define(
    "string.endsWith(suffix) -> bool", "Whether the text ends with a suffix.", "user.email_verified && user.email.endsWith('@example.com')",
    args=(1, 1), takes=("string",), returns=BOOL,
)  # fmt: skip
def _ends(_budget: Budget, text: Any, suffix: Any) -> bool:
    return text_of(text, "the value").endswith(text_of(suffix))


@define(
    "string.contains(part) -> bool", "Whether the text contains a part. For lists and maps write `x in list`.",
    "object.description.contains('gift')", args=(1, 1), takes=("string",), returns=BOOL,
)  # fmt: skip
def _contains(_budget: Budget, text: Any, part: Any) -> bool:
    if isinstance(text, list | tuple | Mapping):
        raise EvalError(f"the value is a {type_name(text)}, not a string", "write `x in list`")
    return text_of(part) in text_of(text, "the value")


@define(
    "string.matches(pattern) -> bool",
    "Whether a regular expression (RE2 syntax) is found in the text; `^` and `$` tie it to the ends.",
    "inputs.code.matches('^[A-Z]{3}-[0-9]+$')", args=(1, 1), takes=("string",), returns=BOOL,
)  # fmt: skip
def _matches(budget: Budget, text: Any, pattern: Any) -> bool:
    subject = text_of(text, "the value")
    if len(subject) > MAX_OUTPUT:
        raise EvalError(f"the text is longer than {MAX_OUTPUT} characters")
    budget.spend(1 + len(subject) // 1000)
    return compile_pattern(text_of(pattern, "the pattern")).search(subject) is not None


def compile_pattern(pattern: str) -> linear_regex.LinearPattern:
    """Return an RE2 pattern, which matches in linear time; raises EvalError."""
    if len(pattern) > MAX_PATTERN:
        raise EvalError(f"the pattern is longer than {MAX_PATTERN} characters")
    try:
        return linear_regex.compile_pattern(pattern, max_memory=1 << 20)
    except linear_regex.BadPattern as error:
        raise EvalError(f"the pattern is not valid: {str(error)[:120]}") from None


@define(
    "list.join([separator]) -> string", "The texts of a list, one after another.", "order.tags.join(', ')",
    args=(0, 1), takes=("string",), returns=STRING,
)  # fmt: skip
def _join(budget: Budget, items: Any, separator: Any = "") -> str:
    texts = list_of(items, "the value")
    budget.spend(len(texts) // 10)
    between = text_of(separator, "the separator")
    for text in texts:
        if not isinstance(text, str):
            raise EvalError(f"the list holds a {type_name(text)}", "convert with .map(x, string(x)) first")
    if sum(map(len, texts)) + len(between) * len(texts) > 2 * MAX_OUTPUT:
        raise EvalError(f"the text is longer than {MAX_OUTPUT} characters")
    return checked(between.join(texts))


@define(
    "string.split(separator[, most]) -> list", "The parts of a text between separators.", "inputs.tags.split(',')",
    args=(1, 2), takes=("string", "int"), returns={"type": "array", "items": STRING},
)  # fmt: skip
def _split(budget: Budget, text: Any, separator: Any, most: Any = -1) -> list[str]:
    subject, between = text_of(text, "the value"), text_of(separator, "the separator")
    limit = need(most, int, "the number of parts", "a whole number")
    if limit == 0:
        return []
    if not between:
        parts = list(subject) if limit < 0 else [*subject[: limit - 1], subject[limit - 1 :]]
    else:
        parts = subject.split(between, limit - 1 if limit > 0 else -1)
    budget.spend(len(parts) // 10)
    return parts


@define(
    "string.replace(old, new) -> string", "The text with every occurrence of a part replaced.",
    "user.phone.replace(' ', '')", args=(2, 2), takes=("string", "string"), returns=STRING,
)  # fmt: skip
def _replace(_budget: Budget, text: Any, old: Any, new: Any) -> str:
    subject, part, other = text_of(text, "the value"), text_of(old), text_of(new)
    if len(subject) + subject.count(part) * len(other) > 2 * MAX_OUTPUT:
        raise EvalError(f"the text is longer than {MAX_OUTPUT} characters")
    return checked(subject.replace(part, other))


@define(
    "string.substring(start[, end]) -> string",
    "The characters from `start`, the first is 0, to before `end`. A shorter text gives what it has: `note.substring(0, 500)` cuts it.",
    "inputs.note.substring(0, 500)", args=(1, 2), takes=("int", "int"), returns=STRING,
)  # fmt: skip
def _substring(_budget: Budget, text: Any, start: Any, end: Any = None) -> str:
    subject = text_of(text, "the value")
    first, last = _range(start, end, len(subject))
    return subject[first:last]


@define(
    "list.slice(start[, end]) -> list", "The items from `start`, the first is 0, to before `end`.",
    "inputs.items.slice(0, 10)", args=(1, 2), takes=("int", "int"), returns={"type": "array"},
)  # fmt: skip
def _slice(_budget: Budget, items: Any, start: Any, end: Any = None) -> list[Any]:
    entries = list_of(items, "the value")
    first, last = _range(start, end, len(entries))
    return list(entries[first:last])


def _range(start: Any, end: Any, length: int) -> tuple[int, int]:
    first = need(start, int, "the start", "a whole number")
    last = length if end is None else need(end, int, "the end", "a whole number")
    if first < 0 or last < first:
        raise EvalError("the start is at least 0, and the end at least the start", "count from the first, which is 0")
    return first, last


@define("string.lower() -> string", "The text in small letters.", "user.email.lower()", args=(0, 0), returns=STRING)
def _lower(_budget: Budget, text: Any) -> str:
    return checked(text_of(text, "the value").lower())


@define(
    "string.upper() -> string", "The text in capital letters.", "object.currency.upper()", args=(0, 0), returns=STRING
)
def _upper(_budget: Budget, text: Any) -> str:
    return checked(text_of(text, "the value").upper())


@define(
    "string.trim() -> string",
    "The text without blanks at its ends.",
    "inputs.name.trim()",
    args=(0, 0),
    returns=STRING,
)
def _trim(_budget: Budget, text: Any) -> str:
    return text_of(text, "the value").strip()
