"""Edits touch the lines they are about and no others."""

from __future__ import annotations

import copy
import difflib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import EXAMPLES

from payloom.kit.diagnostics import value_at
from payloom.kit.yaml.reader import read_source
from payloom.workflows.edit.edits import insert_item, move_item, remove, set_value
from payloom.workflows.errors import BadEdit

TEXT = """\
name: T   # the name
on: {api: POST /x, auth: user}

steps:
  # first, the row
  - id: row       # keep me
    select: users
    where: {id: "${{ user.id }}"}   # and me
    one: required

  # then say so
  - log: |
      Hello
      you
    level: info
  - if: row.plan == 'pro'
    then:
      - log: pro   # yes
  - return: done
"""


def changed(before: str, after: str) -> list[str]:
    """The lines that differ, with - and +."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[:2].strip() + line[2:] for line in lines if line[:1] in "+-"]


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        (("name",), "New name", ["-name: T   # the name", "+name: New name   # the name"]),
        (("on", "auth"), ["admin"], ["-on: {api: POST /x, auth: user}", "+on: {api: POST /x, auth: [admin]}"]),
        (("steps", 0, "one"), "optional", ["-    one: required", "+    one: optional"]),
        (("steps", 0, "where", "id"), "${{ run.id }}", None),
        (("steps", 0, "limit"), 3, ["+    limit: 3"]),
        (("steps", 0, "where", "plan"), "pro", None),
        (("steps", 1, "log"), "short", ["-  - log: |", "-      Hello", "-      you", "+  - log: short"]),
        (("steps", 1, "level"), "warning", ["-    level: info", "+    level: warning"]),
        (("steps", 2, "if"), "row?.plan == null ? true : false", None),
        (("steps", 2, "then", 0, "log"), "two\nlines\n", None),
        (("steps", 2, "else"), [{"log": "free"}], ["+    else:", "+      - log: free"]),
        (("steps", 3, "return"), {"a": 1, "b": ["x"]}, None),
        (("description",), "What it is: a test", ['+description: "What it is: a test"']),
        (("vars",), {"a": None, "b": "true"}, ["+vars:", "+  a: null", '+  b: "true"']),
    ],
)
def test_a_value_is_set_where_it_stands(path: tuple[Any, ...], value: Any, lines: list[str] | None) -> None:
    after = set_value(TEXT, path, value)
    expected = copy.deepcopy(read_source(TEXT, "").data)
    parent = expected
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    assert read_source(after, "").data == expected
    if lines is not None:
        assert sorted(changed(TEXT, after)) == sorted(lines)
    for comment in ("# the name", "# first, the row", "# keep me", "# and me", "# then say so"):
        assert comment in after


def test_a_step_is_put_in() -> None:
    step = {"id": "all", "select": "orders", "where": {"user_id": "${{ user.id }}"}}
    after = insert_item(TEXT, ("steps", 1), step)
    assert changed(TEXT, after) == [
        "+  - id: all",
        "+    select: orders",
        "+    where:",
        "+      user_id: ${{ user.id }}",
    ]
    assert read_source(insert_item(TEXT, ("steps", 4), {"log": "x"}), "").data["steps"][4] == {"log": "x"}
    assert "- log: pro   # yes\n      - log: more\n" in insert_item(TEXT, ("steps", 2, "then", 1), {"log": "more"})
    assert "then:\n      - log: more\n      - log: pro" in insert_item(TEXT, ("steps", 2, "then", 0), {"log": "more"})


def test_a_key_or_a_step_is_removed() -> None:
    assert changed(TEXT, remove(TEXT, ("steps", 0, "one"))) == ["-    one: required"]
    assert changed(TEXT, remove(TEXT, ("steps", 3))) == ["-  - return: done"]
    after = remove(TEXT, ("steps", 0, "id"))
    assert read_source(after, "").data["steps"][0] == {
        "select": "users", "where": {"id": "${{ user.id }}"}, "one": "required",
    }  # fmt: skip
    assert "auth" not in remove(TEXT, ("on", "auth"))


def test_steps_are_moved_with_their_comments() -> None:
    after = move_item(TEXT, ("steps", 1), 0)
    data = read_source(after, "").data
    assert [next(iter(step)) for step in data["steps"]] == ["log", "id", "if", "return"]
    assert sorted(after.splitlines()) == sorted(TEXT.splitlines())
    assert after.index("# then say so") < after.index("- log: |") < after.index("# first, the row")


@pytest.mark.parametrize("path", [(), ("nope", "x"), ("steps", 9), ("steps", 0, "where", "id", "x")])
def test_a_place_that_is_not_there_is_refused(path: tuple[Any, ...]) -> None:
    with pytest.raises(BadEdit):
        set_value(TEXT, path, 1)
    with pytest.raises(BadEdit):
        remove(TEXT, path)


def test_a_file_that_cannot_be_read_is_not_edited() -> None:
    with pytest.raises(BadEdit) as caught:
        set_value("a: [1", ("a",), 2)
    assert caught.value.hint is not None
    assert "fix it first" in caught.value.hint


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [
        *([path] if path else []),
        *(inner_path for key, value in inner for inner_path in paths(value, (*path, key))),
    ]


texts = st.one_of(
    st.sampled_from(
        ["${{ a.b }}", "${{ a ? 'x' : \"y\" }}", "a: b", "# no", "yes", "12", "", " x ", "- a", "{a}", "é\tx", "*a"]
    ),
    st.text(alphabet="ab :#{}[]'\"\\-\n?é$", max_size=12),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | texts,
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "on"]), children, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("value", ["\n", "\n\n", "a\n", "a\n\n", "\na", " a\nb", "a\n\nb\n"])
def test_line_breaks_at_the_ends_of_a_text_stay(value: str) -> None:
    for path, whole in ((("steps", 1, "log"), value), (("on",), [value]), (("on",), {"k": [value, "b"]})):
        assert value_at(read_source(set_value(TEXT, path, whole), "").data, path) == whole


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([TEXT, *(path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")))]), st.data())
def test_any_value_can_be_set_anywhere_and_nothing_else_changes(text: str, data: st.DataObject) -> None:
    original = read_source(text, "").data
    path = data.draw(st.sampled_from(paths(original)))
    value = data.draw(values)
    after = set_value(text, path, value)
    expected = copy.deepcopy(original)
    parent = expected
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    assert read_source(after, "").data == expected
    place = read_source(text, "").values[path]
    before_lines, after_lines = text.splitlines(), after.splitlines()
    # Everything above the line of the node, and everything below its last line, is as it was.
    assert after_lines[: max(0, place.line - 2)] == before_lines[: max(0, place.line - 2)]
    below = before_lines[place.end_line :]
    assert not below or after_lines[-len(below) :] == below


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([TEXT, *(path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")))]), st.data())
def test_anything_can_be_removed(text: str, data: st.DataObject) -> None:
    original = read_source(text, "").data
    path = data.draw(st.sampled_from(paths(original)))
    after = remove(text, path)
    expected = copy.deepcopy(original)
    parent = expected
    for part in path[:-1]:
        parent = parent[part]
    del parent[path[-1]]
    assert read_source(after, "").data == expected


@pytest.mark.parametrize(("at", "after"), [(0, "steps:\n"), (1, "  - log: a   # of a\n"), (2, "  - log: b\n")])
def test_a_comment_above_an_item_stays_with_it_when_another_is_put_before(at: int, after: str) -> None:
    text = "name: x\nsteps:\n  # about a\n  - log: a   # of a\n  # about b\n  - log: b\n"
    assert insert_item(text, ("steps", at), {"log": "new"}) == text.replace(after, f"{after}  - log: new\n")
