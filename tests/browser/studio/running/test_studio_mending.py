"""From failed runs to none: into the editor with the run's data, published, rerun, the badge is gone; and in bulk."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio

BROKEN = """\
name: Ship NAME
description: Fails for large orders.
on:
  api: POST /NAME
  auth: none
input: {amount: int}
steps:
  - id: doubled
    let: {amount: "${{ inputs.amount * 2 }}"}
  - id: checked
    if: doubled.amount > 100
    then:
      - raise: {status: 500, code: too_large, message: "The amount ${{ doubled.amount }} is too large."}
  - return: {amount: "${{ doubled.amount }}"}
"""


class Broken:
    """A workflow of its own whose runs fail."""

    def __init__(self, studio: Studio, runs: int) -> None:
        self.studio = studio
        self.name = f"ship-{uuid.uuid4().hex[:8]}"
        studio.post("/workflows", {"id": self.name, "text": BROKEN.replace("NAME", self.name)})
        for _ in range(runs):
            assert studio.call(f"/{self.name}", {"amount": 80}).status_code == 500
        self.runs: list[dict[str, Any]] = studio.get("/runs", workflow=self.name)["data"]

    def publish_fixed(self) -> None:
        """Publish a version that works."""
        source = self.studio.get(f"/workflows/{self.name}/source")
        body = {"text": source["text"].replace("> 100", "> 1000"), "etag": source["etag"]}
        url = f"{self.studio.shop.url}/api/_payloom/workflows/{self.name}/source"
        assert httpx.put(url, json=body, headers=self.studio.shop.admin, timeout=20).status_code == 200

    def others(self) -> int:
        """Return how many failures of other workflows the badge counts besides those of this one."""
        own = self.studio.get("/runs", status="unresolved", workflow=self.name, limit=200)["data"]
        return self.studio.get("/runs/counts")["unresolved"] - len(own)


def expect_badge(page: Page, count: int) -> None:
    """Expect that the navigation counts so many failed runs; it has no badge for none."""
    badge = page.get_by_role("navigation", name="Studio").locator(".side-count")
    expect(badge).to_have_text([f"{count} failed"] if count else [])


@pytest.mark.parametrize("theme", ["dark"])
def test_a_failed_run_is_fixed_in_the_editor_and_rerun_and_the_badge_clears(
    studio: Studio, open_page: OpenPage, axe: AxeCheck, theme: str
) -> None:
    broken = Broken(studio, 1)
    others = broken.others()
    page = open_page("/runs?status=failed", theme=theme)
    expect_badge(page, others + 1)
    page.locator(f"[data-row={broken.runs[0]['id']}]").click()
    # The place in the file leads into the editor, and so does the button: with the run's data.
    expect(page.get_by_role("link", name=f"workflows/{broken.name}.yaml:13")).to_have_attribute(
        "href", re.compile(r"from_run=.*view=split|view=split.*from_run=")
    )
    page.get_by_role("link", name="Open in the editor").click()
    result = page.get_by_role("region", name="Result of the test")
    expect(result.get_by_text("Failed", exact=True).first).to_be_visible()
    raised = page.get_by_role("button", name=re.compile("raise too_large.* step")).first
    expect(raised).to_have_class(re.compile("flow-lit"))
    expect(page).to_have_url(re.compile("step=steps%2F1%2Fthen%2F0|step=steps/1/then/0"))
    expect(page.get_by_text("The amount 160 is too large. Fix the workflow and publish it")).to_be_visible()
    assert axe(page) == []
    # The step that fails is removed, as a person does, and the file is saved; in development that publishes.
    raised.click()
    page.keyboard.press("Delete")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Published", exact=True)).to_be_visible()
    page.get_by_role("button", name="Rerun on this version").click()
    expect(page).to_have_url(re.compile(r"/studio/runs/run_"))
    expect(page.locator("h1 + .status")).to_have_text("Succeeded")
    expect_badge(page, others)
    page.get_by_role("link", name=re.compile(broken.runs[0]["id"][-6:])).click()
    expect(page.get_by_text("Resolved by a rerun that succeeded")).to_be_visible()
    page.get_by_role("button", name="Reopen").click()
    expect_badge(page, others + 1)
    page.get_by_role("button", name="Resolve…").click()
    dialog = page.get_by_role("dialog", name="Resolve 1 run?")
    dialog.get_by_label("Note").fill("shipped by hand")
    dialog.get_by_role("button", name="Resolve 1 run").click()
    expect(page.get_by_text("shipped by hand")).to_be_visible()
    expect_badge(page, others)


def test_many_runs_are_asked_about_rerun_on_the_current_version_and_a_reload_shows_what_came(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    broken = Broken(studio, 3)
    broken.publish_fixed()
    page = open_page(f"/runs?workflow={broken.name}&status=failed")
    expect(page.locator("tr[data-row]")).to_have_count(3)
    # By the keyboard alone: the box of the head, then the toolbar.
    page.get_by_role("checkbox", name="Select all").focus()
    page.keyboard.press("Space")
    toolbar = page.get_by_role("toolbar", name="Actions on what is selected")
    expect(toolbar).to_contain_text("3 runs selected")
    toolbar.get_by_role("button", name="Retry 3 runs…").focus()
    page.keyboard.press("Enter")
    # The current version is offered first, and what a retry would do is said.
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Rerun on the current version")).to_be_checked()
    expect(dialog).to_contain_text("3 runs are on an earlier version of the workflow")
    expect(dialog.get_by_role("table", name="What happens")).to_contain_text(broken.name)
    assert axe(page) == []
    dialog.get_by_role("radio", name="Retry on their own version").check()
    dialog.get_by_role("button", name="Retry 3 runs").click()
    progress = page.get_by_role("dialog", name="Retry 3 runs")
    expect(progress.get_by_role("status").first).to_have_text("Retried 3 runs: 0 succeeded, 3 failed.")
    expect(progress.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "3")
    assert axe(page) == []
    page.reload()
    expect(progress.get_by_role("status").first).to_have_text("Retried 3 runs: 0 succeeded, 3 failed.")
    progress.get_by_role("button", name="Close").last.click()
    expect(page).not_to_have_url(re.compile("bulk="))
    page.get_by_role("checkbox", name="Select all").click()
    toolbar.get_by_role("button", name="Retry 3 runs…").click()
    dialog.get_by_role("button", name="Rerun 3 runs").click()
    progress = page.get_by_role("dialog", name="Rerun 3 runs")
    expect(progress.get_by_role("status").first).to_have_text("Reran 3 runs: 3 succeeded, 0 failed.")
    progress.get_by_role("list", name="Results").get_by_role("link").first.click()
    expect(page.locator("h1 + .status")).to_have_text("Succeeded")
    assert studio.get("/runs", workflow=broken.name, status="unresolved")["data"] == []


def test_waiting_runs_are_canceled_together_and_a_single_retry_offers_the_current_version(
    studio: Studio, open_page: OpenPage
) -> None:
    for _ in range(2):
        studio.call("/studio/ask", {"amount": 5})
    page = open_page("/runs?workflow=studio-ask&status=waiting")
    expect(page.locator("tr[data-row]").nth(1)).to_be_visible()
    page.get_by_role("checkbox", name=re.compile("^Select studio-ask")).nth(0).click()
    page.get_by_role("checkbox", name=re.compile("^Select studio-ask")).nth(1).click()
    page.get_by_role("button", name="Cancel 2 runs…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel 2 runs").click()
    expect(page.get_by_role("dialog").get_by_role("status").first).to_have_text("Canceled 2 runs.")
    broken = Broken(studio, 1)
    broken.publish_fixed()
    page.goto(f"{studio.url}/runs/{broken.runs[0]['id']}")
    page.get_by_role("button", name="Retry the failed step").click()
    page.get_by_role("dialog").get_by_role("button", name="Rerun 1 run").click()
    expect(page.locator("h1 + .status")).to_have_text("Succeeded")
    expect(page.get_by_text("rerun of")).to_be_visible()
