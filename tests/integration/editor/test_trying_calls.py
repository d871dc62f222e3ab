"""Drafts that call a workflow with `once`: a test run shows what its run did, inside the call; nothing has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.editor_client import EditorClient

FULFILL = """\
name: Fulfill
description: Once per order.
on: {called: true}
input: {order: string}
once: ${{ inputs.order }}
steps:
  - id: intent
    stripe: payment_intents.retrieve
    with: {id: "pi_${{ inputs.order }}"}
  - id: order
    update: orders
    where: {id: "${{ inputs.order }}"}
    set: {status: paid}
  - log: ${{ order.id }} is paid
  - return: {order: "${{ order.id }}", status: "${{ intent.status }}"}
"""
STRIPE = """\
  - id: intent
    stripe: payment_intents.retrieve
    with: {id: "pi_${{ inputs.order }}"}
"""
PAGE = """\
name: Page
description: Shows what was fulfilled.
on: {api: POST /page, auth: none}
input: {order: string}
steps:
  - log: asked
  - id: done
    call: fulfill
    with: {order: "${{ inputs.order }}"}
  - return: ${{ done }}
"""


def tried(desk: EditorClient, order: str, **more: Any) -> dict[str, Any]:
    """Try the page with `fulfill` published."""
    (desk.root / "workflows" / "fulfill.yaml").write_text(FULFILL, "utf-8")
    desk.post("/workflows/fulfill/publish", {})
    body = {"id": "page", "text": PAGE, "trigger": {"inputs": {"order": order}}, **more}
    return desk.post("/editor/test-run", body)


def test_the_steps_of_the_called_run_stand_inside_the_call(desk: EditorClient) -> None:
    answer = tried(desk, "o1")
    assert [(step["path"], step["verb"], step["status"]) for step in answer["run"]["steps"]] == [
        ("0", "log", "succeeded"),
        ("1.call.0", "stripe", "succeeded"),
        ("1.call.1", "update", "succeeded"),
        ("1.call.2", "log", "succeeded"),
        ("1", "call", "succeeded"),
    ]
    assert answer["notes"] == {"1.call.0": "made up"}
    assert answer["run"]["output"]["order"] == "o1"
    assert [(log["path"], log["text"]) for log in answer["run"]["logs"]] == [("0", "asked"), ("1.call.2", "o1 is paid")]
    assert {entry["path"] for entry in answer["trail"]} == {"0", "1", "2"}
    assert desk.get("/runs", workflow="fulfill")["data"] == []


def test_a_mock_answers_for_the_call_or_for_a_step_inside(desk: EditorClient) -> None:
    whole = tried(desk, "o1", mocks={"1": {"value": {"order": "mine"}}})
    assert [step["path"] for step in whole["run"]["steps"]] == ["0", "1"]
    assert whole["run"]["steps"][1]["action"] == "fulfill"
    assert (whole["notes"], whole["run"]["output"]) == ({"1": "mocked"}, {"order": "mine"})
    inside = tried(desk, "o1", mocks={"1.call.0": {"value": {"status": "processing"}}})
    assert inside["run"]["output"] == {"order": "o1", "status": "processing"}
    assert inside["notes"] == {"1.call.0": "mocked"}
    error = {"kind": "card_declined", "message": "No.", "status": 402}
    failed = tried(desk, "o1", mocks={"1.call.0": {"error": error}})
    assert (failed["run"]["status"], failed["run"]["failure"]["kind"]) == ("refused", "card_declined"), "it only read"


def test_what_was_done_before_is_found(desk: EditorClient) -> None:
    (desk.root / "workflows" / "page.yaml").write_text(PAGE, "utf-8")
    (desk.root / "workflows" / "fulfill.yaml").write_text(
        FULFILL.replace(STRIPE, "").replace("intent.status", "'mine'")
    )
    for name in ("fulfill", "page"):
        desk.post(f"/workflows/{name}/publish", {})
    answer = desk.server.http.post("/api/page", json={"order": "o2"})
    assert answer.json() == {"order": "o2", "status": "mine"}
    again = tried(desk, "o2")
    assert [step["path"] for step in again["run"]["steps"]] == ["0", "1"]
    assert (again["notes"], again["run"]["output"]) == ({"1": "recorded"}, {"order": "o2", "status": "mine"})
    [run] = desk.get("/runs", workflow="fulfill")["data"]
    [page] = desk.get("/runs", workflow="page")["data"]
    assert run["trigger"] == "call"
    assert desk.get(f"/runs/{run['id']}")["called_by"] == [page["id"]]
    assert desk.get(f"/runs/{page['id']}")["calls"] == [{"path": "1", "run_id": run["id"]}]
