"""Fields that Stripe leaves out of an object are read with `?.`, unless a call expands them."""

from __future__ import annotations

import pytest
from tests.support.workflow_driver import load

from payloom.connectors.stripe.catalog.left_out import ONLY_EXPANDED
from payloom.project.catalog import base_catalog
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.runtime.emulator import Emulator

RETRIEVES = {
    "charge": "charges.retrieve",
    "checkout.session": "checkout.sessions.retrieve",
    "coupon": "coupons.retrieve",
    "customer": "customers.retrieve",
    "file": "files.retrieve",
    "invoice": "invoices.retrieve",
    "payment_link": "payment_links.retrieve",
    "plan": "plans.retrieve",
    "price": "prices.retrieve",
    "quote": "quotes.retrieve",
}
FIELDS = [(kind, name) for kind, names in ONLY_EXPANDED.items() for name in sorted(names)]


def complaints(workflow: str) -> list[str]:
    """Return the messages about fields that may be absent."""
    diagnostics = load(workflow, catalog=CATALOG).diagnostics
    return [diagnostic.message for diagnostic in diagnostics if "may have no field" in diagnostic.message]


def event(kind: str, expression: str) -> str:
    return f"name: T\ndescription: d\non: {{stripe: {kind}}}\nsteps:\n  - log: ${{{{ {expression} }}}}\n"


def call(kind: str, expand: str, expression: str) -> str:
    step = f"{{id: it, stripe: {RETRIEVES[kind]}, with: {{id: x{expand}}}}}"
    return f"name: T\ndescription: d\non: {{manual: true}}\nsteps:\n  - {step}\n  - log: ${{{{ {expression} }}}}\n"


def test_the_list_is_what_the_local_stripe_shows_only_when_it_is_expanded() -> None:
    emulator = Emulator(EmulatorConfig())
    for kind, names in ONLY_EXPANDED.items():
        schema = emulator.find_schema(kind)
        assert schema is not None
        assert names == emulator.includes(kind).keys() | set(schema.hidden), kind


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_field_that_comes_only_expanded_asks_for_its_question_mark(kind: str, name: str) -> None:
    *above, last = name.split(".")
    holder = ".".join(["object", *above])
    assert complaints(event(kind, f"{holder}.{last} != null"))
    assert complaints(event(kind, f"{holder}?.{last} != null")) == []
    assert complaints(event(kind, f"has(object.{name}) && object.{name} != null")) == []
    assert complaints(call(kind, "", f"it.{name} != null"))
    assert complaints(call(kind, f", expand: [{name}]", f"it.{name} != null")) == []


def test_a_nested_expansion_counts_and_another_one_does_not() -> None:
    step = "{id: pi, stripe: payment_intents.retrieve, with: {id: x, expand: [EXPAND]}}"
    text = f"name: T\ndescription: d\non: {{manual: true}}\nsteps:\n  - {step}\n  - log: ${{{{ pi.latest_charge.refunds != null }}}}\n"
    assert complaints(text.replace("EXPAND", "latest_charge.refunds")) == []
    assert complaints(text.replace("EXPAND", "latest_charge"))
    assert complaints(text.replace("EXPAND", '"${{ context.run.id }}"')) == [], "only the run knows"


def test_whether_an_object_is_deleted_may_be_absent() -> None:
    assert complaints(call("customer", "", "it.deleted == true"))
    assert complaints(call("customer", "", "it?.deleted == true")) == []


CATALOG = base_catalog()
