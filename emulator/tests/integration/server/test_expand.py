"""Whatever Stripe lets a caller name in `expand` is taken; anything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payloom_emulator.kit.json import JsonObject
from payloom_emulator.presentation.expand import MAX_LEVELS, render
from payloom_emulator.protocol.api_versions import NEWEST
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.param_types import table
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    import stripe

    from payloom_emulator.core.unit_of_work import UnitOfWork

OBJECTS = sorted(name for name, fields in table()["shapes"].items() if fields and name != "event")


@pytest.fixture(scope="module")
def unit() -> UnitOfWork:
    return Emulator().unit()


def example(object_name: str, path: str) -> JsonObject:
    """Return an object in which a plain object is at the path."""
    inner: JsonObject = {}
    for name in reversed(path.split(".")[1:]):
        inner = {name: inner}
    return {"id": f"{object_name}_1", "object": object_name, path.split(".", maxsplit=1)[0]: inner}


@pytest.mark.parametrize("object_name", OBJECTS)
def test_every_field_that_holds_an_object_can_be_named(object_name: str, unit: UnitOfWork) -> None:
    refused: list[str] = []
    for path in table()["shapes"][object_name]:
        schema = unit.environment.find_schema(object_name)
        first = path.split(".", maxsplit=1)[0]
        computed = first in unit.environment.includes(object_name) or (schema is not None and first in schema.hidden)
        if computed or path.count(".") >= MAX_LEVELS:
            continue
        try:
            render(unit, example(object_name, path), NEWEST, [path])
        except StripeError as error:
            refused.append(f"{path}: {error}")
    assert refused == []


@pytest.mark.parametrize("object_name", OBJECTS)
def test_a_field_that_holds_none_is_refused(object_name: str, unit: UnitOfWork) -> None:
    for field in ("id", "object", "no_such_field"):
        with pytest.raises(StripeError, match="cannot be expanded"):
            render(unit, {"id": "x", "object": object_name}, NEWEST, [field])


def test_what_is_shown_only_when_it_is_expanded_of_a_customer(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"email": "ada@example.com", "address": {"country": "DE"}, "expand": ["tax", "invoice_credit_balance"]}
    )
    tax = customer.tax
    assert tax is not None
    assert (tax.automatic_tax, tax.location and tax.location.country) == ("not_collecting", "DE")
    assert "tax" not in client.v1.customers.retrieve(customer.id)
    unknown = client.v1.customers.create({"expand": ["tax"]}).tax
    assert unknown is not None
    assert (unknown.automatic_tax, unknown.location) == ("unrecognized_location", None)
