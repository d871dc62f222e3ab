"""Drafts tried with samples and mocks: an ordinary run to look at, and nothing that has happened."""

from __future__ import annotations

from typing import Any

from tests.support.editor_client import MARK_PAID, EditorClient
from tests.support.http_server import event

CHARGE = """\
name: Charge
description: Charges an order.
on: {api: POST /charge, auth: user, dedupe: "${{ inputs.order }}"}
input: {order: string}
steps:
  - id: order
    select: orders
    where: {id: "${{ inputs.order }}"}
    one: required
  - id: intent
    stripe: payment_intents.create
    with: {amount: 500, currency: usd, metadata: {order_id: "${{ order.id }}"}}
    idempotency_key: charge-${{ order.id }}
  - if: intent.status == 'succeeded'
    then:
      - update: orders
        where: {id: "${{ order.id }}", status: pending}
        set: {status: paid}
    else:
      - wait: 2h
      - log: ${{ intent.id }} is ${{ intent.status }}
  - return: {intent: "${{ intent.id }}", user: "${{ user.email }}"}
"""

CATCH = """\
name: Catch
description: Deals with a declined card.
on: {manual: true}
steps:
  - try:
      - id: refund
        stripe: refunds.create
        with: {charge: ch_1}
    catch:
      - errors: charge_already_refunded
        do:
          - log: was refunded before
  - id: seen
    wait_for: {stripe: refund, timeout: 1h}
  - return: {seen: "${{ seen?.object?.id }}"}
"""


def steps(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Path, verb and status of each step."""
    return [(step["path"], step["verb"], step["status"]) for step in answer["run"]["steps"]]


def test_a_draft_runs_on_a_recorded_event_and_nothing_has_happened(desk: EditorClient) -> None:
    desk.server.deliver(event("charge.failed", "evt_other", id="ch_9"))
    desk.server.deliver(event("payment_intent.succeeded", "evt_rec", id="pi_1", metadata={"order_id": "o1"}, amount=7))
    before = (desk.get("/runs")["data"], desk.get("/tables/orders/rows")["data"])
    draft = MARK_PAID.replace("status: pending}", "status: paid}").replace("status: paid\n", "status: pending\n")
    body = {"id": "mark-paid", "text": draft, "trigger": {"event_id": "evt_rec"}}
    answer = desk.post("/editor/test-run", body)
    assert (answer["run"]["status"], answer["run"]["outcome"]) == ("succeeded", None)
    assert steps(answer) == [("0", "update", "succeeded"), ("2", "log", "succeeded")]
    assert answer["run"]["steps"][0]["value"]["status"] == "pending"
    assert answer["run"]["logs"][0]["text"] == "Order o1 is paid"
    assert [entry["path"] for entry in answer["trail"] if entry["outcome"] == "done"] == ["0", "1", "2"]
    assert (desk.get("/runs")["data"], desk.get("/tables/orders/rows")["data"]) == before
    assert answer["run"]["id"] not in [run["id"] for run in before[0]]


def test_a_sample_needs_only_what_matters(desk: EditorClient) -> None:
    body = {
        "id": "mark-paid",
        "text": MARK_PAID,
        "trigger": {"sample": {"data": {"object": {"metadata": {"order_id": "o2"}, "amount": 99}}}},
    }
    answer = desk.post("/editor/test-run", body)
    assert answer["run"]["steps"][0]["value"]["amount"] == 99
    wrong = {**body, "trigger": {"sample": {"type": "charge.captured"}}}
    status, error = desk.refused("POST", "/editor/test-run", wrong)
    assert (status, error["code"]) == (422, "not_started")


def test_calls_to_stripe_are_made_up_and_waits_are_skipped(desk: EditorClient) -> None:
    body = {"id": "charge", "text": CHARGE, "trigger": {"inputs": {"order": "o1"}}}
    answer = desk.post("/editor/test-run", body)
    assert steps(answer) == [
        ("0", "select", "succeeded"), ("1", "stripe", "succeeded"), ("2.else.0", "wait", "succeeded"),
        ("2.else.1", "log", "succeeded"),
    ]  # fmt: skip
    assert answer["notes"] == {"1": "made up", "2.else.0": "skipped"}
    assert answer["run"]["output"]["user"].endswith("@shop.test")
    assert {"path": "2", "outcome": "took", "step_id": None, "branch": "else"} in answer["trail"]
    assert desk.get("/runs", workflow="charge")["data"] == []


def test_a_mock_answers_instead_of_a_step(desk: EditorClient) -> None:
    mocks = {"1": {"value": {"id": "pi_mine", "status": "succeeded"}}}
    body = {"id": "charge", "text": CHARGE, "trigger": {"inputs": {"order": "o3"}}, "mocks": mocks}
    answer = desk.post("/editor/test-run", body)
    assert steps(answer) == [
        ("0", "select", "succeeded"), ("1", "stripe", "succeeded"), ("2.then.0", "update", "succeeded"),
    ]  # fmt: skip
    assert answer["run"]["steps"][1]["value"]["id"] == "pi_mine"
    assert answer["run"]["steps"][1]["args"]["with"]["amount"] == 500
    assert answer["notes"]["1"] == "mocked"
    assert answer["run"]["output"]["intent"] == "pi_mine"
    until = desk.post("/editor/test-run", {**body, "until": "1"})
    assert [step["path"] for step in until["run"]["steps"]] == ["0", "1"]
    row = {**body, "mocks": {"0": {"value": {"id": "o77"}}, **mocks}}
    assert desk.post("/editor/test-run", row)["run"]["status"] == "failed"


def test_a_mocked_error_takes_the_branch_that_catches_it(desk: EditorClient) -> None:
    error = {"kind": "charge_already_refunded", "message": "was refunded", "status": 400}
    body = {"id": "catch", "text": CATCH, "mocks": {"0.try.0": {"error": error}}}
    answer = desk.post("/editor/test-run", body)
    assert answer["run"]["status"] == "waiting"
    assert [step["path"] for step in answer["run"]["steps"]] == ["0.try.0", "0.catch[0].0", "1"]
    assert answer["run"]["steps"][0]["failure"]["kind"] == "charge_already_refunded"
    seen = {"0.try.0": {"value": {"id": "re_1"}}, "1": {"value": {"object": {"id": "re_2"}}}}
    done = desk.post("/editor/test-run", {**body, "mocks": seen})
    assert (done["run"]["status"], done["run"]["output"]) == ("succeeded", {"seen": "re_2"})


def test_a_run_can_be_played_again_with_what_it_had(desk: EditorClient) -> None:
    desk.server.http.post("/api/hello", json={"who": "Grace"})
    run = desk.get("/runs", workflow="hello")["data"][0]
    text = desk.source("hello")["text"].replace("Hello ${{", "Hej ${{")
    answer = desk.post("/editor/test-run", {"id": "hello", "text": text, "trigger": {"run_id": run["id"]}})
    assert answer["run"]["output"] == {"text": "Hej Grace"}


def test_a_draft_with_errors_and_wrong_inputs_are_told(desk: EditorClient) -> None:
    body = {"id": "charge", "text": CHARGE.replace("inputs.order", "inputs.odrer"), "trigger": {"inputs": {}}}
    status, error = desk.refused("POST", "/editor/test-run", body)
    assert (status, error["code"]) == (422, "draft_has_errors")
    assert any(diagnostic["code"] == "F001" for diagnostic in error["data"]["diagnostics"])
    status, error = desk.refused("POST", "/editor/test-run", {**body, "text": CHARGE})
    assert (status, error["fields"]["order"]) == (422, error["fields"]["order"])


def test_samples_are_what_was_recorded_and_something_made_up(desk: EditorClient) -> None:
    desk.server.deliver(event("payment_intent.succeeded", "evt_smp", id="pi_2", metadata={"order_id": "o2"}, amount=3))
    samples = desk.get("/editor/samples", id="mark-paid")["data"]
    assert "evt_smp" in [sample["event_id"] for sample in samples]
    synthesized = samples[-1]
    assert (synthesized["source"], synthesized["sample"]["type"]) == ("made_up", "payment_intent.succeeded")
    body = {"id": "mark-paid", "text": MARK_PAID, "trigger": {"sample": synthesized["sample"]}}
    assert desk.post("/editor/test-run", body)["run"]["status"] in {"waiting", "failed", "succeeded"}
    inputs = desk.get("/editor/samples", id="hello")["data"][-1]["inputs"]
    text = desk.source("hello")["text"]
    answer = desk.post("/editor/test-run", {"id": "hello", "text": text, "trigger": {"inputs": inputs}})
    assert answer["run"]["status"] == "succeeded"


def test_a_dry_run_says_what_would_have_been_different(desk: EditorClient) -> None:
    for number in (1, 2):
        desk.server.deliver(
            event("payment_intent.succeeded", f"evt_dry{number}", id="pi_3", metadata={"order_id": "o1"}, amount=5)
        )
    desk.server.wait(lambda: len(desk.get("/runs", event="evt_dry2")["data"]) == 1)
    draft = MARK_PAID.replace("  - log: Order", "  - log: Now order")
    ids = ["evt_dry1", "evt_dry2"]
    dry_run = desk.post("/editor/dry-run", {"id": "mark-paid", "text": draft, "events": ids})
    assert [line["event"] for line in dry_run["data"]] == ids
    assert dry_run["data"][0]["type"] == "payment_intent.succeeded"
    newest = desk.post("/editor/dry-run", {"id": "mark-paid", "text": draft, "limit": 1})
    assert len(newest["data"]) == 1


def test_pins_stay_with_the_workflow_but_not_in_its_file(desk: EditorClient) -> None:
    pins = {"trigger": {"inputs": {"who": "Ada"}}, "mocks": {"0": {"value": {"a": 1}}}}
    assert desk.ask("PUT", "/editor/pins/hello", pins).status_code == 200
    stored = desk.get("/editor/pins/hello")
    assert stored["trigger"]["inputs"] == {"who": "Ada"}
    assert stored["mocks"]["0"]["value"] == {"a": 1}
    assert desk.get("/editor/pins/mark-paid") == {"trigger": None, "mocks": {}}
    assert desk.refused("GET", "/editor/pins/nope")[0] == 404


def test_pins_hold_and_show_no_secret(desk: EditorClient) -> None:
    secret = "sk_" + "live_" + "9aB3xQ7LmZ2TkV5Rw8Yd"
    pins = {"trigger": {"inputs": {"who": secret}}, "mocks": {"0": {"value": {"password": "tiller", "a": secret}}}}
    answer = desk.ask("PUT", "/editor/pins/hello", pins)
    assert answer.status_code == 200
    for text in (answer.text, str(desk.get("/editor/pins/hello"))):
        assert secret not in text
        assert "tiller" not in text


def test_a_loop_that_goes_on_is_ended(desk: EditorClient) -> None:
    text = """\
name: Endless
description: Never ends.
on: {manual: true}
steps:
  - while: "true"
    max: 100000
    do:
      - select: orders
        where: {status: paid}
"""
    answer = desk.post("/editor/test-run", {"id": "endless", "text": text, "until": "0.do[1].0"})
    assert answer["run"]["failure"]["kind"] == "timeout"
    assert [step["path"] for step in answer["run"]["steps"]] == ["0.do[0].0", "0.do[1].0"]
