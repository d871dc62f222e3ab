"""A webhook is stored and acted on before it is acknowledged; anything else is refused with a reason."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import time

import pytest
from tests.support.http_server import RunningServer, event


def events(server: RunningServer) -> set[str]:
    return {event["id"] for event in server.manage("/events", limit=200)["data"]}


def test_a_signed_event_is_stored_and_has_its_effect_before_the_answer(server: RunningServer) -> None:
    body = event("payment_intent.succeeded", "evt_paid", id="pi_1", amount=1900, metadata={"order_id": "o1"})
    answer = server.deliver(body)
    assert (answer.status_code, answer.json()["duplicate"]) == (200, False)
    [order] = server.rows("orders", id="o1")
    assert (order["status"], order["amount"]) == ("paid", 1900)
    details = server.manage("/events/evt_paid")
    assert [run["status"] for run in details["runs"]] == ["succeeded"]


def test_the_same_event_twenty_times_at_once_has_one_effect(server: RunningServer) -> None:
    body = event("payment_intent.succeeded", "evt_many", id="pi_2", amount=7, metadata={"order_id": "o2"})
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: server.deliver(body), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["duplicate"] for answer in answers) == [False] + [True] * 19
    assert len(server.manage("/runs", event="evt_many")["data"]) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("forged", "wrong_signature"),
        ("old", "too_old"),
        ("future", "in_the_future"),
        ("unsigned", "no_signature"),
        ("garbled", "malformed_signature"),
        ("changed", "wrong_signature"),
        ("not json", "invalid_json"),
        ("list", "not_an_event"),
        ("live", "wrong_mode"),
        ("not ascii", "malformed_signature"),
    ],
)
def test_what_is_no_event_of_ours_is_refused_with_the_reason_and_not_stored(
    server: RunningServer, name: str, reason: str
) -> None:
    body = event("payment_intent.succeeded", f"evt_{name.replace(' ', '_')}", id="pi_3", metadata={"order_id": "o3"})
    now = time.time()
    live = json.dumps({**json.loads(body), "livemode": True}).encode()
    sent, header = {
        "forged": (body, server.sign(body, secret="whsec_of_somebody_else")),
        "old": (body, server.sign(body, at=now - 600)),
        "future": (body, server.sign(body, at=now + 600)),
        "unsigned": (body, ""),
        "garbled": (body, "t=now,v1=abc"),
        "changed": (body.replace(b"pi_3", b"pi_4"), server.sign(body)),
        "not json": (b"{oops", server.sign(b"{oops")),
        "list": (b"[]", server.sign(b"[]")),
        "live": (live, server.sign(live)),
        "not ascii": (body, server.sign(body)[:-1] + "é"),
    }[name]
    before = events(server)
    answer = server.http.post("/api/stripe/webhook", content=sent, headers={b"stripe-signature": header.encode()})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["message"]
    assert error["request_id"] == answer.headers["payloom-request-id"]
    assert events(server) == before
    counted = {row["reason"]: row["count"] for row in server.manage("/events/rejected")["data"]}
    assert counted.get(reason, 0) >= 1, counted
    assert server.rows("orders", id="o3")[0]["status"] == "pending"


def test_an_oversized_body_is_refused_before_it_is_read_to_its_end(server: RunningServer) -> None:
    answer = server.http.post(
        "/api/stripe/webhook", content=b"x" * (600 * 1024), headers={"stripe-signature": "t=1,v1=0"}
    )
    assert answer.status_code == 400
    assert "larger than 512 KB" in answer.json()["error"]["message"]


def test_a_truncated_body_is_refused(server: RunningServer) -> None:
    body = event("payment_intent.succeeded", "evt_cut", id="pi_5", metadata={"order_id": "o3"})
    head = f"POST /api/stripe/webhook HTTP/1.1\r\nhost: 127.0.0.1\r\nstripe-signature: {server.sign(body)}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=5) as line:
        line.sendall(head.encode() + body[:50])
        line.shutdown(socket.SHUT_WR)
        line.recv(65536)
    assert "evt_cut" not in events(server)


def test_an_event_no_workflow_wants_is_stored_and_acknowledged(server: RunningServer) -> None:
    assert server.deliver(event("customer.created", "evt_other", id="cus_1")).status_code == 200
    assert server.manage("/events/evt_other")["runs"] == []


def test_an_event_of_a_type_nobody_knows_yet_is_stored_and_acknowledged(server: RunningServer) -> None:
    assert server.deliver(event("hologram.projected", "evt_new", id="holo_1")).status_code == 200
    assert "evt_new" in events(server)


def test_stripe_may_call_under_any_host_name(server: RunningServer) -> None:
    body = event("customer.updated", "evt_host", id="cus_1")
    headers = {"stripe-signature": server.sign(body), "host": "abc.tunnel.example"}
    assert server.http.post("/api/stripe/webhook", content=body, headers=headers).status_code == 200


def test_a_delivery_is_answered_with_the_headers_of_every_answer_and_counted(server: RunningServer) -> None:
    before = server.metrics()
    delivered = server.deliver(event("customer.updated", "evt_headers", id="cus_1"))
    refused = server.http.post("/api/stripe/webhook", content=b"{}", headers={"stripe-signature": "t=1,v1=0"})
    probe = server.http.get("/healthz")
    for answer in (delivered, refused):
        assert set(answer.headers) == set(probe.headers)
        same = set(answer.headers) - {"date", "content-length", "payloom-request-id"}
        assert {name: answer.headers[name] for name in same} == {name: probe.headers[name] for name in same}
    assert delivered.headers["payloom-request-id"] != refused.headers["payloom-request-id"]
    after = server.metrics()
    for status in (200, 400):
        name = f'payloom_http_requests_total{{method="POST",route="/api/stripe/webhook",status="{status}"}}'
        assert counted(after, name) == counted(before, name) + 1


def counted(metrics: str, name: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith(name)]
    return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0


def test_only_posting_is_understood(server: RunningServer) -> None:
    answer = server.http.get("/api/stripe/webhook")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_an_event_replayed_by_hand_is_a_new_run(server: RunningServer) -> None:
    body = event("payment_intent.succeeded", "evt_again", id="pi_6", amount=3, metadata={"order_id": "o1"})
    server.deliver(body)
    answer = server.http.post("/api/_payloom/events/evt_again/replay", headers=server.admin, json={})
    assert len(answer.json()["runs"]) == 1
    assert len(server.manage("/runs", event="evt_again")["data"]) == 2
