"""The same through the unmodified `@stripe/react-stripe-js`, in StrictMode."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import FrameLocator, Page, expect
from tests.support.present import present

if TYPE_CHECKING:
    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser

TEA = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 2}


def open_flow(page: Page, local: Local, flow: str, **settings: Any) -> None:
    """Open the shop's React page for one flow."""
    query = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in settings.items()}
    page.goto(f"{local.shop}/pages/react?{urlencode({'flow': flow, **query})}")


def fill(frame: FrameLocator, number: str = "4242424242424242") -> None:
    """Fill the payment element."""
    frame.locator('[name="number"]').fill(number)
    frame.locator('[name="expiry"]').fill("12 / 34")
    frame.locator('[name="cvc"]').fill("123")
    frame.locator('[name="postalCode"]').fill("42424")


def test_the_payment_element_pays_and_returns_to_the_shop(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    expect(page.locator('form[data-ready="true"]')).to_be_visible()
    fill(page.frame_locator('iframe[title="Secure payment input frame"]'))
    page.get_by_role("button", name="Pay now").click()
    page.wait_for_url(f"{local.shop}/thanks?**")
    query = parse_qs(urlsplit(page.url).query)
    assert local.stripe.v1.payment_intents.retrieve(query["payment_intent"][0]).status == "succeeded"


def test_a_decline_is_shown_and_3d_secure_then_pays(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    frame = page.frame_locator('iframe[title="Secure payment input frame"]')
    fill(frame, "4000000000000002")
    page.get_by_role("button", name="Pay now").click()
    expect(page.locator("#result")).to_have_text("Your card was declined.")
    frame.locator('[name="number"]').fill("4000002760003184")
    page.get_by_role("button", name="Pay now").click()
    page.frame_locator('iframe[title="3-D Secure challenge"]').get_by_role("button", name="Complete").click()
    expect(page.locator("#result")).to_have_text("succeeded")


def test_embedded_checkout_pays_and_goes_to_the_return_url(page: Page, local: Local) -> None:
    params = {
        "mode": "payment",
        "ui_mode": "embedded_page",
        "line_items": [TEA],
        "return_url": f"{local.shop}/thanks?session_id={{CHECKOUT_SESSION_ID}}",
    }
    open_flow(page, local, "embedded", params=params)
    frame = page.frame_locator('iframe[title="Secure checkout"]')
    frame.get_by_role("button", name="Succeeds").click()
    frame.get_by_test_id("hosted-payment-submit-button").click()
    page.wait_for_url(f"{local.shop}/thanks?**")
    session = local.stripe.v1.checkout.sessions.retrieve(parse_qs(urlsplit(page.url).query)["session_id"][0])
    assert session.payment_status == "paid"


def test_checkout_elements_show_the_session_and_pay(page: Page, local: Local) -> None:
    params = {
        "mode": "payment",
        "ui_mode": "elements",
        "line_items": [TEA],
        "return_url": f"{local.shop}/thanks?session_id={{CHECKOUT_SESSION_ID}}",
    }
    open_flow(page, local, "checkout", params=params)
    expect(page.locator("#total")).to_have_text("$18.00")
    expect(page.get_by_role("listitem")).to_have_text("Tea × 2: $18.00")
    fill(page.frame_locator('iframe[title="Secure payment input frame"]'))
    address = page.frame_locator('iframe[title="Secure address input frame"]')
    address.get_by_label("Full name").fill("Jenny Rosen")
    address.get_by_label("Address line 1").fill("27 Fredrick Ave")
    address.get_by_label("City").fill("Brothers")
    address.get_by_label("State").fill("OR")
    address.get_by_label("ZIP code").fill("97712")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url(f"{local.shop}/thanks?**")
    session = local.stripe.v1.checkout.sessions.retrieve(parse_qs(urlsplit(page.url).query)["session_id"][0])
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert present(session.customer_details).email == "jenny@example.com"
