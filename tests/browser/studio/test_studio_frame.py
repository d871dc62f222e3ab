"""The frame around every page: addresses, themes, keys, the palette and the way in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from tests.support.processes import payloom_process

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio

PAGES = {"": "Overview", "/workflows": "Workflows", "/runs": "Runs", "/events": "Events"}


@pytest.mark.parametrize(("path", "heading"), PAGES.items())
def test_a_page_has_an_address_that_reloads_and_a_title(open_page: OpenPage, path: Any, heading: Any) -> None:
    page = open_page(path)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert page.title().startswith(heading)
    page.reload()
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


def test_a_narrow_screen_has_a_menu_and_no_sideways_scrolling(open_page: OpenPage, axe: AxeCheck) -> None:
    page = open_page("/runs", width=420, height=800)
    expect(page.get_by_role("table", name="Runs")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    assert axe(page) == []
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("dialog").get_by_role("link", name="Events").click()
    expect(page.get_by_role("heading", level=1, name="Events")).to_be_visible()


def test_a_stranger_is_asked_in_and_gets_the_page_they_wanted(studio: Studio, page: Page, axe: AxeCheck) -> None:
    page.goto(f"{studio.url}/runs?status=failed")
    field = page.get_by_label("One-time link")
    expect(field).to_be_visible()
    assert axe(page) == []
    completed = payloom_process.run("studio", "-C", studio.shop.folder)
    assert completed.returncode == 0, completed.stderr
    field.fill(completed.stdout.strip())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/studio/runs\?status=failed$"))


def test_a_link_that_is_not_good_says_so_and_what_to_do(studio: Studio, page: Page) -> None:
    page.goto(f"{studio.url}/sign-in?token=used-before")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("link", re.IGNORECASE))
    expect(page.locator(".command")).to_be_visible()


def test_an_address_without_a_page_says_so_inside_the_frame(open_page: OpenPage) -> None:
    page = open_page("/nowhere")
    expect(page.get_by_role("heading", level=1, name="Nothing here")).to_be_visible()
    page.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def test_a_run_that_does_not_exist_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("/runs/run_none")
    expect(page.get_by_role("alert")).to_contain_text("There is no run 'run_none'")


def test_the_palette_finds_a_payment_by_its_id_and_a_workflow_by_its_name(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    charge = next(run for run in studio.get("/runs", limit=100)["data"] if (run["object_id"] or "").startswith("ch_"))
    page = open_page()
    page.keyboard.press("Control+k")
    field = page.get_by_placeholder(re.compile("Search for an order"))
    expect(field).to_be_focused()
    assert axe(page) == []
    field.fill(charge["object_id"])
    expect(page.get_by_role("group", name="Found").get_by_role("option").first).to_contain_text(charge["object_id"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/studio/journey/{charge['object_id']}"))
    page.keyboard.press("Control+k")
    field.fill("refund an order")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/studio/workflows/refund"))


def test_two_keys_lead_to_a_page_and_a_question_mark_lists_them(open_page: OpenPage, axe: AxeCheck) -> None:
    page = open_page()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1, name="Events")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_theme_is_chosen_and_remembered(open_page: OpenPage) -> None:
    page = open_page(theme="light")
    page.get_by_role("button", name=re.compile("admin@corner.test")).click()
    page.get_by_role("menuitemradio", name="Dark").click()
    dark = "rgb(17, 17, 19)"
    expect(page.locator("body")).to_have_css("background-color", dark)
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", dark)


def test_the_help_page_is_one_key_away_and_finds_a_word(open_page: OpenPage) -> None:
    page = open_page("/runs")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", level=1, name="Help")).to_be_visible()
    expect(page.get_by_role("heading", level=3, name="Go to")).to_be_visible()
    page.get_by_role("searchbox", name="Search words").fill("idempotency")
    expect(page.locator(".facts dt").filter(has_text="Idempotency key")).to_be_visible()
    expect(page.locator(".facts dt").filter(has_text="Parked")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/help\?search=idempotency$"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_dangerous_change_asks_for_a_proof_and_goes_on_after_it(
    open_page: OpenPage, axe: AxeCheck, theme: Any
) -> None:
    """In dev a proof holds for ever: the first answer is what a server says whose proof is over."""
    page = open_page("/settings", theme=theme)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_role("link", name="Second factor")).to_be_visible()
    over = {"error": {"code": "proof_needed", "message": "This needs a fresh proof."}}
    page.route("**/accounts/*/role", lambda route: route.fulfill(status=403, json=over), times=1)
    role = page.get_by_role("row").filter(has_text="grace@corner.test").get_by_role("combobox")
    role.select_option("viewer")
    dialog = page.get_by_role("dialog", name="Confirm that it's you")
    field = dialog.get_by_label("Password")
    expect(field).to_be_focused()
    expect(dialog.get_by_role("button", name="Confirm")).to_be_disabled()
    field.fill("not the password")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The password is wrong")
    expect(field).to_have_value("")
    assert axe(page) == []
    field.fill("tiller-and-sail")
    field.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("grace@corner.test is a viewer now", exact=True)).to_be_visible()
    role.select_option("")
    expect(page.get_by_text("grace@corner.test has no access to the studio now", exact=True)).to_be_visible()
