"""Objects as Stripe shapes them, from little."""

from __future__ import annotations

import pytest

from payloom.connectors.stripe.catalog.events import families
from payloom.sandbox.stripe.fixtures import problems
from payloom.sandbox.stripe.plain_answers import family_kind
from payloom.sandbox.stripe.specimens import event_object

NOW = 1_767_225_600
NOT_IN_TYPES = {"total_count", "attributes", "plan", "quantity"}
"""What Stripe sends and its SDK's types leave out: a subscription still shows its one item's plan and quantity. The
`source` of a charge is one of four kinds.
"""


def made(family: str, action: str, **fields: object) -> dict[str, object]:
    kind, schema = family_kind(family)
    return event_object(kind, schema, action, fields, NOW)


def test_what_is_given_stays_and_the_rest_is_there() -> None:
    intent = made("payment_intent", "succeeded", id="pi_1", amount=2198, metadata={"order_id": "o1"})
    assert intent["id"] == "pi_1"
    assert intent["amount_received"] == 2198
    assert intent["status"] == "succeeded"
    assert intent["latest_charge"] == "ch_1"
    assert intent["metadata"] == {"order_id": "o1"}
    assert intent["customer"] is None
    assert intent["object"] == "payment_intent"


def test_a_refunded_charge_says_how_much() -> None:
    assert made("charge", "refunded", amount=900)["refunded"] is True
    part = made("charge", "refunded", amount=900, amount_refunded=100)
    assert (part["refunded"], part["amount_refunded"]) == (False, 100)


def test_a_subscription_has_its_period_on_the_item() -> None:
    items = made("customer.subscription", "created")["items"]
    assert isinstance(items, dict)
    assert items["data"][0]["current_period_end"] == NOW + 30 * 86400
    assert items["data"][0]["object"] == "subscription_item"


@pytest.mark.parametrize("family", sorted(families()))
def test_every_family_has_a_whole_object_that_fits_stripes_own_types(family: str) -> None:
    kind, schema = family_kind(family)
    for action in families()[family]:
        misfits = [path for path, _, _ in problems(schema, event_object(kind, schema, action, {}, NOW))]
        assert [path for path in misfits if path[-1] not in NOT_IN_TYPES and path[0] != "source"] == [], (
            f"{family}.{action}"
        )


def test_a_field_that_is_not_stripes_is_found_at_any_depth() -> None:
    _, schema = family_kind("payment_intent")
    wrong = {"amont": 1, "last_payment_error": {"mesage": "x"}, "currency": 3}
    assert [(path, hint) for path, _, hint in problems(schema, wrong)] == [
        (("amont",), "did you mean 'amount'?"),
        (("last_payment_error", "mesage"), "did you mean 'message'?"),
        (("currency",), ""),
    ]
