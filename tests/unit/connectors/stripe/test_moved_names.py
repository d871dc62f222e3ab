"""What moved in Stripe's API: no name of the table is one of today, each place is, and the checker says it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.support.workflow_driver import load, shop_catalog

from payloom.connectors.stripe.catalog import events, operations
from payloom.connectors.stripe.catalog.moved import lookup as moved
from payloom.connectors.stripe.catalog.moved.events import ACTIONS, FAMILIES
from payloom.connectors.stripe.catalog.moved.fields import FIELDS
from payloom.connectors.stripe.catalog.moved.operations import OPERATIONS
from payloom.connectors.stripe.catalog.moved.parameters import PARAMETERS_OF
from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.connectors.stripe.connector import resolve
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.parameters import prepare
from payloom.sandbox.stripe.fixtures import problems
from payloom.workflows.expressions.left_out import MOVED

HEAD = "name: Moved\ndescription: A name of an old tutorial.\n"
KINDS = {
    "invoiceitem": "invoice_items.retrieve",
    "line_item": "invoices.line_items.list",
    "discount": "customers.retrieve",
}
"""Kinds of objects whose schema is not that of `<kind>s.retrieve`."""


EVENTS_OF = {
    "account": "account",
    "coupon": "coupon",
    "payout": "payout",
    "price": "price",
    "refund": "refund",
    "setup_intent": "setup_intent",
    "subscription_schedule": "subscription_schedule",
    "payment_method": "payment_method",
    "credit_note": "credit_note",
    "application_fee": "application_fee",
    "quote": "quote",
    "charge": "charge",
    "charge.dispute": "dispute",
    "checkout.session": "checkout.session",
    "customer": "customer",
    "customer.discount": "discount",
    "customer.subscription": "subscription",
    "invoice": "invoice",
    "invoiceitem": "invoiceitem",
    "payment_intent": "payment_intent",
    "plan": "plan",
    "product": "product",
    "promotion_code": "promotion_code",
    "transfer": "transfer",
}
"""By family of events: the kind of its objects."""


@functools.cache
def catalog() -> CatalogWithStripe:
    shop, own = shop_catalog(), CatalogWithStripe()
    own.tables, own.emails, own.workflows = shop.tables, shop.emails, shop.workflows
    own.functions, own.env = shop.functions, shop.env
    return own


def errors(text: str) -> list[str]:
    return [error.format() for error in load(HEAD + text, catalog=catalog()).errors]


def alternatives(schema: Any) -> Iterator[Mapping[str, Any]]:
    yield schema
    yield from schema.get("anyOf", ())


def object_schema(kind: str) -> Mapping[str, Any]:
    """Return the whole schema of a kind of object, as the SDK has it."""
    name = KINDS.get(kind, f"{kind}s.retrieve")
    operation = operations.find(name)
    assert operation is not None, name
    schema: Any = operation.result()
    if kind == "line_item":
        schema = schema["properties"]["data"]["items"]
    if kind == "discount":
        customer = next(part for part in alternatives(schema) if "discount" in part.get("properties", {}))
        schema = customer["properties"]["discount"]
    candidates = [part for part in alternatives(schema) if part.get("title") == kind and MOVED in part]
    return max(candidates, key=lambda part: len(part["properties"]))


def targets(hint: str) -> list[str]:
    """Return the first name of each piece of code in a hint that tells what to read or write."""
    return re.findall(r"(?:read|write|expand) `(\w+)", hint)


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_a_field_that_moved_is_gone_and_its_place_is_there(kind: str) -> None:
    schema = object_schema(kind)
    elsewhere = re.compile(r" of (the|its|it|each|their)\b|list |preview|`price` of each|items\.data")
    for name, hint in FIELDS[kind].items():
        assert name not in schema["properties"], f"{kind}.{name} is a field of today"
        if not elsewhere.search(hint):
            assert all(target in schema["properties"] for target in targets(hint)), f"{kind}.{name}: {hint}"
        assert list(problems(schema, {name: "x"})) == [((name,), f"{kind} has no field {name!r}", hint)]


@pytest.mark.parametrize(("family", "kind"), sorted(EVENTS_OF.items()))
def test_the_checker_says_where_a_field_of_an_event_went(family: str, kind: str) -> None:
    event_family = events.family(family)
    assert event_family is not None
    logs = "".join(f'  - log: "${{{{ json(object.{name}) }}}}"\n' for name in FIELDS[kind])
    messages = errors(f"on: {{stripe: {family}, actions: [{event_family.actions[0]}]}}\nsteps:\n{logs}")
    for name, hint in FIELDS[kind].items():
        assert any(f"has no field `{name}`" in text and hint in text for text in messages), (name, messages)


def test_operations_that_moved_are_gone_and_what_does_their_work_is_there() -> None:
    known = operations.names()
    for name, target in OPERATIONS.items():
        assert name not in known
        assert target in known, target
        assert any(
            f"it is `{target}` today" in text for text in errors(f"on: {{manual: true}}\nsteps:\n  - stripe: {name}\n")
        )
        with pytest.raises(StripeStepFailed) as refusal:
            resolve(name)
        assert refusal.value.failure.hint == f"it is `{target}` today"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("paymentIntents.create", "payment_intents.create"),
        ("stripe.checkout.sessions.create", "checkout.sessions.create"),
        ("billingPortal.sessions.create", "billing_portal.sessions.create"),
        ("subscriptions.del", "subscriptions.cancel"),
        ("customers.del", "customers.delete"),
        ("customers.all", "customers.list"),
        ("subscriptionItems.createUsageRecord", "billing.meter_events.create"),
        ("invoices.retrieveUpcoming", "invoices.create_preview"),
        ("redirectToCheckout", "checkout.sessions.create"),
        ("charges.capturee", None),
    ],
)
def test_names_of_other_sdks_are_understood(name: str, target: str | None) -> None:
    assert moved.operation(name, operations.names()) == target


def test_families_and_actions_that_moved_are_gone_and_their_place_is_there() -> None:
    for name, target in FAMILIES.items():
        assert events.family(name) is None
        assert events.family(target) is not None
        assert any(
            f"it is `{target}` today" in text for text in errors(f"on: {{stripe: {name}}}\nsteps:\n  - log: x\n")
        )
    for name, actions in ACTIONS.items():
        family = events.family(name)
        assert family is not None
        for action, target in actions.items():
            assert action not in family.actions
            assert " " in target or target in family.actions
            messages = errors(f"on: {{stripe: {name}, actions: [{action}]}}\nsteps:\n  - log: x\n")
            assert any(
                ("unknown action" in text and f"it is {target}" in text.replace("`", "")) or target in text
                for text in messages
            ), messages


@pytest.mark.parametrize("name", sorted(PARAMETERS_OF))
def test_a_parameter_that_moved_is_gone_and_its_place_is_there(name: str) -> None:
    operation = operations.find(name)
    assert operation is not None
    known = operation.params()["properties"]
    for parameter, hint in PARAMETERS_OF[name].items():
        assert parameter not in known
        assert all(target in known for target in targets(hint) if "in `" not in hint), hint


@pytest.mark.parametrize(
    ("operation", "params", "hint"),
    [
        ("subscriptions.create", "{customer: cus_1, plan: p}", "write `items: [{price: …}]`"),
        ("subscriptions.create", "{customer: cus_1, items: [], coupon: c}", "write `discounts: [{coupon: …}]`"),
        ("subscriptions.create", "{customer: cus_1, items: [], prorate: false}", "write `proration_behavior"),
        ("subscription_schedules.create", "{phases: [{items: [], iterations: 1}]}", "write `duration:"),
        ("checkout.sessions.create", "{mode: payment, items: []}", "write `line_items`"),
        ("checkout.sessions.create", "{mode: payment, line_items: [{amount: 5}]}", ""),
        ("payment_intents.create", "{amount: 500, currency: usd, source: tok_visa}", "write `payment_method`"),
        (
            "payment_intents.create",
            "{amount: 500, currency: usd, payment_method_types: [card]}",
            "the dashboard decides",
        ),
        ("invoice_items.create", "{customer: cus_1, price: price_1}", "write `pricing: {price: …}`"),
        ("promotion_codes.create", "{coupon: c}", "write `promotion:"),
        ("subscriptions.cancel", "{id: sub_1, at_period_end: true}", "cancel_at_period_end: true"),
    ],
)
def test_the_checker_and_the_call_say_where_a_parameter_went(operation: str, params: str, hint: str) -> None:
    messages = errors(f"on: {{manual: true}}\nsteps:\n  - stripe: {operation}\n    with: {params}\n")
    assert any("does not take" in text and hint in text for text in messages), messages


def test_a_call_says_where_a_parameter_went() -> None:
    operation = operations.find("promotion_codes.create")
    assert operation is not None
    with pytest.raises(StripeStepFailed) as refusal:
        prepare(operation, {"coupon": "c"})
    assert refusal.value.failure.hint == "write `promotion: {type: coupon, coupon: …}`"
