"""Each event says for every workflow why it started or did not, with the values that a condition met."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from tests.support.http_server import RunningServer, event, running_server
from tests.support.processes import payloom_process

from payloom.runs.publishing.trigger_reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = "steps:\n  - log: seen\n"
TRIGGERS = {
    "starts": "{stripe: charge, actions: [captured]}",
    "by-hand": "{manual: true}",
    "other-type": "{stripe: invoice, actions: [paid]}",
    "other-action": "{stripe: charge, actions: [refunded]}",
    "other-account": "{stripe: charge, actions: [captured], account: acct_seller}",
    "live-only": "{stripe: charge, actions: [captured], livemode: true}",
    "dear": "{stripe: charge, actions: [captured], match: object.amount > 1000 && event.livemode == false}",
    "breaks": "{stripe: charge, actions: [captured], match: int(object.description) > 1}",
    "two": "[{stripe: invoice}, {stripe: charge, actions: [captured], match: object.amount > 5000}]",
}
EXPECTED: dict[str, Reason] = {
    "starts": "started",
    "by-hand": "no_trigger",
    "other-type": "type",
    "other-action": "action",
    "other-account": "account",
    "live-only": "mode",
    "dear": "condition",
    "two": "condition",
    "once": "started",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    files = {
        f"workflows/{name}.yaml": f"name: {name}\non: {trigger}\n{STEPS}"
        for name, trigger in TRIGGERS.items()
        if name != "breaks"
    }
    files["workflows/once.yaml"] = (
        f"name: once\non: {{stripe: charge, actions: [captured]}}\nonce: ${{{{ object.id }}}}\n{STEPS}"
    )
    with running_server(tmp_path_factory.mktemp("why"), files) as running:
        running.deliver(event("charge.captured", "evt_why", id="ch_1", amount=500, description="words"))
        yield running


def explained(server: RunningServer, event_id: str) -> dict[str, dict[str, Any]]:
    return {
        explanation["workflow"]: explanation for explanation in server.manage(f"/events/{event_id}")["explanations"]
    }


@pytest.mark.parametrize("workflow", EXPECTED)
def test_each_workflow_says_why(server: RunningServer, workflow: str) -> None:
    explanation = explained(server, "evt_why")[workflow]
    assert explanation["reason"] == EXPECTED[workflow]
    assert explanation["reason"] in get_args(Reason)
    assert explanation["message"]
    assert (explanation["run"] is not None) == (EXPECTED[workflow] == "started")


def test_a_condition_says_what_its_paths_led_to(server: RunningServer) -> None:
    explanation = explained(server, "evt_why")["dear"]
    assert "object.amount > 1000" in explanation["message"]
    assert explanation["values"] == {"object.amount": 500, "event.livemode": False}


def test_an_event_whose_once_key_is_taken_names_the_run_that_has_it(server: RunningServer) -> None:
    first = explained(server, "evt_why")["once"]["run"]
    server.deliver(event("charge.captured", "evt_again", id="ch_1", amount=500))
    explanation = explained(server, "evt_again")["once"]
    assert (explanation["reason"], explanation["run"]) == ("deduped", first)


def test_a_workflow_that_was_published_after_the_event_says_so(server: RunningServer) -> None:
    text = f"name: Later\non: {{stripe: charge, actions: [captured]}}\n{STEPS}"
    response = server.http.post("/api/_payloom/workflows", json={"id": "later", "text": text}, headers=server.admin)
    assert response.json()["published"], response.text
    assert explained(server, "evt_why")["later"]["reason"] == "later"


def test_the_command_line_says_it_too(server: RunningServer) -> None:
    completed = payloom_process.run("events", "show", "evt_why", "--json", cwd=server.settings.root)
    reasons = {
        explanation["workflow"]: explanation["reason"] for explanation in json.loads(completed.stdout)["explanations"]
    }
    assert reasons["other-account"] == "account"
    text = payloom_process.run("events", "show", "evt_why", cwd=server.settings.root).stdout
    lines = [line.split() for line in text.splitlines()]
    assert all(
        [workflow, reason] in [line[:2] for line in lines]
        for workflow, reason in reasons.items()
        if reason != "no_trigger"
    )


def test_a_condition_that_does_not_hold_says_where_it_stands(server: RunningServer) -> None:
    explanations = explained(server, "evt_why")
    assert explanations["dear"]["where"] == "workflows/dear.yaml:2:50"
    assert {name for name, explanation in explanations.items() if explanation["where"]} == {"dear", "two"}
    text = payloom_process.run("events", "show", "evt_why", cwd=server.settings.root).stdout
    line = next(line for line in text.splitlines() if line.split()[:1] == ["dear"])
    assert line.endswith("(object.amount = 500, event.livemode = false)  workflows/dear.yaml:2:50")
