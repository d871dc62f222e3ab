"""Guests have a limit at every endpoint without one of its own, and an amount of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import RunningServer, running_server

from payloom.api.limits.guest_limits import BUDGET_KB, MAX_GUEST_BODY
from payloom.settings.errors import BadSettings
from payloom.settings.load import DEFAULT_GUEST_RATE, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = {
    "payloom.yaml": """
name: Test Shop
accounts: [{email: ada@shop.test, password: correct-horse}]
""",
    "workflows/a.yaml": "name: A\non: {api: POST /a, auth: optional}\ninput: {text?: string}\nsteps: [{return: {}}]\n",
    "workflows/b.yaml": "name: B\non: {api: POST /b, auth: none}\ninput: {text?: string}\nsteps: [{return: {}}]\n",
    "workflows/own.yaml": "name: Own\non: {api: POST /own, auth: none, rate_limit: 9/m}\nsteps: [{return: {}}]\n",
}
MADE_UP = "4eC39HqLyjWDarjtT1zdp7dcQm"
LARGE = {"text": "x" * (MAX_GUEST_BODY - 100)}


@pytest.fixture
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    rate = (request.param, 600.0)
    with running_server(tmp_path, PROJECT, changes={"guest_rate": rate}) as server:
        yield server


@pytest.mark.parametrize("limited", [5], indirect=True)
def test_each_endpoint_counts_a_guest_by_itself(limited: RunningServer) -> None:
    assert [limited.http.post("/api/a", json={}).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    refused = limited.http.post("/api/a", json={})
    assert refused.json()["error"]["code"] == "too_many_requests"
    assert int(refused.headers["retry-after"]) > 0
    assert limited.http.post("/api/b", json={}).status_code == 200
    assert [limited.http.post("/api/own", json={}).status_code for _ in range(10)] == [200] * 9 + [429]
    signed_in = limited.http.post("/api/auth/sign-in", json={"email": "ada@shop.test", "password": "correct-horse"})
    assert signed_in.status_code == 200
    assert limited.http.post("/api/a", json={}).status_code == 200
    assert len(limited.manage("/runs", limit=100)["data"]) == 16


@pytest.mark.parametrize("limited", [1000], indirect=True)
def test_a_guests_bytes_have_a_budget_over_all_endpoints(limited: RunningServer) -> None:
    each = -(-MAX_GUEST_BODY // 1024)
    fit = BUDGET_KB // each
    answers = [limited.http.post(f"/api/{'ab'[at % 2]}", json=LARGE).status_code for at in range(fit + 3)]
    assert answers[:fit] == [200] * fit
    assert answers[-1] == 429
    too_large = limited.http.post("/api/a", json={"text": "x" * MAX_GUEST_BODY})
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("text", "environment", "rate"),
    [
        ("", "dev", None),
        ("", "staging", DEFAULT_GUEST_RATE),
        ("rate_limit: none", "staging", None),
        ("rate_limit: 30/m", "dev", (30, 60.0)),
    ],
)
def test_the_setting(tmp_path: Path, text: str, environment: str, rate: tuple[int, float] | None) -> None:
    keys = {
        "STRIPE_SECRET_KEY": "sk_test_" + MADE_UP,
        "STRIPE_PUBLISHABLE_KEY": "pk_test_" + MADE_UP,
        "STRIPE_WEBHOOK_SECRET": "whsec_" + MADE_UP + MADE_UP,
    }
    (tmp_path / "payloom.yaml").write_text(
        f"name: Shop\nenvironment: {environment}\nsite_url: https://shop.test\n{text}\n", "utf-8"
    )
    environ = {} if environment == "dev" else keys
    assert load_settings(tmp_path, environ=environ).guest_rate == rate


@pytest.mark.parametrize("text", ["120", "0/m", "many/m"])
def test_a_setting_that_is_no_rate_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "payloom.yaml").write_text(f"name: Shop\nrate_limit: {text}\n", "utf-8")
    with pytest.raises(BadSettings, match="rate_limit"):
        load_settings(tmp_path, environ={})
