"""The editor's canvas: what is done with it, and what stands in the file afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.browser.editor_fixture import TEXT, EditorPage
from tests.support.present import present

if TYPE_CHECKING:
    from tests.support.browser.editor_fixture import EditorMaker
    from tests.support.browser.studio_fixture import OpenPage, Studio


@pytest.fixture
def editor(studio: Studio, open_page: OpenPage) -> EditorMaker:
    """Return a maker of edited workflows."""
    return lambda text=TEXT, **options: EditorPage(studio, open_page, text, **options)


def test_an_edit_on_the_canvas_changes_its_lines_of_the_file_and_no_others(editor: EditorMaker) -> None:
    canvas = editor()
    canvas.card("log last").click()
    canvas.page.keyboard.press("Delete")
    expect(canvas.page.get_by_text("Unsaved", exact=True)).to_be_visible()
    assert canvas.file.read_text("utf-8") == TEXT, "nothing is written before it is saved"
    assert canvas.save() == TEXT.replace("  - log: last\n", "")


def test_a_card_dragged_into_a_branch_takes_its_comments_along(editor: EditorMaker) -> None:
    canvas = editor()
    canvas.drag(canvas.card("let n second"), canvas.place("Add a step after log inside"))
    expect(canvas.page.get_by_role("button", name=re.compile("let n second step 2 of 2 in “then”"))).to_be_visible()
    assert canvas.save() == TEXT.replace(
        """\
  # about the second
  - id: second
    let:   {n: 2}     # odd blanks stay
""",
        "",
    ).replace(
        """\
      - log: inside   # in the branch
""",
        """\
      - log: inside   # in the branch
      # about the second
      - id: second
        let:   {n: 2}     # odd blanks stay
""",
    )


def test_a_card_dropped_nowhere_goes_back(editor: EditorMaker) -> None:
    canvas = editor()
    card = canvas.card("log last")
    card.hover(position={"x": 30, "y": 20})  # waits until the card stands still and can be hit
    before = card.bounding_box()
    mouse = canvas.page.mouse
    mouse.down()
    mouse.move(present(before)["x"] - 90, present(before)["y"] + 10, steps=6)
    expect(canvas.page.locator(".flow-open").first).to_be_visible()
    expect(canvas.page.locator(".flow-aim")).to_have_count(0)
    mouse.up()
    expect(canvas.page.get_by_text("Published", exact=True)).to_be_visible()
    assert canvas.card("log last").bounding_box() == before


def test_a_step_is_added_from_the_catalog_on_a_line_between_two(editor: EditorMaker) -> None:
    canvas = editor()
    canvas.place("Add a step after first").click()
    canvas.page.get_by_role("combobox").fill("write to the log")
    canvas.page.keyboard.press("Enter")
    expect(canvas.page.get_by_role("button", name=re.compile(r"^log step 2 of 5"))).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(canvas.page.get_by_role("form", name="Step").locator(":focus")).to_have_count(1)
    canvas.page.keyboard.type("noted")
    saved = canvas.save()
    assert saved.replace("  - log: noted\n", "") == TEXT
    assert "let: {n: 1}\n  - log: noted\n  # about the second" in saved


def test_undo_and_redo_bring_back_text_and_selection(editor: EditorMaker) -> None:
    canvas = editor()
    canvas.card("let n first").click()
    canvas.page.keyboard.press("Control+d")
    expect(canvas.card("let n first_2")).to_have_attribute("aria-pressed", "true")
    canvas.page.keyboard.press("Control+z")
    expect(canvas.page.get_by_role("button", name=re.compile("let n first_2"))).to_have_count(0)
    expect(canvas.card("let n first")).to_have_attribute("aria-pressed", "true")
    expect(canvas.page.get_by_text("Published", exact=True)).to_be_visible()
    canvas.page.keyboard.press("Control+Shift+z")
    expect(canvas.card("let n first_2")).to_be_visible()
    canvas.page.get_by_role("button", name=re.compile("^Undo: Duplicate")).click()
    expect(canvas.page.get_by_text("Published", exact=True)).to_be_visible()


def test_steps_are_copied_into_another_workflow_with_their_comments_as_text_and_free_ids(editor: EditorMaker) -> None:
    source = editor()
    page = source.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    source.card("let n first").click()
    source.card("let n second").click(modifiers=["Shift"])
    page.keyboard.press("Control+c")
    assert "# odd blanks stay" in page.evaluate("navigator.clipboard.readText()")
    other = editor(page=page)
    other.card("log last").click()
    page.keyboard.press("Control+v")
    expect(other.card("let n second_2")).to_be_visible()
    saved = other.save()
    assert saved.startswith(TEXT)
    assert "- id: first_2\n    let:" in saved


def test_several_steps_are_moved_wrapped_and_deleted_at_once(editor: EditorMaker) -> None:
    canvas = editor()
    canvas.card("let n first").click()
    canvas.card("let n second").click(modifiers=["Shift"])
    canvas.page.get_by_role("button", name="Step actions").click()
    canvas.page.get_by_role("menuitem", name="Wrap in “Try”").click()
    expect(canvas.page.get_by_role("button", name=re.compile("let n second step 2 of 2 in “try”"))).to_be_visible()
    saved = canvas.save()
    assert "  - try:\n" in saved
    assert "# odd blanks stay" in saved
    canvas.page.keyboard.press("Control+z")
    expect(canvas.page.get_by_role("button", name=re.compile("in “try”"))).to_have_count(0)
    expect(canvas.page.get_by_text("Published", exact=True)).to_have_count(0)
    assert canvas.save() == TEXT
