"""Values of a run that is not there yet: they print as expressions."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NoReturn

from payloom.kit.clock import rfc3339
from payloom.kit.json_types import is_map, is_sequence

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SymbolicValue(TypeError):
    """A value of the run was used as if it were known while the workflow is written."""


class Expr:
    """An expression of the language. Fields, items, comparisons, arithmetic, `&`, `|`, `~` give further expressions."""

    __slots__ = ("_text", "_tight")
    __hash__ = object.__hash__

    def __init__(self, text: str, *, tight: bool = True) -> None:
        """tight: it needs no parentheses inside a larger expression."""
        self._text = text
        self._tight = tight

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):
            raise AttributeError(name)
        return Expr(f"{inner(self)}.{name}")

    def __getitem__(self, key: Any) -> Expr:
        return Expr(f"{inner(self)}[{text_of(key)}]")

    def maybe(self, name: str) -> Expr:
        """Return the field, null where it may be missing: `?.`."""
        return Expr(f"{inner(self)}?.{name}")

    def or_else(self, other: Any) -> Expr:
        """Return the value, or the other one where it is null: `??`."""
        return Expr(f"{inner(self)} ?? {inner(other)}", tight=False)

    def is_in(self, *values: Any) -> Expr:
        """Return whether it is one of the values."""
        return Expr(f"{inner(self)} in {text_of(list(values))}", tight=False)

    def _with(self, sign: str, other: Any) -> Expr:
        return Expr(f"{inner(self)} {sign} {inner(other)}", tight=False)

    def __eq__(self, other: object) -> Any:
        return self._with("==", other)

    def __ne__(self, other: object) -> Any:
        return self._with("!=", other)

    def __lt__(self, other: Any) -> Expr:
        return self._with("<", other)

    def __le__(self, other: Any) -> Expr:
        return self._with("<=", other)

    def __gt__(self, other: Any) -> Expr:
        return self._with(">", other)

    def __ge__(self, other: Any) -> Expr:
        return self._with(">=", other)

    def __add__(self, other: Any) -> Expr:
        return self._with("+", other)

    def __sub__(self, other: Any) -> Expr:
        return self._with("-", other)

    def __mul__(self, other: Any) -> Expr:
        return self._with("*", other)

    def __and__(self, other: Any) -> Expr:
        return self._with("&&", other)

    def __or__(self, other: Any) -> Expr:
        return self._with("||", other)

    def __invert__(self) -> Expr:
        return Expr(f"!{inner(self)}")

    def __bool__(self) -> NoReturn:
        raise SymbolicValue(
            f"`{self._text}` is known only when the workflow runs: use `with x.when(…):` instead of `if`"
        )

    def __contains__(self, item: object) -> NoReturn:
        raise SymbolicValue(
            f"`{self._text}` is known only when the workflow runs: use `.contains(…)` or `.exists(…)` instead of `in`"
        )

    def __iter__(self) -> NoReturn:
        raise SymbolicValue(f"`{self._text}` is known only when the workflow runs: use `with x.each(…) as item:`")

    def __str__(self) -> str:
        raise SymbolicValue(f"`{self._text}` is known only when the workflow runs: use `x.f('… {{}}', value)` for text")

    def __repr__(self) -> str:
        return f"Expr({self._text!r})"


def source(value: Expr) -> str:
    """Return an expression's text."""
    return object.__getattribute__(value, "_text")


def inner(value: Any) -> str:
    """Return a value's text as part of a larger expression."""
    if isinstance(value, Expr) and not object.__getattribute__(value, "_tight"):
        return f"({source(value)})"
    return text_of(value)


def text_of(value: Any) -> str:
    """Return a Python value as an expression."""
    if isinstance(value, Expr):
        return source(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    if isinstance(value, dt.datetime):
        return f"timestamp('{rfc3339(value)}')"
    if is_map(value):
        return "{" + ", ".join(f"{text_of(str(key))}: {text_of(item)}" for key, item in value.items()) + "}"
    if is_sequence(value):
        return "[" + ", ".join(map(text_of, value)) + "]"
    raise SymbolicValue(f"{type(value).__name__} can't be in a workflow")


def plain(value: Any) -> Any:
    """Return a value as it stands in a file: expressions as `${{ … }}`."""
    if isinstance(value, Expr):
        return f"${{{{ {source(value)} }}}}"
    if is_map(value):
        return {str(key): plain(item) for key, item in value.items()}
    if is_sequence(value):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        # Texts made by `x.f` hold expressions; a literal `${{` is escaped there.
        return value
    return plain(Expr(text_of(value)))
