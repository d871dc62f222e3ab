"""Whatever is written, the answer is a value or an ExpressionError, and it comes soon."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from payloom.workflows.expressions.check import infer
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import FAULT, compile_expression
from payloom.workflows.expressions.functions.library import FUNCTIONS, METHODS
from payloom.workflows.expressions.interpolation import compile_value
from payloom.workflows.expressions.values import EvalContext, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

AMBIENT = EvalContext(now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), uuid=lambda: "u")
SECONDS = 2.0
PIECES = [
    *"()[]{}?:.,+-*/%!<>='\"\\`$ \n", "&&", "||", "??", "?.", "[?", "===", "!==", "==", "in", "null", "true",
    "a", "b", "x",
    "1", "0x7f", "1e308", "9223372036854775807", "1.5", "'s'", "has(", "}}", "${{", "__class__", "€",
    "\x00", "\ud800",
    *(f"{name}(" for name in FUNCTIONS), *(f".{name}(" for name in (*METHODS, "map", "filter", "exists", "all")),
]  # fmt: skip

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20), st.datetimes(timezones=st.just(dt.UTC)), st.timedeltas(),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abx"), inner, max_size=3),
    max_leaves=12,
)

names = st.sampled_from(["a", "b", "x"])
literals = st.sampled_from(
    ["1", "-7", "2.5", "'s'", "''", "null", "true", "false", "[]", "{}", "[1, 'a']", "{'a': 1}", "now()"]
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "&&", "||", "??", "in"])
    unary = st.sampled_from(
        sorted(name for name, function in FUNCTIONS.items() if function.args[0] <= 1 <= function.args[1])
    )
    return st.one_of(
        st.builds("({} {} {})".format, inner, signs, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("{}{}{}".format, inner, st.sampled_from([".", "?."]), names),
        st.builds("{}{}{}]".format, inner, st.sampled_from(["[", "[?"]), inner),
        st.builds("{}({})".format, unary, inner),
        st.builds(
            "{}.{}(x, {})".format, inner, st.sampled_from(["map", "filter", "all", "exists", "exists_one"]), inner
        ),
        st.builds(
            "{}.{}({})".format, inner, st.sampled_from(["contains", "split", "join", "matches", "startsWith"]), inner
        ),
        st.builds("{}.{}()".format, inner, st.sampled_from(["size", "lower", "trim", "getHours"])),
        st.builds("{}({}, {})".format, st.sampled_from(["money", "round", "min", "max", "date"]), inner, inner),
        st.builds("money({}, 'usd', {})".format, inner, inner),
        st.builds("{}.replace({}, {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{({}): {}}}".format, inner, inner),
        st.builds("!{}".format, inner),
        st.builds("-({})".format, inner),
    )


sentences = st.recursive(names | literals, _grow, max_leaves=12)
scopes = st.fixed_dictionaries({"a": values, "b": values, "x": values})


@contextlib.contextmanager
def expected_errors() -> Iterator[None]:
    """Let ExpressionErrors pass, unless they wrap an unexpected exception."""
    try:
        yield
    except ExpressionError as error:
        if error.message.startswith(FAULT):
            raise


def try_it(source: str, scope: dict[str, Any]) -> None:
    began = time.process_time()
    with expected_errors():
        compiled = compile_expression(source)
        infer(compiled, {"a": {"type": "integer"}, "b": None, "x": {"type": "object", "additionalProperties": False}})
        result = compiled.evaluate(scope, AMBIENT)
        if compiled.calls or not compiled.refs:
            json.dumps(to_json(result))
    assert time.process_time() - began < SECONDS


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), scopes)
def test_any_characters(source: str, scope: dict[str, Any]) -> None:
    try_it(source, scope)


@settings(max_examples=1500, deadline=None)
@given(sentences, scopes)
def test_any_sentence(source: str, scope: dict[str, Any]) -> None:
    try_it(source, scope)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "${{", "}}", "${{ a }}"]), max_size=30).map("".join), scopes)
def test_any_value(text: str, scope: dict[str, Any]) -> None:
    with expected_errors():
        compile_value({"k": [text]}).evaluate(scope, AMBIENT)
