"""Billing as older API versions knew it: parameters that are gone, quantities, usage records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from payloom_emulator.protocol.form import decode
from payloom_emulator.protocol.older_params import older_params, taken
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

VERSIONS = ("2020-08-27", "2022-11-15", "2023-10-16", "2025-03-31.basil", "2025-09-30.clover", "2026-08-26.dahlia")


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture(scope="module")
def call(emulator: Emulator) -> Callable[..., dict[str, Any]]:
    def answer(method: str, path: str, query: str = "", *, status: int = 200, version: str) -> dict[str, Any]:
        answered, body = emulator.call(method, path, decode(query), version=version)
        assert answered == status, body
        return body

    return answer


@pytest.fixture(scope="module")
def customer(call: Callable[..., dict[str, Any]]) -> str:
    query = "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa"
    return call("POST", "/v1/customers", query, version=VERSIONS[-1])["id"]


@pytest.fixture(scope="module")
def price(call: Callable[..., dict[str, Any]]) -> str:
    query = "product_data[name]=x&currency=usd&unit_amount=900&recurring[interval]=month"
    return call("POST", "/v1/prices", query, version=VERSIONS[-1])["id"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_quantity_of_the_only_item_is_the_subscriptions(
    call: Callable[..., dict[str, Any]], customer: str, price: str, version: str
) -> None:
    subscription = call("POST", "/v1/subscriptions", f"customer={customer}&items[0][price]={price}", version=version)
    changed = call("POST", f"/v1/subscriptions/{subscription['id']}", "quantity=3", version=version)
    assert (changed["quantity"], changed["plan"]["id"], changed["items"]["data"][0]["quantity"]) == (3, price, 3)


def test_a_phase_lasts_iterations_until_clover(call: Callable[..., dict[str, Any]], customer: str, price: str) -> None:
    query = f"customer={customer}&start_date=now&phases[0][iterations]=2&phases[0][items][0][price]={price}"
    schedule = call("POST", "/v1/subscription_schedules", query, version="2024-06-20")
    phase = schedule["phases"][0]
    assert 59 <= (phase["end_date"] - phase["start_date"]) / 86400 <= 62
    call("POST", "/v1/subscription_schedules", query, version=VERSIONS[-1], status=400)


def test_usage_is_recorded_on_the_item_until_basil(call: Callable[..., dict[str, Any]], customer: str) -> None:
    query = "product_data[name]=m&currency=usd&unit_amount=10&recurring[interval]=month&recurring[usage_type]=metered"
    call("POST", "/v1/prices", query, version=VERSIONS[-1], status=400)
    metered = call("POST", "/v1/prices", query, version="2024-06-20")
    assert metered["recurring"]["aggregate_usage"] == "sum"
    items = f"customer={customer}&items[0][price]={metered['id']}"
    item = call("POST", "/v1/subscriptions", items, version="2024-06-20")["items"]["data"][0]["id"]
    records = f"/v1/subscription_items/{item}/usage_records"
    for amount in (100, 20):
        call("POST", records, f"quantity={amount}&timestamp=now", version="2024-06-20")
    summary = call("GET", f"/v1/subscription_items/{item}/usage_record_summaries", version="2024-06-20")["data"][0]
    assert summary["total_usage"] == 120
    upcoming = call("GET", "/v1/invoices/upcoming", f"customer={customer}", version="2024-06-20")
    assert upcoming["object"] == "invoice"


def test_every_part_of_a_line_that_checkout_took_until_2022_08_01_is_read(call: Callable[..., dict[str, Any]]) -> None:
    line = "&".join(
        f"line_items[0]{part}"
        for part in (
            "[name]=Tea",
            "[amount]=500",
            "[currency]=usd",
            "[quantity]=2",
            "[images][]=https://x.example/a.png",
        )
    )
    query = (
        f"mode=payment&success_url=https://x.example&cancel_url=https://x.example&payment_method_types[]=card&{line}"
    )
    assert call("POST", "/v1/checkout/sessions", query, version="2020-08-27")["amount_total"] == 1000


OPERATIONS = sorted(
    operation
    for operation in older_params()["operations"]
    if "issuing" not in operation and "treasury" not in operation
)


@pytest.mark.parametrize("version", ["2020-08-27", "2022-11-15", "2024-06-20"])
def test_no_parameter_of_an_older_version_is_unknown(emulator: Emulator, version: str) -> None:
    """Each is read, refused by a rule, or answered 501: none is unknown, and none breaks anything."""
    wrong: list[str] = []
    for operation in OPERATIONS:
        method, path = operation.split(" ")
        for param in taken((method, path), version):
            name, _, rest = param.replace("[]", ".0").partition(".")
            query = name + "".join(f"[{part}]" for part in rest.split(".") if part) + "=1"
            status, body = emulator.call(method, path.replace("{}", "x_1"), decode(query), version=version)
            error = body.get("error", {})
            if error.get("code") == "parameter_unknown" or (status >= 500 and status != 501):
                wrong.append(f"{operation} {param}: {status} {error.get('message')}")
    assert wrong == []
