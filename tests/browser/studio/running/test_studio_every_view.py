"""Every view of the studio, one row each: themes, widths, the keyboard, and what it shows when all is not well.

The rows are the addresses of `router.tsx`: one without a row fails. A view is opened once for all its looks.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect
from tests.support.browser.studio_fixture import REPOSITORY

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck, OpenWatched
    from tests.support.browser.studio_fixture import OpenPage, Studio

ROUTER = REPOSITORY / "studio" / "src" / "app" / "router.tsx"
API = "**/api/_payloom"
WIDTHS = {1440: 900, 1024: 768, 390: 844}


@dataclasses.dataclass(frozen=True)
class View:
    """An address, what is its heading, and the answer without which it shows nothing.

    reads: the path below the management API. at: what the address names, by a field of the first of a list.
    empty: what is shown instead of a list without entries. sheet: it is a dialog over a list.
    """

    heading: str | re.Pattern[str]
    reads: str | None
    at: tuple[str, str] | str | None = None
    empty: str | None = None
    sheet: bool = False


VIEWS = {
    "/": View("Overview", "/overview", empty="All clear"),
    "/workflows": View("Workflows", "/workflows", empty="No workflow yet"),
    "/workflows/$id": View("Fulfil one-time checkout", "/workflows/*/source", at="checkout-completed"),
    "/runs": View("Runs", "/runs?*", empty="Nothing has run yet"),
    "/runs/$id": View(re.compile("."), "/runs/run_*", at=("/runs", "id")),
    "/events": View("Events", "/events?*", empty="No events yet"),
    "/events/$id": View(re.compile("."), "/events/evt_*", at=("/events", "id"), sheet=True),
    "/journey": View("Payments", "/overview", empty="No payments yet"),
    "/journey/$id": View(re.compile("."), "/journey/*", at=("/mails", "id"), empty="Nothing is related to this ID"),
    "/tables": View("users", "/tables", empty="No tables yet"),
    "/tables/$table": View("orders", "/tables", at="orders"),
    "/files": View("Files", "/files", empty="No file selected"),
    "/files/$id": View("tables.yaml", "/files/*", at="tables.yaml"),
    "/mail": View("Email", "/mails*", empty="No email yet"),
    "/mail/$id": View("Email", "/mails/mail_*", at=("/mails", "id")),
    "/local-stripe": View("Local Stripe", "/local-stripe/payments*", empty="No payments yet"),
    "/health": View("Health", "/alerts"),
    "/audit": View("Audit", "/audit*", empty="No matching entries"),
    "/settings": View("Settings", "/settings"),
    "/help": View("Help", None),
}
OUTSIDE = {"/sign-in": "strangers see it: test_studio_frame opens it"}


def routes() -> list[str]:
    """Return the addresses that the router knows."""
    text = ROUTER.read_text("utf-8")
    return [*re.findall(r'page\("([^"]+)"', text), *re.findall(r'[ {]path: "([^"]+)"', text)]


def test_each_address_of_the_router_has_a_row() -> None:
    assert sorted(routes()) == sorted([*VIEWS, *OUTSIDE])


@pytest.fixture
def troubled(studio: Studio, watched: OpenWatched) -> Iterator[Page]:
    """A signed-in page whose console may report the trouble that the test makes on purpose."""
    page, watch = watched()
    yield studio.sign_in(page)
    watch.problems.clear()


def address(studio: Studio, route: str) -> str:
    """Return an address below `/studio` that the route takes."""
    at = VIEWS[route].at
    if isinstance(at, tuple):
        listed, field = at
        at = str(studio.get(listed, limit=5)["data"][0][field])
    return re.sub(r"\$\w+", at, route) if at else route.rstrip("/")


def heading(page: Page, route: str) -> None:
    """Wait until the view shows what it is."""
    level = 2 if VIEWS[route].sheet else 1
    expect(page.get_by_role("heading", level=level, name=VIEWS[route].heading).first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


@pytest.mark.parametrize("route", VIEWS)
def test_a_view_has_no_barrier_in_either_theme_and_fits_every_width(
    studio: Studio, open_page: OpenPage, axe: AxeCheck, route: str
) -> None:
    page = open_page(address(studio, route), width=1440)
    heading(page, route)
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            # The dark theme has other colors and nothing else.
            assert axe(page, only=["color-contrast"] if theme == "dark" else None) == [], (width, theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const ringed = (element) => {
        const drawn = getComputedStyle(element);
        return (drawn.outlineStyle !== 'none' && drawn.outlineWidth !== '0px') || drawn.boxShadow !== 'none';
    };
    window.__seen ??= new Map();
    if (!window.__seen.has(one)) window.__seen.set(one, window.__seen.size);
    return {
        number: window.__seen.get(one),
        name: one.outerHTML.slice(0, 120),
        visible: box.width > 0 && box.height > 0 && style.visibility !== 'hidden',
        ring: ringed(one) || (one.parentElement && ringed(one.parentElement)) || one.tagName === 'IFRAME'
            || one.closest('.cm-editor') !== null,
    };
}"""
STEPS = 45
"""Presses of Tab: past the frame's own links, well into the page."""


@pytest.mark.parametrize("route", VIEWS)
def test_tab_goes_through_a_view_without_a_trap_and_shows_where_it_is(
    studio: Studio, open_page: OpenPage, route: str
) -> None:
    page = open_page(address(studio, route), width=1440)
    heading(page, route)
    numbers: list[int] = []
    for _ in range(STEPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        assert focused["visible"], focused["name"]
        assert focused["ring"], focused["name"]
        # The parts of a date are one element.
        if numbers[-1:] != [focused["number"]]:
            numbers.append(focused["number"])
    # Each press goes on: nothing comes back before the last one was reached.
    first_return = next((at for at, number in enumerate(numbers) if number in numbers[:at]), len(numbers))
    assert first_return >= min(len(numbers), max(numbers) + 1), numbers
    assert max(numbers) >= 5


READABLE = [route for route, view in VIEWS.items() if view.reads]


def refusing(route: Route) -> None:
    """Answer as a server that has a fault of its own."""
    body = {"error": {"code": "internal_error", "message": "Something broke on purpose.", "hint": "Try it again."}}
    route.fulfill(status=500, content_type="application/json", body=json.dumps(body))


@pytest.mark.parametrize("route", READABLE)
def test_a_view_says_that_it_loads_then_why_it_failed_and_is_whole_after_another_try(
    studio: Studio, troubled: Page, axe: AxeCheck, route: str
) -> None:
    page, pattern = troubled, f"{API}{VIEWS[route].reads}"
    waiting_requests: list[Route] = []
    answers: list[Callable[[Route], None]] = [waiting_requests.append]

    def answer(request: Route) -> None:
        answers[-1](request)

    page.route(pattern, answer)
    page.goto(f"{studio.url}{address(studio, route)}")
    expect(page.locator(".skeleton").first).to_be_visible()
    answers.append(refusing)
    for request in waiting_requests:
        refusing(request)
    problem = page.get_by_role("alert").filter(has_text="Something broke on purpose.").first
    expect(problem).to_be_visible()
    assert axe(page, only=["color-contrast", "page-has-heading-one"]) == []
    answers.append(lambda request: request.continue_())
    problem.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Something broke on purpose.")).to_have_count(0)
    heading(page, route)


def emptied(answer: Any) -> Any:
    """Return an answer of the same shape with nothing in its lists."""
    if isinstance(answer, list):
        return []
    if not isinstance(answer, dict):
        return answer
    nothing = {"count": 0, "total": 0, "next": None, "has_more": False}
    return {
        key: nothing[key] if key in nothing and not isinstance(value, dict) else emptied(value)
        for key, value in answer.items()
    }


@pytest.mark.parametrize("route", [route for route, view in VIEWS.items() if view.empty])
def test_a_view_without_entries_says_so(studio: Studio, troubled: Page, axe: AxeCheck, route: str) -> None:
    def empty(request: Route) -> None:
        answer = request.fetch()
        request.fulfill(response=answer, body=json.dumps(emptied(answer.json())))

    troubled.route(f"{API}{VIEWS[route].reads}", empty)
    troubled.goto(f"{studio.url}{address(studio, route)}")
    expect(troubled.locator("main").get_by_text(str(VIEWS[route].empty)).first).to_be_visible()
    assert axe(troubled) == []


def test_a_server_that_is_away_is_one_note_on_every_view_and_nothing_typed_is_lost(
    studio: Studio, troubled: Page, axe: AxeCheck
) -> None:
    page = troubled
    page.goto(f"{studio.url}/runs")
    heading(page, "/runs")
    page.route(f"{API}/**", lambda route: route.abort())
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    note = page.get_by_role("alert").filter(has_text="Can't reach the server")
    field = page.get_by_role("searchbox").first
    studio.shop.stop()
    try:
        expect(note).to_have_count(1)
        field.fill("somebody@example.com")
        expect(page).to_have_url(re.compile("search=somebody"))
        page.get_by_role("link", name="Workflows").click()
        expect(note).to_have_count(1)
        assert axe(page, only=["color-contrast"]) == []
        page.go_back()
        expect(field).to_have_value("somebody@example.com")
    finally:
        # The tests share it.
        studio.shop.start()
    page.unroute(f"{API}/**")
    expect(note).to_have_count(0)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(field).to_have_value("somebody@example.com")


CHANGING = re.compile(
    r"^(New |Retry|Replay|Resend|Rerun$|Save|Publish|Delete|Edit columns|Add |Cancel the run|Catch up|Trigger|Arm|Actions)"
)


def role(studio: Studio, account: str, name: str | None) -> None:
    """Give an account a role in the studio."""
    url = f"{studio.shop.url}/api/_payloom/accounts/{account}/role"
    answer = httpx.put(url, json={"role": name}, headers=studio.shop.admin, timeout=20)
    assert answer.status_code == 200, answer.text


def test_a_viewer_reads_every_view_and_is_offered_no_change(
    studio: Studio, watched: OpenWatched, open_page: OpenPage
) -> None:
    people = studio.get("/accounts")["data"]
    grace = next(person for person in people if person["email"] == "grace@corner.test")
    role(studio, grace["id"], "viewer")
    page, watch = watched(width=1440)
    answer = page.request.post(
        f"{studio.shop.url}/api/auth/sign-in",
        data=json.dumps({"email": "grace@corner.test", "password": "battery-staple"}),
        headers={"content-type": "application/json"},
    )
    assert answer.ok, answer.text()
    for route in VIEWS:
        open_page(address(studio, route), page=page)
        expect(page.locator(".skeleton")).to_have_count(0)
        offered = page.get_by_role("button", name=CHANGING).and_(page.locator("button:not([disabled])"))
        assert offered.all_inner_texts() == [], route
    watch.problems.clear()
    role(studio, grace["id"], None)
