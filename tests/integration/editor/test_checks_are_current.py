"""The editor's checks follow the catalog: a check is never older than what is published, and a save checks once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.support.editor_client import HELLO, MARK_PAID, EditorClient

from payloom.project.catalog import base_catalog
from payloom.workflows.checker import check_workflow

if TYPE_CHECKING:
    from payloom.workflows.checker.findings import Findings

CALLS = """\
name: Calls
description: Calls another workflow.
on: {manual: true, auth: [admin]}
steps:
  - call: CALLED
"""
CALLED = "name: Called\ndescription: Is called.\non: {called: true}\nsteps:\n  - return: {n: 1}\n"


def messages(desk: EditorClient, text: str) -> list[str]:
    """Return what the check of a draft of `calls` says about the workflow that it calls."""
    diagnostics = desk.post("/editor/check", {"id": "calls", "text": text})["diagnostics"]
    return [diagnostic["message"] for diagnostic in diagnostics if diagnostic["severity"] == "error"]


def test_a_check_knows_what_was_published_a_moment_ago(desk: EditorClient) -> None:
    for number in range(12):
        name = f"called-{number % 3}"
        text = CALLS.replace("CALLED", name)
        assert any(name in message for message in messages(desk, text))
        desk.post("/workflows", {"id": name, "text": CALLED})
        assert messages(desk, text) == []
        desk.ask("DELETE", f"/workflows/{name}", etag=desk.source(name)["etag"])
        assert any(name in message for message in messages(desk, text))


def test_a_change_of_what_reaches_money_is_seen_by_the_check_of_a_caller(desk: EditorClient) -> None:
    pays = """\
name: Pays
description: Refunds an amount.
on: {called: true}
input: {amount: int, order: string}
steps:
  - stripe: refunds.create
    with: {payment_intent: "${{ inputs.order }}", amount: "${{ inputs.amount }}"}
"""
    calls = """\
name: Calls
description: Passes on what a browser sends.
on: {api: POST /calls, auth: user}
input: {amount: int, order: string}
steps:
  - call: pays
    with: {amount: "${{ inputs.amount }}", order: "${{ inputs.order }}"}
"""
    desk.post("/workflows", {"id": "pays", "text": pays})
    with_money = desk.post("/editor/check", {"id": "calls", "text": calls})
    harmless = pays.replace('amount: "${{ inputs.amount }}"', "amount: 100")
    desk.save("pays", harmless)
    without = desk.post("/editor/check", {"id": "calls", "text": calls})
    desk.save("pays", pays)
    again = desk.post("/editor/check", {"id": "calls", "text": calls})
    assert with_money["diagnostics"] == again["diagnostics"] != without["diagnostics"]


@pytest.mark.parametrize("publish", [True, False])
def test_a_save_checks_the_text_once(desk: EditorClient, monkeypatch: pytest.MonkeyPatch, publish: bool) -> None:
    checked: Counter[str] = Counter()
    check_secrets = check_workflow.check_secrets

    def counted(findings: Findings) -> None:
        checked[findings.source.text] += 1
        check_secrets(findings)

    # The last part of every check, whoever asks for it.
    monkeypatch.setattr(check_workflow, "check_secrets", counted)
    etag = desk.source("hello")["etag"]
    checked.clear()
    for greeting in ("Good day", "Good evening", "Good night"):
        text = HELLO.replace("Hello ${{", f"{greeting} {publish} ${{{{")
        answer = desk.ask("PUT", "/workflows/hello/source", {"text": text, "etag": etag, "publish": publish})
        assert (answer.status_code, answer.json()["published"]) == (200, publish)
        etag = answer.json()["etag"]
        assert checked == {text: 1}
        assert desk.source("hello")["diagnostics"] == answer.json()["diagnostics"]
        assert checked == {text: 1}
        checked.clear()


def test_a_save_gives_the_findings_that_the_check_gives(desk: EditorClient) -> None:
    text = MARK_PAID.replace("set:", "sett:")
    saved = desk.save("mark-paid", text)
    assert saved["diagnostics"] != []
    assert saved["diagnostics"] == desk.post("/editor/check", {"id": "mark-paid", "text": text})["diagnostics"]


def test_no_two_catalogs_share_a_revision() -> None:
    catalogs = [base_catalog() for _ in range(3)]
    for catalog in catalogs * 2:
        catalog.renew_revision()
    revisions = [catalog.revision for catalog in catalogs]
    assert revisions == sorted(set(revisions))
