"""Legacy cards and bank accounts of customers, saved with `source`. https://docs.stripe.com/api/cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import bank_accounts, card_sources
from payloom_emulator.protocol.errors import CardError, missing
from payloom_emulator.protocol.json_shapes import integer
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.params.customers import (
        CustomerPaymentSourceCreateParams,
        CustomerPaymentSourceListParams,
        CustomerPaymentSourceUpdateParams,
        CustomerPaymentSourceVerifyParams,
    )
    from payloom_emulator.objects.payment_methods import BankAccount, Card, Source

Saved: TypeAlias = "Source | Card | BankAccount"


def _create(call: RequestContext[CustomerPaymentSourceCreateParams]) -> Saved:
    source = required(card_sources.given(call.params), "source")
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    saved = card_sources.save(call.unit, customer, source)
    metadata = call.params.get("metadata")
    return call.unit.change(saved, {"metadata": merge_metadata({}, metadata)}, emits=()) if metadata else saved


def _list(call: RequestContext[CustomerPaymentSourceListParams]) -> Mapping[str, object]:
    return _listed(call, call.params.get("object"))


def _listed(call: RequestContext[CustomerPaymentSourceListParams], only: str | None) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    rows = [s for s in card_sources.saved_sources(call.unit, customer) if only in {None, s["object"]}]
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _list_only(name: str) -> Callable[[RequestContext[CustomerPaymentSourceListParams]], Mapping[str, object]]:
    return lambda call: _listed(call, name)


def _retrieve(call: RequestContext[Params]) -> Saved:
    unit, source_id = call.unit, call.ids["id"]
    source = (
        unit.find(kinds.CARD, source_id)
        or unit.find(kinds.SOURCE, source_id)
        or unit.find(kinds.BANK_ACCOUNT, source_id)
    )
    if source is None or source["customer"] != call.ids["customer"]:
        raise missing("source", call.ids["id"])
    return source


_CHANGEABLE = (
    "account_holder_name",
    "account_holder_type",
    "address_city",
    "address_country",
    "address_line1",
    "address_line2",
    "address_state",
    "address_zip",
    "exp_month",
    "exp_year",
    "name",
    "owner",
)


def _update(call: RequestContext[CustomerPaymentSourceUpdateParams]) -> Saved:
    changes: dict[str, object] = {name: call.params.get(name) for name in _CHANGEABLE if name in call.params}
    for name, code in (("exp_month", "invalid_expiry_month"), ("exp_year", "invalid_expiry_year")):
        if name in changes:
            changes[name] = integer(str(changes[name]))
            if changes[name] is None:
                raise CardError("Your card's expiration date is invalid.", code=code, param=name)
    source = _retrieve(call)
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(source["metadata"], call.params["metadata"])
    return call.unit.change(source, changes, emits=("customer.source.updated",))


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    source = _retrieve(call)
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    card_sources.forget(call.unit, source)
    if source["object"] == "source":  # a source is detached and can never be used again
        removed = call.unit.change(source, {"customer": None, "status": "consumed"}, emits=("customer.source.deleted",))
    else:
        removed = call.unit.delete(source, emits=("customer.source.deleted",))
    if customer["default_source"] == source["id"]:
        rest = card_sources.saved_sources(call.unit, customer)
        call.unit.change(customer, {"default_source": rest[0]["id"] if rest else None})
    return removed


def _verify(call: RequestContext[CustomerPaymentSourceVerifyParams]) -> BankAccount:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    account = call.unit.get(kinds.BANK_ACCOUNT, call.ids["id"])
    if account["customer"] != customer["id"]:
        raise missing("source", call.ids["id"])
    return bank_accounts.verify(call.unit, account, required(call.params.get("amounts"), "amounts"))


def _routes(
    name: str, list_handler: Callable[[RequestContext[CustomerPaymentSourceListParams]], object]
) -> tuple[Operation, ...]:
    """Return the routes of one of the names under which a customer's sources are found."""
    path = f"/v1/customers/{{customer}}/{name}"
    like = "/v1/customers/{customer}/sources"
    return (
        Operation("POST", path, _create, like=like if name == "sources" else path),
        Operation("GET", path, list_handler, like=like),
        Operation("GET", f"{path}/{{id}}", _retrieve, like=f"{like}/{{id}}"),
        Operation("POST", f"{path}/{{id}}", _update, like=f"{like}/{{id}}"),
        Operation("DELETE", f"{path}/{{id}}", _delete, like=f"{like}/{{id}}"),
        Operation("POST", f"{path}/{{id}}/verify", _verify, like=f"{like}/{{id}}/verify"),
    )


CARD = Resource(
    schema=Schema(
        object="card",
        prefix="card_1",
        id_length=23,
        filters=("customer", "account"),
        on_update=("customer.source.updated",),
        on_delete=("customer.source.deleted",),
        has_created=False,
        has_livemode=False,
    ),
    endpoints=Endpoints(operations=(*_routes("sources", _list), *_routes("cards", _list_only("card")))),
)


BANK_ACCOUNT = Resource(
    schema=Schema(
        object="bank_account",
        prefix="ba_1",
        id_length=23,
        fields=(
            settable("account_holder_name"),
            settable("account_holder_type"),
            read_only("account_type"),
            read_only("bank_name"),
            read_only("country"),
            read_only("currency"),
            read_only("customer"),
            read_only("fingerprint"),
            read_only("last4"),
            settable("metadata", {}),
            read_only("routing_number"),
            read_only("status", "new"),
        ),
        filters=("customer", "account"),
        has_created=False,
        has_livemode=False,
    ),
    endpoints=Endpoints(can=(), operations=_routes("bank_accounts", _list_only("bank_account"))),
)


RESOURCES = (CARD, BANK_ACCOUNT)
