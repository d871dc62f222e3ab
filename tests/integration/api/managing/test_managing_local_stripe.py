"""The local Stripe through the management API: steering it, looking at it, and nothing of it elsewhere."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from tests.support.http_server import RunningServer, running_server

from payloom.api.management.routes.local_stripe import base_of
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.embedded import RunningEmulator, run

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKFLOW = "name: Nothing\non: {manual: true}\nsteps:\n  - return: {done: true}\n"
API = "/api/_payloom/local-stripe"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """A local Stripe."""
    with run(EmulatorConfig()) as running:
        yield running


@pytest.fixture(scope="module")
def server(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A project that uses it."""
    port = int(emulator.url.rsplit(":", 1)[1])
    files = {"payloom.yaml": f"name: Shop\nstripe: {{local_port: {port}}}\n", "workflows/nothing.yaml": WORKFLOW}
    with running_server(tmp_path_factory.mktemp("project"), files) as server:
        yield server


def do(server: RunningServer, control: str, **body: Any) -> Any:
    """POST to a control."""
    return server.http.post(f"{API}/control/{control}", json=body, headers=server.admin)


def test_the_clock_goes_forward(server: RunningServer) -> None:
    before = server.manage("/local-stripe/control/clock")["now"]
    assert do(server, "clock", advance="30d").status_code == 200
    assert server.manage("/local-stripe/control/clock")["now"] - before >= 30 * 86400


def test_an_event_is_triggered_and_its_objects_are_listed_without_their_secrets(server: RunningServer) -> None:
    assert "payment_intent.succeeded" in str(server.manage("/local-stripe/control/trigger"))
    assert do(server, "trigger", event="payment_intent.succeeded").status_code == 200
    intents = server.manage("/local-stripe/v1/payment_intents", limit=1)
    assert intents["data"][0]["status"] == "succeeded"
    assert intents["data"][0]["client_secret"] == "[redacted]"
    intent = server.manage(f"/local-stripe/v1/payment_intents/{intents['data'][0]['id']}")
    assert intent["object"] == "payment_intent"
    about = server.manage("/local-stripe/control")
    assert server.settings.stripe.secret_key.get_secret_value() not in str(about)


def test_what_the_local_stripe_refuses_is_told_in_our_form(server: RunningServer) -> None:
    wrong = do(server, "trigger", event="no.such_event")
    assert 400 <= wrong.status_code < 500
    assert wrong.json()["error"]["message"]
    missing = server.http.get(f"{API}/v1/payment_intents/pi_none", headers=server.admin)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["snapshot", "restore", "..%2fv1%2fcustomers", "3ds"])
def test_only_what_the_studio_needs_is_let_through(server: RunningServer, path: str) -> None:
    assert server.http.get(f"{API}/control/{path}", headers=server.admin).status_code == 404
    assert server.http.post(f"{API}/control/{path}", json={}, headers=server.admin).status_code == 404


@pytest.mark.parametrize("path", ["../_emulator/snapshot", "..%2f_emulator", "a//b", "customers/../x", "%2e%2e/x"])
def test_a_path_does_not_lead_out_of_the_objects(server: RunningServer, path: str) -> None:
    assert server.http.get(f"{API}/v1/{path}", headers=server.admin).status_code in {404, 405}


def test_objects_are_only_read(server: RunningServer) -> None:
    answer = server.http.post(f"{API}/v1/customers", json={}, headers=server.admin)
    assert answer.status_code == 405


def test_it_is_there_in_development_and_on_this_machine_only(server: RunningServer) -> None:
    settings = server.settings
    assert base_of(settings) == settings.stripe.api_base
    assert base_of(dataclasses.replace(settings, environment="production")) is None
    for base in ("http://stripe.example", "http://169.254.169.254", "http://127.0.0.1.evil.example", None):
        away = dataclasses.replace(settings.stripe, api_base=base)
        assert base_of(dataclasses.replace(settings, stripe=away)) is None


def test_each_payment_says_what_became_of_it_and_a_dispute_that_was_won_leaves_it_paid(
    server: RunningServer, emulator: RunningEmulator
) -> None:
    key = server.settings.stripe.secret_key.get_secret_value()
    client = stripe.StripeClient(key, base_addresses={"api": emulator.url})

    def paid(method: str, **fields: Any) -> str:
        params: Any = {"amount": 2000, "currency": "usd", "payment_method": method, "confirm": True, **fields}
        params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        return client.v1.payment_intents.create(params).id

    expected = {paid("pm_card_visa"): "succeeded", paid("pm_card_visa", capture_method="manual"): "requires_capture"}
    part, whole = paid("pm_card_visa"), paid("pm_card_visa")
    client.v1.refunds.create({"payment_intent": part, "amount": 500})
    client.v1.refunds.create({"payment_intent": whole})
    won, lost, opened = (paid("pm_card_createDispute") for _ in range(3))
    for intent, evidence in ((won, "winning_evidence"), (lost, "losing_evidence")):
        dispute = client.v1.disputes.list({"payment_intent": intent}).data[0]
        client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}, "submit": True})
    expected |= {part: "partially_refunded", whole: "refunded", won: "succeeded", lost: "disputed", opened: "disputed"}

    def states() -> dict[str, Any]:
        page = server.manage("/local-stripe/payments")
        return {payment["intent"]["id"]: payment["state"] for payment in page["data"]}

    server.wait(lambda: expected.items() <= states().items())
    newest = next(iter(states()))
    older = server.manage("/local-stripe/payments", starting_after=newest)
    assert newest not in str(older["data"])
    assert "_secret_" not in str(older["data"])
