"""What a call needs although Stripe's SDK marks it as optional: the checker says so, and a new step begins with it."""

from __future__ import annotations

import pytest

from payloom.api.management.editor.actions import snippet
from payloom.connectors.stripe.catalog.limits import ONE_OF, STARTING
from payloom.connectors.stripe.catalog.stripe_catalog import action


@pytest.mark.parametrize("name", sorted(ONE_OF))
def test_what_is_needed_is_a_parameter_that_the_sdk_calls_optional(name: str) -> None:
    known = action(name)
    assert known is not None
    assert known.params is not None
    group = ONE_OF[name]
    assert set(group) <= set(known.params["properties"])
    assert not set(group) & set(known.params["required"])
    assert list(group) in known.params["x-one-of"]
    assert group[0] in snippet(name, known.params)["with"]


def test_a_new_checkout_begins_with_what_almost_every_one_needs() -> None:
    known = action("checkout.sessions.create")
    assert known is not None
    assert known.params is not None
    step = snippet(known.name, known.params)
    assert step["with"] == {"mode": "", "line_items": [], "success_url": ""}
    assert set(STARTING[known.name]) <= set(known.params["properties"])


def test_an_operation_that_needs_nothing_begins_with_nothing() -> None:
    known = action("customers.create")
    assert known is not None
    assert snippet(known.name, known.params or {}) == {"stripe": "customers.create"}
