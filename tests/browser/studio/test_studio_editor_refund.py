"""The refund flow made from nothing in the editor, saved, tried, published and run with money of the local Stripe."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from tests.support.browser.shop_fixture import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from tests.support.browser.browser_plugin import OpenWatched
    from tests.support.browser.studio_fixture import OpenPage, Studio


class Maker:
    """Somebody who makes a workflow with mouse and keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.form = page.locator("#editor-form")

    def card(self, words: str) -> Locator:
        named = self.page.get_by_role("button", name=words)
        return named.and_(self.page.locator(".flow-card")).first

    def add(self, words: str) -> None:
        """Add a step after the selected one, from the catalog."""
        self.page.keyboard.press("a")
        box = self.page.get_by_role("dialog").get_by_role("combobox")
        box.fill(words)
        lit = self.page.get_by_role("option", selected=True)
        expect(lit).to_contain_text(re.compile(words, re.IGNORECASE))
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def choose(self, button: str, words: str) -> None:
        """Open a list of choices, type, and take the first."""
        self.form.get_by_role("button", name=button).click()
        expect(self.page.locator("[cmdk-input]")).to_be_focused()
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("[cmdk-input]")).to_have_count(0)

    def expression(self, field: str, text: str) -> None:
        """Write an expression into a field."""
        self.form.get_by_role("group", name=f"How {field} is written").get_by_role("button", name="Expression").click()
        self.form.get_by_role("textbox", name=f"{field}, expression").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Escape")


def test_the_refund_flow_is_made_from_nothing_and_refunds(
    studio: Studio, open_page: OpenPage, watched: OpenWatched
) -> None:
    page = open_page("/workflows")
    maker, name = Maker(page), f"give-money-back-{uuid.uuid4().hex[:6]}"
    page.get_by_role("button", name="New workflow").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Starts on").select_option(label="A call from a page or a program")
    page.get_by_role("button", name="Create").click()
    expect(maker.card("/give-money-back")).to_be_visible()

    # What callers send.
    maker.form.get_by_role("button", name="Add an input").click()
    maker.form.get_by_label("Name of field").fill("order_id")
    page.keyboard.press("Tab")
    maker.form.get_by_label("Type of order_id").select_option("uuid")

    # Who may, and what is the same request.
    maker.card("/give-money-back").click()
    maker.form.get_by_label("auth").select_option(label="people with a role")
    maker.expression("dedupe", "inputs.order_id")

    # The order.
    maker.card("/give-money-back").press("Escape")
    maker.card("/give-money-back").focus()
    maker.add("read rows")
    maker.choose("select: nothing chosen", "orders")
    maker.choose("Add a condition", "id")
    maker.expression("id", "inputs.order_id")

    # The refund.
    maker.card("select orders").click()
    maker.add("refund payment")
    maker.expression("payment_intent", "row.payment_intent")

    # The answer, in the place of what a new workflow says.
    maker.card("it ran").click()
    page.keyboard.press("Delete")
    maker.card("stripe").click()
    maker.add("return a response")
    maker.expression("return", "{'refund': refund.id, 'status': refund.status}")

    # Tried on rows as they are: the way is lit, nothing happens.
    order = next(row for row in studio.shop.rows("orders", status="paid") if row["payment_intent"])
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("textbox", name="Inputs").fill(json.dumps({"order_id": order["id"]}))
    page.get_by_role("button", name="Run the test").click()
    expect(maker.card("return")).to_have_class(re.compile("flow-lit"))
    assert studio.shop.rows("orders", id=order["id"])[0]["refunded"] == order["refunded"]

    # Saved, published, and run by an admin of the shop.
    expect(page.get_by_role("tab", name=re.compile("Problems"))).to_contain_text("1")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Published", exact=True)).to_be_visible()
    file = studio.shop.folder / "workflows" / f"{name}.yaml"
    assert "    stripe: refunds.create\n" in file.read_text("utf-8")
    admin, _ = watched()
    Visitor(studio.shop, admin).sign_in("admin@corner.test", "tiller-and-sail")
    answer = admin.evaluate(
        """([path, order_id]) => fetch(path, {
            method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({order_id}),
        }).then((one) => one.json())""",
        [f"/api/{name}", order["id"]],
    )
    assert answer["status"] == "succeeded", answer
    refund = studio.shop.stripe.v1.refunds.retrieve(answer["refund"])
    assert refund.payment_intent == order["payment_intent"]
    assert studio.run_of(name, status="succeeded")["trigger"] == "api"
