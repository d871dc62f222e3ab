"""The pages of one's own account, as somebody in front of a browser meets them: an app, a passkey, and a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP
from tests.support.http_server import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EMAIL, PASSWORD = "ada@shop.test", "correct-horse-9"
FILES = {
    "payloom.yaml": "name: Test Shop\nsite_url: http://localhost\naccounts:\n"
    + "".join(f"  - {{email: {email}, password: {PASSWORD}}}\n" for email in (EMAIL, "grace@shop.test")),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("accounts"), FILES) as server:
        yield server


def sign_in(page: Page, shop: RunningServer, email: str) -> None:
    """The first step, on the way to the page of second factors."""
    page.goto(f"{shop.url}/sign-in?next=/second-factor")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_an_app_is_added_and_asked_for(shop: RunningServer, page: Page, axe: Callable[[Any], list[str]]) -> None:
    sign_in(page, shop, EMAIL)
    page.get_by_role("button", name="Add an app").click()
    expect(page.get_by_alt_text("QR code for your authenticator app")).to_be_visible()
    assert page.evaluate("document.querySelector('img').naturalWidth") > 50
    assert axe(page) == []
    secret = page.locator("code").first.inner_text()
    page.get_by_label("Code").fill(TOTP(secret).now())
    page.get_by_role("button", name="Confirm").click()
    codes = page.locator(".payloom-codes code")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    page.context.clear_cookies()
    sign_in(page, shop, EMAIL)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("9 left.")).to_be_visible()


def test_a_passkey_is_added_and_signs_in(shop: RunningServer, page: Page, axe: Callable[[Any], list[str]]) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "automaticPresenceSimulation": True,
        "isUserVerified": True,
    }
    options |= {"hasUserVerification": True, "hasResidentKey": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, shop, "grace@shop.test")
    page.get_by_label("Name of the new passkey").fill("Work laptop")
    assert axe(page) == []
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".payloom-codes li")).to_have_count(10)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Work laptop")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, shop, "grace@shop.test")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("last used")).to_be_visible()
    page.goto(f"{shop.url}/prove?next=/sessions")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
