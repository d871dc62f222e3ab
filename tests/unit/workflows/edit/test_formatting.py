"""`payloom fmt`: one style, the same meaning, every comment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import EXAMPLES, load

from payloom.kit.yaml.reader import read_source
from payloom.workflows.edit.formatting import format_text

FILES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_formatting_an_example_keeps_meaning_and_comments(path: Any) -> None:
    text = path.read_text()
    after = format_text(text)
    assert read_source(after, "").data == read_source(text, "").data
    assert format_text(after) == after
    assert re.findall(r" # .*| #$", after) == re.findall(r" # .*| #$", text)


def test_layout_becomes_the_same() -> None:
    messy = "name:   T\non:  { manual:   true }\nsteps:\n- log:   x   # why\n- select: users\n  where: { id:  1 }\n\n\n"
    assert format_text(messy) == (
        "name: T\non: {manual: true}\nsteps:\n  - log: x   # why\n  - select: users\n    where: {id: 1}\n"
    )


def test_null_is_a_word_but_for_an_empty_switch() -> None:
    text = "name: T\non: {manual: true}\nsteps:\n  - switch:\n    cases: []\n  - return: {a: ~, b: null}\n"
    assert format_text(text) == text.replace("~", "null")


def test_expressions_that_need_quotes_get_them() -> None:
    text = "name: T\non: {manual: true}\nsteps:\n  - return: {id: ${{ run.id }}, b: ${{ 1 > 2 ? 'a' : 'b' }}}\n"
    after = format_text(text)
    assert "{id: \"${{ run.id }}\", b: \"${{ 1 > 2 ? 'a' : 'b' }}\"}" in after
    assert load(after).workflow is not None


@pytest.mark.parametrize("text", ["", "a: [1", "a: &x 1\nb: *x\n", "a: 1\na: 2\n"])
def test_what_cannot_be_read_comes_back_as_it_is(text: str) -> None:
    assert format_text(text) == text


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_formatting_never_changes_what_a_file_says(path: Path, data: st.DataObject) -> None:
    text = path.read_text()
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(["  ", "\n", " # note\n", "\n\n", "'", "1_000", "2026-01-01", "0x1f", " yes", "~"]))
    changed = text[:at] + put + text[at:]
    before = read_source(changed, "")
    after = read_source(format_text(changed), "")
    assert after.data == before.data
