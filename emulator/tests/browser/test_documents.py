"""The pages that objects link to: payment links, hosted invoices, receipts, bank verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.tests.support.checkout_steps import DECLINED, GOOD, SECURE, fill, pay
from playwright.sync_api import Page, Route, expect
from tests.support.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def invoice(local: Local) -> Any:
    """Make an open invoice of $25.00 for a new customer."""
    customer = local.stripe.v1.customers.create({"email": "jenny@example.com", "name": "Jenny Rosen"})
    local.stripe.v1.invoice_items.create(
        {"customer": customer.id, "amount": 2500, "currency": "usd", "description": "One hour of tuning"}
    )
    draft = local.stripe.v1.invoices.create(
        {
            "customer": customer.id,
            "collection_method": "send_invoice",
            "days_until_due": 14,
            "pending_invoice_items_behavior": "include",
        }
    )
    return local.stripe.v1.invoices.finalize_invoice(draft.id)


def pay_invoice(page: Page, number: str) -> None:
    """Fill in a card and press the button."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay $25.00").click()


def test_a_payment_link_opens_a_new_session_each_time(page: Page, local: Local) -> None:
    product = local.stripe.v1.products.create({"name": "Tea"})
    price = local.stripe.v1.prices.create({"currency": "usd", "unit_amount": 900, "product": product.id})
    link = local.stripe.v1.payment_links.create({"line_items": [{"price": price.id, "quantity": 2}]})
    page.goto(link.url)
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text("$18.00")
    fill(page)
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    page.goto(link.url)
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text("$18.00")
    sessions = local.stripe.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert sorted(present(session.status) for session in sessions) == ["complete", "open"]
    local.stripe.v1.payment_links.update(link.id, {"active": False})
    answer = page.goto(link.url)
    assert answer is not None
    assert answer.status == 400


def test_a_hosted_invoice_is_declined_then_paid(page: Page, local: Local) -> None:
    finalized = invoice(local)
    page.goto(finalized.hosted_invoice_url)
    expect(page.get_by_text("One hour of tuning")).to_be_visible()
    pay_invoice(page, DECLINED)
    expect(page.get_by_role("alert").first).to_contain_text("declined")
    assert local.stripe.v1.invoices.retrieve(finalized.id).status == "open"
    pay_invoice(page, GOOD)
    expect(page.locator(".status").first).to_have_text("Paid")
    assert local.stripe.v1.invoices.retrieve(finalized.id).status == "paid"


def test_a_hosted_invoice_can_be_paid_with_3d_secure(page: Page, local: Local) -> None:
    finalized = invoice(local)
    page.goto(finalized.hosted_invoice_url)
    pay_invoice(page, SECURE)
    page.get_by_role("button", name="Complete authentication").click()
    expect(page.locator(".status").first).to_have_text("Paid")
    assert local.stripe.v1.invoices.retrieve(finalized.id).status == "paid"


def test_the_invoice_pdf_is_a_pdf(page: Page, local: Local) -> None:
    finalized = invoice(local)
    answer = page.request.get(finalized.invoice_pdf)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-1.4")
    assert b"One hour of tuning" in answer.body()


def test_a_receipt_shows_what_was_paid_and_refunded(page: Page, local: Local) -> None:
    intent = local.stripe.v1.payment_intents.create(
        {
            "amount": 2198,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "description": "Order 7",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    local.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 198})
    charge = local.stripe.v1.charges.retrieve(str(intent.latest_charge))
    page.goto(present(charge.receipt_url))
    expect(page.get_by_role("heading", level=1)).to_have_text("$21.98")
    expect(page.get_by_text("Order 7")).to_be_visible()
    expect(page.get_by_text("Visa •••• 4242")).to_be_visible()
    expect(page.get_by_text("−$1.98")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    watched: Callable[..., Any], local: Local, axe: Callable[[Any], list[str]], theme: str
) -> None:
    page, _ = watched(theme=theme, width=390)
    page.goto(invoice(local).hosted_invoice_url)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{local.url}/i/{local.emulator.config.account}/nothing")
    assert axe(page) == []


def test_a_click_before_the_script_runs_is_not_lost(page: Page, local: Local) -> None:
    finalized = invoice(local)
    page.goto(finalized.hosted_invoice_url)
    pay_invoice(page, SECURE)
    page.get_by_role("button", name="Complete authentication").wait_for()
    challenge = page.url
    held_routes: list[Route] = []
    page.route("**/pages/challenge.js", lambda route: held_routes.append(route))  # noqa: PLW0108 - Playwright marks the handler
    with page.expect_request("**/pages/challenge.js"):
        page.goto(challenge, wait_until="commit")
    button = page.get_by_role("button", name="Complete authentication")
    expect(button).to_be_disabled()
    held_routes[0].continue_()
    button.click()
    expect(page.locator(".status").first).to_have_text("Paid")
