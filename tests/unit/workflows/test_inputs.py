"""The short form of `input:` and the check of what callers send."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payloom.workflows.program.inputs import BadShorthand, InvalidInput, expand_input, validate_input


@dataclasses.dataclass
class Takes:
    input: dict[str, Any] | None


def takes(**fields: Any) -> Takes:
    return Takes(expand_input(fields))


def errors(taker: Takes, raw: dict[str, Any], *, from_query: bool = False) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        validate_input(taker, raw, from_query=from_query)
    assert caught.value.status == 422
    assert caught.value.code == "invalid_input"
    return [(error["field"], error["message"]) for error in caught.value.data["errors"]]


@pytest.mark.parametrize(
    ("short", "good", "bad"),
    [
        ("string", "", 1),
        ("string 1..3", "abc", "abcd"),
        ("string 1..", "a", ""),
        ("string cs_*", "cs_1", "pi_1"),
        ("int", 1, 1.0),
        ("int", 1, True),
        ("int 1..20", 20, 21),
        ("int 1..", 1, 0),
        ("number", 1.5, "1.5"),
        ("number 0..1.5", 1.5, 1.6),
        ("bool", False, 0),
        ("email", "ada@example.com", "ada@@example.com"),
        ("email", "a.b+c@ex-am.ple.co", "a b@example.com"),
        ("url", "https://example.com/x?y=1", "javascript:alert(1)"),
        ("url", "http://localhost:1/", "https://"),
        ("uuid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", "7c9e6679742540de944be07fc1f90ae7"),
        ("date", "2026-02-28", "2026-02-30"),
        ("datetime", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00"),
        ("currency", "usd", "USD"),
        ("basic | pro", "pro", "Pro"),
        ("string | null", None, 1),
        ("json", {"a": [1, None]}, ...),
        (["string"], ["a"], ["a", 1]),
        ([{"sku": "string"}], [{"sku": "a"}], [{"sku": "a", "price": 1}]),
        ({"street": "string", "zip?": "string"}, {"street": "x"}, {"zip": "1"}),
        ({"type": "integer", "maximum": 3}, 3, 4),
        ({"type": "string", "pattern": "^a+$"}, "aa", "ab"),
    ],
)
def test_a_type_takes_what_fits_and_nothing_else(short: Any, good: Any, bad: Any) -> None:
    value = validate_input(takes(x=short), {"x": good})["x"]
    assert value == good or {key: item for key, item in value.items() if item is not None} == good
    if bad is not ...:
        errors(takes(x=short), {"x": bad})


def test_every_wrong_field_is_named_with_what_to_do() -> None:
    taker = takes(order_id="uuid", amount="int 1..", reason="lost | broken")
    assert errors(taker, {"order_id": "x", "amuont": 5, "reason": "brokn"}) == [
        ("amount", "is missing"),
        ("order_id", "must be a UUID"),
        ("amuont", "is not a known field"),
        ("reason", "must be one of lost, broken"),
    ]
    with pytest.raises(InvalidInput) as caught:
        validate_input(taker, {"order_id": "x", "amuont": 5, "reason": "brokn"})
    hints = {error["field"]: error["hint"] for error in caught.value.data["errors"]}
    assert hints["amuont"] == "did you mean 'amount'?"
    assert hints["reason"] == "did you mean 'broken'?"
    assert str(caught.value) == (
        "amount: is missing; order_id: must be a UUID; amuont: is not a known field; reason: must be one of lost, broken"
    )
    with pytest.raises(InvalidInput) as many:
        validate_input(taker, dict.fromkeys("abcdef", 1))
    assert str(many.value).count(";") == 5
    assert str(many.value).endswith("; and 4 more")


def test_fields_inside_lists_are_named_by_their_path() -> None:
    taker = takes(items=[{"sku": "string", "quantity": "int 1..20"}])
    assert errors(taker, {"items": [{"sku": "a", "quantity": 1}, {"sku": "b", "quantity": 99}]}) == [
        ("items[1].quantity", "must be at most 20")
    ]


def test_what_is_left_out_becomes_its_default_or_null() -> None:
    taker = takes(**{"a?": "int", "b": "string = x", "c": "low | high = low", "d": "int = 3", "e": "bool = false"})
    assert validate_input(taker, {}) == {"a": None, "b": "x", "c": "low", "d": 3, "e": False}
    assert validate_input(taker, {"a": None}) == validate_input(taker, {})


def test_null_for_a_required_field_is_refused() -> None:
    assert errors(takes(a="int"), {"a": None}) == [("a", "must be a whole number, not null")]


def test_a_query_string_is_read_by_type() -> None:
    taker = takes(n="int", x="number", ok="bool", ids=["int"], name="string")
    raw = {"n": "5", "x": "1.5", "ok": "true", "ids": "1,2", "name": "7"}
    assert validate_input(taker, raw, from_query=True) == {"n": 5, "x": 1.5, "ok": True, "ids": [1, 2], "name": "7"}
    assert errors(taker, {**raw, "n": "five"}, from_query=True) == [("n", "must be a whole number, not text")]
    assert errors(taker, raw)[0][0] == "n"


def test_a_workflow_without_input_takes_nothing() -> None:
    assert validate_input(Takes(None), {}) == {}
    assert errors(Takes(None), {"a": 1}) == [("a", "is not a known field")]


def test_a_full_json_schema_is_taken_as_it_is() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["integer", "null"], "minimum": 1}}, "required": ["a"]}
    assert expand_input(schema) == {**schema, "additionalProperties": False}
    assert expand_input(expand_input({"a": "int", "b?": "x | y"})) == expand_input({"a": "int", "b?": "x | y"})


@pytest.mark.parametrize(
    ("fields", "message", "path"),
    [
        ({"a": "strng"}, "unknown type 'strng'", ["a"]),
        ({"a": "int 5..1"}, "upside down", ["a"]),
        ({"a": "int 1.5..2"}, "whole numbers", ["a"]),
        ({"a": "bool 1..2"}, "a range fits", ["a"]),
        ({"a": "int abc"}, "cannot read 'abc'", ["a"]),
        ({"a": "int = x"}, "the default 'x' does not fit", ["a"]),
        ({"a": ["int", "int"]}, "one pattern", ["a"]),
        ({"a": [{"b": "nope"}]}, "unknown type 'nope'", ["a", 0, "b"]),
        ({"a-b": "int"}, "cannot be a field's name", ["a-b"]),
        ({"a": 5}, "5 is not a type", ["a"]),
        ({"a": {"type": "string", "minLenght": 1}}, "`minLenght` is not supported", ["a", "minLenght"]),
        ({"a": {"type": "string", "pattern": "("}}, "the pattern is not valid: missing ): (", ["a", "pattern"]),
        ({"a": {"type": "string", "pattern": 5}}, "a pattern is text", ["a", "pattern"]),
        ({"a": "x y | z"}, "cannot be a choice", ["a"]),
    ],
)
def test_a_wrong_short_form_says_what_and_where(fields: dict[str, Any], message: str, path: list[Any]) -> None:
    with pytest.raises(BadShorthand) as caught:
        expand_input(fields)
    assert message in str(caught.value)
    assert list(caught.value.data["path"]) == path


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", "zzz"]), json_values))
def test_whatever_is_sent_is_either_taken_or_refused_with_reasons(raw: dict[str, Any]) -> None:
    taker = takes(**{"a?": "int 1..", "b?": "email", "c?": [{"x": "url", "y?": "a | b"}], "d": "json = 1"})
    try:
        value = validate_input(taker, raw)
    except InvalidInput as error:
        assert error.data["errors"]  # noqa: PT017 - both ways are right, each with its own promise
    else:
        assert validate_input(taker, value) == value
        assert value.keys() == {"a", "b", "c", "d"}
