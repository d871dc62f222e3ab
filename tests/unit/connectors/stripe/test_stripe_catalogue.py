"""The catalog says what the SDK says: every operation, parameter and event type; and it does so without the SDK."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import typing
from typing import Any

import pytest
import stripe

from payloom.connectors.stripe.catalog import aliases, events, operations, schemas, stripe_catalog
from payloom.workflows.catalog.catalog import StaticCatalog
from payloom.workflows.expressions.check import infer
from payloom.workflows.expressions.expression import compile_expression

if typing.TYPE_CHECKING:
    from collections.abc import Iterator


def walk(service: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every service of the SDK, found the way the SDK itself finds them."""
    yield path, service
    table = vars(inspect.getmodule(type(service))).get("_subservices", {})
    for name in table:
        yield from walk(getattr(service, name), (*path, name))


def sdk_operations() -> dict[str, Any]:
    """Return dotted name → method of everything the SDK can call with one ordinary request."""
    client = stripe.StripeClient("sk_test_x")
    methods: dict[str, Any] = {}
    for prefix, root in (((), client.v1), (("v2",), client.v2)):
        for path, service in walk(root, prefix):
            for name, method in vars(type(service)).items():
                if not name.startswith("_") and f"{name}_async" in vars(type(service)):
                    methods[".".join((*path, name))] = method
    # The one operation that answers with a file instead of JSON.
    return {name: method for name, method in methods.items() if name != "quotes.pdf"}


SDK = sdk_operations()


def test_every_operation_of_the_sdk_is_an_action() -> None:
    assert set(operations.names()) == set(SDK)
    assert len(SDK) > 640
    assert sum(not name.startswith("v2.") for name in SDK) > 550


def test_operations_take_what_the_sdk_methods_take() -> None:
    for name, method in SDK.items():
        operation = operations.find(name)
        assert operation is not None
        positional = [
            parameter.name
            for parameter in inspect.signature(method).parameters.values()
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY and parameter.name != "self"
        ]
        assert list(operation.path_names) == positional, name
        assert all(f"{{{part}}}" in operation.url for part in positional), name


def test_parameters_are_the_fields_of_the_sdks_types() -> None:
    options = set(typing.get_type_hints(stripe.RequestOptions, {"StripeContext": Any, "Mapping": dict}))
    checked = 0
    for name in operations.names():
        operation = operations.find(name)
        assert operation is not None
        params_class = operation.params_class
        assert params_class is not None
        params = getattr(importlib.import_module(params_class.module.name), params_class.name)
        body = schemas.of_class(params_class, "params")
        assert set(body["properties"]) == set(params.__annotations__) - options, name
        checked += 1
    assert checked > 640


def test_every_parameter_has_a_type() -> None:
    def untyped(schema: Any, path: str) -> Iterator[str]:
        for name, part in schema.get("properties", {}).items():
            if not {key for key in part if key != "description"}:
                yield f"{path}.{name}"
            yield from untyped(part, f"{path}.{name}")
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                yield from untyped(schema[key], path)
        for part in schema.get("anyOf", ()):
            yield from untyped(part, path)

    actions = [action for name in operations.names() if (action := stripe_catalog.action(name))]
    paths = [path for action in actions for path in untyped(action.params, action.name)]
    assert paths == ["files.create.file"]


@pytest.mark.parametrize(
    ("name", "method", "url"),
    [
        ("checkout.sessions.create", "post", "/v1/checkout/sessions"),
        ("refunds.create", "post", "/v1/refunds"),
        ("payment_intents.retrieve", "get", "/v1/payment_intents/{intent}"),
        ("billing_portal.sessions.create", "post", "/v1/billing_portal/sessions"),
        ("customers.delete", "delete", "/v1/customers/{customer}"),
        ("v2.core.events.list", "get", "/v2/core/events"),
    ],
)
def test_known_operations(name: str, method: str, url: str) -> None:
    operation = operations.find(name)
    assert operation is not None
    assert (operation.method, operation.url) == (method, url)


@pytest.mark.parametrize(
    "name", ["refunds.explode", "refund.create", "", "refunds", "refunds._request", "a.b.c", "v3.x.y"]
)
def test_unknown_operations_are_none(name: str) -> None:
    assert stripe_catalog.action(name) is None


def test_what_must_be_given_is_marked() -> None:
    intent = stripe_catalog.action("payment_intents.create")
    assert intent is not None
    assert intent.params is not None
    assert set(intent.params["required"]) == {"amount", "currency"}
    assert intent.params["properties"]["amount"]["type"] == "integer"
    assert intent.moves_money
    assert intent.writes
    retrieve = stripe_catalog.action("payment_intents.retrieve")
    assert retrieve is not None
    assert retrieve.params is not None
    assert retrieve.params["x-one-of"] == [["id", "intent", "payment_intent"]]
    assert not retrieve.writes


def test_lists_of_parts_are_found_by_the_id_of_the_whole() -> None:
    lines = operations.find("checkout.sessions.line_items.list")
    assert lines is not None
    assert dict(lines.path_aliases()) == {"session": "session", "id": "session"}
    methods = operations.find("customers.payment_methods.list")
    assert methods is not None
    assert "payment_method" not in methods.path_aliases()


def test_the_known_38_actions_are_aliases() -> None:
    assert len(aliases.ALIASES) == 38
    for alias in aliases.ALIASES:
        for name in (alias.label, alias.name):
            action = stripe_catalog.action(name)
            assert action is not None, name
            assert name in (action.name, *action.aliases)
    assert stripe_catalog.action("create_checkout_session") is stripe_catalog.action("checkout.sessions.create")
    deactivate = stripe_catalog.action("Deactivate Price")
    assert deactivate is not None
    assert deactivate.params is not None
    assert "active" not in deactivate.params["properties"]


def test_every_event_type_has_a_family() -> None:
    listed = {f"{family}.{action}" for family, actions in events.families().items() for action in actions}
    assert listed == set(events.event_types())
    assert len(listed) == 275


@pytest.mark.parametrize(
    ("name", "title", "retrieve", "stateful"),
    [
        ("checkout.session", "checkout.session", "checkout.sessions.retrieve", False),
        ("payment_intent", "payment_intent", "payment_intents.retrieve", False),
        ("customer.subscription", "subscription", "subscriptions.retrieve", True),
        ("invoice", "invoice", "invoices.retrieve", True),
        ("charge", "charge", "charges.retrieve", False),
        ("charge.dispute", "dispute", "disputes.retrieve", False),
        ("issuing_authorization", "issuing.authorization", "issuing.authorizations.retrieve", False),
        ("invoiceitem", "invoiceitem", "invoice_items.retrieve", False),
    ],
)
def test_a_family_knows_its_object(name: str, title: str, retrieve: str, stateful: bool) -> None:
    family = events.family(name)
    assert family is not None
    assert family.object_schema is not None
    assert (family.object_schema["title"], family.retrieve, family.stateful) == (title, retrieve, stateful)


def test_families_have_labels_for_people() -> None:
    assert events.label("checkout.session") == "On checkout session event"
    assert events.family("nothing.of_this_kind") is None
    families = [family for name in events.families() if (family := events.family(name))]
    assert sum(family.object_schema is None for family in families) <= 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("object.amount_totl > 1", "did you mean 'amount_total'"),
        ("object.payment_status == 'payd'", "did you mean 'paid'"),
        ("object.customer.email", "id of a customer"),
        ("object.customer_details.adress.city", "did you mean 'address'"),
        ("object.amount_total + '1'", "convert"),
    ],
)
def test_a_misspelt_stripe_field_is_found_before_anything_runs(source: str, words: str) -> None:
    family = events.family("checkout.session")
    assert family is not None
    (problem,) = infer(compile_expression(source), {"object": family.object_schema}).problems
    assert words in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    "source",
    [
        "object.amount_total > 1000 && object.payment_status != 'unpaid'",
        "object.metadata?.order_id ?? 'none'",
        "money(object.amount_total, object.currency)",
        "object.customer_details.email",
        "object?.line_items.data.map(l, l.price.id)",
        "object.total_details?.breakdown.taxes.map(t, t.rate.percentage)",
    ],
)
def test_right_fields_pass(source: str) -> None:
    family = events.family("checkout.session")
    assert family is not None
    assert infer(compile_expression(source), {"object": family.object_schema}).problems == ()


def test_subscription_periods_moved_to_the_items() -> None:
    family = events.family("customer.subscription")
    assert family is not None
    types = {"object": family.object_schema}
    assert infer(compile_expression("timestamp(object.items.data[0].current_period_end)"), types).problems == ()
    assert infer(compile_expression("object.current_period_end"), types).problems


def test_results_may_be_expanded() -> None:
    action = stripe_catalog.action("checkout.sessions.retrieve")
    assert action is not None
    types = {"session": action.returns}
    assert infer(compile_expression("session.customer.email"), types).problems == ()
    assert infer(compile_expression("session.customer.emial"), types).problems
    assert infer(compile_expression("session.url"), types).problems == ()


def test_a_filled_catalog_answers_like_the_lazy_one() -> None:
    filled = StaticCatalog()
    stripe_catalog.fill(filled)
    lazy = stripe_catalog.CatalogWithStripe()
    assert set(filled.action_names("stripe")) == set(lazy.action_names("stripe"))
    assert filled.family_names() == lazy.family_names()
    assert filled.action("stripe", "refunds.create") is lazy.action("stripe", "refunds.create")


def test_looking_things_up_never_imports_the_sdk() -> None:
    program = """\
import sys; from payloom.connectors.stripe.catalog import stripe_catalog as catalog
c = catalog.CatalogWithStripe()
c.action('stripe', 'checkout.sessions.create').params['properties']['line_items']
c.family('invoice').object_schema['properties']['lines']
c.action_names('stripe')
assert 'stripe' not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
