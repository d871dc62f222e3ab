"""`${{ … }}` in YAML values."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.interpolation import compile_bare, compile_value
from payloom.workflows.expressions.values import EvalContext

AMBIENT = EvalContext(now=lambda: dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC), uuid=lambda: "u")
SCOPE: dict[str, Any] = {"name": "Ada", "amount": 2198, "items": [1, 2], "nothing": None, "env": {"URL": "https://a.b"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${{ items }}", [1, 2]),
        ("  ${{ amount }} \n", 2198),
        ("${{amount}}", 2198),
        ("${{ nothing }}", None),
        ("Hello ${{ name }}!", "Hello Ada!"),
        ("${{ name }}${{ amount }}", "Ada2198"),
        ("${{ name }} ${{ amount }}", "Ada 2198"),
        ("${{ 1.5 }} ${{ true }} ${{ now() }}", "1.5 true 2026-01-31T10:00:00Z"),
        (
            "${{ env.URL }}/thanks?session_id={CHECKOUT_SESSION_ID}",
            "https://a.b/thanks?session_id={CHECKOUT_SESSION_ID}",
        ),
        ("$${{ name }} and {{ jinja }}", "${{ name }} and {{ jinja }}"),
        ("costs $${{ and ${{ amount }}", "costs ${{ and 2198"),
        ("a $ b } {{ c }}", "a $ b } {{ c }}"),
        ("${{ {'a': {'b': '}}'}} }}", {"a": {"b": "}}"}}),
        ("x${{ {'a': 1}.map(k, k)[0] }}y", "xay"),
        ("${{ '}}' }}", "}}"),
        ({"a": ["${{ amount }}", 1], "b": {"c": "${{ name }}"}}, {"a": [2198, 1], "b": {"c": "Ada"}}),
        (5, 5),
        (None, None),
        ({"a": None, "b": True}, {"a": None, "b": True}),
    ],
)
def test_values_are_filled_in(value: Any, expected: Any) -> None:
    assert compile_value(value).evaluate(SCOPE, AMBIENT) == expected


@pytest.mark.parametrize("value", ["Hello ${{ nothing }}", "x ${{ items }}", "x ${{ {'a': 1} }}"])
def test_null_lists_and_maps_are_refused_inside_a_text(value: str) -> None:
    with pytest.raises(ExpressionError, match="has no text form"):
        compile_value(value).evaluate(SCOPE, AMBIENT)


@pytest.mark.parametrize(
    ("value", "path", "place"),
    [
        ({"a": [0, "x ${{ 1 + }}"]}, ("a", 1), 9),
        ("${{ name", (), 0),
        ("ok ${{ 'open }}", (), 7),
    ],
)
def test_a_mistake_is_placed_in_the_value(value: Any, path: tuple[Any, ...], place: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_value(value)
    assert caught.value.path == path
    assert caught.value.offset + caught.value.span[0] == place


def test_a_mistake_at_run_time_is_placed_too() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_value({"a": {"b": "Hello ${{ nme }}"}}).evaluate(SCOPE, AMBIENT)
    assert (caught.value.path, caught.value.offset, caught.value.span) == (("a", "b"), 10, (0, 3))


def test_keys_are_not_interpolated() -> None:
    with pytest.raises(ExpressionError, match="key is never an expression"):
        compile_value({"${{ name }}": 1})


def test_expressions_are_listed_with_their_places() -> None:
    value = compile_value({"a": ["x ${{ name }} ${{  amount }}"], "b": 1})
    assert [(path, compiled.source, offset) for path, compiled, offset in value.expressions] == [
        (("a", 0), "name", 6),
        (("a", 0), "amount", 19),
    ]
    assert not value.constant
    assert compile_value({"b": ["$${{ x }}"]}).evaluate({}, AMBIENT) == {"b": ["${{ x }}"]}
    assert compile_value({"b": [1]}).constant
    assert compile_value(" ${{ name }} ").single is not None
    assert compile_value("a ${{ name }}").single is None


@pytest.mark.parametrize("text", ["amount > 1", "${{ amount > 1 }}"])
def test_a_condition_may_be_bare_or_wrapped(text: str) -> None:
    assert compile_bare(text).test(SCOPE, AMBIENT) is True


def test_a_condition_is_no_text() -> None:
    with pytest.raises(ExpressionError, match="one expression"):
        compile_bare("${{ amount }} > 1")
