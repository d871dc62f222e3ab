"""Every query parameter with a closed set of values refuses any other value and lists those it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.accounts.management_operations import management_document

if TYPE_CHECKING:
    from tests.support.http_server import RunningServer

OPEN = {
    "/accounts after": "an id",
    "/accounts search": "words",
    "/audit action": "an action or a kind of them; an unknown one is refused",
    "/audit/export action": "an action or a kind of them; an unknown one is refused",
    "/audit actor": "an account, or another actor",
    "/audit address": "a client's address",
    "/audit target": "a row, a run, an account",
    "/audit since": "a time",
    "/audit until": "a time",
    "/audit before": "an id",
    "/audit/export actor": "an account, or another actor",
    "/audit/export address": "a client's address",
    "/audit/export target": "a row, a run, an account",
    "/audit/export since": "a time",
    "/audit/export until": "a time",
    "/editor/actions q": "words",
    "/editor/actions cursor": "a page",
    "/editor/samples id": "a workflow",
    "/events type": "a type of event; Stripe adds new ones",
    "/events family": "a family of events; Stripe adds new ones",
    "/events object": "an id",
    "/events search": "words",
    "/events before": "an id",
    "/events/{event_id}/replay workflow": "a workflow; an unknown one is refused",
    "/local-stripe/payments starting_after": "an id",
    "/mails to": "an address",
    "/mails template": "a template; a deleted one has mails, too",
    "/mails run": "an id",
    "/mails before": "an id",
    "/runs workflow": "a workflow; a deleted one has runs, too",
    "/runs event": "an id",
    "/runs search": "words",
    "/runs before": "an id",
    "/search q": "words",
    "/tables/{name}/rows order_by": "columns of the table; others are refused",
    "/tables/{name}/rows cursor": "a page",
    "/tables/{name}/rows filter": "a `where`",
    "/workflows/{workflow_id} etag": "a version",
    "/workflows/{workflow_id}/diff to": "a version",
    "/workflows/{workflow_id}/diff from": "a version",
}
"""Texts that can be anything, and why."""


def texts() -> dict[str, list[str] | None]:
    """Every query parameter that is a text, with the values it takes, if they are listed."""
    parameters: dict[str, list[str] | None] = {}
    for path, methods in management_document()["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                schema: dict[str, Any] = parameter["schema"]
                kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") == "string"]
                if parameter["in"] == "query" and kinds:
                    parameters[f"{path} {parameter['name']}"] = kinds[0].get("enum")
    return parameters


CLOSED = {name: values for name, values in texts().items() if values is not None}


def test_every_text_is_open_for_a_reason_or_closed() -> None:
    assert texts().keys() - CLOSED.keys() == OPEN.keys(), "say in OPEN why it can be anything, or give it a Literal"
    assert {"/runs status", "/events source", "/events state", "/mails status"} <= CLOSED.keys()


@pytest.mark.parametrize("name", CLOSED)
def test_another_value_is_refused_with_the_list(server: RunningServer, name: str) -> None:
    path, _, parameter = name.partition(" ")
    url = f"{server.url}/api/_payloom{path}"
    answer = httpx.get(url, params={parameter: "bogus"}, headers=server.admin, timeout=60)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert parameter in error["message"]
    assert [value for value in CLOSED[name] or [] if value not in error["hint"]] == []


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in CLOSED for value in CLOSED[name] or []])
def test_every_listed_value_is_taken(server: RunningServer, name: str, value: str) -> None:
    path, _, parameter = name.partition(" ")
    url = f"{server.url}/api/_payloom{path}"
    assert httpx.get(url, params={parameter: value}, headers=server.admin, timeout=60).status_code == 200
