"""What `stripe listen` and `stripe logs tail` speak: the session call and the messages of its web socket."""

from __future__ import annotations

import json
import urllib.error
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from emulator.tests.support.web_socket_client import CLOSE, PING, PONG, WebSocketClient, open_session

from payloom_emulator.core.config import EmulatorConfig, Key
from payloom_emulator.embedded import run
from payloom_emulator.protocol.api_versions import DEFAULT, NEWEST

if TYPE_CHECKING:
    from payloom_emulator.embedded import RunningEmulator


def connect(emulator: RunningEmulator, **params: object) -> tuple[WebSocketClient, dict[str, Any]]:
    session = open_session(emulator.url, **params)
    client = WebSocketClient(session["websocket_url"], Websocket_Id=session["websocket_id"])
    assert client.accepted, client.head
    return client, session


def settled(client: WebSocketClient) -> None:
    """Wait until the server has read everything that was sent."""
    client.send(b"here?", opcode=PING)
    while client.frame()[0] != PONG:
        pass


def test_listen_gets_each_event_signed_in_the_own_and_the_newest_version(
    stripe_emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    socket, session = connect(stripe_emulator, **{"websocket_features[]": "webhooks", "forward_to_url": "localhost:1"})
    with socket:
        assert "Sec-WebSocket-Protocol: stripecli-devproxy-v1" in socket.head
        assert (session["default_version"], session["latest_version"]) == (DEFAULT, NEWEST)
        customer = client.v1.customers.create({"name": "Jenny"})
        for version in (None, NEWEST):
            message = socket.message()
            assert message["type"] == "webhook_event"
            assert message["endpoint"] == {"api_version": version}
            event = stripe.Webhook.construct_event(
                message["event_payload"], message["http_headers"]["Stripe-Signature"], session["secret"]
            )
            assert (event.type, event.api_version) == ("customer.created", version or DEFAULT)
            assert event.data.object["id"] == customer.id
            assert event.id == message["webhook_id"]
            socket.say(type="event_ack", event_id=event.id, webhook_conversation_id=message["webhook_conversation_id"])
        settled(socket)
        assert client.v1.events.retrieve(event.id).pending_webhooks == 0
        socket.say(
            type="webhook_response",
            webhook_id=event.id,
            webhook_conversation_id=message["webhook_conversation_id"],
            forward_url="http://localhost:1",
            status=500,
            body="not ready",
            http_headers={},
        )
        settled(socket)
        (row,) = stripe_emulator.emulator.delivery.rows(event=event.id)
        assert (row["state"], row["status"], row["reply"]) == ("failed", 500, "not ready")
        stripe_emulator.emulator.call("POST", f"/v1/events/{event.id}/retry", {"for_stripecli": "true"})
        assert socket.message()["webhook_id"] == event.id
    client.v1.customers.create({"name": "Nobody listens"})


def test_listen_gets_events_of_connected_accounts_and_thin_ones(
    stripe_emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    account = client.v1.accounts.create({"type": "standard"}).id
    socket, session = connect(stripe_emulator, **{"websocket_features[]": "v2_events"})
    with socket:
        client.v1.customers.create({"name": "Theirs"}, {"stripe_account": account})
        message = socket.message()
        assert message["type"] == "v2_event"
        thin = json.loads(message["payload"])
        assert (thin["type"], thin["context"]) == ("v1.customer.created", account)
        assert stripe.WebhookSignature.verify_header(
            message["payload"], message["http_headers"]["Stripe-Signature"], session["secret"]
        )


FILTERS: list[tuple[dict[str, list[str]], list[str]]] = [
    ({}, ["POST /v1/customers 200", "GET /v1/customers/cus_none 404", "DELETE /v1/coupons/x 404"]),
    ({"filter_http_method": ["DELETE", "GET"]}, ["GET /v1/customers/cus_none 404", "DELETE /v1/coupons/x 404"]),
    ({"filter_request_status": ["SUCCEEDED"]}, ["POST /v1/customers 200"]),
    ({"filter_status_code_type": ["4XX"], "filter_http_method": ["GET"]}, ["GET /v1/customers/cus_none 404"]),
    ({"filter_status_code": ["200"]}, ["POST /v1/customers 200"]),
    ({"filter_request_path": ["/v1/customers"]}, ["POST /v1/customers 200"]),
    ({"filter_ip_address": ["10.1.2.3"]}, []),
    ({"filter_source": ["DASHBOARD"]}, []),
    ({"filter_account": ["connect_out"]}, []),
]


def test_logs_tail_gets_what_its_filters_let_through(
    stripe_emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    sockets = [
        connect(stripe_emulator, **{"websocket_features[]": "request_logs", "filters": json.dumps(filters)})[0]
        for filters, _ in FILTERS
    ]
    client.v1.customers.create({"name": "Jenny"})
    for call in (lambda: client.v1.customers.retrieve("cus_none"), lambda: client.v1.coupons.delete("x")):
        with pytest.raises(stripe.InvalidRequestError):
            call()
    for socket, (filters, expected) in zip(sockets, FILTERS, strict=True):
        with socket:
            log_rows: list[dict[str, Any]] = []
            for _ in expected:
                message = socket.message()
                assert message["type"] == "request_log_event"
                log_rows.append(json.loads(message["event_payload"]))
                assert log_rows[-1]["request_id"] == message["request_log_id"]
            socket.send(b"last", opcode=PING)
            assert socket.frame() == (PONG, b"last"), filters
        assert [f"{row['method']} {row['url']} {row['status']}" for row in log_rows] == expected, filters
        assert all(row["error"]["code"] == "resource_missing" for row in log_rows if row["status"] == 404)


def test_who_has_no_session_or_no_key_gets_the_words_the_cli_knows(stripe_emulator: RunningEmulator) -> None:
    session = open_session(stripe_emulator.url)
    with WebSocketClient(session["websocket_url"], Websocket_Id="cliws_gone") as refused:
        assert "400" in refused.head[0]
        assert json.loads(refused.body()) == {"error": {"message": "Unknown WebSocket ID."}}
    with WebSocketClient(
        session["websocket_url"], host="attacker.example", Websocket_Id=session["websocket_id"]
    ) as refused:
        assert "421" in refused.head[0]
    with run(EmulatorConfig(keys=(Key("sk_test_own"),))) as closed, pytest.raises(urllib.error.HTTPError) as error:
        open_session(closed.url)
    with error.value:
        assert error.value.code == 401


BREAKS: list[tuple[int, dict[str, Any]]] = [
    (1002, {"payload": b"{}", "masked": False}),
    (1002, {"payload": b"", "opcode": 3}),
    (1002, {"payload": b"nothing to go on with", "opcode": 0}),
    (1002, {"payload": b"too long for a ping" * 10, "opcode": PING}),
    (1007, {"payload": b"\xff\xfe"}),
    (1001, {"payload": (1001).to_bytes(2, "big"), "opcode": CLOSE}),
]


def test_a_client_that_breaks_the_protocol_is_told_and_closed(stripe_emulator: RunningEmulator) -> None:
    session = open_session(stripe_emulator.url)
    for code, frame in BREAKS:
        with WebSocketClient(session["websocket_url"], Websocket_Id=session["websocket_id"]) as socket:
            socket.send(b"still there", opcode=PING)
            assert socket.frame() == (PONG, b"still there")
            socket.send(**frame)
            assert socket.frame() == (CLOSE, code.to_bytes(2, "big")), frame


def test_a_message_may_come_in_pieces_with_a_ping_between(stripe_emulator: RunningEmulator) -> None:
    socket, _ = connect(stripe_emulator)
    with socket:
        socket.send(b'{"type": "event_ack",', final=False)
        socket.send(b' "event_id": "' + b"x" * 70_000, opcode=0, final=False)
        settled(socket)
        socket.send(b'"}', opcode=0)
        settled(socket)
