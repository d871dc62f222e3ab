"""What a person does on hosted Checkout, step by step, and the session they do it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from emulator.tests.support.request_params import request_params

if TYPE_CHECKING:
    from emulator.tests.support.local_servers import Local
    from playwright.sync_api import Page

GOOD, DECLINED, SECURE = "4242424242424242", "4000000000000002", "4000002760003184"


def session(local: Local, **params: Any) -> Any:
    """Make a Checkout Session for two bags of coffee, or with `params` over that."""
    coffee = {"name": "Coffee beans, 1 kg", "description": "Freshly roasted"}
    session_params = {
        "mode": "payment",
        "line_items": [{"price_data": {"currency": "usd", "unit_amount": 1600, "product_data": coffee}, "quantity": 2}],
        "success_url": f"{local.shop}/thanks?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{local.shop}/cart",
        **params,
    }
    return local.stripe.v1.checkout.sessions.create(request_params(session_params))


def fill(page: Page, number: str = GOOD, *, email: str | None = "jenny@example.com") -> None:
    """Fill the form the way a person would, field by field."""
    if email:
        page.get_by_label("Email").fill(email)
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Cardholder name").fill("Jenny Rosen")
    page.get_by_label("ZIP code").fill("42424")


def pay(page: Page) -> None:
    """Press the button."""
    page.get_by_test_id("hosted-payment-submit-button").click()


def challenge(page: Page, outcome: str) -> None:
    """Answer the 3-D Secure challenge with the button named `outcome`."""
    page.frame_locator('iframe[title="3-D Secure challenge"]').get_by_role("button", name=outcome).click()


def arrived(page: Page, local: Local, session_id: str) -> None:
    """Wait for the thanks page and check that the session's id came along."""
    page.wait_for_url(f"{local.shop}/thanks?**")
    assert parse_qs(urlsplit(page.url).query) == {"session_id": [session_id]}
