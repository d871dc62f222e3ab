"""Nothing of Python is reachable from an expression."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.interpolation import compile_value
from payloom.workflows.expressions.values import EvalContext

AMBIENT = EvalContext(now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), uuid=lambda: "u")


class Treasure:
    """An object that must not be opened."""

    secret = "gold"

    def __getitem__(self, key: str) -> str:
        return self.secret


SCOPE: dict[str, Any] = {"x": {"a": 1}, "s": "text", "l": [1], "n": 1, "t": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}


@pytest.mark.parametrize(
    "source",
    [
        "x.__class__",
        "s.__class__.__mro__",
        "().__class__",
        "''.__class__.__base__.__subclasses__()",
        "x['__class__']",
        "l.__len__",
        "l.append(1)",
        "s.format(x)",
        "'{0.__class__}'.format(s)",
        "s.encode()",
        "x.items()",
        "x.get('a')",
        "n.real",
        "n.bit_length()",
        "t.tzinfo",
        "t.year",
        "__import__('os')",
        "__builtins__",
        "eval('1')",
        "getattr(x, 'a')",
        "globals()",
        "lambda: 1",
        "[y for y in l]",
        "x.a = 2",
        "(x := 1)",
        "f'{x}'",
        "`__class__`",
        "x.`__class__`",
        "l[0:1]",
        "*l",
        "work",
        "scope",
        "ambient.now",
        "self",
    ],
)
def test_there_is_no_way_out(source: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(source).evaluate(SCOPE, AMBIENT)


def test_objects_that_are_no_values_do_not_become_results_in_text() -> None:
    with pytest.raises(ExpressionError):
        compile_value("a ${{ o }}").evaluate({"o": Treasure()}, AMBIENT)
    with pytest.raises(ExpressionError):
        compile_expression("json(o)").evaluate({"o": Treasure()}, AMBIENT)


class Broken(dict[str, Any]):
    """A map that fails in a way of its own."""

    def get(self, key: str, default: Any = None) -> Any:
        raise RuntimeError("no")


def test_a_value_that_fails_ends_with_a_place_and_a_reason() -> None:
    with pytest.raises(ExpressionError, match="could not be computed: RuntimeError: no"):
        compile_expression("o?.x").evaluate({"o": Broken()}, AMBIENT)


def test_an_expression_cannot_change_what_it_reads() -> None:
    scope = {"x": {"a": [1]}, "l": [1]}
    compile_expression("[x.a + l, l.map(x, x + 1), l.map(l, l)]").evaluate(scope, AMBIENT)
    assert scope == {"x": {"a": [1]}, "l": [1]}
