"""What a Checkout Session may ask for beyond a card: subscriptions, codes, shipping, quantities, fields, banks."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from emulator.tests.support.checkout_steps import GOOD, SECURE, arrived, challenge, fill, pay, session
from emulator.tests.support.stripe_fields import expanded
from playwright.sync_api import Page, expect
from tests.support.present import present

if TYPE_CHECKING:
    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def plan(interval: str = "month", count: int = 1, amount: int = 1200) -> dict[str, Any]:
    """Return a recurring line item."""
    recurring = {"interval": interval, "interval_count": count}
    data = {"currency": "usd", "unit_amount": amount, "recurring": recurring, "product_data": {"name": "Reader Plus"}}
    return {"price_data": data, "quantity": 1}


def test_a_subscription_says_its_price_and_period_and_starts(page: Page, local: Local) -> None:
    checkout = session(local, mode="subscription", line_items=[plan()])
    page.goto(checkout.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Subscribe to Reader Plus")
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text("$12.00 per month")
    expect(page.locator("form")).to_contain_text("You are charged $12.00 per month until you cancel.")
    fill(page)
    page.get_by_role("button", name="Subscribe").click()
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id, {"expand": ["subscription"]})
    assert (done.payment_status, expanded(done.subscription).status) == ("paid", "active")


def test_a_trial_says_when_it_ends_and_what_follows(page: Page, local: Local) -> None:
    checkout = session(local, mode="subscription", line_items=[plan()], subscription_data={"trial_period_days": 14})
    page.goto(checkout.url)
    end = dt.datetime.fromtimestamp(local.emulator.clock.now() + 14 * 86400, dt.UTC)
    ends = f"{end:%B} {end.day}, {end.year}"
    expect(page.get_by_role("heading", level=1)).to_have_text("Try Reader Plus")
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text("14 days free")
    expect(page.locator(".summary-note")).to_have_text(f"Then $12.00 per month starting {ends}")
    expect(page.locator("#total-amount")).to_have_text("$0.00")
    fill(page)
    page.get_by_role("button", name="Start trial").click()
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id, {"expand": ["subscription"]})
    assert (done.payment_status, expanded(done.subscription).status) == ("no_payment_required", "trialing")


def test_a_subscription_with_3d_secure_starts_after_the_challenge(page: Page, local: Local) -> None:
    checkout = session(local, mode="subscription", line_items=[plan("year", 1, 9900)])
    page.goto(checkout.url)
    expect(page.get_by_test_id("product-summary-total-amount")).to_have_text("$99.00 per year")
    fill(page, SECURE)
    pay(page)
    challenge(page, "Complete")
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id, {"expand": ["subscription"]})
    assert expanded(done.subscription).status == "active"


def test_a_promotion_code_lowers_the_total_and_can_be_removed(page: Page, local: Local) -> None:
    coupon = local.stripe.v1.coupons.create({"percent_off": 25, "duration": "once", "name": "Welcome"})
    local.stripe.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HELLO25"})
    checkout = session(local, allow_promotion_codes=True)
    page.goto(checkout.url)
    page.get_by_label("Promotion code").fill("NOPE")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#promotionError")).to_have_text("This code is invalid.")
    page.get_by_label("Promotion code").fill("hello25")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".row.discount")).to_have_text(re.compile(r"Welcome\s*−\$8\.00"))
    expect(page.locator("#total-amount")).to_have_text("$24.00")
    expect(page.get_by_test_id("hosted-payment-submit-button")).to_contain_text("Pay $24.00")
    page.get_by_role("button", name="Remove code").click()
    expect(page.locator("#total-amount")).to_have_text("$32.00")
    page.get_by_label("Promotion code").fill("HELLO25")
    page.keyboard.press("Enter")
    expect(page.locator("#total-amount")).to_have_text("$24.00")
    fill(page)
    pay(page)
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id)
    assert (done.amount_total, present(done.total_details).amount_discount) == (2400, 800)


def test_shipping_address_and_method_are_asked_for_and_kept(page: Page, local: Local) -> None:
    def rate(name: str, amount: int, low: int, high: int) -> dict[str, Any]:
        ends = {"minimum": {"unit": "business_day", "value": low}, "maximum": {"unit": "business_day", "value": high}}
        data = {"type": "fixed_amount", "display_name": name, "delivery_estimate": ends}
        return {"shipping_rate_data": {**data, "fixed_amount": {"amount": amount, "currency": "usd"}}}

    checkout = session(
        local,
        shipping_address_collection={"allowed_countries": ["US", "DE"]},
        shipping_options=[rate("Ground", 500, 3, 5), rate("Express", 1500, 1, 1)],
    )
    page.goto(checkout.url)
    expect(page.locator("#total-amount")).to_have_text("$37.00")
    expect(page.get_by_text("3–5 business days")).to_be_visible()
    page.get_by_label("Express").check()
    expect(page.locator("#total-amount")).to_have_text("$47.00")
    shipping = page.get_by_role("group", name="Shipping address")
    assert shipping.get_by_label("Country or region").locator("option").all_inner_texts() == [
        "Germany",
        "United States",
    ]
    shipping.get_by_label("Full name").fill("Jenny Rosen")
    shipping.get_by_label("Country or region").select_option("DE")
    shipping.get_by_label("Address", exact=True).fill("Torstr. 1")
    shipping.get_by_label("City").fill("Berlin")
    shipping.get_by_label("Postal code").fill("10119")
    fill(page)
    pay(page)
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id)
    assert done.amount_total == 4700
    assert present(present(done.collected_information).shipping_details).address.city == "Berlin"


def test_an_adjustable_quantity_changes_the_total(page: Page, local: Local) -> None:
    tea = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}
    checkout = session(
        local, line_items=[{**tea, "adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 5}}]
    )
    page.goto(checkout.url)
    page.get_by_label("Qty").select_option("3")
    expect(page.locator("#total-amount")).to_have_text("$27.00")
    fill(page)
    pay(page)
    arrived(page, local, checkout.id)
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).amount_total == 2700


def test_custom_fields_and_terms_are_required_and_kept(page: Page, local: Local) -> None:
    options = [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}]
    checkout = session(
        local,
        custom_fields=[
            {"key": "engraving", "label": {"type": "custom", "custom": "Engraving"}, "type": "text"},
            {
                "key": "size",
                "label": {"type": "custom", "custom": "Size"},
                "type": "dropdown",
                "dropdown": {"options": options},
            },
            {"key": "age", "label": {"type": "custom", "custom": "Age"}, "type": "numeric", "optional": True},
        ],
        consent_collection={"terms_of_service": "required"},
        phone_number_collection={"enabled": True},
    )
    page.goto(checkout.url)
    fill(page)
    pay(page)
    expect(page.locator("#custom-engraving-error")).to_have_text("This field is required.")
    expect(page.locator("#termsOfServiceConsentCheckbox-error")).to_be_visible()
    page.get_by_label("Phone number").fill("+15555550100")
    page.get_by_label("Engraving").fill("For Ada")
    page.get_by_label("Size").select_option(label="Large")
    page.get_by_label("I agree to").check()
    pay(page)
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id)
    assert [field.key for field in done.custom_fields] == ["engraving", "size", "age"]
    assert (present(done.custom_fields[0].text).value, present(done.custom_fields[1].dropdown).value) == (
        "For Ada",
        "l",
    )
    assert present(done.customer_details).phone == "+15555550100"
    assert present(done.consent).terms_of_service == "accepted"


def test_a_bank_debit_completes_unpaid_and_is_paid_when_it_settles(page: Page, local: Local) -> None:
    price = {"currency": "eur", "unit_amount": 1600, "product_data": {"name": "Coffee"}}
    checkout = session(
        local,
        line_items=[{"price_data": price, "quantity": 1}],
        allowed_payment_method_types=["card", "sepa_debit"],
    )
    page.goto(checkout.url)
    page.get_by_label("SEPA Direct Debit").check()
    expect(page.get_by_label("Card number")).to_be_hidden()
    page.get_by_label("Email").fill("jenny@example.com")
    page.get_by_label("Full name").fill("Jenny Rosen")
    page.get_by_label("IBAN").fill("DE89370400440532013000")
    expect(page.get_by_label("IBAN")).to_have_value("DE89 3704 0044 0532 0130 00")
    pay(page)
    arrived(page, local, checkout.id)
    # The debit may settle while the page travels, so what it was at completion is read from the event.
    (completed,) = local.stripe.v1.events.list({"type": "checkout.session.completed"}).data
    assert (completed.data.object["status"], completed.data.object["payment_status"]) == ("complete", "unpaid")
    local.emulator.timers.advance(local.emulator.clock.now() + 86400)
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).payment_status == "paid"
    assert local.stripe.v1.events.list({"type": "checkout.session.async_payment_succeeded"}).data


def test_a_method_that_redirects_is_authorized_on_the_test_page(page: Page, local: Local) -> None:
    price = {"currency": "eur", "unit_amount": 1600, "product_data": {"name": "Coffee"}}
    checkout = session(
        local, line_items=[{"price_data": price, "quantity": 1}], allowed_payment_method_types=["card", "ideal"]
    )
    page.goto(checkout.url)
    page.get_by_label("iDEAL").check()
    page.get_by_label("Email").fill("jenny@example.com")
    page.get_by_label("Full name").fill("Jenny Rosen")
    pay(page)
    challenge(page, "Fail test payment")
    expect(page.locator("#alert")).to_be_visible()
    pay(page)
    challenge(page, "Authorize test payment")
    arrived(page, local, checkout.id)
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).payment_status == "paid"


def test_a_free_order_needs_no_card(page: Page, local: Local) -> None:
    price = {"currency": "usd", "unit_amount": 0, "product_data": {"name": "Sample"}}
    checkout = session(local, line_items=[{"price_data": price, "quantity": 1}])
    page.goto(checkout.url)
    expect(page.get_by_label("Card number")).to_have_count(0)
    page.get_by_label("Email").fill("jenny@example.com")
    page.get_by_role("button", name="Complete order").click()
    arrived(page, local, checkout.id)
    assert local.stripe.v1.checkout.sessions.retrieve(checkout.id).payment_status == "no_payment_required"


def test_a_full_billing_address_is_asked_for_when_required(page: Page, local: Local) -> None:
    checkout = session(local, billing_address_collection="required")
    page.goto(checkout.url)
    page.get_by_label("Email").fill("jenny@example.com")
    page.get_by_label("Card number").fill(GOOD)
    page.get_by_label("Expiration date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Cardholder name").fill("Jenny Rosen")
    pay(page)
    expect(page.locator("#billingAddressLine1-error")).to_have_text("Enter your address.")
    page.get_by_label("Address", exact=True).fill("27 Fredrick Ave")
    page.get_by_label("City").fill("Brothers")
    page.get_by_label("ZIP code").fill("97712")
    pay(page)
    arrived(page, local, checkout.id)
    done = local.stripe.v1.checkout.sessions.retrieve(checkout.id)
    assert present(present(done.customer_details).address).line1 == "27 Fredrick Ave"
