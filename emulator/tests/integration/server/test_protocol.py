from __future__ import annotations

import base64
import json
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from emulator.tests.support.checked_client import client_of
from emulator.tests.support.stripe_fields import expanded
from tests.support.present import present

from payloom_emulator.core.config import EmulatorConfig, Key
from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.embedded import run
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

    from payloom_emulator.embedded import RunningEmulator


def raw(
    running: RunningEmulator, method: str, path: str, body: str | None = None, **headers: str
) -> tuple[int, dict[str, Any], Message]:
    request = urllib.request.Request(
        f"{running.url}{path}", data=body.encode() if body is not None else None, method=method
    )
    request.add_header("Authorization", headers.pop("Authorization", "Bearer sk_test_raw_123"))
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read()), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def test_the_same_key_with_the_same_parameters_is_a_replay(stripe_emulator: RunningEmulator) -> None:
    first = raw(stripe_emulator, "POST", "/v1/customers", "name=A&metadata[x]=1", Idempotency_Key="k1")
    again = raw(stripe_emulator, "POST", "/v1/customers", "metadata[x]=1&name=A", Idempotency_Key="k1")
    assert again[:2] == first[:2]
    assert again[2]["Idempotent-Replayed"] == "true"
    assert again[2]["Original-Request"] == first[2]["Request-Id"]
    assert again[2]["Request-Id"] != first[2]["Request-Id"]
    assert first[2]["Idempotent-Replayed"] is None
    status, body, _ = raw(stripe_emulator, "POST", "/v1/customers", "name=B", Idempotency_Key="k1")
    assert (status, body["error"]["type"]) == (400, "idempotency_error")
    status, body, _ = raw(stripe_emulator, "POST", "/v1/products", "name=B", Idempotency_Key="k1")
    assert (status, body["error"]["type"]) == (400, "idempotency_error")


def test_a_declined_attempt_is_replayed_but_refused_parameters_are_not(stripe_emulator: RunningEmulator) -> None:
    call = (
        "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa_chargeDeclined&return_url=https://a.example"
    )
    first = raw(stripe_emulator, "POST", "/v1/payment_intents", call, Idempotency_Key="k2")
    again = raw(stripe_emulator, "POST", "/v1/payment_intents", call, Idempotency_Key="k2")
    assert first[0] == again[0] == 402
    assert first[1]["error"]["payment_intent"]["id"] == again[1]["error"]["payment_intent"]["id"]
    assert raw(stripe_emulator, "POST", "/v1/customers", "nam=x", Idempotency_Key="k3")[0] == 400
    assert raw(stripe_emulator, "POST", "/v1/customers", "name=x", Idempotency_Key="k3")[0] == 200


def test_a_500_is_saved_and_one_after_the_effect_keeps_the_effect(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    stripe_emulator.fail_next(status=500, method="POST", path="/v1/customers", when="after")
    first = raw(stripe_emulator, "POST", "/v1/customers", "name=x", Idempotency_Key="k4")
    again = raw(stripe_emulator, "POST", "/v1/customers", "name=x", Idempotency_Key="k4")
    assert first[0] == again[0] == 500
    assert len(client.v1.customers.list().data) == 1
    stripe_emulator.fail_next(status=503, path="/v1/customers")
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({})
    assert len(client.v1.customers.list().data) == 1


def test_the_same_key_in_flight_is_a_conflict(stripe_emulator: RunningEmulator) -> None:
    stripe_emulator.control("limits", latency=0.5)
    answers = []
    calls = [
        threading.Thread(
            target=lambda: answers.append(raw(stripe_emulator, "POST", "/v1/customers", "name=x", Idempotency_Key="k5"))
        )
        for _ in range(2)
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    stripe_emulator.control("limits", latency=0)
    assert sorted(a[0] for a in answers) == [200, 409]
    assert next(a for a in answers if a[0] == 409)[1]["error"]["code"] == "idempotency_key_in_use"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer sk_live_abcdefgh", 401),
        ("Bearer nonsense", 401),
        ("Basic " + base64.b64encode(b"sk_test_abc1234:").decode(), 200),
        ("Bearer rk_test_abc1234", 200),
    ],
)
def test_keys(stripe_emulator: RunningEmulator, authorization: str, status: int) -> None:
    got, body, headers = raw(stripe_emulator, "GET", "/v1/customers", Authorization=authorization)
    assert got == status
    assert headers["Request-Id"].startswith("req_")
    if status == 401:
        assert "Invalid API Key provided" in body["error"]["message"]


def test_no_key_at_all_and_urls_stripe_does_not_know(stripe_emulator: RunningEmulator) -> None:
    assert raw(stripe_emulator, "GET", "/v1/customers", Authorization="")[0] == 401
    status, body, _ = raw(stripe_emulator, "GET", "/v1/custmers")
    assert (status, body["error"]["type"]) == (404, "invalid_request_error")
    assert "Unrecognized request URL (GET: /v1/custmers)" in body["error"]["message"]
    status, body, headers = raw(stripe_emulator, "GET", "/v1/issuing/cards")
    assert status == 501
    assert "emulator-coverage" in body["error"]["message"]
    assert headers["Stripe-Should-Retry"] == "false"


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        ("/v1/payment_intents", "amount=abc&currency=usd", "parameter_invalid_integer", "amount"),
        ("/v1/payment_intents", "currency=usd", "parameter_missing", "amount"),
        ("/v1/payment_intents", "amount=500&currency=usd&foo[bar]=1", "parameter_unknown", "foo"),
        ("/v1/payment_intents", "amount=500&currency=usd&shipping[adress]=1", "parameter_unknown", "shipping[adress]"),
        ("/v1/payment_intents", "amount=&currency=usd", "parameter_invalid_empty", "amount"),
        ("/v1/payment_intents", "amount=500&currency=usd&customer=cus_none", "resource_missing", "customer"),
        ("/v1/payment_intents", "amount=500&currency=usd&capture_method=later", None, "capture_method"),
        ("/v1/prices", "currency=xxx&unit_amount=5&product_data[name]=a", None, "currency"),
    ],
)
def test_wrong_parameters_are_named(
    stripe_emulator: RunningEmulator, path: str, body: str, code: str | None, param: str
) -> None:
    status, answer, _ = raw(stripe_emulator, "POST", path, body, Stripe_Version="2026-10-28.endive")
    assert (status, answer["error"].get("code"), answer["error"]["param"]) == (400, code, param)


def test_lists_page_in_both_directions_and_auto_paging_sees_all(client: stripe.StripeClient) -> None:
    ids = [client.v1.customers.create({"email": "a@example.com"}).id for _ in range(7)]
    newest_first = ids[::-1]
    page = client.v1.customers.list({"limit": 3})
    assert ([c.id for c in page.data], page.has_more, page.url) == (newest_first[:3], True, "/v1/customers")
    page = client.v1.customers.list({"limit": 3, "starting_after": newest_first[2]})
    assert [c.id for c in page.data] == newest_first[3:6]
    page = client.v1.customers.list({"limit": 3, "ending_before": newest_first[5]})
    assert [c.id for c in page.data] == newest_first[2:5]
    assert [c.id for c in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == newest_first
    assert (len(client.v1.customers.list({"limit": 0}).data), len(client.v1.customers.list({"limit": 101}).data)) == (
        1,
        7,
    )


def test_expand_goes_four_levels_deep_and_refuses_the_fifth_and_what_cannot_be_expanded(
    client: stripe.StripeClient,
) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "return_url": "https://a.example",
        }
    )
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    seen = client.v1.refunds.retrieve(
        refund.id, {"expand": ["charge.payment_intent.latest_charge.balance_transaction"]}
    )
    assert (
        expanded(expanded(expanded(expanded(seen.charge).payment_intent).latest_charge).balance_transaction).object
        == "balance_transaction"
    )
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        client.v1.refunds.retrieve(
            refund.id, {"expand": ["charge.payment_intent.latest_charge.balance_transaction.source"]}
        )
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded \(amount\)"):
        client.v1.refunds.retrieve(refund.id, {"expand": ["amount"]})
    assert expanded(client.v1.charges.list({"expand": ["data.payment_intent"]}).data[0].payment_intent).id == intent.id


def test_metadata_rules(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    assert present(client.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}}).metadata).to_dict() == {
        "b": "2",
        "c": "3",
    }
    assert present(client.v1.customers.update(customer.id, {"metadata": ""}).metadata).to_dict() == {}
    for bad in ({"x" * 41: "1"}, {"x": "1" * 501}, {f"k{i}": "1" for i in range(51)}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.customers.update(customer.id, {"metadata": bad})


def test_search_speaks_stripes_query_language(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"email": "ada@example.com", "name": "Ada Lovelace", "metadata": {"plan": "gold"}}
    )
    client.v1.customers.create({"email": "bob@example.com", "name": "Bob", "metadata": {"plan": "tin"}})

    def search(query: str) -> list[str]:
        return [c.id for c in client.v1.customers.search({"query": query}).data]

    assert search("email:'ADA@example.com'") == [customer.id]
    assert search('metadata["plan"]:"gold" AND name~"love"') == [customer.id]
    assert len(search("email~'example' OR name:'nobody'")) == 2
    assert search('-metadata["plan"]:"tin"') == [customer.id]
    assert len(search(f"created>={customer.created}")) == 2
    for bad in ("shoe:'x'", "email", "a AND", "email:'x' AND name:'y' OR name:'z'"):
        with pytest.raises(stripe.InvalidRequestError):
            search(bad)


def test_rate_limit_and_unknown_versions(stripe_emulator: RunningEmulator) -> None:
    stripe_emulator.control("limits", rate_limit=0)
    status, body, headers = raw(stripe_emulator, "GET", "/v1/customers")
    stripe_emulator.control("limits", rate_limit=None)
    assert (status, body["error"]["code"], headers["Stripe-Should-Retry"]) == (429, "rate_limit", "true")
    assert raw(stripe_emulator, "GET", "/v1/customers", Stripe_Version="2031-01-01")[0] == 400
    assert raw(stripe_emulator, "GET", "/v1/customers", Stripe_Version="2020-08-27")[0] == 200


def test_a_connected_account_keeps_its_own_objects(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    account = client.v1.accounts.create({"type": "express", "email": "shop@example.com"})
    connected_customer = client.v1.customers.create({"name": "Theirs"}, {"stripe_account": account.id})
    assert client.v1.customers.list().data == []
    assert client.v1.customers.list({}, {"stripe_account": account.id}).data[0].id == connected_customer.id
    with pytest.raises(stripe.PermissionError):
        client.v1.customers.list({}, {"stripe_account": "acct_nobody"})


def test_a_deleted_customer_is_a_tombstone_and_a_deleted_product_is_gone(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    client.v1.customers.delete(customer.id)
    assert client.v1.customers.retrieve(customer.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.update(customer.id, {"name": "x"})
    product = client.v1.products.create({"name": "Mug"})
    client.v1.products.delete(product.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.products.retrieve(product.id)
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_snapshot_and_restore_bring_a_moment_back(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    client.v1.customers.create({"name": "Before"})
    with urllib.request.urlopen(f"{stripe_emulator.url}/_emulator/snapshot", timeout=10) as response:
        saved = response.read()
    client.v1.customers.create({"name": "After"})
    urllib.request.urlopen(
        urllib.request.Request(f"{stripe_emulator.url}/_emulator/restore", data=saved), timeout=10
    ).close()
    assert [c.name for c in client.v1.customers.list().data] == ["Before"]


def test_a_file_is_uploaded_as_multipart(stripe_emulator: RunningEmulator, tmp_path: Path) -> None:
    path = tmp_path / "receipt.txt"
    path.write_text("thank you")
    with path.open("rb") as handle:
        upload = client_of(stripe_emulator.url).v1.files.create({"purpose": "dispute_evidence", "file": handle})
    assert (upload.filename, upload.size, upload.purpose) == ("receipt.txt", 9, "dispute_evidence")


def test_a_browser_of_another_origin_may_call(stripe_emulator: RunningEmulator) -> None:
    request = urllib.request.Request(
        f"{stripe_emulator.url}/v1/payment_methods", method="OPTIONS", headers={"Origin": "http://shop.test"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_configured_keys_open_their_account_with_their_permissions_and_others_open_nothing() -> None:
    keys = (Key("sk_test_mine_1234"), Key("rk_test_reader_12", permissions={"customers": "read"}))
    with run(EmulatorConfig(keys=keys)) as running:
        secret_client = client_of(running.url, "sk_test_mine_1234")
        secret_client.v1.customers.create({})
        reader = client_of(running.url, "rk_test_reader_12")
        assert len(reader.v1.customers.list().data) == 1
        with pytest.raises(stripe.PermissionError, match="customers_write"):
            reader.v1.customers.create({})
        with pytest.raises(stripe.AuthenticationError):
            client_of(running.url, "sk_test_other_123").v1.customers.list()


def test_an_account_version_that_does_not_exist_is_refused_at_start() -> None:
    with pytest.raises(EmulatorError, match="Invalid Stripe API version"):
        Emulator(EmulatorConfig(api_version="2031-01-01.zebra"))
