"""Pages of other sites cannot steer a local Stripe through somebody's browser; scripts and its own pages can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    import stripe

    from payloom_emulator.embedded import RunningEmulator

_BANK = {"bank_account[account_number]": "000123456789", "bank_account[routing_number]": "110000000"}


def ask(stripe_emulator: RunningEmulator, path: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{stripe_emulator.url}/_emulator/{path}", headers=named, trust_env=False)


@pytest.mark.parametrize("path", ["reset", "clock", "trigger", "restore", "fail-next", "seed", "delivery"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.example", "Content_Type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_site_changes_nothing(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, path: str, headers: dict[str, str]
) -> None:
    customer = client.v1.customers.create({"email": "kept@example.com"})
    answer = ask(stripe_emulator, path, **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "emulator_cross_site")
    assert client.v1.customers.retrieve(customer.id).email == "kept@example.com"


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "own"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
    ],
)
def test_scripts_and_its_own_pages_steer(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, own: dict[str, Any]
) -> None:
    client.v1.customers.create({"email": "gone@example.com"})
    headers = {"Origin": stripe_emulator.url} if own.get("Origin") == "own" else own
    assert ask(stripe_emulator, "reset", **headers).json() == {"reset": True}
    assert client.v1.customers.list().data == []


def test_stripes_own_api_is_open_to_every_origin_as_stripes_is(stripe_emulator: RunningEmulator) -> None:
    answer = httpx.post(
        f"{stripe_emulator.url}/v1/tokens",
        headers={"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"},
        data={"key": stripe_emulator.publishable_key, "bank_account[country]": "US", **_BANK},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
