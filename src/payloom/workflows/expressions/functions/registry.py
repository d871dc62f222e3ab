"""How a function of the language is declared, and the tables they end up in. Argument checks they share."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Literal

from payloom.workflows.expressions.values import EvalError, type_name


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """One function or method.

    signature: as people read it, `round(number[, digits]) -> int | float`.
    args: least and greatest number of arguments (the receiver of a method not counted).
    fn: takes the `Budget` of the evaluation first, then the receiver of a method, then the arguments; raises EvalError.
    returns: a JSON Schema fragment, or None for any.
    takes: the types that each argument may have, for the checker; arguments it does not list may be anything.
    """

    name: str
    signature: str
    summary: str
    example: str
    fn: Callable[..., Any]
    args: tuple[int, int]
    returns: Mapping[str, Any] | None = None
    kind: Literal["function", "method", "macro"] = "function"
    takes: tuple[frozenset[str], ...] = ()


FUNCTIONS: dict[str, Function] = {}
METHODS: dict[str, Function] = {}

STRING = {"type": "string"}
INT = {"type": "integer"}
FLOAT = {"type": "number", "x-type": "float"}
NUMBER = {"type": ["integer", "number"]}
BOOL = {"type": "boolean"}
TIMESTAMP = {"type": "string", "format": "date-time", "x-type": "timestamp"}
DURATION = {"type": "string", "format": "duration", "x-type": "duration"}


def define(
    signature: str,
    summary: str,
    example: str,
    *,
    args: tuple[int, int],
    takes: tuple[str, ...] = (),
    returns: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter the decorated function into FUNCTIONS, or into METHODS if its signature has a dot.

    takes: the types of each argument, e.g. `int | float`.
    """
    kinds = tuple(frozenset(words.split(" | ")) for words in takes)

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        name = signature.partition("(")[0]
        if "." in name:
            name = name.partition(".")[2]
            METHODS[name] = Function(name, signature, summary, example, fn, args, returns, "method", kinds)
        else:
            FUNCTIONS[name] = Function(name, signature, summary, example, fn, args, returns, takes=kinds)
        return fn

    return register


def need(value: Any, kind: type | tuple[type, ...], subject: str, words: str) -> Any:
    """Return `value` if it is of a kind; raises EvalError in the words given."""
    if isinstance(value, bool) and kind is int:
        raise EvalError(f"{subject} is {words}, not a bool")
    if not isinstance(value, kind):
        null = "null; it may be missing: write ?? with a value to use instead" if value is None else type_name(value)
        raise EvalError(f"{subject} is {words}, not {null}")
    return value


def text_of(value: Any, subject: str = "the argument") -> str:
    """Return `value` if it is a string; raises EvalError."""
    return need(value, str, subject, "a string")


def list_of(value: Any, subject: str = "the argument") -> list[Any]:
    """Return `value` as a list of its own if it is a list; raises EvalError."""
    return list(need(value, (list, tuple), subject, "a list"))


def moment_of(value: Any) -> dt.datetime:
    """Return `value` if it is a moment with a time zone; raises EvalError."""
    moment = need(value, dt.datetime, "the argument", "a timestamp")
    if moment.tzinfo is None:
        raise EvalError("the timestamp has no time zone")
    return moment
