"""Which condition ended a run, the words of a dispute, and two calendars: each is shown where a person looks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    import stripe
    from playwright.sync_api import Route
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio


@pytest.fixture
def local(studio: Studio) -> stripe.StripeClient:
    """The local Stripe through the official client."""
    return studio.shop.stripe


def test_a_skipped_run_says_which_condition_ended_it_and_leads_to_its_line(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    skipped = next(
        run
        for run in studio.get("/runs", status="filtered", limit=50)["data"]
        if run["workflow"] == "checkout-completed"
    )
    page = open_page(f"/runs/{skipped['id']}")
    note = page.get_by_role("status").filter(has_text="A condition ended this run")
    expect(note).to_contain_text("object.mode == 'payment'")
    expect(note).to_contain_text('object.mode = "subscription"')
    expect(page.get_by_role("treeitem").first).to_contain_text("Skipped by filter")
    page.get_by_role("tab", name=re.compile("^Decisions")).click()
    decisions = page.get_by_role("list", name="Decisions of the run").get_by_role("listitem")
    expect(decisions.last).to_contain_text("ended the run")
    assert axe(page) == []
    note.get_by_role("link", name="checkout-completed.yaml:").click()
    expect(page).to_have_url(re.compile(r"/studio/workflows/checkout-completed\?"))
    expect(page.get_by_role("button", name=re.compile(r"^filter object\.mode"))).to_have_attribute(
        "aria-pressed", "true"
    )


def test_a_run_that_decided_nothing_says_so(studio: Studio, open_page: OpenPage) -> None:
    assert studio.call("/studio/slow", {"seconds": 1}).status_code == 202
    page = open_page(f"/runs/{studio.run_of('studio-slow')['id']}")
    page.get_by_role("tab", name="Decisions").click()
    expect(page.get_by_text("Nothing was decided")).to_be_visible()


def test_a_dispute_that_was_won_leaves_the_payment_paid_on_every_page(
    open_page: OpenPage, local: stripe.StripeClient
) -> None:
    params: Any = {"amount": 2300, "currency": "usd", "payment_method": "pm_card_createDispute", "confirm": True}
    params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    intent = local.v1.payment_intents.create(params).id
    page = open_page("/local-stripe")
    row = page.get_by_role("table", name="Payments").get_by_role("row").filter(has_text=intent)
    expect(row.locator("[data-status=disputed]")).to_be_visible()
    dispute = local.v1.disputes.list({"payment_intent": intent}).data[0]
    local.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True})
    page.reload()
    expect(row.locator("[data-status=succeeded]")).to_be_visible()
    page.goto(f"{page.url.split('/local-stripe')[0]}/journey/{intent}")
    expect(page.locator("main header").first.locator("[data-status=succeeded]")).to_be_visible()
    expect(page.locator(".journey-entry[data-kind=dispute] .status").first).to_have_text("Won")


def test_once_stripes_clock_was_moved_each_time_says_whose_it_is(
    studio: Studio, open_page: OpenPage, local: stripe.StripeClient
) -> None:
    studio.post("/local-stripe/control/clock", {"advance": "40d"})
    customer = local.v1.customers.create({"email": "later@example.com"}).id
    event = studio.wait("the event", lambda: next(iter(studio.get("/events", search=customer)["data"]), None))
    page = open_page(f"/events/{event['id']}")
    facts = page.get_by_role("dialog").locator(".facts > div")
    expect(facts.filter(has_text="Created")).to_contain_text("by the local Stripe's clock, which was moved")
    for name in ("Created", "Received"):
        expect(facts.filter(has_text=name).locator("time")).to_have_text(re.compile(r":\d\d\.\d{3} \S+$"))
    page.goto(f"{studio.url}/local-stripe?tab=customers")
    customer_time = page.get_by_role("row").filter(has_text=customer).locator("time")
    expect(customer_time).to_have_text(re.compile(r"just now|\d+ s ago"))
    expect(customer_time).to_have_attribute("title", re.compile("by the local Stripe's clock$"))
    expect(page.get_by_test_id("local-clock")).to_have_text(re.compile(r"\d\d:\d\d:\d\d \S+ · [\d.]+ days ahead"))


def test_an_amount_is_never_cut_whatever_its_currency(open_page: OpenPage) -> None:
    page = open_page("/runs", width=1024)

    def wide(request: Route) -> None:
        answer = request.fetch()
        rows = answer.json()
        for row, currency in zip(rows["data"], ("kwd", "jpy", "usd"), strict=False):
            row |= {"currency": currency, "amount": 9_999_999_999_999}
        request.fulfill(response=answer, body=json.dumps(rows))

    page.route("**/tables/orders/rows*", wide)
    page.goto(f"{page.url.split('/runs')[0]}/tables/orders")
    for words in ("KWD 9,999,999,999.999", "¥9,999,999,999,999", "$99,999,999,999.99"):
        cell = page.get_by_role("cell").filter(has_text=re.compile(re.escape(words).replace(r"\ ", r"\s")))
        expect(cell).to_have_count(1)
        assert cell.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth"), words
