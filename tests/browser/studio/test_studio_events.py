"""Events in the studio: how they came in, what they changed, what was made of them, and again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio


@pytest.fixture
def updated(studio: Studio) -> dict[str, Any]:
    """An event that changed something and started a run."""
    events = studio.get("/events", type="customer.subscription.updated", limit=50)["data"]
    return next(event for event in events if event["runs"] > 0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_event_shows_its_signature_its_changes_and_its_runs(
    studio: Studio, open_page: OpenPage, axe: AxeCheck, updated: dict[str, Any], theme: str
) -> None:
    page = open_page(f"/events/{updated['id']}", theme=theme)
    sheet = page.get_by_role("dialog", name="customer.subscription.updated")
    expect(sheet.get_by_text("Verified")).to_be_visible()
    details = studio.get(f"/events/{updated['id']}")
    changes = sheet.get_by_role("list", name="What changed")
    for name in details["previous_attributes"]:
        expect(changes).to_contain_text(name)
    assert axe(page) == []
    sheet.get_by_role("tab", name="Payload").click()
    expect(sheet.get_by_role("group", name="Payload")).to_contain_text(updated["id"])
    sheet.get_by_role("tab", name="Runs").click()
    sheet.get_by_role("row").nth(1).click()
    expect(page).to_have_url(re.compile("/studio/runs/run_"))


def test_an_event_is_replayed_after_a_question_and_its_new_run_is_there(
    studio: Studio, open_page: OpenPage, updated: dict[str, Any]
) -> None:
    before = studio.get(f"/events/{updated['id']}")["runs"]
    page = open_page(f"/events/{updated['id']}")
    page.get_by_role("button", name="Replay…").click()
    page.get_by_role("dialog", name="Replay 1 event?").get_by_role("button", name="Replay 1 event").click()
    progress = page.get_by_role("dialog", name="Replay 1 event")
    expect(progress.get_by_role("status").first).to_contain_text("Replayed 1 event: 1 succeeded")
    progress.get_by_role("button", name="Close").last.click()
    runs = studio.wait(
        "the new run", lambda: len(now := studio.get(f"/events/{updated['id']}")["runs"]) > len(before) and now
    )
    assert len(runs) == len(before) + 1
    expect(page.get_by_role("tab", name="Runs")).to_contain_text(str(len(runs)))


def test_several_events_are_replayed_together_after_saying_what_starts(open_page: OpenPage, axe: AxeCheck) -> None:
    page = open_page("/events?state=handled")
    boxes = page.get_by_role("checkbox", name=re.compile("Select charge.refunded|Select checkout.session"))
    expect(boxes.first).to_be_visible()
    boxes.nth(0).click()
    boxes.nth(1).click()
    page.get_by_role("button", name="Replay 2 events…").click()
    dialog = page.get_by_role("dialog", name="Replay 2 events?")
    expect(dialog.get_by_role("radio", name="All that match")).to_be_checked()
    expect(dialog).to_contain_text(re.compile(r"\d+ runs? that succeeded before happens? again"))
    assert axe(page) == []
    dialog.get_by_role("button", name="Replay 2 events").click()
    progress = page.get_by_role("dialog", name="Replay 2 events")
    expect(progress.get_by_role("status").first).to_contain_text("Replayed 2 events: ")


def test_a_request_with_a_wrong_signature_is_told_with_its_reason(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    answer = httpx.post(
        f"{studio.shop.url}/api/stripe/webhook", content=b"{}", headers={"stripe-signature": "t=1,v1=00"}, timeout=10
    )
    assert answer.status_code == 400
    studio.wait("the count", lambda: studio.get("/events/rejected")["data"])
    page = open_page("/events?state=rejected")
    expect(page.locator(".rejection").first).to_contain_text(re.compile("signature|too old", re.IGNORECASE))
    assert axe(page) == []


def test_catching_up_tells_what_it_found(open_page: OpenPage, axe: AxeCheck) -> None:
    page = open_page("/events")
    page.get_by_role("button", name="Catch up").click()
    dialog = page.get_by_role("dialog", name="Catch up")
    dialog.get_by_role("button", name="Check now").click()
    expect(dialog.get_by_text("Recovered")).to_be_visible()
    assert axe(page) == []


def test_events_are_filtered_in_the_address(open_page: OpenPage) -> None:
    page = open_page("/events")
    page.get_by_role("radio", name="Handled").click()
    expect(page).to_have_url(re.compile("state=handled"))
    expect(page.locator("tr[data-row]").first).to_contain_text("Handled")
    page.reload()
    expect(page.get_by_role("radio", name="Handled")).to_have_attribute("data-state", "on")
    expect(page.locator("tr[data-row] [data-status=unhandled]")).to_have_count(0)
