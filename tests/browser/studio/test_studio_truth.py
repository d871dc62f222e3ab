"""What the studio shows is so: files that are not published, declined attempts, one calendar, no choice by itself."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.support.browser.editor_fixture import EditorPage

from payloom.cli.demo_check.actors import DemoActors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.browser.browser_plugin import AxeCheck, OpenWatched
    from tests.support.browser.studio_fixture import OpenPage, Studio

ON_ROW = """\
name: On a changed row
description: Starts on a new order.
on: {table: orders, "on": [insert]}
steps:
  - log: order ${{ row.id }}
"""
ON_CHARGE = """\
name: On a charge
description: Starts on a charge.
on: {stripe: charge, actions: [succeeded]}
steps:
  - log: a-name-without-a-blank-that-is-far-too-long-for-the-panel-it-stands-in-${{ object.currency }}
"""


@pytest.fixture
def tables(studio: Studio) -> Iterator[Path]:
    """The file of the tables; after the test it is as it was."""
    file = studio.shop.folder / "tables.yaml"
    before = file.read_text("utf-8")
    yield file
    file.write_text(before, "utf-8")


@pytest.fixture
def file(studio: Studio) -> Iterator[Path]:
    """Where a workflow of its own can be put by hand; it goes away with the test."""
    path = studio.shop.folder / "workflows" / f"broken-{uuid.uuid4().hex[:8]}.yaml"
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("theme", ["dark"])
def test_a_broken_file_and_tables_that_cannot_be_used_are_said_on_every_page_until_they_are_mended_on_disk(
    open_page: OpenPage, axe: AxeCheck, tables: Path, file: Path, theme: str
) -> None:
    page = open_page("/runs", theme=theme)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    file.write_text(ON_ROW.replace("log: order", "lgo: order"), "utf-8")
    note = page.locator(".project-note")
    link = note.get_by_role("link", name=f"workflows/{file.name}:5")
    expect(link).to_be_visible()
    assert axe(page) == []
    text = tables.read_text("utf-8")
    tables.write_text(text.replace("      failure?: string\n", "      failure?: sentence\n"), "utf-8")
    expect(note).to_contain_text("The server doesn't use tables.yaml as it is now. Line ")
    expect(note).to_contain_text("sentence")
    # The editor opens at the error. Mended on disk, both are gone without a reload.
    link.click()
    expect(page.get_by_role("tab", name=re.compile("^Problems"))).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("1 error", exact=True)).to_be_visible()
    file.write_text(ON_ROW, "utf-8")
    tables.write_text(text, "utf-8")
    expect(page.get_by_text("1 error", exact=True)).to_have_count(0)
    expect(page.get_by_text("Published", exact=True)).to_be_visible()
    expect(note).to_have_count(0)


def test_a_new_step_has_a_name_of_its_own_a_choice_waits_to_be_made_and_a_trigger_is_deleted(
    studio: Studio, open_page: OpenPage
) -> None:
    canvas = EditorPage(studio, open_page, ON_ROW)
    page = canvas.page
    canvas.card("log order").click()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name="Add a step").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("read rows")
    expect(page.get_by_role("option", name=re.compile("Read rows"))).to_be_visible()
    page.keyboard.press("Enter")
    own = page.get_by_label("id", exact=True)
    expect(own).to_have_value("row_2")
    own.fill("row")
    expect(page.get_by_text("“row” is reserved for the trigger's row")).to_be_visible()
    own.fill("found")
    own.press("Tab")
    expect(canvas.card("found")).to_be_visible()
    expect(canvas.card("log order ${{ row.id")).to_be_visible()
    page.get_by_role("button", name="Add step").click()
    expect(page.get_by_role("dialog", name="Add a step").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("subscriptions.update")
    page.get_by_role("option", name=re.compile("subscriptions.update")).first.click()
    page.get_by_role("button", name="Add parameter").click()
    expect(page.get_by_placeholder(re.compile("^Search .* parameters"))).to_be_focused()
    page.keyboard.type("proration_behavior")
    page.keyboard.press("Enter")
    chosen = page.get_by_role("combobox", name=re.compile("proration_behavior"))
    expect(chosen.locator("option:checked")).to_have_text("Choose …")
    expect(
        page.locator("#editor-form").get_by_text(re.compile("error: proration_behavior has no value yet"))
    ).to_be_visible()
    page.get_by_role("button", name=re.compile("^table orders.*trigger")).click()
    page.keyboard.press("Delete")
    expect(page.get_by_role("button", name=re.compile("^no trigger yet"))).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name=re.compile("^table orders.*trigger"))).to_be_visible()


def test_a_declined_attempt_is_in_the_story_of_its_order_with_its_reason_on_one_calendar(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    token = studio.shop.admin["authorization"].removeprefix("Bearer ")
    actors = DemoActors(studio.shop.url, studio.shop.local_stripe, token, ("admin@corner.test", "tiller-and-sail"))
    session, _ = actors.checkout(actors.person(), "mug", 1)
    declined = actors.stripe.pay_session(session, "pm_card_chargeDeclinedInsufficientFunds")
    assert declined.status_code == 402
    order = actors.owner.row("orders", checkout_session=session)
    actors.close()
    assert order is not None
    page = open_page("/journey")
    page.get_by_role("searchbox", name="Any ID or email address").fill(order["id"])
    page.keyboard.press("Enter")
    intent = page.locator("[data-kind=intent]")
    expect(intent).to_contain_text("Your card has insufficient funds. (insufficient_funds)")
    expect(intent).to_contain_text("Failed")
    # The demo moved the local Stripe's clock by months. Everything is on one day, and that clock is named.
    expect(intent).to_contain_text("Stripe's clock, which was moved")
    expect(page.locator(".journey-day")).to_have_count(1)
    assert axe(page) == []
    # The attempt knows its session, too.
    page.goto(f"{studio.url}/journey/{declined.json()['error']['payment_intent']['id']}")
    expect(page.locator("[data-kind=session]")).to_contain_text("Open")


def test_a_dry_run_stays_in_its_panel_and_groups_equal_differences(studio: Studio, open_page: OpenPage) -> None:
    canvas = EditorPage(studio, open_page, ON_CHARGE, width=1440)
    page = canvas.page
    page.get_by_role("tab", name="Test").click()
    page.get_by_role("button", name="Compare on recorded events").click()
    groups = page.locator(".dry-group")
    expect(groups.first).to_contain_text(re.compile(r"\d+ of \d+\s+not started → succeeded"))
    assert groups.count() == 1
    assert page.evaluate(
        """() => { const edge = document.querySelector('.editor-side').getBoundingClientRect().right;
            return [...document.querySelectorAll('.dry *')].filter((one) => one.getBoundingClientRect().right > edge)
                .map((one) => one.textContent); }"""
    ) == []  # fmt: skip


def test_a_session_that_ended_says_so_and_signs_in_at_the_same_place(
    studio: Studio, open_page: OpenPage, watched: OpenWatched, axe: AxeCheck
) -> None:
    page, watch = watched()
    open_page("/mail", page=studio.sign_in(page))
    page.context.clear_cookies()
    page.get_by_role("link", name=re.compile("^Tables")).click()
    note = page.get_by_role("alert").filter(has_text="Your session has ended. This browser keeps")
    expect(note).to_be_visible()
    assert axe(page) == []
    note.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("One-time link")).to_be_visible()
    expect(page).to_have_url(re.compile("/studio/tables"))
    studio.sign_in(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(note).to_have_count(0)
    watch.problems.clear()


def test_on_a_telephone_no_word_of_a_row_is_cut_and_search_and_tables_are_at_hand(open_page: OpenPage) -> None:
    page = open_page("/runs", width=390, height=844)
    expect(page.locator("tr[data-row]").first).to_be_visible()
    cut = "() => [...document.querySelectorAll('tbody td')].filter((one) => one.scrollWidth > one.clientWidth + 1)"
    assert page.evaluate(f"({cut})().length") == 0
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_placeholder(re.compile("Search for an order"))).to_be_focused()
    page.keyboard.press("Escape")
    open_page("/tables/orders", page=page)
    page.get_by_role("combobox", name="Table").select_option("products")
    expect(page.get_by_role("heading", level=1, name="products")).to_be_visible()
