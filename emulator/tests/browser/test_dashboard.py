"""The local Stripe's front page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def test_it_tells_the_keys_and_shows_what_happens(page: Page, local: Local) -> None:
    page.goto(local.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("A Stripe on your machine")
    expect(page.locator(".keys")).to_contain_text("sk_test_local_payloom_emulator")
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    customer = local.stripe.v1.customers.create({"email": "new@example.com"})
    expect(page.locator("#live").get_by_text("customer.created")).to_be_visible()
    expect(page.locator("section", has_text="Customers").get_by_text(customer.id).first).to_be_visible()


def test_the_clock_moves_forward(page: Page, local: Local) -> None:
    page.goto(local.url)
    before = local.emulator.clock.now()
    page.get_by_role("button", name="+ 7 days").click()
    expect(page.locator("#outcome")).to_contain_text("The clock moved")
    expect(page.get_by_text("ahead of real time")).to_be_visible()
    assert 7 * 86400 <= local.emulator.clock.now() - before <= 7 * 86400 + 30
    expect(page.get_by_role("button", name="+ 7 days")).to_be_focused()


def test_the_next_call_fails_when_told_to(page: Page, local: Local) -> None:
    page.goto(local.url)
    page.get_by_label("Fail the next call").select_option(label="402, card declined")
    page.get_by_role("button", name="Fail next").click()
    expect(page.locator("#outcome")).to_contain_text("The next POST will fail with 402.")
    status, body = local.emulator.call("POST", "/v1/customers", {"email": "a@example.com"})
    assert (status, body["error"]["code"]) == (402, "card_declined")
    assert local.emulator.call("POST", "/v1/customers", {"email": "a@example.com"})[0] == 200


def test_an_event_is_triggered_and_sent_again(page: Page, local: Local) -> None:
    local.stripe.v1.webhook_endpoints.create({"url": f"{local.shop}/hook", "enabled_events": ["*"]})
    page.goto(local.url)
    page.get_by_label("Trigger an event").select_option("charge.refunded")
    page.get_by_role("button", name="Trigger", exact=True).click()
    expect(page.locator("#outcome")).to_have_text("Triggered charge.refunded.")
    row = page.locator("#live tr", has_text="charge.refunded")
    expect(row).to_be_visible()
    page.get_by_role("button", name="Resend charge.refunded").click()
    expect(page.locator("#outcome")).to_have_text("Planned 1 delivery.")


def test_a_webhook_secret_is_rolled_after_asking(page: Page, local: Local) -> None:
    endpoint = local.stripe.v1.webhook_endpoints.create({"url": f"{local.shop}/hook", "enabled_events": ["*"]})
    page.goto(local.url)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"Roll secret of {local.shop}/hook").click()
    expect(page.locator("#outcome")).to_contain_text("New secret: whsec_")
    assert endpoint.secret
    expect(page.locator("#outcome")).not_to_contain_text(endpoint.secret)


def test_forgetting_asks_first(page: Page, local: Local) -> None:
    local.stripe.v1.customers.create({"email": "new@example.com"})
    page.goto(local.url)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Forget everything").click()
    assert len(local.stripe.v1.customers.list().data) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget everything").click()
    expect(page.locator("#outcome")).to_contain_text("Everything is forgotten.")
    assert local.stripe.v1.customers.list().data == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    watched: Callable[..., Any], local: Local, axe: Callable[[Any], list[str]], theme: str
) -> None:
    local.stripe.v1.webhook_endpoints.create({"url": f"{local.shop}/hook", "enabled_events": ["*"]})
    local.stripe.v1.customers.create({"email": "new@example.com", "name": "<b>Bold</b>"})
    for width in (1200, 390):
        page, _ = watched(theme=theme, width=width)
        page.goto(local.url)
        expect(page.locator("#live").get_by_text("customer.created")).to_be_visible()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_payment_is_refunded_and_disputed_and_each_event_tells_its_call(page: Page, local: Local) -> None:
    intent = local.stripe.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    page.goto(f"{local.url}/dashboard/payments")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=intent.id)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("$20.00")
    page.get_by_role("button", name="Dispute").click()
    expect(page.locator("#outcome")).to_contain_text("Dispute: du_")
    row = page.locator("#live tr", has_text="charge.dispute.created")
    expect(row).to_contain_text("time or a bank")
    page.locator("#live tr", has_text="payment_intent.succeeded").get_by_role(
        "link", name="POST /v1/payment_intents"
    ).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("POST /v1/payment_intents")
    expect(page.locator(".json").first).to_contain_text("pm_card_visa")
    expect(page.locator("section", has_text="Events it caused")).to_contain_text("charge.succeeded")


def test_the_next_payment_is_declined_and_the_log_shows_why(page: Page, local: Local) -> None:
    page.goto(f"{local.url}/dashboard/payments")
    expect(page.get_by_text("No payments yet.")).to_be_visible()
    page.get_by_role("button", name="Decline the next payment").click()
    expect(page.locator("#outcome")).to_contain_text("will be declined")
    assert local.emulator.call("POST", "/v1/payment_intents", {"amount": 2000, "currency": "usd"})[0] == 402
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Go to an id")).to_be_focused()
    page.goto(f"{local.url}/dashboard/logs?failed=1")
    page.get_by_role("link", name="POST /v1/payment_intents").click()
    expect(page.locator(".alert")).to_contain_text("Your card was declined.")
    page.get_by_placeholder("Go to an id").fill("evt_nothing")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
