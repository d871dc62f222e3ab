"""Nothing is lost and nothing goes white: windows stay full, parts that break say so, edits wait for the server."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from tests.support.browser.editor_fixture import TEXT, EditorPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route
    from tests.support.browser.browser_plugin import AxeCheck, OpenWatched
    from tests.support.browser.editor_fixture import EditorMaker
    from tests.support.browser.studio_fixture import OpenPage, Studio

PAGES = [
    "",
    "/workflows",
    "/runs",
    "/events",
    "/journey",
    "/tables/orders",
    "/mail",
    "/local-stripe",
    "/settings",
    "/help",
]

LOOSE = """() => [...document.querySelectorAll('.frame *')].filter((one) => {
    const style = getComputedStyle(one);
    if (!/auto|scroll/.test(style.overflowX + style.overflowY) || style.position !== 'static') return false;
    return [...one.querySelectorAll('*')].some((inner) =>
        getComputedStyle(inner).position === 'absolute' && inner.offsetParent && !one.contains(inner.offsetParent));
}).map((one) => `${one.tagName}.${one.className}`)"""
"""What scrolls and leaves something behind: that makes the window as high as all that it hides."""


@pytest.fixture
def editor(studio: Studio, open_page: OpenPage) -> EditorMaker:
    """Return a maker of edited workflows."""
    return lambda text=TEXT, **options: EditorPage(studio, open_page, text, **options)


@pytest.fixture
def troubled(studio: Studio, watched: OpenWatched) -> Iterator[Page]:
    """A signed-in page whose console may report the trouble that the test makes on purpose."""
    page, watch = watched()
    yield studio.sign_in(page)
    watch.problems.clear()


@pytest.mark.parametrize("path", PAGES)
def test_a_wheel_and_the_space_bar_never_scroll_the_page_out_of_the_window(open_page: OpenPage, path: str) -> None:
    page = open_page(path, width=1000, height=420)
    expect(page.locator(".skeleton")).to_have_count(0)
    assert page.evaluate(LOOSE) == []
    # As if a page had far more rows than this one: all that is placed in it stays in it.
    page.evaluate(
        """() => { const one = document.createElement('div');
            one.style.cssText = 'height: 4000px; display: flex; align-items: end';
            one.innerHTML = '<span class="hidden-text">far below</span>';
            document.querySelector('main').append(one); }"""
    )
    page.mouse.move(100, 200)
    page.mouse.wheel(0, 2400)
    page.locator("body").press("Space")
    page.evaluate("window.scrollTo(0, 2000)")
    assert page.evaluate("[scrollY, document.scrollingElement.scrollHeight - innerHeight]") == [0, 0]
    assert page.evaluate("document.querySelector('.frame').getBoundingClientRect().top") == 0


def test_a_page_that_breaks_keeps_the_frame_and_says_what_to_do(
    open_page: OpenPage, troubled: Page, axe: AxeCheck
) -> None:
    page = open_page("/workflows", page=troubled)
    broken(page, "**/api/_payloom/overview")
    page.get_by_role("link", name=re.compile("^Overview")).click()
    expect(page.get_by_role("heading", level=1, name="This page broke")).to_be_visible()
    expect(page.get_by_text("Unsaved edits are kept in this browser")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name=re.compile("^Workflows")).click()
    expect(page.get_by_role("heading", level=1, name="Workflows")).to_be_visible()


def broken(page: Page, address: str) -> None:
    """Let a part of the studio get an answer that it cannot draw."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps({"data": 7}))

    page.route(address, answer)


def test_a_panel_that_breaks_leaves_the_canvas_and_the_edits(editor: EditorMaker, troubled: Page) -> None:
    canvas = editor(page=troubled)
    page = canvas.page
    canvas.card("log last").click()
    page.keyboard.press("Control+d")
    expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()
    broken(page, "**/versions")
    page.get_by_role("button", name="Versions", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="This panel broke")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^log last"))).to_have_count(2)
    page.unroute("**/versions")
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_role("button", name=re.compile("^log last"))).to_have_count(2)
    expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()


def test_edits_made_while_the_server_is_away_are_kept_shown_and_saved_when_it_answers(
    editor: EditorMaker, troubled: Page, axe: AxeCheck
) -> None:
    canvas = editor(page=troubled)
    page = canvas.page
    canvas.card("log last").click()
    page.context.set_offline(True)
    page.keyboard.press("Control+d")
    expect(page.get_by_text("Not saved, trying again", exact=True)).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Duplicate")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator(".toast-title").filter(has_text="Not saved yet")).to_be_visible()
    assert axe(page) == []
    assert canvas.file.read_text("utf-8") == TEXT
    page.context.set_offline(False)
    expect(page.get_by_text("Published", exact=True)).to_be_visible()
    expect(page.get_by_text("Not saved, trying again", exact=True)).to_have_count(0)
    assert canvas.file.read_text("utf-8").count("- log: last") == 2


@pytest.mark.parametrize("status", [401, 502, 503])
def test_an_edit_the_server_never_took_is_there_after_a_reload(
    editor: EditorMaker, troubled: Page, status: int
) -> None:
    canvas = editor(page=troubled)
    page = canvas.page
    canvas.card("log last").click()

    def refuse(route: Route) -> None:
        body: Any = {"error": {"code": "away", "message": "Not now."}}
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    page.route("**/api/_payloom/editor/edit", refuse)
    page.keyboard.press("Control+d")
    expect(page.get_by_text("Not saved, trying again", exact=True)).to_be_visible()
    page.unroute("**/api/_payloom/editor/edit")
    page.reload()
    expect(page.get_by_role("button", name=re.compile("^log last"))).to_have_count(2)
    assert canvas.save().count("- log: last") == 2


def test_every_payment_of_the_shop_has_one_state_in_the_list_and_on_its_own_page(
    studio: Studio, open_page: OpenPage
) -> None:
    listed = studio.get("/overview")["payments"]
    assert {"succeeded", "refunded"} & {payment["status"] for payment in listed}
    page = open_page("/journey")
    for payment in listed[:4]:
        page.goto(f"{studio.url}/journey/{payment['id']}")
        head = page.locator("main header").first
        expect(head.locator(f"[data-status={payment['status']}]")).to_be_visible()
        expect(page.locator("[data-status=requires_confirmation]")).to_have_count(0)
