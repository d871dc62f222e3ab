"""`payloom emulator trigger` against a running local Stripe: makes events, lists them, and helps when it cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from emulator.tests.support.checked_client import client_of
from tests.support.ports import free_port
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.settings.local import LocalState
from payloom_emulator.http.trigger import TRIGGERS

if TYPE_CHECKING:
    from pathlib import Path

    import stripe
    from typer.testing import Result

    from payloom_emulator.embedded import RunningEmulator


def trigger(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["emulator", "trigger", *arguments])


@pytest.fixture
def client(stripe_emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(stripe_emulator.url)


@pytest.fixture
def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_event_and_what_comes_with_it_happen(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, elsewhere: Path
) -> None:
    result = trigger("charge.refunded", "--url", stripe_emulator.url, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert {"payment_intent.succeeded", "charge.refunded"} <= {event["type"] for event in answer["made"]}
    assert client.v1.refunds.list().data[0].status == "succeeded"
    plain = trigger("charge.refunded", "--url", stripe_emulator.url)
    assert "charge.refunded" in plain.stdout
    assert len(client.v1.refunds.list().data) == 2


def test_the_list_names_every_trigger(stripe_emulator: RunningEmulator, elsewhere: Path) -> None:
    assert trigger("--list", "--url", stripe_emulator.url).stdout.split() == sorted(TRIGGERS)


def test_the_list_needs_no_server(elsewhere: Path) -> None:
    assert trigger("--list").stdout.split() == sorted(TRIGGERS)
    assert json.loads(trigger("--list", "--json").stdout) == sorted(TRIGGERS)
    (elsewhere / "payloom.yaml").write_text("name: shop\n", "utf-8")
    LocalState(elsewhere / "data").announce("http://127.0.0.1:1", None)  # a project with Stripe's own keys
    assert trigger("--list").exit_code == 0


def test_in_a_running_project_its_own_local_stripe_is_used(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, elsewhere: Path
) -> None:
    (elsewhere / "payloom.yaml").write_text("name: shop\n", "utf-8")
    LocalState(elsewhere / "data").announce("http://127.0.0.1:1", stripe_emulator.url)
    assert trigger("customer.created").exit_code == 0
    assert client.v1.customers.list().data[0].email == "jenny@example.com"
    LocalState(elsewhere / "data").announce("http://127.0.0.1:1", None)
    real = trigger("customer.created")
    assert (real.exit_code, "Stripe keys" in real.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["charge.refundd"], 3, "charge.refunded"),
        ([], 2, "--list"),
        (["charge.refunded", "--project", "nowhere"], 2, "payloom init"),
    ],
)
def test_wrong_use_is_told_with_the_way_out(
    stripe_emulator: RunningEmulator, elsewhere: Path, arguments: list[Any], code: int, says: str
) -> None:
    where = [] if "--project" in arguments else ["--url", stripe_emulator.url]
    result = trigger(*arguments, *where)
    assert (result.exit_code, says in result.stderr) == (code, True), result.stderr


def test_nobody_there_and_somebody_else_there(stripe_emulator: RunningEmulator, nowhere: str, elsewhere: Path) -> None:
    result = trigger("charge.refunded", "--url", nowhere)
    assert (result.exit_code, "payloom emulator" in result.stderr) == (4, True)
    other = trigger("charge.refunded", "--url", f"{stripe_emulator.url}/v1")
    assert (other.exit_code, "--url" in other.stderr) == (4, True), other.stderr
