"""`x`: names, functions and branches for workflows written in Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from payloom.workflows.builder.symbols import Expr, plain, source, text_of
from payloom.workflows.builder.trace import current


class _X:
    """`x.env.SITE_URL`, `x.now()`, `x.money(a, c)`, `x.f(…)`, `with x.when(…):`, `with x.each(…) as item:`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in {"env", "event", "object", "previous", "run", "vars", "user", "inputs", "row", "old"}:
            return Expr(name)

        def function(*args: Any) -> Expr:
            return Expr(f"{name}({', '.join(map(text_of, args))})")

        return function

    def e(self, text: str) -> Expr:
        """Return an expression written out."""
        return Expr(text, tight=text.isidentifier())

    def f(self, text: str, *values: Any) -> str:
        """Return a text with the values in the places of `{}`."""
        parts = text.split("{}")
        if len(parts) != len(values) + 1:
            raise ValueError(f"{len(parts) - 1} places and {len(values)} values")
        out = parts[0].replace("${{", "$${{")
        for value, part in zip(values, parts[1:], strict=True):
            shown = plain(value) if isinstance(value, Expr) else str(value)
            out += f"{shown}{part.replace('${{', '$${{')}"
        return out

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Expr:
        """Return one of two values: `condition ? then : otherwise`."""
        return Expr(f"{text_of(condition)} ? {text_of(then)} : {text_of(otherwise)}", tight=False)

    @contextmanager
    def when(self, condition: Any) -> Iterator[None]:
        """Do the steps inside when the condition holds."""
        trace = current()
        with trace.block() as steps:
            yield
        trace.add({"if": text_of(condition), "then": steps}, named=False)

    @contextmanager
    def otherwise(self) -> Iterator[None]:
        """Do the steps inside when the `when` just before did not hold."""
        trace = current()
        with trace.block() as steps:
            yield
        last = trace.blocks[-1][-1] if trace.blocks[-1] else {}
        if "if" not in last or "else" in last:
            raise ValueError("`otherwise` follows a `when`")
        last["else"] = steps

    @contextmanager
    def each(self, items: Any, as_: str = "item", **options: Any) -> Iterator[Expr]:
        """Do the steps inside for every item. options: concurrency, max."""
        trace = current()
        with trace.block() as steps:
            yield Expr(as_)
        named = {"as": as_} if as_ != "item" else {}
        trace.add(
            {"for_each": source(items) if isinstance(items, Expr) else text_of(items), **named, "do": steps, **options},
            named=False,
        )

    @contextmanager
    def case(self, value: Any, name: str) -> Iterator[None]:
        """Do the steps inside when a value is `name`; cases of one value that follow each other become one `switch`."""
        trace = current()
        with trace.block() as steps:
            yield
        text = text_of(value)
        last = trace.blocks[-1][-1] if trace.blocks[-1] else {}
        if last.get("switch") == text and name not in last["cases"]:
            last["cases"][name] = steps
        else:
            trace.add({"switch": text, "cases": {name: steps}, "default": "stop"}, named=False)


x = _X()
