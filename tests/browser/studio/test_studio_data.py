"""Payments, tables, mail, the local Stripe and the settings, as somebody who looks after a shop uses them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    import stripe
    from playwright.sync_api import Route
    from tests.support.browser.browser_plugin import AxeCheck, OpenWatched
    from tests.support.browser.studio_fixture import OpenPage, Studio

PAGES = {
    "/journey": "Payments",
    "/tables/orders": "orders",
    "/files": "Files",
    "/files/pages%2Findex.html.j2": "pages/index.html.j2",
    "/mail": "Email",
    "/local-stripe": "Local Stripe",
    "/health": "Health",
    "/audit": "Audit",
    "/settings": "Settings",
    "/help": "Help",
}


@pytest.fixture
def local(studio: Studio) -> stripe.StripeClient:
    """The local Stripe through the official client."""
    return studio.shop.stripe


@pytest.fixture
def receipt(studio: Studio) -> dict[str, Any]:
    """A receipt that the five flows sent."""
    return next(mail for mail in studio.get("/mails")["data"] if mail["template"] == "receipt")


@pytest.mark.parametrize(("path", "heading"), PAGES.items())
def test_a_data_page_has_an_address_that_reloads_to_the_same(open_page: OpenPage, path: Any, heading: Any) -> None:
    page = open_page(path)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_data_page_fits_a_telephone(open_page: OpenPage, path: Any) -> None:
    page = open_page(path, width=360, height=740)
    expect(page.get_by_text("Loading")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_order_number_leads_to_everything_that_has_to_do_with_it(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    order = next(row for row in studio.shop.rows("orders") if row["status"] == "refunded")
    page = open_page("/journey")
    page.get_by_role("searchbox", name="Any ID or email address").fill(order["id"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(order["id"])
    for kind in ("Order", "Checkout session", "Payment intent", "Charge", "Refund", "Event", "Run", "Email"):
        expect(page.get_by_role("button", name=re.compile(rf"^{kind} \d+$"))).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="checkout-completed").first.click()
    expect(page).to_have_url(re.compile(r"/studio/runs/run_"))
    page.go_back()
    page.get_by_role("button", name=re.compile(r"^Event \d+$")).click()
    expect(page.get_by_text("payment_intent.succeeded", exact=True)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name=re.compile(r"^Event \d+$"))).to_have_attribute("aria-pressed", "false")


def test_an_address_is_found_while_it_is_typed(studio: Studio, open_page: OpenPage, receipt: dict[str, Any]) -> None:
    address = receipt["to"][0]
    page = open_page("/journey")
    page.get_by_role("searchbox", name="Any ID or email address").press_sequentially(address)
    page.get_by_role("list", name="Found").get_by_role("link").first.click()
    expect(page.get_by_text(receipt["subject"]).first).to_be_visible()


def test_an_id_that_nobody_knows_is_told(open_page: OpenPage) -> None:
    page = open_page("/journey/pi_nobody_knows_this")
    expect(page.get_by_text("Nothing is related to this ID")).to_be_visible()


def test_a_mail_is_read_as_html_text_headers_and_source(
    open_page: OpenPage, receipt: dict[str, Any], axe: AxeCheck
) -> None:
    page = open_page(f"/mail/{receipt['id']}")
    expect(page.frame_locator("iframe").get_by_text("Thank you!")).to_be_visible()
    page.get_by_role("tab", name="Text").click()
    expect(page.get_by_role("region", name="text of the email")).to_contain_text("Thank you")
    page.get_by_role("tab", name="Headers").click()
    expect(page.get_by_role("region", name="headers")).to_contain_text("Message-ID")
    assert axe(page) == []
    page.reload()
    expect(page.get_by_role("tab", name="Headers")).to_have_attribute("aria-selected", "true")


def test_a_mails_html_runs_nothing_and_loads_nothing(
    studio: Studio, open_page: OpenPage, receipt: dict[str, Any], watched: OpenWatched
) -> None:
    page, watch = watched()
    studio.sign_in(page)
    open_page("/mail", page=page)

    def poisoned(route: Route) -> None:
        answer = route.fetch()
        mail = answer.json()
        mail["html"] += (
            "<script>parent.document.title = 'taken'; document.title = 'taken'</script><img src=\"http://192.0.2.1/seen.png\" onerror=\"document.body.dataset.taken = 'yes'\"><p>harmless</p>"
        )
        route.fulfill(response=answer, body=json.dumps(mail))

    page.route(f"**/mails/{receipt['id']}", poisoned)
    page.get_by_role("list", name="Emails").get_by_role("link").filter(has_text=receipt["subject"]).first.click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("harmless")).to_be_visible()
    expect(frame.locator("body")).not_to_have_attribute("data-taken", "yes")
    assert "taken" not in page.title()
    # The browser says what it kept from happening: the scripts, and the picture.
    refused = [
        problem for problem in watch.problems if "Blocked script" in problem or "Content Security Policy" in problem
    ]
    assert refused
    assert watch.problems == refused
    watch.problems.clear()


def test_emails_are_selected_and_resent_together_after_a_question_that_names_who_gets_them(
    studio: Studio, open_page: OpenPage, axe: AxeCheck, receipt: dict[str, Any]
) -> None:
    address = receipt["to"][0]
    to_address = studio.get("/mails", to=address)["data"]
    others = len([mail for mail in studio.get("/mails", limit=200)["data"] if address not in mail["to"]])
    page = open_page(f"/mail?to={address}")
    boxes = page.get_by_role("list", name="Emails").get_by_role("checkbox")
    expect(boxes).to_have_count(len(to_address))
    boxes.first.focus()
    page.keyboard.press("Space")
    toolbar = page.get_by_role("toolbar", name="Actions on what is selected")
    expect(toolbar).to_contain_text("1 email selected")
    page.get_by_role("checkbox", name=f"Select the {len(to_address)} shown").click()
    expect(toolbar).to_contain_text(f"{len(to_address)} email")
    page.get_by_role("checkbox", name=f"Select the {len(to_address)} shown").click()
    expect(toolbar).to_have_count(0)
    boxes.first.click()
    toolbar.get_by_role("button", name="Resend 1 email…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("list", name="Recipients")).to_have_text(address)
    expect(dialog.get_by_role("table", name="What happens")).to_contain_text("1")
    assert axe(page) == []
    dialog.get_by_role("button", name="Resend 1 email").click()
    progress = page.get_by_role("dialog", name="Resend 1 email")
    expect(progress.get_by_role("status").first).to_have_text("Resent 1 email.")
    expect(progress.get_by_role("list", name="Results")).to_contain_text("Resent")
    assert len(studio.get("/mails", to=address)["data"]) == len(to_address) + 1
    assert others == len([mail for mail in studio.get("/mails", limit=200)["data"] if address not in mail["to"]])


def test_mails_are_found_by_their_recipient(open_page: OpenPage, receipt: dict[str, Any]) -> None:
    page = open_page("/mail")
    page.get_by_role("searchbox", name="Recipient").fill(receipt["to"][0].upper())
    links = page.get_by_role("list", name="Emails").get_by_role("link")
    expect(links.filter(has_text=receipt["to"][0]).first).to_be_visible()
    expect(links.filter(has_not_text=receipt["to"][0])).to_have_count(0)
    page.get_by_role("searchbox", name="Recipient").fill("nobody@nowhere.test")
    expect(page.get_by_text("No email to this address")).to_be_visible()


def test_a_table_is_filtered_and_sorted_and_keeps_its_address(studio: Studio, open_page: OpenPage) -> None:
    page = open_page("/tables/products")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Column", exact=True).select_option("amount")
    page.get_by_label("Comparison").select_option("gte")
    page.get_by_label("Value").fill("19.00")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("A whole number; amounts are in minor units.")).to_be_visible()
    page.get_by_label("Value").fill("1900")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("3 rows")).to_be_visible()
    page.get_by_role("button", name="Sort by amount").click()
    page.get_by_role("button", name="Sort by amount, now ascending").click()
    cells = page.get_by_role("table", name="products").locator("tbody tr td:first-child")
    expect(cells).to_have_text(["premium", "icons", "guide"])
    # Money is shown as money, and the stored minor units on hover.
    expect(page.get_by_title("9900 in minor units")).to_have_text("$99.00")
    page.reload()
    expect(cells).to_have_text(["premium", "icons", "guide"])
    page.get_by_role("button", name="Remove the filter on amount").click()
    expect(page.get_by_text("4 rows")).to_be_visible()


def test_a_row_is_changed_and_a_change_made_meanwhile_is_told_not_overwritten(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    page = open_page("/tables/plans?row=basic")
    dialog = page.get_by_role("dialog")
    other = open_page("/tables/plans?row=basic")
    other.get_by_role("dialog").get_by_label("description").fill("The monthly letter.")
    other.get_by_role("button", name="Save").click()
    expect(other.locator(".toast-title")).to_have_text("The row was saved")
    assert axe(page) == []
    dialog.get_by_label("amount").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("This column cannot be empty.")).to_be_visible()
    dialog.get_by_label("amount").fill("900")
    dialog.get_by_label("description").fill("Mine.")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_label("description")).to_have_value("Mine.")
    assert (
        next(row for row in studio.shop.rows("plans") if row["code"] == "basic")["description"] == "The monthly letter."
    )


def test_a_row_is_added_and_deleted_and_tells_who_wrote_it(studio: Studio, open_page: OpenPage) -> None:
    page = open_page("/tables/guests")
    page.get_by_role("button", name="New row").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("email").fill("typed@studio.test")
    dialog.get_by_label("stripe_customer_id").fill("cus_typed")
    dialog.get_by_role("button", name="Add the row").click()
    expect(page.get_by_role("cell", name="typed@studio.test")).to_be_visible()
    page.get_by_role("cell", name="typed@studio.test").click()
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the row").click()
    expect(page.get_by_role("cell", name="typed@studio.test")).to_have_count(0)
    order = next(row for row in studio.shop.rows("orders") if row["status"] == "refunded")
    page = open_page(f"/tables/orders?row={order['id']}", page=page)
    expect(page.get_by_role("dialog").get_by_role("link", name="create-checkout").first).to_be_visible()


def test_stripes_own_customers_are_a_table_too(studio: Studio, open_page: OpenPage, local: stripe.StripeClient) -> None:
    customer = local.v1.customers.create({"email": "grid@studio.test", "name": "Greta Grid"})
    page = open_page("/tables/stripe.customers")
    page.get_by_role("cell", name="grid@studio.test").click()
    expect(page.get_by_role("dialog")).to_contain_text(customer.id)
    page.keyboard.press("Escape")
    page.get_by_role("searchbox", name="Stripe search query").fill('email:"nobody@studio.test"')
    page.keyboard.press("Enter")
    expect(page.get_by_text("No matching rows")).to_be_visible()


def test_moving_the_clock_forward_renews_a_subscription(open_page: OpenPage, local: stripe.StripeClient) -> None:
    customer = local.v1.customers.create({"email": "renews@studio.test"})
    method = local.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    product = local.v1.products.create({"name": "Letter"})
    price = local.v1.prices.create(
        {"product": product.id, "unit_amount": 900, "currency": "usd", "recurring": {"interval": "month"}}
    )
    subscription = local.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "trial_period_days": 14,
            "default_payment_method": method.id,
        }
    )
    page = open_page("/local-stripe?tab=subscriptions")
    row = page.get_by_role("row").filter(has_text=subscription.id)
    expect(row).to_contain_text("Trialing")
    page.get_by_role("button", name="+ 14 days").click()
    expect(page.locator(".toast-title").first).to_contain_text("at the local Stripe")
    page.get_by_role("button", name="+ 1 day").click()
    expect(row).to_contain_text("Active")


def test_a_triggered_event_arrives_and_its_delivery_is_listed(studio: Studio, open_page: OpenPage) -> None:
    page = open_page("/local-stripe")
    page.get_by_role("combobox", name="Event").fill("payment_intent.succeeded")
    page.get_by_role("button", name="Trigger").click()
    expect(page.locator(".toast-title")).to_have_text("payment_intent.succeeded was triggered")
    page.get_by_role("tab", name="Webhook deliveries").click()
    row = page.get_by_role("row").filter(has_text="payment_intent.succeeded").filter(has_text="Delivered (200)").first
    expect(row).to_be_visible()
    row.get_by_role("button", name=re.compile("^Resend")).click()
    expect(page.locator(".toast-title").filter(has_text="payment_intent.succeeded was resent")).to_be_visible()


def test_an_unknown_event_is_refused_with_a_hint(open_page: OpenPage) -> None:
    page = open_page("/local-stripe")
    page.get_by_role("combobox", name="Event").fill("payment_intent.suceeded")
    page.get_by_role("button", name="Trigger").click()
    toast = page.get_by_role("region", name=re.compile("Notifications")).get_by_role("listitem")
    expect(toast).to_contain_text("payment_intent.succeeded")


def test_the_settings_show_no_secret_and_the_theme_is_kept(studio: Studio, open_page: OpenPage) -> None:
    page = open_page("/settings")
    expect(page.get_by_text("Local Stripe: no account, no money")).to_be_visible()
    secret = json.loads((studio.shop.folder / "data" / "local.json").read_text("utf-8"))
    text = page.locator("main").inner_text()
    assert all(value not in text for value in (secret["webhook_secret"], secret["admin_token"]))
    page.get_by_role("radio", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_audit_trail_is_filtered_by_who_what_and_when_and_exported(studio: Studio, open_page: OpenPage) -> None:
    run = studio.failing_run()
    studio.post(f"/runs/{run['id']}/resolve", {"note": "seen by the trail"})
    page = open_page("/audit")
    page.get_by_label("On", exact=True).fill(run["id"])
    page.get_by_label("What", exact=True).select_option("run.resolved")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Marked a failed run as resolved")
    page.reload()
    expect(rows).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("link", name="Export CSV").click()
    text = started.value.path().read_text("utf-8")
    assert text.startswith('"id","at",')
    assert (len(text.splitlines()), run["id"] in text) == (2, True)
    rows.first.click()
    expect(page.get_by_role("dialog")).to_contain_text("run.resolved")
    page.keyboard.press("Escape")
    page.get_by_label("From").fill("2999-01-01")
    expect(page.get_by_role("heading", name="No matching entries")).to_be_visible()
    page.get_by_role("button", name="Show all entries").click()
    expect(rows.nth(1)).to_be_visible()


def test_health_shows_what_every_alert_measures_and_leads_to_what_needs_attention(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    run = studio.failing_run()
    page = open_page("/health", theme="dark")
    row = page.locator("[data-row=failed_runs]")
    expect(row).to_contain_text("Needs attention")
    expect(row).to_contain_text("retry the run")
    # A full disk is measured, and is none.
    expect(page.locator("[data-row=disk]")).to_contain_text("OK")
    expect(page.get_by_text("Alerts have no receiver")).to_be_visible()
    assert axe(page) == []
    row.get_by_role("link", name="Failed runs").click()
    expect(page.locator(f"[data-row={run['id']}]")).to_be_visible()


def test_an_admin_lets_somebody_in_as_a_viewer(studio: Studio, open_page: OpenPage, watched: OpenWatched) -> None:
    page = open_page("/settings")
    page.get_by_label("What grace@corner.test may do").select_option("viewer")
    expect(page.locator(".toast-title")).to_have_text("grace@corner.test is a viewer now")
    page.get_by_role("button", name="Actions for grace@corner.test").click()
    page.get_by_role("menuitem", name="Make a sign-in link").click()
    link = page.get_by_role("dialog").locator("code").first.inner_text()
    hers, _ = watched()
    hers.goto(link)
    expect(hers.get_by_text("grace@corner.test")).to_be_visible()
    hers.goto(f"{studio.url}/tables/orders")
    expect(hers.get_by_role("table", name="orders")).to_be_visible()
    expect(hers.get_by_role("button", name="New row")).to_have_count(0)
    expect(hers.get_by_role("link", name="Audit")).to_have_count(0)
    hers.goto(f"{studio.url}/audit")
    expect(hers.get_by_text("You need the Admin role")).to_be_visible()
