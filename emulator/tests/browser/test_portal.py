"""The customer portal: a customer cancels, resumes and changes a plan, and looks after cards and address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.tests.support.request_params import request_params
from playwright.sync_api import Page, expect
from tests.support.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.tests.support.local_servers import Local
    from stripe import Subscription

pytestmark = pytest.mark.browser


class Reader:
    """A customer with a card and a monthly plan, and a yearly plan to change to."""

    def __init__(self, local: Local) -> None:
        sdk = local.stripe.v1
        self.local = local
        self.customer = sdk.customers.create({"email": "jenny@example.com", "name": "Jenny Rosen"})
        self.card = sdk.payment_methods.attach("pm_card_visa", {"customer": self.customer.id})
        sdk.customers.update(self.customer.id, {"invoice_settings": {"default_payment_method": self.card.id}})
        self.product = sdk.products.create({"name": "Reader Plus"})
        self.month = self.price(1200, "month")
        self.year = self.price(12000, "year")
        self.subscription = sdk.subscriptions.create(
            {"customer": self.customer.id, "items": [{"price": self.month.id}]}
        )

    def price(self, amount: int, interval: str) -> Any:
        """Make a recurring price."""
        return self.local.stripe.v1.prices.create(
            {"currency": "usd", "unit_amount": amount, "recurring": {"interval": interval}, "product": self.product.id}
        )

    def session(self, **params: Any) -> str:
        """Open a portal session and return its address."""
        params_of_session = {"customer": self.customer.id, "return_url": f"{self.local.shop}/account", **params}
        return self.local.stripe.v1.billing_portal.sessions.create(request_params(params_of_session)).url

    def now(self) -> Any:
        """Return the subscription as it is."""
        return self.local.stripe.v1.subscriptions.retrieve(self.subscription.id)


@pytest.fixture
def reader(local: Local) -> Reader:
    return Reader(local)


def leaves_when_its_period_ends(subscription: Subscription) -> bool:
    """The portal says so by the moment: subscriptions bill in flexible mode."""
    end = subscription.to_dict()["items"]["data"][0]["current_period_end"]
    return (subscription.cancel_at, subscription.cancel_at_period_end) == (end, False)


def test_a_plan_is_canceled_at_the_periods_end_and_taken_back(page: Page, local: Local, reader: Reader) -> None:
    page.goto(reader.session())
    plan = page.get_by_role("article", name="Reader Plus")
    expect(plan).to_contain_text("$12.00 per month")
    expect(plan).to_contain_text("Your plan renews on")
    plan.get_by_role("link", name="Cancel plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel your plan?")
    page.get_by_role("button", name="Cancel plan").click()
    expect(plan).to_contain_text("Your plan ends on")
    assert leaves_when_its_period_ends(reader.now())
    plan.get_by_role("button", name="Keep plan").click()
    expect(plan).to_contain_text("Your plan renews on")
    assert reader.now().cancel_at is None
    page.get_by_role("link", name="Return to").click()
    page.wait_for_url(f"{local.shop}/account")


def test_a_plan_can_be_changed_where_the_configuration_offers_one(page: Page, local: Local, reader: Reader) -> None:
    page.goto(reader.session())
    expect(page.get_by_role("link", name="Update plan")).to_have_count(0)
    configuration = local.stripe.v1.billing_portal.configurations.create(
        {
            "features": {
                "subscription_update": {
                    "enabled": True,
                    "default_allowed_updates": ["price"],
                    "products": [{"product": reader.product.id, "prices": [reader.month.id, reader.year.id]}],
                }
            }
        }
    )
    page.goto(reader.session(configuration=configuration.id))
    expect(page.get_by_role("link", name="Cancel plan")).to_have_count(0)
    page.get_by_role("link", name="Update plan").click()
    expect(page.get_by_label("$12.00 per month")).to_be_checked()
    page.get_by_label("$120.00 per year").check()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("article", name="Reader Plus")).to_contain_text("$120.00 per year")
    assert reader.now().to_dict()["items"]["data"][0]["price"]["id"] == reader.year.id


def test_a_card_is_added_made_the_default_and_the_old_one_removed(page: Page, local: Local, reader: Reader) -> None:
    page.goto(reader.session())
    expect(page.get_by_text("Visa •••• 4242")).to_be_visible()
    page.get_by_role("link", name="Add payment method").click()
    page.get_by_role("button", name="Save card").click()
    expect(page.locator("#cardNumber-error")).to_have_text("Your card number is incomplete.")
    page.get_by_label("Card number").fill("5555555555554444")
    page.get_by_label("Expiration date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Save card").click()
    expect(page.get_by_role("listitem").filter(has_text="Mastercard •••• 4444")).to_contain_text("Default")
    page.get_by_role("button", name="Remove Visa •••• 4242").click()
    expect(page.get_by_text("Visa •••• 4242")).to_have_count(0)
    methods = local.stripe.v1.customers.payment_methods.list(reader.customer.id).data
    assert [present(method.card).last4 for method in methods] == ["4444"]
    customer = local.stripe.v1.customers.retrieve(reader.customer.id)
    assert present(customer.invoice_settings).default_payment_method == methods[0].id


def test_billing_details_are_changed(page: Page, local: Local, reader: Reader) -> None:
    page.goto(reader.session())
    page.get_by_role("link", name="Update information").click()
    expect(page.get_by_label("Email")).to_have_value("jenny@example.com")
    page.get_by_label("Name").fill("Jenny R. <b>")
    page.get_by_label("Country or region").select_option("DE")
    page.get_by_label("Address Optional", exact=True).fill("Torstr. 1")
    page.get_by_label("City").fill("Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Jenny R. <b>")).to_be_visible()
    expect(page.get_by_text("Torstr. 1")).to_be_visible()
    assert present(local.stripe.v1.customers.retrieve(reader.customer.id).address).city == "Berlin"


def test_the_invoice_history_leads_to_the_invoice(page: Page, reader: Reader) -> None:
    page.goto(reader.session())
    row = page.get_by_role("region", name="Invoice history").get_by_role("listitem")
    expect(row).to_contain_text("$12.00")
    expect(row).to_contain_text("Paid")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("$12.00")


def test_a_flow_opens_its_own_page_and_returns_where_it_says(page: Page, local: Local, reader: Reader) -> None:
    after = {"type": "redirect", "redirect": {"return_url": f"{local.shop}/sorry"}}
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": reader.subscription.id},
        "after_completion": after,
    }
    page.goto(reader.session(flow_data=flow))
    page.get_by_role("button", name="Cancel plan").click()
    page.wait_for_url(f"{local.shop}/sorry")
    assert leaves_when_its_period_ends(reader.now())


def test_another_customers_objects_cannot_be_touched(page: Page, local: Local, reader: Reader) -> None:
    other = local.stripe.v1.customers.create({"email": "other@example.com"})
    session = local.stripe.v1.billing_portal.sessions.create({"customer": other.id})
    page.request.post(f"{session.url}/cancel/{reader.subscription.id}")
    page.request.post(f"{session.url}/payment-methods/{reader.card.id}/remove")
    assert reader.now().cancel_at is None
    assert len(local.stripe.v1.customers.payment_methods.list(reader.customer.id).data) == 1
    assert page.request.get(f"{local.url}/p/session/test_nothing").status == 404


def test_the_login_page_opens_the_portal_by_email(page: Page, local: Local, reader: Reader) -> None:
    configuration = local.stripe.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}, "login_page": {"enabled": True}}
    )
    page.goto(present(configuration.login_page.url))
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert").first).to_contain_text("no customer")
    page.get_by_label("Email").fill(present(reader.customer.email))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your billing at Local Stripe")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    watched: Callable[..., Any], reader: Reader, axe: Callable[[Any], list[str]], theme: str
) -> None:
    page, _ = watched(theme=theme, width=390)
    url = reader.session()
    for path in ("", "/billing", "/payment-methods/add", f"/cancel/{reader.subscription.id}"):
        page.goto(url + path)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
