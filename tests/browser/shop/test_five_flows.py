"""The five flows, clicked through as a buyer and an owner would."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.support.browser.shop_fixture import DECLINED, GOOD, SECURE, Shop, Visitor

pytestmark = pytest.mark.browser
FORM = 'iframe[title="Secure payment input frame"]'


def test_a_guest_pays_with_checkout_gets_a_receipt_and_the_order_is_open(shop: Shop, visitor: Visitor) -> None:
    visitor.put_in_cart("Field Guide to Webhooks", "Retry Mug")
    visitor.email = "guest.one@example.test"
    visitor.page.get_by_label("Email for the receipt").fill(visitor.email)
    visitor.page.get_by_role("button", name="Pay with Checkout").click()
    visitor.pay_at_checkout()
    visitor.page.wait_for_url(f"{shop.url}/thanks?session_id=cs_test_*")
    expect(visitor.page.get_by_text("Paid $33.00")).to_be_visible()
    expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()
    (order,) = visitor.orders()
    assert (order["status"], order["access"], order["amount"], order["currency"]) == ("paid", True, 3300, "usd")
    assert order["payment_intent"].startswith("pi_")
    shop.wait("the receipt", lambda: shop.mails(visitor.email))
    (mail,) = shop.mails(visitor.email)
    assert order["id"][:8] in mail["subject"]
    visitor.page.get_by_role("link", name="Cart").click()
    expect(visitor.page.get_by_text("Your cart is empty")).to_be_visible()


def test_the_same_guest_buys_again_as_the_same_stripe_customer(shop: Shop, visitor: Visitor) -> None:
    visitor.email = "guest.two@example.test"
    for product in ("Retry Mug", "Icon Set"):
        visitor.put_in_cart(product)
        visitor.page.get_by_label("Email for the receipt").fill(visitor.email)
        visitor.page.get_by_role("button", name="Pay with Checkout").click()
        visitor.pay_at_checkout()
        expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()
    customers = shop.stripe.v1.customers.list({"email": visitor.email}).data
    assert len(customers) == 1
    assert [order["status"] for order in visitor.orders()] == ["paid", "paid"]


def test_cancel_comes_back_to_the_full_cart(shop: Shop, visitor: Visitor) -> None:
    visitor.sign_up().put_in_cart("Retry Mug")
    visitor.page.get_by_role("button", name="Pay with Checkout").click()
    visitor.page.wait_for_url(re.compile(re.escape(shop.stripe_url) + "/c/pay/.*"))
    visitor.page.get_by_role("link", name=re.compile("back", re.IGNORECASE)).first.click()
    visitor.page.wait_for_url(f"{shop.url}/cart")
    expect(visitor.page.get_by_role("cell", name="Retry Mug", exact=True)).to_be_visible()
    assert [order["status"] for order in visitor.orders()] == ["pending"]
    assert visitor.orders()[0]["access"] is False


def test_a_declined_card_says_why_and_another_one_pays(shop: Shop, visitor: Visitor) -> None:
    visitor.sign_up().put_in_cart("Retry Mug")
    visitor.page.get_by_role("button", name="Pay with Checkout").click()
    visitor.pay_at_checkout(DECLINED)
    expect(visitor.page.get_by_text("Your card was declined.").first).to_be_visible()
    assert [order["status"] for order in visitor.orders()] == ["pending"]
    visitor.pay_at_checkout(GOOD)
    visitor.page.wait_for_url(f"{shop.url}/thanks?session_id=cs_test_*")
    expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()


def test_a_double_click_on_pay_makes_one_order(shop: Shop, visitor: Visitor) -> None:
    visitor.sign_up().put_in_cart("Retry Mug")
    visitor.page.get_by_role("button", name="Pay with Checkout").dblclick()
    visitor.page.wait_for_url(re.compile(re.escape(shop.stripe_url) + "/c/pay/.*"))
    visitor.page.go_back()
    visitor.page.get_by_role("button", name="Pay with Checkout").click()
    visitor.page.wait_for_url(re.compile(re.escape(shop.stripe_url) + "/c/pay/.*"))
    assert len(visitor.orders()) == 1


def subscribe(shop: Shop, visitor: Visitor) -> None:
    """Take the Basic plan with its fourteen free days."""
    visitor.sign_up()
    visitor.page.goto(f"{shop.url}/pricing")
    visitor.page.get_by_role("button", name="Start 14 days free with Basic").click()
    visitor.pay_at_checkout()
    visitor.page.wait_for_url(f"{shop.url}/welcome?session_id=cs_test_*")
    expect(visitor.page.get_by_text("Your letters are open.")).to_be_visible()


def test_a_trial_opens_access_and_renews(shop: Shop, visitor: Visitor) -> None:
    subscribe(shop, visitor)
    me = visitor.me()
    assert (me["subscription_status"], me["has_access"], me["subscription_plan"]) == ("trialing", True, "basic")
    assert me["subscription_id"].startswith("sub_")
    shop.forward(14.1)
    shop.wait("the trial ended paid", lambda: visitor.me()["subscription_status"] == "active")
    visitor.page.goto(f"{shop.url}/account")
    expect(visitor.page.locator("[data-subscription-status]")).to_have_text("Active")
    subscription = shop.stripe.v1.subscriptions.retrieve(visitor.me()["subscription_id"])
    paid = shop.stripe.v1.invoices.list({"subscription": subscription.id, "status": "paid"}).data
    assert sorted(invoice.amount_paid for invoice in paid) == [0, 900]


def test_canceling_closes_access(shop: Shop, visitor: Visitor) -> None:
    subscribe(shop, visitor)
    shop.stripe.v1.subscriptions.cancel(visitor.me()["subscription_id"])
    shop.wait("canceled", lambda: visitor.me()["subscription_status"] == "canceled")
    assert visitor.me()["has_access"] is False
    visitor.page.goto(f"{shop.url}/account")
    expect(visitor.page.get_by_text("The letters open with a subscription.")).to_be_visible()


def test_a_renewal_that_is_never_paid_ends_access_and_writes_a_mail(shop: Shop, visitor: Visitor) -> None:
    subscribe(shop, visitor)
    me = visitor.me()
    bad = shop.stripe.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": me["stripe_customer_id"]})
    shop.stripe.v1.subscriptions.update(me["subscription_id"], {"default_payment_method": bad.id})
    shop.forward(14.1)
    shop.wait("past due", lambda: visitor.me()["subscription_status"] == "past_due")
    shop.wait("the mail", lambda: [m for m in shop.mails(visitor.email) if "could not charge" in m["subject"]])
    shop.forward(40)
    shop.wait("given up", lambda: visitor.me()["subscription_status"] in {"canceled", "unpaid"})
    assert visitor.me()["has_access"] is False


def open_form(shop: Shop, visitor: Visitor, *products: str) -> None:
    """Put something into the cart and go to the own payment form."""
    visitor.sign_up().put_in_cart(*products)
    visitor.page.get_by_role("button", name="Pay on this page").click()
    visitor.page.wait_for_url(f"{shop.url}/pay/*")


def pay_in_form(visitor: Visitor, number: str) -> None:
    """Fill the payment element and press our own button."""
    frame = visitor.page.frame_locator(FORM)
    visitor.fill_card(frame, number)
    zip_code = frame.get_by_label("ZIP code")
    if zip_code.count():
        zip_code.fill("42424")
    visitor.page.get_by_role("button", name="Pay $").click()


def challenge(page: Page, outcome: str) -> None:
    """Answer the 3-D Secure challenge with "Complete" or "Fail"."""
    page.frame_locator('iframe[title="3-D Secure challenge"]').get_by_role("button", name=outcome).click()


def test_the_own_form_pays_and_the_status_page_shows_it(shop: Shop, visitor: Visitor) -> None:
    open_form(shop, visitor, "Icon Set")
    pay_in_form(visitor, GOOD)
    visitor.page.wait_for_url(f"{shop.url}/paid/*")
    expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()
    (order,) = visitor.orders()
    assert (order["status"], order["access"], order["amount"]) == ("paid", True, 2900)
    shop.wait("the receipt", lambda: shop.mails(visitor.email))


def test_the_own_form_passes_a_3d_secure_challenge(shop: Shop, visitor: Visitor) -> None:
    open_form(shop, visitor, "Icon Set")
    pay_in_form(visitor, SECURE)
    challenge(visitor.page, "Complete")
    visitor.page.wait_for_url(f"{shop.url}/paid/*")
    expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()


def test_a_failed_3d_secure_challenge_leaves_the_order_unpaid_and_can_be_tried_again(
    shop: Shop, visitor: Visitor
) -> None:
    open_form(shop, visitor, "Icon Set")
    pay_in_form(visitor, SECURE)
    challenge(visitor.page, "Fail")
    expect(visitor.page.get_by_role("alert").filter(has_text="authenticate")).to_be_visible()
    shop.wait("the failure is kept", lambda: visitor.orders()[0]["status"] == "failed")
    assert visitor.orders()[0]["access"] is False
    visitor.page.reload()
    pay_in_form(visitor, GOOD)
    visitor.page.wait_for_url(f"{shop.url}/paid/*")
    expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()


def test_premium_opens_for_who_paid_and_for_nobody_else(shop: Shop, visitor: Visitor, page: Page) -> None:
    visitor.sign_up()
    visitor.page.goto(f"{shop.url}/account")
    expect(visitor.page.locator("[data-premium=free]")).to_contain_text("Locked")
    visitor.put_in_cart("Premium for life")
    visitor.page.get_by_role("button", name="Pay on this page").click()
    visitor.page.wait_for_url(f"{shop.url}/pay/*")
    pay_in_form(visitor, GOOD)
    shop.wait("premium", lambda: visitor.me()["plan"] == "premium")
    assert visitor.me()["paid_at"]
    visitor.page.goto(f"{shop.url}/account")
    expect(visitor.page.locator("[data-premium=premium]")).to_contain_text("the recipe of the house")
    page.get_by_role("button", name="Sign out").click()
    other = Visitor(shop, page).sign_up()
    other.page.goto(f"{shop.url}/account")
    expect(other.page.locator("[data-premium=free]")).not_to_contain_text("the recipe of the house")


def test_an_admin_refunds_a_part_then_the_rest_and_is_told_when_it_is_too_much(shop: Shop, visitor: Visitor) -> None:
    visitor.sign_up().put_in_cart("Icon Set")
    visitor.page.get_by_role("button", name="Pay with Checkout").click()
    visitor.pay_at_checkout()
    expect(visitor.page.get_by_text("Your order is confirmed")).to_be_visible()
    (order,) = visitor.orders()
    visitor.page.get_by_role("button", name="Sign out").click()
    owner = Visitor(shop, visitor.page).sign_in("admin@corner.test", "tiller-and-sail")

    def refund(amount: str) -> None:
        owner.page.goto(f"{shop.url}/admin")
        row = owner.page.locator(f"[data-order='{order['id']}']")
        row.get_by_placeholder("all").fill(amount)
        row.get_by_role("button", name="Refund").click()

    refund("900")
    expect(owner.page.get_by_text("Refunded $9.00")).to_be_visible()
    shop.wait("partly", lambda: visitor.orders()[0]["status"] == "partially_refunded")
    assert (visitor.orders()[0]["refunded"], visitor.orders()[0]["access"]) == (900, True)
    refund("5000")
    expect(owner.page.get_by_role("alert").filter(has_text="Only $20.00 is left to refund.")).to_be_visible()
    refund("")
    shop.wait("wholly", lambda: visitor.orders()[0]["status"] == "refunded")
    assert (visitor.orders()[0]["refunded"], visitor.orders()[0]["access"]) == (2900, False)
    refunds = shop.stripe.v1.refunds.list({"payment_intent": order["payment_intent"]}).data
    assert sorted((refund.amount, refund.reason) for refund in refunds) == [
        (900, "requested_by_customer"),
        (2000, "requested_by_customer"),
    ]
    shop.wait("the mails", lambda: len([m for m in shop.mails(visitor.email) if "refund" in m["subject"]]) == 2)
