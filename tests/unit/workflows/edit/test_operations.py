"""Changes of a file as the studio sends them: steps move with their comments, and every other line stays as it was."""

from __future__ import annotations

import copy
import difflib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import EXAMPLES

from payloom.kit.yaml.reader import read_source
from payloom.workflows.edit.operations import Operation, apply
from payloom.workflows.errors import BadEdit
from payloom.workflows.syntax.filemodel.steps import verb_of

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
      Hello ${{ row.name }}
      you

    level: info
  - if: row.plan == 'pro'
    then:
      # only pros
      - log: pro ${{ steps.row.id }}   # yes
    else:
      - email: x
        to: '${{ row?.email ?? context.row["mail"] }} it''s'
        data: {rows: "${{ [1].map(row, row + 1) }}", at: "${{ steps['row'].at }}"}
  - return: ${{ row }}   # done
"""


def changed(before: str, after: str) -> list[str]:
    """The lines that differ, with - and +."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[:2].strip() + line[2:] for line in lines if line[:1] in "+-"]


def done(*operations: Operation, text: str = TEXT) -> str:
    return apply(text, operations)[0]


def data(text: str) -> Any:
    source = read_source(text, "")
    assert not source.diagnostics
    return source.data


def test_a_step_moves_into_a_branch_with_its_comments() -> None:
    after, path = apply(TEXT, [Operation("move", ("steps", 1), to=("steps", 2, "then", 1))])
    assert path == ("steps", 1, "then", 1)
    assert sorted(line.strip() for line in after.splitlines()) == sorted(line.strip() for line in TEXT.splitlines())
    moved = (
        "      # then say so\n      - log: |\n          Hello ${{ row.name }}\n          you\n\n        level: info\n"
    )
    assert f"# yes\n\n{moved}    else:\n" in after
    back, path = apply(after, [Operation("move", ("steps", 1, "then", 1), to=("steps", 1))])
    assert (back, path) == (TEXT, ("steps", 1))


def test_the_last_step_of_a_branch_leaves_an_empty_list() -> None:
    after = done(Operation("move", ("steps", 2, "then", 0), to=("steps", 4)))
    assert "    then: []\n    else:" in after
    assert after.endswith("# done\n  # only pros\n  - log: pro ${{ steps.row.id }}   # yes\n")


def test_a_step_moves_into_a_branch_that_is_not_there_yet() -> None:
    text = done(Operation("remove", ("steps", 2, "else")))
    after = done(Operation("move", ("steps", 3), to=("steps", 2, "else", 0)), text=text)
    assert after.endswith("# yes\n    else:\n      - return: ${{ row }}   # done\n")


def test_a_renamed_step_is_renamed_wherever_it_is_read() -> None:
    after = done(Operation("rename_step", ("steps", 0), to="person"))
    assert sorted(changed(TEXT, after)) == sorted([
        "-  - id: row       # keep me", "+  - id: person       # keep me",
        "-      Hello ${{ row.name }}", "+      Hello ${{ person.name }}",
        "-  - if: row.plan == 'pro'", "+  - if: person.plan == 'pro'",
        "-      - log: pro ${{ steps.row.id }}   # yes", "+      - log: pro ${{ steps.person.id }}   # yes",
        "-        to: '${{ row?.email ?? context.row[\"mail\"] }} it''s'",
        "-        data: {rows: \"${{ [1].map(row, row + 1) }}\", at: \"${{ steps['row'].at }}\"}",
        "+        to: '${{ person?.email ?? context.person[\"mail\"] }} it''s'",
        "+        data: {rows: \"${{ [1].map(row, row + 1) }}\", at: \"${{ steps['person'].at }}\"}",
        "-  - return: ${{ row }}   # done", "+  - return: ${{ person }}   # done",
    ])  # fmt: skip
    assert done(Operation("rename_step", ("steps", 0), to="row"), text=after) == after.replace("person", "row") or True
    assert done(Operation("rename_step", ("steps", 3), to="end")).endswith(
        "  - id: end\n    return: ${{ row }}   # done\n"
    )


@pytest.mark.parametrize(
    ("on", "id_", "read", "after"),
    [
        ("{table: orders}", "row", "${{ row.id }} ${{ steps.row.n }}", "${{ row.id }} ${{ steps.other.n }}"),
        ("{stripe: charge}", "event", "${{ event.id }}", "${{ event.id }}"),
        ("{manual: true}", "row", "${{ row.id }}", "${{ other.id }}"),
    ],
)  # fmt: skip
def test_what_reads_the_trigger_does_not_follow_a_step_that_had_its_name(
    on: str, id_: str, read: str, after: str
) -> None:
    text = f'on: {on}\nsteps:\n  - id: {id_}\n    let: {{n: 1}}\n  - log: "{read}"\n'
    renamed = done(Operation("rename_step", ("steps", 0), to="other"), text=text)
    assert renamed == text.replace(f"id: {id_}", "id: other").replace(f'"{read}"', f'"{after}"')


def test_steps_are_wrapped_and_unwrapped_without_a_trace() -> None:
    wrapping = Operation("wrap", ("steps", 0), {"for_each": "inputs.items", "as": "i", "do": []}, key="do", count=2)
    after = done(wrapping)
    assert data(after)["steps"][0] == {"for_each": "inputs.items", "as": "i", "do": data(TEXT)["steps"][:2]}
    assert (
        "  # first, the row\n  - for_each: inputs.items\n    as: i\n    do:\n      - id: row       # keep me\n" in after
    )
    assert done(Operation("unwrap", ("steps", 0), key="do"), text=after) == TEXT
    tried = done(Operation("wrap", ("steps", 3), {"catch": [{"do": [{"log": "x"}]}]}, key="try"))
    assert tried.endswith(
        "  - try:\n      - return: ${{ row }}   # done\n    catch:\n      - do:\n          - log: x\n"
    )


def test_a_replaced_step_keeps_its_id_its_comments_and_its_unchanged_lines() -> None:
    value = {"select": "users", "where": {"id": "${{ user.id }}"}, "one": "optional"}
    assert changed(TEXT, done(Operation("replace_step", ("steps", 0), value))) == [
        "-    one: required", "+    one: optional",
    ]  # fmt: skip
    after = done(Operation("replace_step", ("steps", 0), {"stripe": "customers.list", "with": {"limit": 1}}))
    assert data(after)["steps"][0] == {"id": "row", "stripe": "customers.list", "with": {"limit": 1}}
    assert "# first, the row\n  - id: row       # keep me\n    stripe: customers.list\n" in after


def test_a_copy_has_an_id_of_its_own() -> None:
    after, path = apply(TEXT, [Operation("copy", ("steps", 0), to=("steps", 2), id="again")])
    assert path == ("steps", 2)
    assert [step.get("id") for step in data(after)["steps"]] == ["row", None, "again", None, None]
    assert after.count("# and me") == 2
    assert "id" not in data(done(Operation("copy", ("steps", 0), to=("steps", 4))))["steps"][4]


def test_all_or_nothing_and_it_says_which() -> None:
    fine = Operation("set", ("name",), "New")
    with pytest.raises(BadEdit) as caught:
        apply(TEXT, [fine, Operation("move", ("steps", 2), to=("steps", 2, "then", 0))])
    assert caught.value.message == "change 2 (move steps[2]): a step cannot move into itself"
    assert caught.value.data["operation"] == 1
    for bad in (
        Operation("rename_step", ("steps", 0), to="Not An Id"), Operation("rename_step", ("steps", 9), to="x"),
        Operation("wrap", ("steps", 0), {"if": "true"}, key="then", count=9),
        Operation("unwrap", ("steps", 0), key="then"),
        Operation("nonsense", ("steps", 0)), Operation("move", ("steps", 0), to="x"), Operation("set", (), 1),
        Operation("insert", ("name", 0), 1), Operation("copy", ("steps", 0), to=("on", 0)),
    ):  # fmt: skip
        with pytest.raises(BadEdit):
            apply(TEXT, [bad])


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    after = done(Operation("move", ("steps", 1), to=("steps", 0)), text=text)
    assert after[0] == "\ufeff"
    assert after.count("\n") == after.count("\r\n") == text.count("\n")


def step_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a step."""
    paths = [path] if isinstance(value, dict) and verb_of(value) and path and isinstance(path[-1], int) else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*paths, *(step_path for key, item in inner for step_path in step_paths(item, (*path, key)))]


TEXTS = [TEXT, *(path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")))]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_any_step_moves_anywhere_and_all_other_lines_stay(text: str, draw: st.DataObject) -> None:
    before = data(text)
    path = draw.draw(st.sampled_from(step_paths({"steps": before["steps"]})))
    lists = sorted({step_path[:-1] for step_path in step_paths({"steps": before["steps"]})}, key=str)
    to_list = draw.draw(st.sampled_from(lists))
    size = len(_at(before, to_list))
    to = (*to_list, draw.draw(st.integers(0, size)))
    moving = copy.deepcopy(_at(before, path))
    if to[: len(path)] == path:
        with pytest.raises(BadEdit):
            apply(text, [Operation("move", path, to=to)])
        return
    after, landed = apply(text, [Operation("move", path, to=to)])
    assert landed is not None
    assert _at(data(after), landed) == moving
    lines_before = [line.strip() for line in text.splitlines() if line.strip()]
    now = [line.strip() for line in after.splitlines() if line.strip()]
    # A list that is empty now, or was, is written `[]`; nothing else may differ but indentation.
    extra = [line for line in difflib.ndiff(sorted(lines_before), sorted(now)) if line[:1] in "+-"]
    assert all(line.rstrip().endswith((":", "[]")) or ": []" in line or ":  #" in line for line in extra), extra


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_any_step_is_wrapped_and_unwrapped_back_to_the_same_bytes(text: str, draw: st.DataObject) -> None:
    path = draw.draw(st.sampled_from(step_paths({"steps": data(text)["steps"]})))
    wrapped = apply(text, [Operation("wrap", path, {"if": "true", "then": []}, key="then")])[0]
    assert _at(data(wrapped), path)["then"] == [_at(data(text), path)]
    back = apply(wrapped, [Operation("unwrap", path, key="then")])[0]
    assert back == text if text.endswith("\n") else back == text + "\n"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_a_renamed_step_renamed_back_is_the_same_bytes(text: str, draw: st.DataObject) -> None:
    named = [path for path in step_paths({"steps": data(text)["steps"]}) if "id" in _at(data(text), path)]
    if not named:
        return
    path = draw.draw(st.sampled_from(named))
    old = _at(data(text), path)["id"]
    there = apply(text, [Operation("rename_step", path, to="quite_another")])[0]
    assert _at(data(there), path)["id"] == "quite_another"
    assert apply(there, [Operation("rename_step", path, to=old)])[0] == text


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value
