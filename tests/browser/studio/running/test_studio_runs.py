"""Runs in the studio: found, watched while they go on, understood, and begun again."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio


def step(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem").filter(has_text=name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_shows_what_each_step_was_given_and_gave(
    studio: Studio, open_page: OpenPage, axe: AxeCheck, theme: str
) -> None:
    run = studio.run_of("create-checkout", status="succeeded")
    page = open_page(f"/runs/{run['id']}", theme=theme)
    expect(page.get_by_role("heading", level=1, name="Create one-time checkout")).to_be_visible()
    step(page, "session").click()
    panel = page.get_by_role("region", name=re.compile("Step session"))
    expect(panel.get_by_role("group", name="Output")).to_contain_text("checkout.session")
    expect(panel).to_contain_text("Idempotency key")
    assert axe(page) == []
    panel.get_by_role("tab", name="Input").click()
    expect(panel.get_by_role("group", name="Input")).to_contain_text("success_url")
    page.reload()
    # The step and the tab are in the address.
    expect(panel.get_by_role("tab", name="Input")).to_have_attribute("data-state", "active")
    expect(panel.get_by_role("group", name="Input")).to_contain_text("success_url")


def test_the_path_a_run_took_is_drawn(studio: Studio, open_page: OpenPage, axe: AxeCheck) -> None:
    run = studio.run_of("create-checkout", status="succeeded")
    page = open_page(f"/runs/{run['id']}?tab=path")
    expect(page.get_by_role("img", name=re.compile("The path through create-checkout"))).to_be_visible()
    assert page.locator(".drawing-card.drawing-lit").count() >= 3
    assert axe(page) == []


def test_a_failed_run_tells_why_and_where_and_shows_no_secret(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    run = studio.failing_run()
    page = open_page(f"/runs/{run['id']}")
    expect(page.get_by_text("The amount 160 is too large.").first).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="at step 2.then.0").click()
    expect(page.get_by_role("tab", name="Error")).to_have_attribute("data-state", "active")
    page.goto(f"{studio.url}/runs/{run['id']}?tab=input")
    expect(page.get_by_role("group", name="Input", exact=True)).to_contain_text("[redacted]")
    assert "sk_live_never_shown" not in page.content()


def test_a_failed_run_begins_again_at_its_step_with_edited_input_as_a_new_linked_run(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    run = studio.failing_run()
    page = open_page(f"/runs/{run['id']}")
    page.get_by_role("button", name="Rerun").click()
    page.get_by_role("menuitem", name="From a step …").click()
    dialog = page.get_by_role("dialog", name="Rerun from a step")
    expect(dialog.get_by_label("Start at")).to_have_value("2.then.0")
    assert axe(page) == []
    dialog.get_by_label("Input").fill("{")
    expect(dialog.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    dialog.get_by_label("Input").fill(json.dumps({"amount": 20, "api_key": None}))
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(page).not_to_have_url(re.compile(run["id"]))
    expect(page.locator("h1 + .status")).to_have_text("Succeeded")
    expect(page.get_by_role("link", name=re.compile(run["id"][-6:]))).to_be_visible()
    fork = studio.get(f"/runs/{page.url.rsplit('/', 1)[1]}")
    assert (fork["forked_from"], fork["output"]) == (run["id"], {"amount": 40})
    # What stands before the step was not done again: the log line of the first run is the only one.
    assert [entry["text"] for entry in fork["logs"]] == []


def test_a_run_is_watched_live_until_it_ends(studio: Studio, open_page: OpenPage) -> None:
    studio.call("/studio/slow", {"seconds": 5})
    run = studio.run_of("studio-slow")
    page = open_page(f"/runs/{run['id']}")
    status = page.locator("h1 + .status")
    expect(status).to_have_text(re.compile("Running|Waiting"))
    expect(step(page, "sleep").locator(".fall-going")).to_be_visible()
    # The test does not reload the page: the server sends the change.
    expect(status).to_have_text("Succeeded", timeout=20_000)
    page.get_by_role("tab", name="Log").click()
    expect(page.get_by_text("the report has 2 pages")).to_be_visible()


def test_a_new_run_appears_in_the_list_by_itself(studio: Studio, open_page: OpenPage) -> None:
    page = open_page("/runs?workflow=studio-fragile&status=failed")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    before = {run["id"] for run in studio.get("/runs", workflow="studio-fragile", status="failed")["data"]}
    failed = studio.failing_run()
    assert failed["id"] not in before
    expect(page.locator(f"[data-row={failed['id']}]")).to_be_visible()


def test_runs_are_found_by_the_keyboard_alone(studio: Studio, open_page: OpenPage) -> None:
    studio.failing_run()
    page = open_page("/runs")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search runs")).to_be_focused()
    page.get_by_role("radio", name=re.compile("Failed")).focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("status=failed"))
    first = page.locator("tr[data-row]").first
    expect(first).to_contain_text("Failed")
    first.focus()
    page.keyboard.press("j")
    second = page.locator("tr[data-row]").nth(1)
    expect(second).to_be_focused()
    run_id = second.get_attribute("data-row")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{run_id}"))
    tree = page.get_by_role("treeitem")
    tree.first.focus()
    page.keyboard.press("ArrowDown")
    expect(tree.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("step="))


def test_a_search_by_any_id_finds_the_runs_about_it(studio: Studio, open_page: OpenPage) -> None:
    refund = studio.run_of("charge-refunded", status="succeeded")
    page = open_page("/runs")
    page.get_by_role("searchbox", name="Search runs").fill(refund["object_id"])
    expect(page.locator(f"[data-row={refund['id']}]")).to_be_visible()
    expect(page).to_have_url(re.compile(f"search={refund['object_id']}"))
    page.get_by_role("searchbox", name="Search runs").fill("nothing-has-this-id")
    expect(page.get_by_role("heading", name="No matching runs")).to_be_visible()


def test_a_decision_is_made_on_the_overview_and_the_run_goes_on(studio: Studio, open_page: OpenPage) -> None:
    studio.call("/studio/ask", {"amount": 1234})
    run = studio.run_of("studio-ask")
    page = open_page()
    card = page.locator(".approval", has_text="Pay out $12.34?")
    card.get_by_label("Note").fill("seen the receipt")
    card.get_by_role("button", name="Approve").click()
    expect(card).to_have_count(0)
    done = studio.wait(
        "the run's end", lambda: (details := studio.get(f"/runs/{run['id']}"))["finished_at"] and details
    )
    assert done["status"] == "succeeded"
    decision = next(step for step in done["steps"] if step["verb"] == "approve")
    assert decision["value"]["approved"] is True
    assert decision["value"]["note"] == "seen the receipt"


def test_a_waiting_run_is_canceled_after_a_question(studio: Studio, open_page: OpenPage) -> None:
    studio.call("/studio/ask", {"amount": 1})
    run = studio.run_of("studio-ask")
    page = open_page(f"/runs/{run['id']}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel the run").click()
    expect(page.locator("h1 + .status")).to_have_text("Canceled")
    assert studio.get(f"/runs/{run['id']}")["status"] == "canceled"


def test_a_run_is_copied_as_a_command_that_does_it_again(studio: Studio, open_page: OpenPage) -> None:
    run = studio.failing_run()
    page = open_page(f"/runs/{run['id']}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.get_by_role("button", name="Rerun")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator(".toast-title")).to_have_text("Copied as cURL")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith(f"curl -sS -X POST '{studio.shop.url}/api/studio/fragile'")
    assert '"amount":80' in command
    assert "sk_live" not in command


def test_runs_that_wait_for_a_shared_run_lead_to_it_and_back(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    batch = f"batch-{uuid.uuid4()}"
    for _ in range(2):
        assert studio.call("/studio/settle", {"batch": batch}).status_code == 202
    callers = [run["id"] for run in studio.get("/runs", workflow="studio-settles")["data"][:2]]
    page = open_page(f"/runs/{callers[0]}")
    expect(page.get_by_text("Waiting for the run of studio-settle")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Show that run").click()
    expect(page.get_by_role("heading", level=1, name="Settle once")).to_be_visible()
    expect(page.get_by_text("called by")).to_have_count(2)
    page.get_by_role("button", name="Approve").click()
    for caller in callers:
        studio.wait("the caller's end", lambda run_id=caller: studio.get(f"/runs/{run_id}")["status"] == "succeeded")
    page.goto(f"{studio.url}/runs/{callers[0]}")
    step(page, "done").click()
    panel = page.get_by_role("region", name=re.compile("Step done"))
    expect(panel.get_by_role("group", name="Output")).to_contain_text(batch[:12])
    panel.get_by_role("link", name=re.compile("Run run_")).click()
    expect(page.get_by_role("heading", level=1, name="Settle once")).to_be_visible()
