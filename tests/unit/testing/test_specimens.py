"""Objects of events are what the local Stripe makes: with the fields that it has, and without those it leaves out."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import stripe

from payloom.connectors.stripe.catalog.events import object_kinds, object_schema, split_type
from payloom.sandbox.stripe.fixtures import prefix
from payloom.sandbox.stripe.plain_answers import family_kind
from payloom.sandbox.stripe.plain_kinds import PLAIN_KINDS, plain_reason
from payloom.sandbox.stripe.specimens import event_object, given_object
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.http.trigger import TRIGGERS, trigger
from payloom_emulator.presentation.field_presence import response_fields
from payloom_emulator.runtime.emulator import Emulator

NOW = 1_767_225_600
OTHERWISE_MADE = {
    "balance.available": "answered by plain values, see `PLAIN_KINDS`",
    "customer.source.created": "the same",
    "customer_cash_balance_transaction.created": "the same, with the fields of all its types",
    "financial_connections.account.created": "the same",
    "tax.settings.updated": "the same; it has no id of its own",
    "apps.install.created": "the same: in the first of its states",
    "customer.subscription.paused": "the trial that ended says why in `status_details`",
}
"""Events whose object in a case differs from what the trigger makes, and why."""


def event_of(event_type: str, **fields: Any) -> dict[str, Any]:
    """Return the object that a case's event of this type has."""
    family, action = split_type(event_type)
    kind, schema = family_kind(family)
    return event_object(kind, schema, action, fields, NOW)


def reasons_of_disputes() -> list[str]:
    """The reasons that the official client's types list."""
    source = inspect.getsource(stripe.Dispute)
    listed = re.search(r"Reason given by cardholder for dispute\. Possible values are (.*)\. Learn", source)
    assert listed is not None
    return re.findall(r"`(\w+)`", listed[1])


@pytest.mark.parametrize("reason", reasons_of_disputes())
def test_a_dispute_can_have_each_reason(reason: str) -> None:
    assert event_of("charge.dispute.created", reason=reason)["reason"] == reason


@pytest.mark.parametrize("event_type", sorted(TRIGGERS.keys() - OTHERWISE_MADE.keys()))
def test_the_object_of_an_event_has_the_fields_that_the_local_stripe_gives_it(event_type: str) -> None:
    emulator = Emulator(EmulatorConfig())
    trigger(emulator, event_type)
    _, page = emulator.call("GET", "/v1/events", {"type": event_type, "limit": 1})
    real = page["data"][0]["data"]["object"]
    sample = event_of(event_type)
    assert sorted(sample) == sorted(real)
    # These happened once more in what the trigger plays, or begin with another state.
    if event_type not in {
        "charge.dispute.updated",
        "customer.subscription.created",
        "invoice.updated",
        "charge.pending",
    }:
        assert sample.get("status") == real.get("status")


@pytest.mark.parametrize(
    ("event_type", "left_out"),
    [
        ("charge.refunded", "refunds"),
        ("checkout.session.completed", "line_items"),
        ("customer.updated", "subscriptions"),
        ("invoice.paid", "payments"),
        ("price.updated", "tiers"),
    ],
)
def test_what_stripe_leaves_out_is_absent_and_not_null(event_type: str, left_out: str) -> None:
    assert left_out not in event_of(event_type)
    assert left_out in event_of(event_type, **{left_out: {"data": []}}), "the case may say it"


def kinds_with_a_reason() -> set[str]:
    return {kind for kind in object_kinds() if plain_reason(kind) is not None}


@pytest.mark.parametrize("kind", sorted(object_kinds()))
def test_every_kind_is_made_by_the_local_stripe_or_has_a_reason(kind: str) -> None:
    schema = object_schema(kind) or {}
    whole = given_object(kind, {"id": f"{prefix(kind)}_7"}, NOW)
    plain = set(schema.get("properties", {})) - {"deleted"} | {"id", "object"}
    if plain_reason(kind) is None:
        emulated = Emulator(EmulatorConfig()).find_schema(kind)
        assert emulated is not None, f"{kind} is neither made nor in PLAIN_KINDS"
        declared = {field.name for field in emulated.fields} - set(emulated.hidden)
        assert declared - set(response_fields()["left_out"].get(kind, [])) <= whole.keys()
    else:
        assert set(whole) == plain


def test_no_reason_stands_for_nothing() -> None:
    used = {kind if kind in PLAIN_KINDS else f"{kind.partition('.')[0]}.*" for kind in kinds_with_a_reason()}
    assert set(PLAIN_KINDS) - used == {"v2.*"}, "the names of API v2 are not among the kinds of v1"


def test_the_parts_of_an_object_come_with_it() -> None:
    intent = event_of("payment_intent.succeeded", id="pi_9", amount=4200, currency="eur")
    assert (intent["amount_received"], intent["latest_charge"], intent["payment_method"]) == (4200, "ch_9", "pm_pi_9")
    failed = event_of("payment_intent.payment_failed", last_payment_error={"message": "No."})
    assert failed["last_payment_error"]["message"] == "No."
    assert failed["last_payment_error"]["decline_code"] == "generic_decline"
    subscription = event_of(
        "customer.subscription.updated", items={"data": [{"id": "si_9", "price": {"id": "price_9"}}]}
    )
    item = subscription["items"]["data"][0]
    assert (item["id"], item["price"]["id"], item["price"]["recurring"]["interval"]) == ("si_9", "price_9", "month")
