from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
import stripe
from emulator.tests.support.checked_client import client_of
from emulator.tests.support.request_params import request_params
from tests.support.present import present
from tests.support.processes.tls_proxy import certificate

from payloom_emulator.core.config import EmulatorConfig, Endpoint
from payloom_emulator.embedded import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from payloom_emulator.embedded import RunningEmulator
    from payloom_emulator.runtime.delivery import DeliveryRow


class Receiver:
    """A webhook endpoint that keeps what it got; `answers` are the next statuses, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        self.pause = threading.Event()  # while cleared, answers wait
        self.pause.set()
        self.condition = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.condition:
                    receiver.got.append((body, self.headers["Stripe-Signature"]))
                    status = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.condition.notify_all()
                receiver.pause.wait(8)
                self.send_response(status)
                self.end_headers()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def wait(self, count: int, seconds: float = 5.0) -> list[tuple[bytes, str]]:
        with self.condition:
            assert self.condition.wait_for(lambda: len(self.got) >= count, seconds), (
                f"got {len(self.got)} of {count}: {self.types()}"
            )
        return self.got

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def written(running: RunningEmulator, attempts: int) -> list[DeliveryRow]:
    """Wait until this many attempts are over; return all rows."""
    rows: list[DeliveryRow] = []
    for _ in range(500):
        rows = running.emulator.delivery.rows()
        if len([r for r in rows if r["state"] in {"succeeded", "failed"}]) >= attempts:
            return rows
        time.sleep(0.01)
    raise AssertionError(rows)


def test_events_are_signed_by_the_official_scheme_and_come_in_order(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    assert present(endpoint.secret).startswith("whsec_")
    assert not hasattr(client.v1.webhook_endpoints.retrieve(endpoint.id), "secret")
    customer = client.v1.customers.create({"email": "a@example.com"})
    client.v1.customers.update(customer.id, {"name": "Ada"})
    receiver.wait(2)
    events = [stripe.Webhook.construct_event(body, signature, endpoint.secret) for body, signature in receiver.got]
    assert [e.type for e in events] == ["customer.created", "customer.updated"]
    assert present(events[1].data.previous_attributes).to_dict() == {"name": None}
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(receiver.got[0][0], receiver.got[0][1], "whsec_other")


def test_a_failed_delivery_is_tried_again_with_a_fresh_signature_and_listed(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    receiver.answers = [500, 302]
    client.v1.customers.create({"email": "a@example.com"})
    receiver.wait(1)
    written(stripe_emulator, 1)
    stripe_emulator.advance(2)
    receiver.wait(2)
    written(stripe_emulator, 2)
    stripe_emulator.advance(10)
    receiver.wait(3)
    assert len({body for body, _ in receiver.got}) == 1
    for body, signature in receiver.got:
        stripe.Webhook.construct_event(body, signature, endpoint.secret)
    rows = written(stripe_emulator, 3)
    assert [(r["attempt"], r["state"], r["status"]) for r in rows] == [
        (3, "succeeded", 200),
        (2, "failed", 302),
        (1, "failed", 500),
    ]


def test_while_a_secret_is_rolled_events_are_signed_with_both_until_the_old_one_expires(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    before = stripe_emulator.emulator.clock.now()
    rolled = stripe_emulator.control(f"webhook_endpoints/{endpoint.id}/roll", expires_in_hours=24)
    assert rolled["secret"].startswith("whsec_")
    assert rolled["secret"] != endpoint.secret
    assert rolled["old_secret_expires_at"] - before in range(86400, 86405)
    client.v1.customers.create({})
    body, signature = receiver.wait(1)[0]
    assert signature.count("v1=") == 2
    for secret in (rolled["secret"], endpoint.secret):
        assert stripe.Webhook.construct_event(body, signature, secret).type == "customer.created"
    stripe_emulator.advance("25h")
    client.v1.customers.create({})
    body, signature = receiver.wait(2)[1]
    assert signature.count("v1=") == 1
    stripe.Webhook.construct_event(body, signature, rolled["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, endpoint.secret)


def test_a_leaked_secret_ends_at_once_and_nonsense_is_refused(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    rolled = stripe_emulator.control(f"webhook_endpoints/{endpoint.id}/roll")
    assert rolled["old_secret_expires_at"] is None
    client.v1.customers.create({})
    body, signature = receiver.wait(1)[0]
    stripe.Webhook.construct_event(body, signature, rolled["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, endpoint.secret)
    for path, params, status in (
        (endpoint.id, {"expires_in_hours": 25}, 400),
        (endpoint.id, {"expires_in_hours": "soon"}, 400),
        ("we_nobody", {}, 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            stripe_emulator.control(f"webhook_endpoints/{path}/roll", **params)
        with refused.value as answer:
            assert answer.code == status


def test_a_configured_endpoint_keeps_its_rolled_secret_over_a_restart(tmp_path: Path) -> None:
    config = EmulatorConfig(store=str(tmp_path / "s.db"), endpoints=(Endpoint("http://127.0.0.1:9/x", "whsec_first"),))
    for _ in range(2):
        with run(config) as running:
            endpoints = client_of(running.url).v1.webhook_endpoints.list().data
            assert [endpoint.url for endpoint in endpoints] == ["http://127.0.0.1:9/x"]
            running.control(f"webhook_endpoints/{endpoints[0].id}/roll")


def test_an_endpoint_with_a_certificate_of_ones_own_authority_gets_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    """As a rehearsal in staging has it. Without the authority's file the delivery fails."""
    authority, key = certificate(tmp_path, days=2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    url = receiver.url.replace("http://", "https://")
    with run(EmulatorConfig(endpoints=(Endpoint(url),))) as running:
        client_of(running.url).v1.customers.create({"email": "a@example.com"})
        (failed,) = (row for row in written(running, 1) if row["attempt"] == 1)
        assert "CERTIFICATE_VERIFY_FAILED" in str(failed["error"])
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with run(EmulatorConfig(endpoints=(Endpoint(url),))) as running:
        client_of(running.url).v1.customers.create({"email": "a@example.com"})
        receiver.wait(1)


def test_an_event_for_another_machine_or_for_a_clouds_metadata_stays_here(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    """Such an endpoint can be made, as at Stripe. The attempt says why nothing was sent."""
    reasons = {
        "http://169.254.169.254/latest/meta-data/": "never sent",
        "https://192.0.2.1/hooks": "--allow-webhook-host 192.0.2.1",
        receiver.url.replace("127.0.0.1", "localhost"): None,
    }
    expected_reasons = {
        client.v1.webhook_endpoints.create({"url": url, "enabled_events": ["customer.created"]}).id: reason
        for url, reason in reasons.items()
    }
    client.v1.customers.create({"email": "a@example.com"})
    rows = {row["endpoint"]: row for row in written(stripe_emulator, 3) if row["attempt"] == 1}
    assert set(rows) == set(expected_reasons)
    for endpoint, reason in expected_reasons.items():
        row = rows[endpoint]
        assert row["state"] == ("succeeded" if reason is None else "failed"), row
        assert reason is None or reason in str(row["error"])
    assert len(receiver.got) == 1


def test_only_enabled_events_are_sent_and_a_disabled_endpoint_gets_none(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["product.created"]})
    client.v1.customers.create({})
    client.v1.products.create({"name": "Mug"})
    receiver.wait(1)
    assert receiver.types() == ["product.created"]
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    client.v1.products.create({"name": "Cup"})
    assert [r["type"] for r in stripe_emulator.emulator.delivery.rows()] == ["product.created"]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.webhook_endpoints.create(
            request_params({"url": receiver.url, "enabled_events": ["customer.exploded"]})
        )


def test_the_event_is_rendered_in_the_endpoints_version(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["payment_intent.succeeded"], "api_version": "2022-08-01"}
    )
    client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "return_url": "https://a.example",
        }
    )
    receiver.wait(1)
    event = json.loads(receiver.got[0][0])
    assert event["api_version"] == "2022-08-01"
    assert event["data"]["object"]["charges"]["data"][0]["paid"] is True


def test_duplicates_and_losses_are_the_same_for_the_same_seed(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})

    def outcome() -> list[list[str]]:
        stripe_emulator.control("delivery", seed=7, duplicate=0.5, drop=0.3)
        customer_ids = [client.v1.customers.create({}).id for _ in range(8)]
        rows = stripe_emulator.emulator.delivery.rows(limit=500)
        by_event = {
            e.id: e.data.object.id for e in client.v1.events.list({"limit": 100, "type": "customer.created"}).data
        }
        return [
            sorted("dropped" if r["state"] == "dropped" else "sent" for r in rows if by_event[r["event"]] == c)
            for c in customer_ids
        ]

    first, second = outcome(), outcome()
    assert first == second
    assert ["sent", "sent"] in first
    assert any("dropped" in o for o in first)


def test_redelivery_on_request(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    client.v1.customers.create({})
    receiver.wait(1)
    event = client.v1.events.list().data[0]
    assert stripe_emulator.control("redeliver", event=event.id) == {"planned": 1}
    receiver.wait(2)
    assert receiver.got[0][0].split(b"pending_webhooks")[0] == receiver.got[1][0].split(b"pending_webhooks")[0]


def test_an_endpoint_from_the_configuration_uses_the_given_secret_and_survives_in_a_file(
    receiver: Receiver, tmp_path: Path
) -> None:
    config = EmulatorConfig(store=str(tmp_path / "stripe.db"), endpoints=(Endpoint(receiver.url, "whsec_mine"),))
    with run(config) as running:
        client_of(running.url).v1.customers.create({"name": "Kept"})
        receiver.wait(1)
        stripe.Webhook.construct_event(*receiver.got[0], "whsec_mine")
    with run(config) as running:
        again = client_of(running.url)
        assert again.v1.customers.list().data[0].name == "Kept"
        assert len(again.v1.webhook_endpoints.list().data) == 1


def test_thin_events_reach_an_event_destination_and_lead_to_the_object(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    destination = client.v2.core.event_destinations.create(
        {
            "name": "mine",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["v1.customer.created"],
            "webhook_endpoint": {"url": receiver.url},
            "include": ["webhook_endpoint.signing_secret", "webhook_endpoint.url"],
        }
    )
    secret = present(destination.webhook_endpoint).signing_secret
    customer = client.v1.customers.create({"name": "Ada"})
    client.v1.products.create({"name": "Mug"})
    receiver.wait(1)
    notification = client.parse_event_notification(*receiver.got[0], secret)
    assert notification.type == "v1.customer.created"
    assert notification.related_object.id == customer.id
    assert notification.fetch_related_object().name == "Ada"
    assert present(notification.fetch_event().snapshot_event).startswith("evt_")
    assert [e.type for e in client.v2.core.events.list().data][:2] == ["v1.product.created", "v1.customer.created"]
    client.v2.core.event_destinations.ping(destination.id)
    receiver.wait(2)
    assert json.loads(receiver.got[1][0])["type"] == "v2.core.event_destination.ping"
    client.v2.core.event_destinations.disable(destination.id)
    client.v1.customers.create({})
    assert len(stripe_emulator.emulator.delivery.rows()) == 2
    client.v2.core.event_destinations.delete(destination.id)
    assert client.v2.core.event_destinations.list().data == []


def test_lists_of_v2_lead_from_page_to_page_with_their_filters(client: stripe.StripeClient) -> None:
    for number in range(25):
        client.v1.customers.create({"name": str(number)})
        client.v1.products.create({"name": str(number)})
    events = client.v2.core.events.list({"types": ["v1.customer.created"], "limit": 10})
    assert [len(events.data), events.data[0].type] == [10, "v1.customer.created"]
    all_events = list(events.auto_paging_iter())
    assert {event.type for event in all_events} == {"v1.customer.created"}
    assert len({event.id for event in all_events}) == 25


def test_a_slow_endpoint_holds_up_only_itself(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    slow = Receiver()
    slow.pause.clear()
    try:
        client.v1.webhook_endpoints.create({"url": slow.url, "enabled_events": ["*"]})
        client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        for _ in range(3):
            client.v1.customers.create({})
        receiver.wait(3, seconds=4)
        assert len(slow.got) == 1
        slow.pause.set()
        slow.wait(3)
    finally:
        slow.pause.set()
        slow.server.shutdown()
        slow.server.server_close()


def test_what_changed_is_told_in_the_words_of_the_version(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, receiver: Receiver
) -> None:
    hook = {"url": receiver.url, "enabled_events": ["product.updated"], "api_version": "2023-10-16"}
    client.v1.webhook_endpoints.create(request_params(hook))
    product = client.v1.products.create({"name": "Mug", "marketing_features": [{"name": "Warm"}]})
    client.v1.products.update(product.id, {"marketing_features": [{"name": "Hot"}]})
    receiver.wait(1)
    data = json.loads(receiver.got[0][0])["data"]
    assert data["object"]["features"] == [{"name": "Hot"}]
    assert data["previous_attributes"]["features"] == [{"name": "Warm"}]
    assert "marketing_features" not in data["previous_attributes"]


def test_the_front_page_tells_an_endpoint_of_connected_accounts_from_one_of_this_account() -> None:
    url = "http://127.0.0.1:9/hook"
    with run(EmulatorConfig(endpoints=(Endpoint(url), Endpoint(url, connect=True)))) as running:
        page = httpx.get(running.url, trust_env=False).text
    for whose in ("of this account", "of connected accounts"):
        assert page.count(f"* {whose}</span>") == 1
