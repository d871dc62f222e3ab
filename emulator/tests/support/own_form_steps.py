"""What a person does on the shop's own form, found by the names that fields and frames have at Stripe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from playwright.sync_api import FrameLocator, Page, expect

if TYPE_CHECKING:
    from emulator.tests.support.local_servers import Local

GOOD, DECLINED, SECURE = "4242424242424242", "4000000000000002", "4000002760003184"


def open_flow(page: Page, local: Local, flow: str, **settings: Any) -> None:
    """Open the shop's page for one flow and wait until its script has run."""
    query = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in settings.items()}
    page.goto(f"{local.shop}/pages/plain?{urlencode({'flow': flow, **query})}")
    expect(page.locator("body")).to_have_attribute("data-ready", "yes")


def payment_frame(page: Page) -> FrameLocator:
    """Return the payment element's frame, found as people's own tests find it."""
    return page.frame_locator('iframe[title="Secure payment input frame"]')


def fill(frame: FrameLocator, number: str = GOOD) -> None:
    """Fill the payment element by the names its fields have at Stripe."""
    frame.locator('[name="number"]').fill(number)
    frame.locator('[name="expiry"]').fill("12 / 34")
    frame.locator('[name="cvc"]').fill("123")
    frame.locator('[name="postalCode"]').fill("42424")


def pay(page: Page) -> None:
    """Press the shop's button."""
    page.get_by_role("button", name="Pay now").click()


def result(page: Page) -> dict[str, Any]:
    """Return what the promise resolved to, as the page wrote it down."""
    expect(page.locator("#result")).not_to_be_empty()
    return json.loads(page.locator("#result").inner_text())


def challenge(page: Page, outcome: str) -> None:
    """Answer the 3-D Secure challenge with "Complete" or "Fail"."""
    page.frame_locator('iframe[title="3-D Secure challenge"]').get_by_role("button", name=outcome).click()
