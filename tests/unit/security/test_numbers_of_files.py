"""A number in a file of a project is one that JSON and both databases can hold, or an error with its place."""

from __future__ import annotations

import math

import pytest

from payloom.kit.json_types import is_dict
from payloom.kit.yaml.reader import read_source

BEYOND = ["1e9999", "-1e9999", "1.8e308", "9.9e+400", "9223372036854775808", "-9223372036854775809", "9" * 5000]
BEYOND += ["0x" + "f" * 5000, "0o" + "7" * 5000, "1" + "0" * 400 + ".5"]
WITHIN = ["1e308", "-1.7e308", "1e-9999", "0.1", "9223372036854775807", "0x7fffffffffffffff"]


@pytest.mark.parametrize("text", BEYOND)
@pytest.mark.parametrize(
    "place", ["a: {}", "a: [1, {}]", "a: {{b: {}}}", "steps:\n  - let: {{b: {}}}\n  - return: {{}}"]
)
def test_a_number_that_nothing_can_hold_is_an_error_with_its_place(text: str, place: str) -> None:
    source = read_source(place.format(text), "x.yaml")
    assert [("number" in problem.message, problem.line) for problem in source.diagnostics] == [
        (True, 2 if place.startswith("steps") else 1)
    ]


@pytest.mark.parametrize("text", WITHIN)
def test_every_other_number_is_read(text: str) -> None:
    source = read_source(f"a: {text}", "x.yaml")
    assert source.diagnostics == []
    assert is_dict(source.data)
    assert math.isfinite(source.data["a"])


@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan", "inf", "Infinity", "NaN"])
def test_words_for_what_is_no_number_are_text(text: str) -> None:
    source = read_source(f"a: {text}", "x.yaml")
    assert is_dict(source.data)
    assert source.data["a"] == text
