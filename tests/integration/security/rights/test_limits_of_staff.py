"""What staff do is bounded: each operation of the management API that is not a look has a budget, here and by target.

The table is the audit trail's: an operation without a row of its own has the budget of a change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.accounts.management_operations import management_operations
from tests.support.http_server import RunningServer, running_server

from payloom.api.management.access import limits
from payloom.audit.actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/_payloom"
FILES = {
    "workflows/greet.yaml": "name: Greet\non: {manual: true}\nsteps:\n  - email: hello\n    to: ada@shop.test\n    data: {}\n",
    "emails/hello.mjml.j2": "---\nsubject: Hello\n---\n<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>\n",
}
OPEN = {"POST /session", "DELETE /session"}
"""Signing in counts tries by client (`SIGN_INS`); signing out does nothing to anybody else."""
COUNTED = sorted(name for name in management_operations() if not name.startswith("GET ") and name not in OPEN)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("shop"), FILES) as running:
        yield running


def ask(server: RunningServer, operation: str, *, key: str = "x") -> httpx.Response:
    """Call an operation with nonsense; it is counted all the same."""
    method, _, route = operation.partition(" ")
    address = API + re.sub(r"\{\w+\}", key, route)
    return server.http.request(method, address, json={}, headers=server.admin)


@pytest.mark.parametrize("operation", COUNTED)
def test_each_operation_counts_who_asks(server: RunningServer, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    single = limits.Budget((1, 3600.0))
    monkeypatch.setattr(limits, "CHANGE", single)
    monkeypatch.setattr(limits, "BUDGETS", dict.fromkeys(limits.BUDGETS, single))
    assert ask(server, operation).status_code != 429
    refused = ask(server, operation)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0


def test_what_leaves_the_server_is_counted_by_its_target_too() -> None:
    sends = {action for action, budget in limits.BUDGETS.items() if budget.target is not None}
    assert sends == {"mail.resent", "account.link", "run.retried", "run.forked", "run.decided", "event.replayed"}
    assert {action for action in limits.BUDGETS if action is not None} <= set(ACTIONS)


def test_the_numbers_are_those_that_were_decided() -> None:
    mail, start, many = ((60, 600.0), (5, 3600.0)), ((240, 60.0), (30, 600.0)), ((30, 600.0), None)
    few_tests, trials = ((10, 600.0), None), ((240, 60.0), None)
    assert {action: (budget.person, budget.target) for action, budget in limits.BUDGETS.items()} == {
        None: ((1200, 60.0), None),
        "mail.resent": mail, "account.link": mail, "alerts.tested": few_tests,
        "run.retried": start, "run.forked": start, "run.decided": start, "event.replayed": start,
        "workflow.started": trials, "workflow.tested": trials,
        "runs.retried": many, "events.replayed": many, "events.fetched": many,
        "bulk.started": many, "bulk.resumed": many,
    }  # fmt: skip
    assert (limits.CHANGE.person, limits.CHANGE.target) == ((300, 60.0), None)
    assert limits.TO_ONE_ADDRESS == (10, 3600.0)


def test_another_target_is_not_refused_with_the_first(server: RunningServer) -> None:
    most = (limits.START.target or (0, 0))[0]
    answers = [ask(server, "POST /runs/{run_id}/retry", key="run_one").status_code for _ in range(most + 1)]
    assert (set(answers[:-1]), answers[-1]) == ({404}, 429)
    assert ask(server, "POST /runs/{run_id}/retry", key="run_two").status_code == 404


def test_an_address_gets_few_emails_of_staff_also_as_copies_of_copies_and_in_bulk(server: RunningServer) -> None:
    server.http.post(f"{API}/workflows/greet/run", json={}, headers=server.admin)
    mail = server.wait(lambda: server.manage("/mails")["data"])[0]["id"]
    most = limits.TO_ONE_ADDRESS[0]
    for _ in range(most - 1):
        copy = server.http.post(f"{API}/mails/{mail}/resend", json={}, headers=server.admin)
        assert copy.status_code == 200, copy.text
        mail = copy.json()["id"]
    job = server.http.post(f"{API}/bulk", json={"kind": "resend", "ids": [mail, "mail_none"]}, headers=server.admin)
    address = f"/bulk/{job.json()['id']}"
    server.wait(lambda: server.manage(address)["pending"] == 0)
    refused = server.http.post(f"{API}/mails/{mail}/resend", json={}, headers=server.admin)
    assert refused.status_code == 429
    job = server.http.post(f"{API}/bulk", json={"kind": "resend", "ids": [mail]}, headers=server.admin)
    address = f"/bulk/{job.json()['id']}"
    server.wait(lambda: server.manage(address)["failed"] == 1)
    assert server.manage(address)["items"][0]["error"]["code"] == "too_many_requests"
    assert len(server.manage("/mails")["data"]) == most + 1
