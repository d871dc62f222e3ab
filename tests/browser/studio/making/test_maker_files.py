"""What a maker adds beside the workflows without leaving the browser: a table, a page with a Pay button, an email."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.support.browser.browser_plugin import AxeCheck
    from tests.support.browser.studio_fixture import OpenPage, Studio


def fresh(word: str) -> str:
    return f"{word}{uuid.uuid4().hex[:6]}"


def test_a_table_is_made_by_keyboard_and_its_row_is_added(studio: Studio, open_page: OpenPage, axe: AxeCheck) -> None:
    name = fresh("notes_")
    orders = studio.get("/tables/orders/rows")["data"]
    page = open_page("/tables/orders")
    page.get_by_role("button", name="New table").press("Enter")
    dialog = page.get_by_role("dialog", name="New table")
    page.keyboard.type(name)
    dialog.get_by_role("button", name="Add column").press("Enter")
    # The new column's name has the keyboard.
    expect(dialog.get_by_label("Name of column 3")).to_be_focused()
    page.keyboard.type("amount")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("many")
    assert axe(page) == []
    page.keyboard.press("Enter")
    # What the server can't create is said in the form, and nothing of it stays.
    expect(dialog.get_by_role("alert")).to_contain_text("many")
    assert name not in (studio.shop.folder / "tables.yaml").read_text()
    dialog.get_by_label("Type of column 3").fill("int")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.get_by_role("button", name="New row").click()
    page.get_by_role("dialog").get_by_label("amount").fill("5")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Insert|Add|Create|Save")).click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert studio.get("/tables/orders/rows")["data"] == orders


def test_a_page_with_a_pay_button_is_made_opened_broken_and_mended(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    title = fresh("buy")
    page = open_page("/files")
    page.get_by_role("button", name="New page").click()
    dialog = page.get_by_role("dialog", name="New page")
    page.keyboard.type(title)
    expect(dialog.get_by_label("Address")).to_have_value(f"/{title}")
    dialog.get_by_label("Pay button").select_option("/studio/slow")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="New page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type(title)
    dialog.get_by_label("Pay button").select_option("/studio/slow")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1, name=f"pages/{title}.html.j2")).to_be_visible()
    assert axe(page) == []
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the page").click()
    expect(opened.value.get_by_role("button", name="Pay")).to_be_visible()
    text = page.get_by_role("textbox", name="Text of pages/")
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("{% block")
    page.keyboard.press("Control+s")
    problem = page.get_by_role("region", name="Problems").get_by_role("listitem")
    expect(problem).to_contain_text("template:")
    assert axe(page) == []
    text.click()
    page.keyboard.press("Control+End")
    for _ in range(len("{% block}")):
        page.keyboard.press("Control+z")
    while "{% block}" in text.inner_text() or text.inner_text().rstrip().endswith("{% block"):
        page.keyboard.press("Control+z")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("In use", exact=True)).to_be_visible()


def test_an_email_is_previewed_as_it_is_typed_with_data_that_can_be_changed(
    studio: Studio, open_page: OpenPage, axe: AxeCheck
) -> None:
    name = fresh("preview")
    studio.post("/files", {"path": f"emails/{name}.mjml.j2", "text": mail('"Order {{ order.id }}"')})
    page = open_page(f"/files/emails%2F{name}.mjml.j2")
    preview = page.get_by_role("region", name="Preview")
    expect(preview.locator("strong")).to_have_text("Order 4f7c1a2e")
    expect(preview.frame_locator("iframe").get_by_text("Hi")).to_be_visible()
    append(page, "<mj-unknown>")
    expect(preview.get_by_role("alert")).to_contain_text("<mj-unknown> is not an MJML tag")
    for _ in range(20):
        page.keyboard.press("Control+z")
    preview.get_by_role("tab", name="Data").click()
    data = preview.get_by_label("The step's data")
    data.fill('{"order": {"id": "A-7"')
    expect(preview).to_contain_text("This isn't a JSON object yet")
    data.fill('{"order": {"id": "A-7"}}')
    expect(preview.locator("strong")).to_have_text("Order A-7")
    data.fill("{}")
    expect(preview.get_by_role("alert")).to_contain_text("must hold every name the template uses")
    assert axe(page) == []


@pytest.mark.parametrize(("callers", "auth"), [("People who are signed in", "user"), ("Anyone", "optional")])
def test_who_can_call_a_new_endpoint_is_asked_where_it_is_made(
    studio: Studio, open_page: OpenPage, callers: str, auth: str
) -> None:
    name = fresh("sell")
    page = open_page("/workflows")
    page.get_by_role("button", name="New workflow").click()
    dialog = page.get_by_role("dialog")
    page.keyboard.type(name)
    dialog.get_by_label("Starts on").select_option("api")
    option = dialog.get_by_label("Who can call it").locator("option").filter(has_text=callers)
    dialog.get_by_label("Who can call it").select_option(option.get_attribute("value"))
    expect(dialog.get_by_text("Guests are refused")).to_have_count(1 if auth == "user" else 0)
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("button", name="Add step").first).to_be_visible()
    # What the dialog and its page took away does not leave the keyboard nowhere.
    expect(page.locator("#content")).to_be_focused()
    assert f"auth: {auth}" in studio.get(f"/workflows/{name}/source")["text"]
    page.goto(f"{studio.url}/files?new=page")
    page.get_by_role("dialog").get_by_label("Pay button").select_option(f"/{name}")
    hint = page.get_by_role("dialog").get_by_role("link", name="change who can call it")
    expect(hint).to_have_count(1 if auth == "user" else 0)


@pytest.mark.parametrize("choice", ["Use the file", "Keep my version"])
def test_what_is_typed_into_a_file_survives_a_reload_and_another_programs_change(
    studio: Studio, open_page: OpenPage, choice: str
) -> None:
    name = fresh("mail")
    file = studio.shop.folder / "emails" / f"{name}.mjml.j2"
    studio.post("/files", {"path": f"emails/{name}.mjml.j2", "text": mail("Before")})
    page = open_page(f"/files/emails%2F{name}.mjml.j2")
    append(page, "<!-- typed -->")
    expect(page.get_by_text("Unsaved", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Restored unsaved changes")).to_be_visible()
    file.write_text(mail("By another program"))
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("dialog", name="The file changed").get_by_role("button", name=choice).click()
    if choice == "Keep my version":
        page.keyboard.press("Control+s")
        expect(page.get_by_text("In use", exact=True)).to_be_visible()
        assert "typed" in file.read_text()
    else:
        expect(page.get_by_role("textbox", name="Text of emails/")).to_contain_text("By another program")
        assert file.read_text() == mail("By another program")


def mail(subject: str) -> str:
    body = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"
    return f"---\nsubject: {subject}\n---\n{body}\n"


def append(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Text of ").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
