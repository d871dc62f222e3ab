"""The forms and the text of a workflow: completion, findings as one types, only touched lines change, no mouse."""

from __future__ import annotations

import difflib
import re
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio

REFUND = """\
name: Refund by form       # the title people see
description: Pays an order back.
on:
  api: POST /forms/refund
  auth: [admin]
  dedupe: ${{ inputs.request_id }}   # a double click refunds once
input:
  order_id: uuid
  request_id: uuid

steps:
  # the order tells how much there is
  - id: order
    select: orders
    where: {id: "${{ inputs.order_id }}"}
    one: required

  - id: refund
    stripe: refunds.create   # money moves here
    with:
      payment_intent: ${{ order.payment_intent }}   # never the client's

  - return: {refund_id: "${{ refund.id }}"}
"""


@pytest.fixture
def new_workflow(studio: Studio) -> Iterator[Callable[..., str]]:
    """Return a maker of workflows, each under an id of its own; answers the id.

    They go away with the test: a broken one would hold up what other tests publish.
    """
    names: list[str] = []

    def make(text: str = REFUND) -> str:
        name = f"forms-{uuid.uuid4().hex[:8]}"
        studio.post("/workflows", {"id": name, "text": text.replace("/forms/refund", f"/forms/{name}")})
        names.append(name)
        return name

    yield make
    for name in names:
        (studio.shop.folder / "workflows" / f"{name}.yaml").unlink(missing_ok=True)


def file_of(studio: Studio, workflow: str) -> str:
    """Return the file's text as it is on disk."""
    return (studio.shop.folder / "workflows" / f"{workflow}.yaml").read_text("utf-8")


def changed(before: str, after: str) -> list[str]:
    """Return the lines that differ, with + and -."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def form(page: Page) -> Locator:
    """Return the form beside the canvas."""
    return page.get_by_role("form", name="Step")


def save(page: Page) -> None:
    """Save with the keys and wait until it is saved."""
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Unsaved", exact=True)).to_have_count(0)


def choose(page: Page, words: str) -> None:
    """Type into the list that has just opened, and take its first entry."""
    expect(page.locator("[cmdk-input]")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator("[cmdk-input]")).to_have_count(0)


def code(page: Page) -> Locator:
    """Return the text view's editable part."""
    return page.get_by_role("textbox", name="Workflow as YAML")


def yaml(page: Page) -> str:
    """Return what the text view shows."""
    return "\n".join(page.locator(".yaml-host .cm-line").all_text_contents())


def end_of_line(page: Page, words: str) -> None:
    """Put the cursor behind the text of a line."""
    page.locator(".yaml-host .cm-line", has_text=words).first.click()
    page.keyboard.press("End")


def test_a_stripe_step_is_filled_in_by_form_and_only_its_lines_change(
    studio: Studio, open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    workflow = new_workflow()
    before = file_of(studio, workflow)
    page = open_page(f"/workflows/{workflow}?step=steps/1")
    step = form(page)
    step.get_by_role("button", name="Add parameter").click()
    choose(page, "amount")
    amount = step.get_by_role("textbox", name="amount", exact=True)
    amount.fill("21.98")
    expect(step.get_by_text("Amounts are whole numbers of minor units")).to_be_visible()
    amount.fill("1099")
    expect(step.get_by_text("in minor units: 10.99")).to_be_visible()
    step.get_by_role("button", name="Add parameter").click()
    choose(page, "reason")
    step.get_by_role("combobox", name="reason", exact=True).select_option("duplicate")
    step.get_by_role("button", name="Add parameter").click()
    choose(page, "metadata")
    step.get_by_role("button", name="Add a key").click()
    key = step.get_by_role("textbox", name="Name of key")
    key.fill("order_id")
    key.press("Enter")
    step.get_by_role("button", name="Write order_id as an expression").click()
    step.get_by_role("textbox", name="order_id, expression").click()
    page.keyboard.type("order.id")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    save(page)
    after = file_of(studio, workflow)
    assert changed(before, after) == [
        "+      amount: 1099",
        "+      reason: duplicate",
        "+      metadata:",
        "+        order_id: ${{ order.id }}",
    ] or changed(before, after) == [
        "+      amount: 1099",
        "+      reason: duplicate",
        '+      metadata: {order_id: "${{ order.id }}"}',
    ]  # fmt: skip
    assert "# money moves here" in after


def test_what_is_no_value_stays_in_the_field_and_out_of_the_file(
    studio: Studio, open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    workflow = new_workflow()
    page = open_page(f"/workflows/{workflow}?step=steps/1&view=yaml")
    step = form(page)
    step.get_by_role("button", name="Add parameter").click()
    choose(page, "amount")
    amount = step.get_by_role("textbox", name="amount", exact=True)
    amount.fill("500")
    amount.blur()
    expect(page.locator(".yaml-host")).to_contain_text("amount: 500")
    amount.fill("five hundred")
    amount.blur()
    expect(step.get_by_text("“five hundred” is not a whole number.")).to_be_visible()
    # Another step and back: what was typed is still there, and still no value.
    page.locator(".yaml-host .cm-line", has_text="- return").click()
    expect(form(page).get_by_role("heading", name="return")).to_be_visible()
    page.locator(".yaml-host .cm-line", has_text="stripe: refunds.create").click()
    expect(form(page).get_by_role("textbox", name="amount", exact=True)).to_have_value("five hundred")
    assert "five hundred" not in yaml(page)


def test_an_expression_is_completed_and_judged_as_it_is_typed(
    open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    page = open_page(f"/workflows/{new_workflow()}?step=steps/1")
    field = form(page).get_by_role("textbox", name="payment_intent, expression")
    field.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("ord")
    options = page.get_by_role("listbox", name="Completions")
    expect(options.get_by_role("option").first).to_contain_text("order")
    # A list that has only just opened takes no Enter, so that nobody accepts what they did not see.
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    page.keyboard.type(".")
    expect(options.get_by_role("option", name=re.compile("payment_intent"))).to_be_visible()
    page.keyboard.type("payment_intnt")
    page.keyboard.press("Escape")
    message = form(page).locator(".form-note-error", has_text="payment_intnt")
    expect(message).to_be_visible()
    expect(message).to_contain_text("payment_intent")
    for _ in "ntnt":
        page.keyboard.press("Backspace")
    page.keyboard.type("ntent")
    page.keyboard.press("Escape")
    expect(message).to_have_count(0)
    page.keyboard.type(" + 'open")
    expect(form(page).get_by_text("A quote or a brace isn't closed.")).to_be_visible()


def test_another_id_is_written_into_what_reads_it(
    studio: Studio, open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    workflow = new_workflow()
    before = file_of(studio, workflow)
    page = open_page(f"/workflows/{workflow}?step=steps/0")
    field = form(page).get_by_role("textbox", name="id", exact=True)
    field.fill("refund")
    field.press("Enter")
    expect(form(page).get_by_text("Another step is called “refund”.")).to_be_visible()
    field.fill("purchase")
    field.press("Enter")
    expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()
    save(page)
    assert changed(before, file_of(studio, workflow)) == [
        "-  - id: order",
        "+  - id: purchase",
        "-      payment_intent: ${{ order.payment_intent }}   # never the client's",
        "+      payment_intent: ${{ purchase.payment_intent }}   # never the client's",
    ]


def test_the_text_completes_keys_and_words_and_marks_what_is_wrong(
    open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    page = open_page(f"/workflows/{new_workflow()}?view=yaml")
    end_of_line(page, "one: required")
    page.keyboard.press("Enter")
    page.keyboard.type("ord")
    options = page.get_by_role("listbox", name="Completions")
    expect(options.get_by_role("option", name=re.compile("order_by"))).to_be_visible()
    page.keyboard.press("Escape")
    for _ in "ord":
        page.keyboard.press("Backspace")
    page.keyboard.type("limt: 3")
    page.keyboard.press("Escape")
    wrong = page.locator(".cm-lintRange-error").first
    expect(wrong).to_have_text("limt")
    expect(page.locator(".cm-lint-marker-error")).to_be_visible()
    wrong.hover()
    note = page.locator(".cm-tooltip-lint")
    expect(note).to_contain_text("limit")
    note.get_by_role("button", name="About F001").click()
    help_ = page.get_by_role("dialog", name=re.compile("F001: Unknown name"))
    expect(help_.get_by_role("region", name="how to fix it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_).to_have_count(0)
    page.mouse.move(0, 0)
    wrong.hover()
    note.get_by_role("button", name=re.compile("Change to limit")).click()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    assert "    limit: 3" in yaml(page)


def test_the_problems_lead_to_their_step_and_mend_what_they_can(
    open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    page = open_page(f"/workflows/{new_workflow(REFUND.replace('select: orders', 'select: ordrs'))}?view=yaml")
    page.get_by_role("tab", name=re.compile("Problems")).click()
    page.get_by_role("button", name=re.compile("Error: .*ordrs")).click()
    expect(page).to_have_url(re.compile("step=steps(/|%2F)0"))
    expect(page.locator(".cm-step-selected").first).to_contain_text("id: order")
    page.get_by_role("button", name="Change to orders").click()
    expect(page.locator(".yaml-host")).to_contain_text("select: orders")
    expect(page.get_by_role("button", name=re.compile("Error: .*ordrs"))).to_have_count(0)


def test_text_and_form_follow_one_another_and_share_one_history(
    open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    page = open_page(f"/workflows/{new_workflow()}?view=yaml")
    page.locator(".yaml-host .cm-line", has_text="stripe: refunds.create").click()
    expect(form(page).get_by_role("heading", name="stripe")).to_be_visible()
    end_of_line(page, "payment_intent: ${{ order.payment_intent }}")
    page.keyboard.press("Enter")
    page.keyboard.type("amount: 700")
    amount = form(page).get_by_role("textbox", name="amount", exact=True)
    expect(amount).to_have_value("700")
    amount.fill("800")
    expect(page.locator(".yaml-host")).to_contain_text("amount: 800")
    page.keyboard.press("Control+z")
    expect(page.locator(".yaml-host")).to_contain_text("amount: 700")
    expect(amount).to_have_value("700")
    code(page).focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".yaml-host")).not_to_contain_text("amount:")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".yaml-host")).to_contain_text("amount: 700")
    # Unsaved text outlives another view.
    page.get_by_role("radio", name="Canvas").or_(page.get_by_role("button", name="Canvas", exact=True)).first.click()
    page.get_by_role("radio", name="YAML").or_(page.get_by_role("button", name="YAML", exact=True)).first.click()
    expect(page.locator(".yaml-host")).to_contain_text("amount: 700")


def test_tab_indents_and_escape_then_tab_leaves_the_text(open_page: OpenPage, new_workflow: Callable[..., str]) -> None:
    page = open_page(f"/workflows/{new_workflow()}?view=yaml")
    end_of_line(page, "one: required")
    page.keyboard.press("Tab")
    expect(code(page)).to_be_focused()
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(code(page)).not_to_be_focused()


def test_a_step_is_added_and_filled_in_without_a_mouse(
    studio: Studio, open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    workflow = new_workflow()
    before = file_of(studio, workflow)
    page = open_page(f"/workflows/{workflow}?step=steps/1")
    page.get_by_role("button", name="Add step").first.focus()
    page.keyboard.press("Enter")
    search = page.get_by_role("combobox", name="Add a step")
    expect(search).to_be_focused()
    page.keyboard.type("change a row")
    expect(page.get_by_role("complementary", name="About the highlighted item")).to_contain_text("exactly one")
    page.keyboard.press("Enter")
    expect(form(page).get_by_role("heading", name="update")).to_be_visible()
    table = form(page).get_by_role("button", name="update: nothing chosen")
    table.focus()
    page.keyboard.press("Enter")
    choose(page, "orders")
    expect(form(page).get_by_role("button", name="update: orders")).to_be_visible()
    add = form(page).get_by_role("button", name="Add a condition")
    add.focus()
    page.keyboard.press("Enter")
    choose(page, "id")
    expect(form(page).get_by_role("textbox", name="id", exact=True)).to_have_count(2)
    form(page).get_by_role("textbox", name="id", exact=True).last.focus()
    page.keyboard.type("${{ order.id }}")
    page.keyboard.press("Escape")
    add = form(page).get_by_role("button", name="Add a column to set")
    add.focus()
    page.keyboard.press("Enter")
    choose(page, "status")
    status = form(page).get_by_role("combobox", name="status", exact=True)
    status.focus()
    page.keyboard.type("refunded")
    save(page)
    added = [line for line in changed(before, file_of(studio, workflow)) if line != "+"]
    assert all(line.startswith("+") for line in added)
    assert re.search(r"update: orders", "\n".join(added))
    assert re.search(r'id: "?\$\{\{ order\.id \}\}', "\n".join(added))
    assert re.search(r"status: refunded", "\n".join(added))


def test_a_trigger_is_added_from_the_catalog_and_shows_its_next_runs(
    studio: Studio, open_page: OpenPage, new_workflow: Callable[..., str]
) -> None:
    workflow = new_workflow("name: Nightly\ndescription: Runs at night.\non: {manual: true}\nsteps:\n  - log: hello\n")
    page = open_page(f"/workflows/{workflow}")
    form(page).get_by_role("button", name="Add a trigger").click()
    page.get_by_role("combobox", name="Add a trigger").fill("cron")
    page.keyboard.press("Enter")
    expect(form(page).get_by_role("heading", name="On a schedule")).to_be_visible()
    line = form(page).get_by_role("textbox", name="schedule", exact=True)
    line.fill("0 9 * * 1")
    expect(form(page).locator(".form-next li")).to_have_count(3)
    expect(form(page).locator(".form-next li").first).to_contain_text("Mon")
    line.fill("61 * * * *")
    line.blur()
    expect(form(page).get_by_text("not a cron line")).to_be_visible()
    line.fill("30 2 * * *")
    expect(form(page).get_by_text("not a cron line")).to_have_count(0)
    save(page)
    assert "schedule: 30 2 * * *" in file_of(studio, workflow).replace('"', "").replace("'", "")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_of_it_is_a_barrier(
    open_page: OpenPage, new_workflow: Callable[..., str], axe: AxeCheck, theme: str
) -> None:
    page = open_page(f"/workflows/{new_workflow()}?step=steps/1&view=yaml", theme=theme)
    expect(form(page).get_by_role("group", name="with")).to_be_visible()
    form(page).get_by_role("button", name=re.compile("^Options")).click()
    assert axe(page) == []
    page.goto(page.url.replace("steps%2F1", "steps%2F0").replace("steps/1", "steps/0"))
    expect(form(page).get_by_role("heading", name="select")).to_be_visible()
    assert axe(page) == []
    page.goto(re.sub(r"step=[^&]*&?", "", page.url))
    expect(form(page).get_by_role("heading", name="Workflow")).to_be_visible()
    assert axe(page) == []
    form(page).get_by_role("button", name="Add a trigger").click()
    expect(page.get_by_role("combobox", name="Add a trigger")).to_be_visible()
    assert axe(page) == []
