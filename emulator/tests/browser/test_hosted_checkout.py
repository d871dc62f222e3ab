"""Hosted Checkout as a person meets it: pays, is declined and tries again, authenticates, goes back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from emulator.tests.support.checkout_steps import DECLINED, GOOD, SECURE, arrived, challenge, fill, pay, session
from emulator.tests.support.stripe_fields import expanded
from playwright.sync_api import Page, expect
from tests.support.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def test_paying_completes_the_session_and_returns_with_its_id(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    assert re.fullmatch(rf"{local.url}/c/pay/{checkout.id}(#.*)?", page.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay Local Stripe")
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text("$32.00")
    expect(page.locator(".item")).to_contain_text(["Coffee beans, 1 kg"])
    expect(page.locator(".item")).to_contain_text(["Qty 2"])
    expect(page.locator(".item")).to_contain_text(["$16.00 each"])
    fill(page)
    pay(page)
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id)
    assert (done.status, done.payment_status) == ("complete", "paid")
    assert done.customer_details is not None
    assert done.customer_details.email == "jenny@example.com"
    intent = local.stripe.v1.payment_intents.retrieve(str(done.payment_intent), {"expand": ["payment_method"]})
    assert (intent.status, intent.amount, intent.currency) == ("succeeded", 3200, "usd")
    assert present(expanded(intent.payment_method).card).last4 == "4242"
    assert expanded(intent.payment_method).billing_details.name == "Jenny Rosen"
    assert present(expanded(intent.payment_method).billing_details.address).postal_code == "42424"


def test_a_declined_card_says_why_and_another_one_pays(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    fill(page, DECLINED)
    pay(page)
    expect(page.locator("#alert")).to_contain_text("Your card was declined.")
    expect(page.locator("#alert")).to_contain_text("try another card")
    expect(page.get_by_label("Card number")).to_be_focused()
    expect(page.get_by_label("Card number")).to_have_attribute("aria-invalid", "true")
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).status == "open"
    page.get_by_label("Card number").fill(GOOD)
    expect(page.get_by_label("Card number")).to_have_attribute("aria-invalid", "false")
    pay(page)
    arrived(page, local, checkout.id)


@pytest.mark.parametrize(
    ("number", "field", "message"),
    [
        ("4000000000000127", "Security code", "security code is incorrect"),
        ("4000000000000069", "Expiration date", "expired"),
        ("4000000000009995", "Card number", "insufficient funds"),
    ],
)
def test_the_message_of_a_refused_card_stands_at_its_field(
    page: Page, local: Local, number: str, field: str, message: str
) -> None:
    page.goto(session(local).url)
    fill(page, number)
    pay(page)
    expect(page.locator("#alert")).to_contain_text(message)
    expect(page.get_by_label(field)).to_be_focused()
    expect(page.get_by_label(field)).to_have_attribute("aria-invalid", "true")


def test_3d_secure_completed_pays(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    fill(page, SECURE)
    pay(page)
    frame = page.frame_locator('iframe[title="3-D Secure challenge"]')
    expect(frame.get_by_text("$32.00")).to_be_visible()
    challenge(page, "Complete")
    arrived(page, local, checkout.id)
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).payment_status == "paid"


def test_3d_secure_failed_stays_on_the_page_and_another_card_pays(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    fill(page, SECURE)
    pay(page)
    challenge(page, "Fail")
    expect(page.locator("#alert")).to_contain_text("unable to authenticate your payment method")
    expect(page.get_by_test_id("hosted-payment-submit-button")).to_be_enabled()
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).status == "open"
    page.get_by_label("Card number").fill(GOOD)
    pay(page)
    arrived(page, local, checkout.id)


def test_the_back_link_leads_to_the_cart_and_leaves_the_session_open(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    page.get_by_role("link", name="Back to Local Stripe").click()
    page.wait_for_url(f"{local.shop}/cart")
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).status == "open"


def test_a_test_card_fills_the_form_with_one_click(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    page.get_by_role("button", name="Succeeds").click()
    expect(page.get_by_label("Card number")).to_have_value("4242 4242 4242 4242")
    pay(page)
    arrived(page, local, checkout.id)


def test_an_unfinished_form_names_each_field_and_sends_nothing(watched: Callable[..., Any], local: Local) -> None:
    page, watch = watched()
    page.goto(session(local).url)
    page.get_by_label("Card number").fill("4242 4242 4242 4241")
    pay(page)
    expect(page.locator("#email-error")).to_have_text("Enter your email.")
    expect(page.locator("#cardNumber-error")).to_have_text("Your card number is invalid.")
    expect(page.locator("#cardCvc-error")).to_have_text("Your card’s security code is incomplete.")
    expect(page.get_by_label("Email")).to_be_focused()
    assert [r.url for r in watch.requests if r.method == "POST"] == []


def test_the_whole_form_works_from_the_keyboard(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    page.get_by_label("Email").focus()
    page.keyboard.type("jenny@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("4242424242424242")  # the next field takes over once the number is complete
    page.keyboard.type("1234")
    page.keyboard.type("123")
    page.keyboard.press("Tab")
    page.keyboard.type("Jenny Rosen")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("42424")
    expect(page.get_by_label("Expiration date")).to_have_value("12 / 34")
    expect(page.get_by_label("Security code")).to_have_value("123")
    page.keyboard.press("Enter")
    arrived(page, local, checkout.id)


def test_a_second_click_while_paying_does_not_pay_twice(watched: Callable[..., Any], local: Local) -> None:
    page, watch = watched()
    checkout = session(local)
    page.goto(checkout.url)
    fill(page)
    page.get_by_test_id("hosted-payment-submit-button").dblclick()
    arrived(page, local, checkout.id)
    assert len([r for r in watch.requests if r.url.endswith("/confirm")]) == 1
    assert len(local.stripe.v1.payment_intents.list().data) == 1


def test_the_customers_email_is_filled_in_and_cannot_be_changed(page: Page, local: Local) -> None:
    customer = local.stripe.v1.customers.create({"email": "known@example.com", "name": "Known Person"})
    checkout = session(local, customer=customer.id)
    page.goto(checkout.url)
    expect(page.get_by_label("Email")).to_have_value("known@example.com")
    expect(page.get_by_label("Email")).not_to_be_editable()
    fill(page, email=None)
    pay(page)
    arrived(page, local, checkout.id)
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).customer == customer.id


@pytest.mark.parametrize(
    ("currency", "unit_amount", "written"),
    [
        ("jpy", 500, ("¥500", "¥1,000")),
        ("kwd", 1500, ("KWD\xa01.500", "KWD\xa03.000")),
        ("eur", 999, ("€9.99", "€19.98")),
    ],
)
def test_amounts_are_written_with_the_currencys_own_decimals(
    page: Page, local: Local, currency: str, unit_amount: int, written: tuple[str, str]
) -> None:
    price = {"currency": currency, "unit_amount": unit_amount, "product_data": {"name": "Thing"}}
    page.goto(session(local, line_items=[{"price_data": price, "quantity": 2}]).url)
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text(written[1])
    expect(page.locator(".item")).to_contain_text([f"{written[0]} each"])


def test_a_complete_session_says_so_and_leads_on(page: Page, local: Local) -> None:
    checkout = session(local)
    page.goto(checkout.url)
    fill(page)
    pay(page)
    arrived(page, local, checkout.id)
    page.goto(checkout.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("You have already paid")
    page.get_by_role("link", name="Continue to").click()
    arrived(page, local, checkout.id)


def test_an_expired_session_says_so_and_leads_back(page: Page, local: Local) -> None:
    checkout = session(local)
    local.stripe.v1.checkout.sessions.expire(checkout.id)
    page.goto(checkout.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")
    page.get_by_role("link", name="Back to").click()
    page.wait_for_url(f"{local.shop}/cart")


def test_an_unknown_session_is_a_clear_404(page: Page, local: Local) -> None:
    answer = page.goto(f"{local.url}/c/pay/cs_test_nothing")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("This page could not be found")


def test_setup_mode_saves_a_card_without_an_amount(page: Page, local: Local) -> None:
    customer = local.stripe.v1.customers.create({"email": "known@example.com"})
    checkout = local.stripe.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "usd",
            "customer": customer.id,
            "success_url": f"{local.shop}/thanks?session_id={{CHECKOUT_SESSION_ID}}",
        }
    )
    page.goto(present(checkout.url))
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_count(0)
    fill(page, email=None)
    page.get_by_role("button", name="Save card").click()
    arrived(page, local, checkout.id)
    saved = local.stripe.v1.customers.payment_methods.list(customer.id)
    assert [present(method.card).last4 for method in saved.data] == ["4242"]


def test_names_from_the_shop_are_text_and_never_markup(page: Page, local: Local) -> None:
    nasty = '<img src=x onerror="document.title=1"><script>document.title = 2</script>'
    price = {"currency": "usd", "unit_amount": 500, "product_data": {"name": nasty, "description": nasty}}
    page.goto(session(local, line_items=[{"price_data": price, "quantity": 1}]).url)
    expect(page.locator(".item-name")).to_have_text(nasty)
    assert page.title().startswith("Pay Local Stripe")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing(
    watched: Callable[..., Any], local: Local, axe: Callable[[Any], list[str]], theme: str, width: int
) -> None:
    page, _ = watched(theme=theme, width=width)
    page.goto(session(local, allow_promotion_codes=True).url)
    assert axe(page) == []
    fill(page, DECLINED)
    pay(page)
    expect(page.locator("#alert")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Card number").fill(SECURE)
    pay(page)
    frame = page.frame_locator('iframe[title="3-D Secure challenge"]')
    expect(frame.get_by_role("button", name="Complete")).to_be_visible()
    assert axe(page) == []
    assert axe(page.frames[-1]) == []


def test_nothing_is_cut_off_at_phone_width(watched: Callable[..., Any], local: Local) -> None:
    page, _ = watched(width=360, height=740)
    checkout = session(local)
    page.goto(checkout.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_text("Order details").click()
    expect(page.locator(".item-name")).to_be_visible()
    fill(page)
    pay(page)
    arrived(page, local, checkout.id)
