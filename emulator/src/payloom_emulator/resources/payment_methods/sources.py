"""Legacy cards of customers: tokens saved with `source`, still used by samples. https://docs.stripe.com/api/cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.declarations.schema import Schema
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.objects import kinds
from payloom_emulator.objects.payment_methods import Card, Source
from payloom_emulator.payments.methods import card_sources
from payloom_emulator.protocol.errors import CardError, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.params.customers import (
        CustomerPaymentSourceCreateParams,
        CustomerPaymentSourceListParams,
        CustomerPaymentSourceUpdateParams,
    )


def _create(call: RequestContext[CustomerPaymentSourceCreateParams]) -> Source | Card:
    source = required(call.params.get("source"), "source")
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    return card_sources.save(call.unit, customer, source)


def _list(call: RequestContext[CustomerPaymentSourceListParams]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    return list_of(card_sources.saved_sources(call.unit, customer), call.path, {"limit": 10, **call.params})


def _retrieve(call: RequestContext[Params]) -> Source | Card:
    source_id, unit = call.ids["id"], call.unit
    card = unit.get(kinds.SOURCE, source_id) if source_id.startswith("src_") else unit.get(kinds.CARD, source_id)
    if card["customer"] != call.ids["customer"]:
        raise missing("source", call.ids["id"])
    return card


def _update(call: RequestContext[CustomerPaymentSourceUpdateParams]) -> Source | Card:
    names = (
        "address_city",
        "address_country",
        "address_line1",
        "address_line2",
        "address_state",
        "address_zip",
        "exp_month",
        "exp_year",
        "name",
        "metadata",
    )
    changes: dict[str, object] = {name: call.params.get(name) for name in names if name in call.params}
    for name, code in (("exp_month", "invalid_expiry_month"), ("exp_year", "invalid_expiry_year")):
        if name in changes:
            if not str(changes[name]).isdigit():
                raise CardError("Your card's expiration date is invalid.", code=code, param=name)
            changes[name] = int(str(changes[name]))
    card = _retrieve(call)
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(card["metadata"], call.params["metadata"])
    return call.unit.change(card, changes)


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    card = _retrieve(call)
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    if card["object"] == "source":  # a source is detached and can never be used again
        removed = call.unit.change(card, {"customer": None, "status": "consumed"}, emits=("customer.source.deleted",))
    else:
        removed = call.unit.delete(card)
    if customer["default_source"] == card["id"]:
        rest = card_sources.saved_sources(call.unit, customer)
        call.unit.change(customer, {"default_source": rest[0]["id"] if rest else None})
    return removed


CARD = Resource(
    schema=Schema(
        object="card",
        prefix="card_1",
        id_length=23,
        filters=("customer",),
        on_update=("customer.source.updated",),
        on_delete=("customer.source.deleted",),
        has_created=False,
        has_livemode=False,
    ),
    endpoints=Endpoints(
        operations=(
            Operation("POST", "/v1/customers/{customer}/sources", _create),
            Operation("GET", "/v1/customers/{customer}/sources", _list),
            Operation("GET", "/v1/customers/{customer}/sources/{id}", _retrieve),
            Operation("POST", "/v1/customers/{customer}/sources/{id}", _update),
            Operation("DELETE", "/v1/customers/{customer}/sources/{id}", _delete),
        )
    ),
)


RESOURCES = (CARD,)
