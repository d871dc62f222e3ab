"""Trying a draft: the way it takes on the canvas, mocks, a failed run's data; versions and the way back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.browser.editor_fixture import EditorPage

if TYPE_CHECKING:
    from tests.support.browser.editor_fixture import EditorMaker
    from tests.support.browser.studio_fixture import OpenPage, Studio

CHOICE = """\
name: Choose
on:
  api: POST /choose-NAME
  auth: none
input: {amount: int}
steps:
  - id: order
    select: orders
    where: {id: "00000000-0000-4000-8000-00000000000f"}
    one: optional
  - if: inputs.amount > 10
    then:
      - log: large ${{ order?.status ?? 'none' }}
    else:
      - raise: {code: too_small, message: "Only ${{ inputs.amount }}."}
  - return: {large: true}
"""


@pytest.fixture
def editor(studio: Studio, open_page: OpenPage) -> EditorMaker:
    """Return a maker of edited workflows."""
    return lambda text=CHOICE, **options: EditorPage(studio, open_page, text, **options)


def test_a_test_run_lights_the_way_it_took_and_does_nothing(editor: EditorMaker, studio: Studio) -> None:
    canvas = editor()
    page = canvas.page
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("textbox", name="Inputs").fill('{"amount": 50}')
    page.get_by_role("button", name="Run the test").click()
    expect(canvas.card("log large")).to_have_class(re.compile("flow-lit"))
    expect(canvas.card("raise too_small")).to_have_class(re.compile("flow-dim"))
    result = page.get_by_role("region", name="Result of the test")
    expect(result.get_by_text("Succeeded", exact=True).first).to_be_visible()
    expect(result).to_contain_text("large: true")
    page.get_by_role("textbox", name="Inputs").fill('{"amount": 5}')
    page.get_by_role("button", name="Run the test").click()
    expect(canvas.card("raise too_small")).to_have_class(re.compile("flow-lit"))
    expect(canvas.card("log large")).to_have_class(re.compile("flow-dim"))
    expect(result.get_by_role("alert")).to_contain_text("Only 5.")
    assert studio.get("/runs", workflow=canvas.id)["data"] == []


def test_a_mocked_step_answers_what_was_said_and_is_remembered(editor: EditorMaker) -> None:
    canvas = editor()
    page = canvas.page
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("textbox", name="Inputs").fill('{"amount": 50}')
    page.get_by_role("button", name="Run the test").click()
    result = page.get_by_role("region", name="Result of the test")
    result.get_by_role("button", name=re.compile("order")).first.click()
    result.get_by_role("button", name="Mock its answer…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Value").fill('{"status": "paid"}')
    dialog.get_by_role("button", name="Mock it").click()
    expect(page.get_by_role("region", name="Mocked steps")).to_contain_text("paid")
    page.get_by_role("button", name="Run the test").click()
    expect(result.get_by_text("mocked", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Mocked steps")).to_contain_text("paid")


def test_a_failed_runs_data_comes_along_into_the_editor(studio: Studio, open_page: OpenPage) -> None:
    run = studio.failing_run()
    page = open_page(f"/workflows/studio-fragile?panel=test&from_run={run['id']}")
    result = page.get_by_role("region", name="Result of the test")
    expect(result.get_by_text("Failed", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("raise too_large")).first).to_have_class(re.compile("flow-lit"))


def test_versions_say_what_changed_and_bring_the_old_text_back(editor: EditorMaker) -> None:
    canvas = editor()
    page = canvas.page
    canvas.card("log large").click()
    page.keyboard.press("Delete")
    canvas.save()
    page.get_by_role("button", name="Versions", exact=True).click()
    versions = page.get_by_role("list", name="Versions, newest first")
    expect(versions.get_by_role("listitem").first).to_contain_text("Current")
    versions.locator(".version-head").nth(1).click()
    expect(page.get_by_label("What it means")).to_contain_text("log")
    expect(page.get_by_label("Difference in lines")).to_contain_text("-      - log: large")
    page.get_by_role("button", name="Roll back to this version").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Roll back").click()
    expect(canvas.card("log large")).to_be_visible()
    assert canvas.file.read_text("utf-8") == CHOICE.replace("NAME", canvas.id)
