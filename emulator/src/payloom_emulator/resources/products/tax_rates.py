"""Tax rates and tax ids. https://docs.stripe.com/api/tax_rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from payloom_emulator.catalog import tax_ids
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import TaxRate
    from payloom_emulator.objects.customers import TaxId
    from payloom_emulator.objects.params.customers import CustomerTaxIdCreateParams
    from payloom_emulator.objects.params.tax_ids import TaxIdCreateParams
    from payloom_emulator.objects.params.tax_rates import TaxRateCreateParams


def _creating_rate(call: RequestContext[TaxRateCreateParams], draft: TaxRate) -> None:
    value = Decimal(str(call.params["percentage"]))
    if not 0 <= value <= 100:
        raise invalid("`percentage` must be between 0 and 100.", "percentage")
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -4:
        raise invalid("`percentage` can have at most four decimals.", "percentage")
    written = float(value) if value != int(value) else int(value)
    draft.update({"percentage": written, "effective_percentage": None})


def _make(call: RequestContext[CustomerTaxIdCreateParams | TaxIdCreateParams], customer: str | None) -> TaxId:
    owner = members(call.params.get("owner"))
    if owner_id := text(owner.get("customer")):
        customer = call.unit.get(kinds.CUSTOMER, owner_id, "owner[customer]")["id"]
    return tax_ids.make(call.unit, call.params["type"], call.params["value"], customer, owner=owner)


def _verify(unit: UnitOfWork, tax_id: TaxId) -> None:
    outcome = {"000000000": "verified", "111111111": "unverified"}.get(tax_id["value"][-9:], "verified")
    verification = {
        "status": outcome,
        "verified_address": "123 TEST STREET" if outcome == "verified" else None,
        "verified_name": "TEST" if outcome == "verified" else None,
    }
    emits = ("customer.tax_id.updated",) if tax_id["customer"] else ()
    unit.change(tax_id, {"verification": verification}, emits=emits)


def _create_own(call: RequestContext[TaxIdCreateParams]) -> TaxId:
    return _make(call, None)


def _create_of_customer(call: RequestContext[CustomerTaxIdCreateParams]) -> TaxId:
    return _make(call, call.unit.get(kinds.CUSTOMER, call.ids["customer"])["id"])


def _of_customer(call: RequestContext[Params]) -> Mapping[str, object]:
    return call.page(kinds.TAX_ID, customer=call.unit.get(kinds.CUSTOMER, call.ids["customer"])["id"])


def _retrieve(call: RequestContext[Params]) -> TaxId:
    tax_id = call.unit.get(kinds.TAX_ID, call.ids["id"])
    if "customer" in call.ids and tax_id["customer"] != call.ids["customer"]:
        raise missing("tax_id", call.ids["id"])
    return tax_id


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    tax_id = _retrieve(call)
    return call.unit.delete(tax_id, emits=("customer.tax_id.deleted",) if tax_id["customer"] else ())


TAX_RATE = Resource(
    schema=Schema(
        object="tax_rate",
        prefix="txr_1",
        id_length=23,
        path="/v1/tax_rates",
        fields=(
            settable("active", True),
            settable("country"),
            read_only("created"),
            settable("description"),
            settable("display_name", emptyable=False),
            read_only("effective_percentage"),
            read_only("flat_amount"),
            create_only("inclusive"),
            settable("jurisdiction"),
            read_only("jurisdiction_level"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("percentage"),
            read_only("rate_type", "percentage"),
            settable("state"),
            settable("tax_type"),
        ),
        on_create=("tax_rate.created",),
        on_update=("tax_rate.updated",),
        filters=("active", "inclusive"),
    ),
    endpoints=Endpoints(creating=_creating_rate),
)


TAX_ID = Resource(
    schema=Schema(
        object="tax_id",
        prefix="txi_1",
        id_length=23,
        path="/v1/tax_ids",
        fields=(
            read_only("country"),
            read_only("created"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("livemode", False),
            read_only("owner"),
            read_only("type"),
            read_only("value"),
            read_only("verification"),
        ),
        filters=("customer", ("owner_type", "owner.type")),
    ),
    endpoints=Endpoints(
        can=("list",),
        operations=(
            Operation("POST", "/v1/tax_ids", _create_own),
            Operation("GET", "/v1/tax_ids/{id}", _retrieve),
            Operation("DELETE", "/v1/tax_ids/{id}", _delete),
            Operation("POST", "/v1/customers/{customer}/tax_ids", _create_of_customer),
            Operation("GET", "/v1/customers/{customer}/tax_ids", _of_customer),
            Operation("GET", "/v1/customers/{customer}/tax_ids/{id}", _retrieve),
            Operation("DELETE", "/v1/customers/{customer}/tax_ids/{id}", _delete),
        ),
    ),
    timers={"verify": _verify},
)


RESOURCES = (TAX_RATE, TAX_ID)
