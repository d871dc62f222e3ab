"""Calls to Stripe through the official SDK, against the local Stripe."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.step_host import StripeHost
from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio


async def test_an_answer_is_plain_json(side: Any) -> None:
    customer = await side.connector.perform("customers.create", {"email": "a@b.c", "name": None}, key="k")
    assert type(customer) is dict
    assert type(customer["metadata"]) is dict
    assert (customer["object"], customer["email"], customer["name"]) == ("customer", "a@b.c", None)


async def test_an_alias_calls_the_same_operation(side: Any) -> None:
    created = await side.connector.perform("Create Customer", {"email": "a@b.c"}, key="k")
    two = await side.connector.perform("create_customer", {"email": "a@b.c"}, key="k")
    read = await side.connector.perform("retrieve_customer", {"customer": created["id"]})
    assert created["id"] == two["id"] == read["id"]


async def test_an_alias_may_fix_parameters(side: Any) -> None:
    product = await side.connector.perform("products.create", {"name": "Mug"}, key="p")
    args = {"product": product["id"], "unit_amount": 500, "currency": "usd"}
    price = await side.connector.perform("prices.create", args, key="k")
    assert price["active"] is True
    assert (await side.connector.perform("Deactivate Price", {"id": price["id"]}, key="d"))["active"] is False


async def test_created_objects_carry_the_steps_key(side: Any) -> None:
    customer = await side.connector.perform("customers.create", {"metadata": {"a": 1}}, key="run_1:0")
    assert customer["metadata"] == {"a": "1", "payloom_step": "run_1:0"}
    updated = await side.connector.perform("customers.update", {"id": customer["id"], "name": "A"}, key="run_1:1")
    assert updated["metadata"]["payloom_step"] == "run_1:0"


async def test_a_long_key_stays_unique(side: Any) -> None:
    keys = ["k" * 300 + "a", "k" * 300 + "b", "k" * 300 + "a"]
    customers = [await side.connector.perform("customers.create", {"name": "A"}, key=key) for key in keys]
    assert customers[0]["id"] == customers[2]["id"] != customers[1]["id"]


@pytest.mark.parametrize(
    ("value", "name", "content"),
    [
        ("evidence as text", "file.txt", "evidence as text"),
        ({"name": "é.csv", "content": "a;b\n1;2"}, "é.csv", "a;b\n1;2"),
        ({"name": "a.png", "base64": "iVBORw0KGgo="}, "a.png", b"\x89PNG\r\n\x1a\n"),
        ({"content": ""}, "file.txt", ""),
    ],
)
async def test_a_file_is_uploaded_and_can_be_evidence(side: Any, value: Any, name: str, content: str | bytes) -> None:
    args = {"purpose": "dispute_evidence", "file": value}
    upload = await side.connector.perform("files.create", args, key="k")
    size = len(content.encode() if isinstance(content, str) else content)
    assert (upload["filename"], upload["size"], upload["purpose"]) == (name, size, "dispute_evidence")
    assert (await side.connector.perform("files.create", args, key="k"))["id"] == upload["id"]
    assert (await side.connector.perform("files.retrieve", {"id": upload["id"]}))["size"] == size


@pytest.mark.parametrize(
    "value",
    [
        7,
        [],
        {"name": "a"},
        {"name": 1, "content": "x"},
        {"base64": "%"},
        {"content": "a", "base64": "YQ=="},
        {"path": "/etc/passwd"},
    ],
)
async def test_what_is_no_file_is_said_before_anything_is_sent(side: Any, value: Any) -> None:
    with pytest.raises(StripeStepFailed) as failed:
        await side.connector.perform("files.create", {"purpose": "dispute_evidence", "file": value}, key="k")
    assert (failed.value.failure.kind, failed.value.failure.data["param"]) == ("invalid_parameters", "file")


async def test_every_page_is_read(side: Any) -> None:
    for number in range(25):
        await side.connector.perform("customers.create", {"name": str(number)}, key=str(number))
    assert len((await side.connector.perform("customers.list", {"limit": 10}))["data"]) == 10
    full_list = await side.connector.perform("customers.list", {"all": True})
    assert [item["name"] for item in full_list["data"]] == [str(number) for number in reversed(range(25))]
    assert full_list["has_more"] is False
    limited = await side.connector.perform("customers.list", {"all": True, "limit": 12})
    assert (len(limited["data"]), limited["has_more"]) == (12, True)


async def test_pages_are_followed_past_the_hundredth(side: Any) -> None:
    for number in range(120):
        side.stripe.emulator.call("POST", "/v1/customers", {"name": str(number)})
    listing = await side.connector.perform("customers.list", {"all": True})
    assert len({item["id"] for item in listing["data"]}) == 120


async def test_a_step_with_all_gets_one_list_of_every_page(side: Any) -> None:
    for number in range(120):
        side.stripe.emulator.call("POST", "/v1/customers", {"name": str(number)})
    host = StripeHost(side.connector)
    step = Do("0", "stripe", "customers.list", {"with": {}, "all": True, "max": None}, key="run_1:0")
    first = Attempt("run_1", 1, side.clock.now(), in_doubt=False)
    assert len(await host.perform(step, first)) == 120
    fewer = Do("0", "stripe", "customers.list", {"with": {}, "all": True, "max": 110}, key="run_1:0")
    assert len(await host.perform(fewer, first)) == 110


async def test_lists_of_v2_are_followed_by_the_address_of_the_next_page(side: Any) -> None:
    for number in range(130):
        _, customer = side.stripe.emulator.call("POST", "/v1/customers", {"name": str(number)})
        if number % 2:
            side.stripe.emulator.call("POST", f"/v1/customers/{customer['id']}", {"name": "changed"})
    args = {"types": ["v1.customer.created"], "all": True}
    listing = await side.connector.perform("v2.core.events.list", args)
    assert len({item["id"] for item in listing["data"]}) == 130
    assert {item["type"] for item in listing["data"]} == {"v1.customer.created"}
    fewer = await side.connector.perform("v2.core.events.list", {**args, "limit": 110})
    assert len(fewer["data"]) == 110


async def test_a_declined_card_says_why(side: Any) -> None:
    args = {
        "amount": 1000,
        "currency": "usd",
        "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
        "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    with pytest.raises(StripeStepFailed) as caught:
        await side.connector.perform("payment_intents.create", args, key="k")
    failure = caught.value.failure
    assert (failure.kind, failure.status, failure.retryable) == ("card_declined", 402, False)
    assert failure.data["decline_code"] == "insufficient_funds"
    assert failure.data["type"] == "card_error"
    assert failure.data["request_id"].startswith("req_")
    assert failure.data["payment_intent"].startswith("pi_")
    assert "secret" not in str(failure)


@pytest.mark.parametrize(
    ("action", "args", "kind", "status"),
    [
        ("customers.retrieve", {"id": "cus_nobody"}, "resource_missing", 404),
        ("refunds.create", {"payment_intent": "pi_nobody"}, "resource_missing", 422),
        ("payment_intents.create", {"amount": 1, "currency": "usd"}, "amount_too_small", 422),
        ("payment_intents.create", {"amount": 1000, "currency": "zzz"}, None, 422),
    ],
)
async def test_a_refusal_is_final_and_told(side: Any, action: str, args: Any, kind: str | None, status: int) -> None:
    with pytest.raises(StepFailed) as caught:
        await side.drive(action, args)
    failure = caught.value.failure
    assert failure.kind == (kind or failure.kind)
    assert (failure.status, failure.retryable, failure.data["outcome"]) == (status, False, "refused")
    assert failure.message
    assert side.wire.requests == 1


async def test_a_key_used_with_other_parameters_is_explained(side: Any) -> None:
    await side.connector.perform("customers.create", {"name": "A"}, key="k")
    with pytest.raises(StripeStepFailed) as caught:
        await side.connector.perform("customers.create", {"name": "B"}, key="k")
    assert caught.value.failure.kind == "idempotency_error"
    assert "idempotency_key" in str(caught.value.failure.hint)
    assert caught.value.outcome == "refused"


async def test_a_wrong_key_is_for_the_operator(side: Any) -> None:
    secret = "sk_bogus_4242424242424242"
    stranger = StripeConnector(StripeSettings(secret, side.stripe.url))
    with pytest.raises(StripeStepFailed) as caught:
        await stranger.perform("customers.create", {}, key="k")
    await stranger.close()
    failure = caught.value.failure
    assert (failure.kind, failure.status) == ("stripe_authentication", 502)
    assert "STRIPE_SECRET_KEY" in str(failure.hint)
    assert secret not in f"{caught.value!r} {caught.value} {failure}"


async def test_what_the_local_stripe_lacks_is_told_at_once(side: Any) -> None:
    with pytest.raises(StepFailed) as caught:
        await side.drive("climate.orders.create", {"product": "climsku_x", "metric_tons": "1"})
    assert caught.value.failure.kind == "not_implemented"
    assert side.wire.requests == 1


async def test_a_misspelt_parameter_never_leaves_the_machine(side: Any) -> None:
    with pytest.raises(StripeStepFailed, match="no parameter emial"):
        await side.connector.perform("customers.create", {"emial": "a@b.c"}, key="k")
    assert side.wire.requests == 0


async def test_an_unknown_operation_has_a_suggestion(side: Any) -> None:
    with pytest.raises(StripeStepFailed, match=r"customers\.create"):
        await side.connector.perform("customer.create", {})


def test_the_connector_works_in_several_event_loops(local_stripe: Any) -> None:
    connector = StripeConnector(StripeSettings(local_stripe.secret_key, local_stripe.url))

    async def call() -> str:
        created = await connector.perform("customers.create", {"name": "A"}, key="loops")
        await connector.close()
        return created["id"]

    assert asyncio.run(call()) == asyncio.run(call())
