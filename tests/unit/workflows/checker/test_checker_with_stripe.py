"""Stripe's own types find mistakes before anything runs: parameters, event fields, values."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from tests.support.workflow_driver import EXAMPLES, load, shop_catalog

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe


@functools.cache
def catalog() -> CatalogWithStripe:
    shop, catalog = shop_catalog(), CatalogWithStripe()
    catalog.tables, catalog.emails, catalog.workflows = shop.tables, shop.emails, shop.workflows
    catalog.functions, catalog.env = shop.functions, shop.env
    return catalog


def said(text: str) -> list[str]:
    return [f"{error.code} {error.format()}" for error in load(text, catalog=catalog()).errors]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_hold_against_stripes_own_types(path: Any) -> None:
    assert said(path.read_text()) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("object.items.data[0].current_period_end", "object.current_period_end", "has no field `current_period_end`"),
        ("object.status in", "object.statuss in", "has no field `statuss` (did you mean 'status'?)"),
        ("customer.subscription", "customer.subscriptions", "did you mean 'customer.subscription'?"),
        ("resumed]", "resumd]", "did you mean 'resumed'?"),
    ],
)
def test_a_misspelt_field_of_an_event_is_an_error_with_its_place(before: str, after: str, message: str) -> None:
    text = (EXAMPLES / "subscription-changed.yaml").read_text()
    assert before in text
    lines = said(text.replace(before, after))
    assert any(line.startswith("F001 test.yaml:") and message in line for line in lines), lines


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("success_url:", "sucess_url:", "does not take `sucess_url` (did you mean 'success_url'?)"),
        ("trial_period_days: 14", "trial_days: 14", "`subscription_data` does not take `trial_days`"),
        ("trial_period_days: 14", "trial_period_days: '14'", "takes a whole number, found '14'"),
        ("mode: subscription", "mode: subscribe", "`mode` cannot be 'subscribe'"),
        ("quantity: 1", "quantiti: 1", "did you mean 'quantity'?"),
        ("checkout.sessions.create", "checkout.session.create", "did you mean 'checkout.sessions.create'?"),
        ("${{ session.url }}", "${{ session.ulr }}", "`session` has no field `ulr` (did you mean 'url'?)"),
    ],
)
def test_a_misspelt_parameter_is_an_error_with_its_place(before: str, after: str, message: str) -> None:
    text = (EXAMPLES / "create-subscription-checkout.yaml").read_text()
    assert before in text
    lines = said(text.replace(before, after))
    assert any(message in line for line in lines), lines


@pytest.mark.parametrize(
    ("condition", "word"),
    [
        ("event.action == 'succeded'", "did you mean 'succeeded'?"),
        ("event.action != 'later_than_payloom'", "succeeded"),
        ("event.action in ['succeeded', 'later_than_payloom']", "succeeded"),
        ("event.type == 'payment_intent.succeded'", "did you mean 'payment_intent.succeeded'?"),
    ],
)
def test_an_unknown_word_of_an_event_is_a_warning_because_stripe_adds_words(condition: str, word: str) -> None:
    text = f"""name: T\ndescription: d\non: {{stripe: payment_intent, match: "{condition}"}}\nsteps: [{{log: x}}]\n"""
    result = load(text, catalog=catalog())
    assert result.errors == ()
    (warning,) = [finding for finding in result.diagnostics if finding.code == "F006"]
    assert (warning.severity, word in (warning.hint or "")) == ("warning", True), warning.format()


SELLERS = """\
name: T
description: d
on: TRIGGER
steps:
STEPS  - {update: users, where: {email: "${{ event.account }}"}, set: {plan: pro}, rows: 0..1}
"""
WAITS = "  - {id: event_, wait_for: {stripe: account, actions: [updated]ACCOUNT}}\n  - filter: event_ != null\n"


@pytest.mark.parametrize(
    ("account", "may_be_null"),
    [
        ("", True),
        (", account: '*'", False),
        (", account: acct_1", False),
        (", account: [acct_1, '*']", False),
        (", account: \"${{ [null, '*'] }}\"", True),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_the_account_of_an_event_is_null_only_where_own_events_come(
    account: str, may_be_null: bool, waits: bool
) -> None:
    if waits:
        steps = WAITS.replace("ACCOUNT", account)
        text = SELLERS.replace("TRIGGER", "{manual: true}").replace("STEPS", steps).replace("event.", "event_.")
    else:
        text = SELLERS.replace("TRIGGER", f"{{stripe: account, actions: [updated]{account}}}").replace("STEPS", "")
    messages = [
        diagnostic.message for diagnostic in load(text, catalog=catalog()).diagnostics if "null" in diagnostic.message
    ]
    assert bool(messages) is may_be_null, messages
