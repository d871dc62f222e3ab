"""Starting a workflow by hand: from a payment, with what its page knows filled in, and from the editor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio


@pytest.fixture
def paid(studio: Studio) -> dict[str, Any]:
    """An order that can be refunded."""
    return next(row for row in studio.shop.rows("orders") if row["status"] == "paid" and row["amount"] > 1000)


def test_a_payment_is_refunded_in_parts_from_its_own_page(
    studio: Studio, open_page: OpenPage, axe: AxeCheck, paid: dict[str, Any]
) -> None:
    page = open_page(f"/journey/{paid['id']}")
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Refund an order").click()
    dialog = page.get_by_role("dialog", name="Refund an order")
    expect(dialog.get_by_label("order_id")).to_have_value(paid["id"])
    amount = dialog.get_by_label("amount")
    amount.fill("five")
    dialog.get_by_role("button", name="Run").click()
    expect(dialog.get_by_text("A number, such as 500.")).to_be_visible()
    amount.fill(str(paid["amount"] + 1))
    dialog.get_by_role("button", name="Run").click()
    # What the workflow refuses stays in the dialog, with what was written; the next attempt is another request.
    expect(dialog.get_by_role("alert")).to_contain_text("is left to refund")
    expect(amount).to_have_value(str(paid["amount"] + 1))
    assert axe(page) == []
    amount.fill("400")
    expect(dialog.get_by_text("$4.00, in minor units")).to_be_visible()
    amount.press("Enter")
    expect(page).to_have_url(re.compile(r"/studio/runs/run_"))
    expect(page.get_by_role("heading", level=1, name="Refund an order")).to_be_visible()
    page.goto(f"{studio.url}/journey/{paid['id']}")
    head = page.locator("main header").first
    expect(head.locator("[data-status=partially_refunded]")).to_be_visible()
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Refund an order").click()
    dialog.get_by_role("button", name="Run").click()
    expect(page).to_have_url(re.compile(r"/studio/runs/run_"))
    page.goto(f"{studio.url}/journey/{paid['id']}")
    expect(head.locator("[data-status=refunded]")).to_be_visible()


def test_the_editor_starts_an_endpoint_by_hand_and_no_workflow_of_events(open_page: OpenPage) -> None:
    page = open_page("/workflows/studio-fragile")
    page.get_by_role("button", name="Run…").click()
    dialog = page.get_by_role("dialog", name="Fragile import")
    dialog.get_by_role("button", name="Run").click()
    expect(dialog.get_by_text("Required", exact=True)).to_be_visible()
    dialog.get_by_label("amount").fill("2")
    dialog.get_by_role("button", name="Run").click()
    expect(page).to_have_url(re.compile(r"/studio/runs/run_"))
    page.goto(f"{page.url.split('/runs')[0]}/workflows/checkout-completed")
    expect(page.get_by_role("button", name="Test", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run…")).to_have_count(0)
