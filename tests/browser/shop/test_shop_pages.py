"""The shop's pages for everybody: with assistive technology, by keyboard, on a phone, in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.support.browser.browser_watch import Watch
from tests.support.browser.shop_fixture import GOOD, Shop, Visitor

pytestmark = pytest.mark.browser
Pages = Callable[..., tuple[Page, Watch]]
OPEN = ("/", "/cart", "/pricing", "/sign-in", "/sign-up")
OWN = ("/account", "/pricing", "/cart")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360], ids=["desk", "phone"])
def test_axe_finds_nothing_and_nothing_overflows(
    shop: Shop, watched: Pages, axe: Callable[[Any], list[str]], theme: str, width: int
) -> None:
    page, _ = watched(theme=theme, width=width)
    violations = {}
    for path in OPEN:
        page.goto(shop.url + path)
        violations[path] = axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the screen"
    buyer = Visitor(shop, page).sign_up().put_in_cart("Retry Mug")
    violations["/cart, full"] = axe(page)
    for path in OWN:
        page.goto(shop.url + path)
        violations[path] = axe(page)
    page.get_by_role("button", name="Sign out").click()
    buyer.sign_in("admin@corner.test", "tiller-and-sail")
    page.goto(f"{shop.url}/admin")
    violations["/admin"] = axe(page)
    assert {path: lines for path, lines in violations.items() if lines} == {}


def test_a_purchase_needs_no_mouse(shop: Shop, page: Page) -> None:
    page.goto(shop.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.get_by_role("button", name="Add Retry Mug to cart").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Cart").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Email for the receipt")).to_be_visible()
    page.get_by_label("Email for the receipt").focus()
    page.keyboard.type("keys@example.test")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Pay with Checkout")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/pay/**")
    visitor = Visitor(shop, page)
    visitor.fill_card(page, GOOD)
    page.get_by_label("Cardholder name").fill("Kim Keys")
    page.get_by_label("ZIP code").fill("42424")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your order is confirmed")).to_be_visible()


def test_a_wrong_password_and_a_taken_address_say_so_at_the_form(shop: Shop, visitor: Visitor) -> None:
    visitor.page.goto(f"{shop.url}/sign-in")
    visitor.page.get_by_label("Email").fill("ada@corner.test")
    visitor.page.get_by_label("Password").fill("not-the-password")
    visitor.page.get_by_role("button", name="Sign in").click()
    expect(visitor.page.get_by_role("alert")).to_be_visible()
    expect(visitor.page.get_by_label("Email")).to_have_value("ada@corner.test")
    visitor.page.goto(f"{shop.url}/sign-up")
    visitor.page.get_by_label("Email").fill("ada@corner.test")
    visitor.page.get_by_label("Password").fill("a-long-enough-password")
    visitor.page.get_by_role("button", name="Create").click()
    expect(visitor.page.get_by_role("alert")).to_be_visible()


def test_the_orders_page_is_not_for_customers(shop: Shop, visitor: Visitor) -> None:
    visitor.page.goto(f"{shop.url}/admin")
    visitor.page.wait_for_url("**/sign-in?next=*")
    visitor.sign_up()
    answer = visitor.page.goto(f"{shop.url}/admin")
    assert answer is not None
    assert answer.status == 403
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()


def test_somebody_elses_order_looks_like_no_order(shop: Shop, visitor: Visitor) -> None:
    visitor.sign_up().put_in_cart("Retry Mug")
    visitor.page.get_by_role("button", name="Pay on this page").click()
    visitor.page.wait_for_url(f"{shop.url}/pay/*")
    foreign = visitor.page.url
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.sign_up()
    missing = foreign.rsplit("/", 1)[0] + "/00000000-0000-4000-8000-000000000000"
    for url in (foreign, missing):
        answer = visitor.page.goto(url)
        assert answer is not None
        assert answer.status == 404
