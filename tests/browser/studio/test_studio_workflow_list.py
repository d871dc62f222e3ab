"""The list of workflows: what starts each, how it went, and a new one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio


def test_each_workflow_tells_its_trigger_its_last_run_and_its_findings(open_page: OpenPage) -> None:
    page = open_page("/workflows")
    row = page.locator("tr[data-row=refund]")
    expect(row).to_contain_text("POST /orders/{order_id}/refund")
    expect(row.locator("[data-status]").first).to_have_text(re.compile("Succeeded|Failed"))
    page.get_by_role("searchbox", name="Filter workflows").fill("record refund")
    expect(page.locator("tr[data-row=charge-refunded]")).to_be_visible()
    expect(row).to_have_count(0)
    expect(page).to_have_url(re.compile("search=record"))


def test_a_new_workflow_is_a_file_of_the_project_and_opens_in_the_editor(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    page = open_page("/workflows")
    expect(page.get_by_role("button", name="New workflow")).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New workflow")
    dialog.get_by_label("Name").fill("Refund")
    expect(dialog.get_by_text("There is a workflow refund already.")).to_be_visible()
    dialog.get_by_label("Name").fill("Tell the warehouse")
    dialog.get_by_label("Starts on").select_option(label="A call from a page or a program")
    assert axe(page) == []
    dialog.get_by_label("Name").press("Enter")
    expect(page).to_have_url(re.compile("/studio/workflows/tell-the-warehouse"))
    text = (studio.shop.folder / "workflows" / "tell-the-warehouse.yaml").read_text("utf-8")
    assert text.startswith('name: "Tell the warehouse"\non:\n  api: POST /tell-the-warehouse\n')
