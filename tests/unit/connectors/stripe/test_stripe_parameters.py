"""Parameters are checked against the SDK's types before anything is sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.parameters import ALL_AT_MOST, Prepared, prepare
from payloom.workflows.expressions.check import fits


def prepared(name: str, args: dict[str, Any]) -> Prepared:
    operation = operations.find(name)
    assert operation is not None
    return prepare(operation, args)


def test_a_checkout_session_passes_as_written() -> None:
    args = {
        "mode": "payment",
        "line_items": [{"price": "price_1", "quantity": 2}, {"price_data": {"currency": "usd", "product": "prod_1"}}],
        "success_url": "https://shop.test/thanks?session_id={CHECKOUT_SESSION_ID}",
        "metadata": {"order_id": "o1"},
        "expand": ["line_items"],
        "automatic_tax": {"enabled": True},
    }
    assert prepared("checkout.sessions.create", args).body == args


def test_nulls_are_not_sent_and_empty_strings_are() -> None:
    args = {"payment_intent": None, "charge": "ch_1", "metadata": {"a": None, "b": ""}, "reason": None}
    assert prepared("refunds.create", args).body == {"charge": "ch_1", "metadata": {"b": ""}}


@pytest.mark.parametrize("name", ["id", "intent", "payment_intent"])
def test_the_id_goes_into_the_path(name: str) -> None:
    request = prepared("payment_intents.retrieve", {name: "pi_1", "expand": ["customer"]})
    assert (request.path, request.body) == (["pi_1"], {"expand": ["customer"]})


def test_two_ids_go_into_the_path_in_order() -> None:
    request = prepared("customers.payment_methods.retrieve", {"id": "pm_1", "customer": "cus_1"})
    assert request.path == ["cus_1", "pm_1"]


def test_moments_become_unix_seconds_where_numbers_are_wanted() -> None:
    moment = dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)
    assert prepared("checkout.sessions.create", {"expires_at": moment}).body == {"expires_at": 1769853600}
    assert prepared("checkout.sessions.create", {"expires_at": "2026-01-31T10:00:00Z"}).body == {
        "expires_at": 1769853600
    }


def test_metadata_takes_numbers_as_text() -> None:
    request = prepared("customers.create", {"metadata": {"id": 7, "gift": True, "rate": 1.5}})
    assert request.body == {"metadata": {"id": "7", "gift": "true", "rate": "1.5"}}


def test_all_reads_every_page_up_to_a_limit() -> None:
    assert prepared("prices.list", {"all": True}).at_most == ALL_AT_MOST
    request = prepared("prices.list", {"all": True, "limit": 250, "active": True})
    assert (request.at_most, request.body) == (250, {"active": True})
    assert prepared("prices.list", {"limit": 5}).body == {"limit": 5}


@pytest.mark.parametrize(
    ("action", "args", "param", "words"),
    [
        ("customers.create", {"emial": "a@b.c"}, "emial", "did you mean 'email'"),
        ("customers.create", {"address": {"cty": "Oslo"}}, "address.cty", "did you mean 'city'"),
        ("checkout.sessions.create", {"line_items": [{"prise": "p"}]}, "line_items[0].prise", "did you mean 'price'"),
        (
            "checkout.sessions.create",
            {"line_items": [{"quantity": "2"}]},
            "line_items[0].quantity",
            "a whole number, not a text",
        ),
        ("checkout.sessions.create", {"line_items": {"price": "p"}}, "line_items", "a list, not a map"),
        ("payment_intents.create", {"amount": 19.99, "currency": "usd"}, "amount", "minor units"),
        ("payment_intents.create", {"amount": True, "currency": "usd"}, "amount", "not true or false"),
        ("payment_intents.create", {"currency": "usd"}, "amount", "is required"),
        ("payment_intents.create", {"amount": 5, "currency": None}, "currency", "is required"),
        ("payment_intents.retrieve", {}, "id", "is required"),
        ("payment_intents.retrieve", {"id": ""}, "id", "not be empty"),
        ("payment_intents.retrieve", {"id": "pi_1", "intent": "pi_2"}, "intent", "two different values"),
        ("customers.payment_methods.retrieve", {"id": "pm_1"}, "customer", "is required"),
        ("customers.create", {"name": 5}, "name", "a text, not a whole number"),
        ("customers.create", {"metadata": {"a": [1]}}, "metadata.a", "a text, not a list"),
        ("customers.create", {"api_key": "sk_test_other"}, "api_key", "no parameter"),
        ("customers.create", {"idempotency_key": "k"}, "idempotency_key", "no parameter"),
        ("prices.list", {"all": True, "ending_before": "price_1"}, "ending_before", "cannot be combined"),
        ("prices.list", {"all": True, "limit": 100_000}, "limit", "from 1 to"),
        ("prices.create", {"all": True}, "all", "no parameter"),
    ],
)
def test_a_wrong_parameter_is_named(action: str, args: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(StripeStepFailed) as caught:
        prepared(action, args)
    failure = caught.value.failure
    assert failure.kind == "invalid_parameters"
    assert failure.data["param"] == param
    assert words in f"{failure.message} {failure.hint}"
    assert not failure.retryable


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("checkout.sessions.create", ["expires_at"]),
        ("subscriptions.create", ["cancel_at"]),
        ("subscriptions.update", ["trial_end"]),
        ("invoices.create", ["due_date"]),
        ("charges.list", ["created"]),
        ("test_helpers.test_clocks.advance", ["frozen_time"]),
    ],
)
def test_parameters_that_are_moments_are_marked(action: str, path: list[str]) -> None:
    operation = operations.find(action)
    assert operation is not None
    schema: Any = operation.params()["properties"][path[0]]
    assert "unix-time" in [part.get("format") for part in schema.get("anyOf", [schema])]
    assert fits({"type": "string", "format": "date-time", "x-type": "timestamp"}, schema)


@pytest.mark.parametrize("name", ["amount", "application_fee_amount"])
def test_amounts_are_not(name: str) -> None:
    operation = operations.find("payment_intents.create")
    assert operation is not None
    schema = operation.params()["properties"][name]
    assert not fits({"type": "string", "format": "date-time", "x-type": "timestamp"}, schema)
