"""Objects as Stripe shapes them, from little."""

from __future__ import annotations

import pytest

from payloom.connectors.stripe.catalog.events import families
from payloom.sandbox.stripe.fixtures import is_whole, problems
from payloom.sandbox.stripe.plain_answers import family_kind
from payloom.sandbox.stripe.specimens import event_object

NOW = 1_767_225_600
ALWAYS_NULL = "null in every recorded answer, and in no type of the SDK"
OLDER = "kept from an older version of the API: recorded in every charge, told by the types of that version only"
COUNTED = "lists inside an object still say how many there are"
ONE_ITEM = "a subscription of one item shows what it is of, as before there were items"
BEYOND_TYPES: dict[str, dict[str, str]] = {
    "account": {"external_accounts.total_count": COUNTED},
    "application_fee": {"refunds.total_count": COUNTED},
    "charge": {"destination": OLDER, "dispute": OLDER, "order": OLDER},
    "customer.subscription": {"items.total_count": COUNTED, "plan": ONE_ITEM, "quantity": ONE_ITEM},
    "invoice": {"lines.total_count": COUNTED},
    "payment_intent": {
        "shared_payment_granted_token": ALWAYS_NULL,
        "last_payment_error.payment_method.shared_payment_granted_token": ALWAYS_NULL,
    },
    "payment_method": {"shared_payment_granted_token": ALWAYS_NULL},
    "product": {"attributes": "goods had attributes: an empty list ever since"},
    "setup_intent": {"last_setup_error.payment_method.shared_payment_granted_token": ALWAYS_NULL},
    "transfer": {"reversals.total_count": COUNTED},
}
"""By family of events: what Stripe sends and its SDK's types leave out, and why; a row that nothing needs goes."""


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
    problem_at: dict[str, str] = {}
    for action in families()[family]:
        for path, message, _ in problems(schema, event_object(kind, schema, action, {}, NOW), whole=False):
            if path[0] != "source":  # one of four kinds, of which the schema's first is compared
                problem_at[".".join(map(str, path))] = f"{family}.{action}: {message}"
    beyond = BEYOND_TYPES.get(family, {})
    assert [message for name, message in problem_at.items() if name not in beyond] == []
    assert beyond.keys() - problem_at.keys() == set(), "the types tell these now, or the object has them no longer"


def test_a_field_that_is_not_stripes_is_found_at_any_depth() -> None:
    _, schema = family_kind("payment_intent")
    wrong = {"amont": 1, "last_payment_error": {"mesage": "x"}, "currency": 3}
    assert [(path, hint) for path, _, hint in problems(schema, wrong)] == [
        (("amont",), "did you mean 'amount'?"),
        (("last_payment_error", "mesage"), "did you mean 'message'?"),
        (("currency",), ""),
    ]


@pytest.mark.parametrize("family", sorted(families()))
def test_an_object_that_stripe_sent_may_have_fields_that_its_types_lack(family: str) -> None:
    kind, schema = family_kind(family)
    sent = {**event_object(kind, schema, min(families()[family]), {}, NOW), "object": kind}
    more = {**sent, "field_of_an_older_version": None}
    if schema is None:  # an object of several kinds, of which no field is looked at
        assert list(problems(schema, more)) == []
        return
    assert is_whole(schema, sent)
    assert list(problems(schema, more)) == list(problems(schema, sent))
    assert (("field_of_an_older_version",), "") in [
        (path, hint) for path, _, hint in problems(schema, more, whole=False)
    ]


def test_fields_that_somebody_wrote_are_looked_at() -> None:
    _, schema = family_kind("charge")
    sent = made("charge", "succeeded", id="ch_1")
    assert list(problems(schema, {**sent, "order": None, "billing_details": {"new": 1}})) == []
    assert [path for path, _, _ in problems(schema, {"object": "charge", "id": "ch_1", "ammount": 5})] == [("ammount",)]
    assert [path for path, _, _ in problems(schema, {**sent, "amount": "5"})] == [("amount",)]
    few = {name: sent[name] for name in list(sent)[:5]}
    assert not is_whole(schema, {**few, "object": "charge"})
    assert not is_whole(schema, {name: value for name, value in sent.items() if name != "object"})
    assert not is_whole(None, sent)
