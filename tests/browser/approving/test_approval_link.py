"""A decision by a signed link, as the person in front of the browser meets it; and what the link does not allow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from tests.support.http_server import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLES = """
tables:
  users:
    columns: {id: uuid primary, email: string unique}
  answers:
    columns: {id: string primary, said: string, by?: string, note?: string}
"""
ASK = """
name: Ask
description: Asks somebody by mail.
on: {api: POST /ask, auth: none, rate_limit: 100/m}
input: {id: string, to: email, time: string = 1h}
steps:
  - respond: {asked: true}
    status: 202
  - id: answer
    approve: Refund order ${{ inputs.id }}?
    roles: [boss]
    data: {order: "${{ inputs.id }}", amount: 19 dollars}
    timeout: ${{ inputs.time }}
    notify:
      - email: ask
        to: ${{ inputs.to }}
        data: {link: "${{ approval.url }}"}
    then:
      - insert: answers
        values: {id: "${{ inputs.id }}", said: yes, by: "${{ answer.by }}", note: "${{ answer.note }}"}
    else:
      - insert: answers
        values: {id: "${{ inputs.id }}", said: no, by: "${{ answer.by }}"}
    on_timeout:
      - insert: answers
        values: {id: "${{ inputs.id }}", said: late}
"""
MAIL = """---
subject: A question
---
<mjml><mj-body><mj-section><mj-column>
  <mj-text>Look and decide.</mj-text><mj-button href="{{ link }}">Decide</mj-button>
</mj-column></mj-section></mj-body></mjml>
"""
SETTINGS = """
name: Test Shop
accounts:
  - {email: clerk@shop.test, password: correct-horse, roles: [clerk]}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    files = {
        "payloom.yaml": SETTINGS,
        "tables.yaml": TABLES,
        "workflows/ask.yaml": ASK,
        "emails/ask.mjml.j2": MAIL,
    }
    with running_server(tmp_path_factory.mktemp("approving"), files) as server:
        yield server


def asked(shop: RunningServer, order: str, to: str, **more: Any) -> str:
    """Ask, and return the link from the mail as it is sent; who looks at mails in the studio sees none."""
    assert shop.http.post("/api/ask", json={"id": order, "to": to, **more}).status_code == 202
    mails = shop.wait(lambda: shop.manage("/mails", to=to)["data"])
    assert "/approve/[redacted]" in shop.manage(f"/mails/{mails[0]['id']}")["html"]
    text = shop.sent_mails()[mails[0]["id"]]
    link = re.search(r'href="([^"]*/approve/[^"]+)"', text)
    assert link, text
    shop.wait(lambda: shop.manage("/runs", workflow="ask")["data"][0]["status"] == "waiting")
    return link[1]


def test_a_click_on_approve_lets_the_run_go_on(
    shop: RunningServer, page: Page, axe: Callable[[Any], list[str]]
) -> None:
    link = asked(shop, "o1", "boss@shop.test")
    page.goto(link)
    expect(page.get_by_role("heading", name="Refund order o1?")).to_be_visible()
    expect(page.get_by_text("19 dollars")).to_be_visible()
    expect(page.get_by_text("You decide as boss@shop.test.")).to_be_visible()
    assert axe(page) == []
    assert shop.rows("answers", id="o1") == []
    page.get_by_label("Note (optional)").fill("go ahead")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("Approved by boss@shop.test")
    row = shop.wait(lambda: shop.rows("answers", id="o1"))[0]
    assert (row["said"], row["by"], row["note"]) == ("yes", "boss@shop.test", "go ahead")
    page.goto(link)
    expect(page.get_by_role("status")).to_contain_text("Approved by boss@shop.test")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_click_on_refuse_takes_the_other_branch(shop: RunningServer, page: Page) -> None:
    page.goto(asked(shop, "o2", "second@shop.test"))
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("status")).to_contain_text("Refused by second@shop.test")
    assert shop.wait(lambda: shop.rows("answers", id="o2"))[0]["said"] == "no"


def test_fetching_the_link_decides_nothing(shop: RunningServer) -> None:
    link = asked(shop, "o3", "third@shop.test")
    for _ in range(3):
        answer = shop.http.get(link)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert shop.http.head(link).status_code in (200, 405)
    assert shop.rows("answers", id="o3") == []
    posted = {"content-type": "application/x-www-form-urlencoded"}
    foreign = shop.http.post(link, content="answer=yes", headers={**posted, "sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert shop.http.post(link, content="answer=perhaps", headers=posted).status_code == 400
    assert shop.rows("answers", id="o3") == []


def test_a_link_of_somebody_whose_account_lacks_the_role_opens_nothing(shop: RunningServer) -> None:
    link = asked(shop, "o4", "clerk@shop.test")
    assert shop.http.get(link).status_code == 403
    assert shop.http.post(link, data={"answer": "yes"}).status_code == 403
    assert shop.rows("answers", id="o4") == []


def test_a_changed_link_opens_nothing(shop: RunningServer) -> None:
    link = asked(shop, "o5", "fifth@shop.test")
    body, _, signature = link.rpartition(".")
    for forged in (f"{body}x.{signature}", f"{body}.{signature[:-3]}abc", f"{body}.", body, f"{body}.%00"):
        assert shop.http.get(forged).status_code in (403, 404), forged
    other = asked(shop, "o6", "sixth@shop.test").rpartition(".")
    assert shop.http.get(f"{other[0]}.{signature}").status_code == 403


def test_silence_takes_its_branch_and_the_late_click_is_told(shop: RunningServer) -> None:
    link = asked(shop, "o7", "late@shop.test", time="2s")
    row = shop.wait(lambda: shop.rows("answers", id="o7"))[0]
    assert row["said"] == "late"
    answer = shop.http.get(link)
    if answer.status_code == 200:
        assert "Nobody answered in time" in answer.text
    shop.wait(lambda: shop.http.get(link).status_code == 403)
    assert shop.http.post(link, data={"answer": "yes"}).status_code == 403
    assert shop.rows("answers", id="o7")[0]["said"] == "late"


def test_no_journal_and_no_answer_of_the_server_holds_the_link(shop: RunningServer) -> None:
    link = asked(shop, "o8", "eighth@shop.test")
    token = link.rpartition("/approve/")[2]
    run = shop.manage("/runs", workflow="ask")["data"][0]["id"]
    body = shop.http.get(f"/api/_payloom/runs/{run}", headers=shop.admin).text
    assert token not in body
    assert token.partition(".")[2] not in body
