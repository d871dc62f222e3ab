"""JSON is read strictly: what Python accepts beyond the standard is refused with a reason, never with a crash."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payloom.kit.strict_json import MAX_DEPTH, NotStrictJson, canonical, dumps, loads

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "line 1, column 2"),
        (b"\xff{}", "not UTF-8"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "too large"),
        (b"[-1e999]", "too large"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b"[9223372036854775808]", "64-bit"),
        (b"[" + b"9" * 5000 + b"]", "64-bit"),
        (b'["\\ud800"]', "surrogate"),
        (b'["\\u0000"]', "NUL"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper"),
        (b"[" * 200_000, "nested deeper"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(NotStrictJson, match=reason):
        loads(raw)


def test_brackets_inside_strings_are_text() -> None:
    assert loads(json.dumps(["[{" * 100]).encode()) == ["[{" * 100]


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert loads(dumps(value).encode()) == value
    assert loads(canonical(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_reason(raw: bytes) -> None:
    with contextlib.suppress(NotStrictJson):
        loads(raw)
