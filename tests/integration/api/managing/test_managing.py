"""The management API through a real server: who may, the shape of answers, and the document of it all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.http_server import RunningServer, event

from payloom.api.management.access.rights import RIGHTS, is_reading, rights_table, roles_of_calls
from payloom.api.management.schema import ROLES_PAGE, endpoint_table, schema_text

ROOT = Path(__file__).parents[4]


def test_the_committed_document_is_what_the_server_answers_with(server: RunningServer) -> None:
    committed = (ROOT / "studio/openapi.json").read_text("utf-8")
    assert committed == schema_text(), "run `python -m payloom.api.management.schema`"
    assert server.manage("/openapi.json") == json.loads(committed)


def test_the_reference_lists_every_call() -> None:
    text = (ROOT / "docs/reference/management-api.md").read_text("utf-8")
    assert endpoint_table() in text, "run `python -m payloom.api.management.schema`"
    document = json.loads(schema_text())
    assert rights_table(document) in (ROOT / ROLES_PAGE).read_text("utf-8"), "run the same"


def test_every_call_stands_under_one_right_and_the_calls_of_a_right_need_one_role() -> None:
    roles = roles_of_calls(json.loads(schema_text()))
    listed = [call for right in RIGHTS for call in right.calls]
    assert sorted(listed) == sorted(call for call, role in roles.items() if not is_reading(call, role))
    for right in RIGHTS:
        assert len({roles[call] for call in right.calls}) == 1, right.words


def test_every_operation_has_a_name_of_its_own_a_tag_a_role_and_a_typed_answer() -> None:
    document = json.loads(schema_text())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) > 20
    known = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert set(operation["tags"]) <= known, operation["operationId"]
        assert operation["x-role"] in {"anybody", "viewer", "support", "editor", "admin"}
        assert operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"].endswith(
            "/ErrorAnswer"
        )
        answers = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
        for answer in answers:
            content = answer.get("content", {})
            assert all(media["schema"] for media in content.values()), f"{operation['operationId']} has no shape"


def test_me_tells_who_asks_and_where_they_are(server: RunningServer) -> None:
    me = server.manage("/me")
    assert (me["email"], me["role"], me["via"]) == (None, "admin", "token")
    assert (me["project"], me["env"], me["livemode"], me["editable"]) == ("Test Shop", "dev", False, True)
    assert me["local_stripe"].startswith("http://127.0.0.1:")


def test_a_role_that_is_too_small_is_told_which_one_it_takes(server: RunningServer) -> None:
    with server.http.__class__(base_url=server.url) as browser:
        signed = {"email": "ada@shop.test", "password": "correct-horse"}
        assert browser.post("/api/auth/sign-in", json=signed).status_code == 200
        refused = browser.get("/api/_payloom/me")
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "not_allowed"


def test_an_error_says_what_where_and_what_next(server: RunningServer) -> None:
    answer = server.http.get("/api/_payloom/runs", params={"limit": 0}, headers=server.admin)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["fields"].keys() == {"limit"}
    assert error["request_id"] == answer.headers["payloom-request-id"]


@pytest.mark.parametrize("path", ["/runs", "/events", "/tables", "/mails", "/workflows", "/settings", "/runs/counts"])
def test_what_there_is_fits_its_shape(server: RunningServer, path: str) -> None:
    server.deliver(event("payment_intent.succeeded", "evt_fits", id="pi_fits", metadata={"order_id": "o1"}, amount=5))
    assert server.manage(path)


def test_a_run_is_shown_with_its_steps_and_when_each_began(server: RunningServer) -> None:
    server.deliver(event("payment_intent.succeeded", "evt_steps", id="pi_s", metadata={"order_id": "o2"}, amount=7))
    run = server.manage("/runs", event="evt_steps")["data"][0]
    details = server.manage(f"/runs/{run['id']}")
    assert details["workflow"] == "mark-paid"
    assert details["steps"][0]["verb"] == "update"
    assert details["started_at"] <= details["steps"][0]["started_at"] <= details["steps"][0]["at"]


def test_settings_tell_what_is_set_and_no_secret(server: RunningServer) -> None:
    server.deliver(event("payment_intent.succeeded", "evt_last", id="pi_last", metadata={"order_id": "o1"}, amount=5))
    settings = server.manage("/settings")
    assert settings["webhook_url"] == f"{server.url}/api/stripe/webhook"
    assert (settings["admin_token"], settings["stripe"]["mode"]) == ("set", "local")
    assert settings["last_webhook"] is not None
    text = json.dumps(settings)
    stripe = server.settings.stripe
    assert server.settings.admin_token is not None
    for secret in (server.settings.admin_token, stripe.secret_key, *stripe.webhook_secrets):
        assert secret.get_secret_value() not in text


def test_a_local_stripe_that_is_away_is_said_to_be(server: RunningServer) -> None:
    answer = server.http.get("/api/_payloom/local-stripe/control/clock", headers=server.admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "local_stripe_away")
