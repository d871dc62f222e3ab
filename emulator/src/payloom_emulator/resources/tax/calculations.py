"""Tax calculations: the tax on what a customer is about to buy. https://docs.stripe.com/api/tax/calculations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.catalog import taxation
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import ADDRESS, Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import below_one, invalid, missing
from payloom_emulator.protocol.json_shapes import elements, integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.catalog.taxation import Place, Taxed
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork


class TaxLine(TypedDict):
    """A line of a calculation or a tax transaction. Amounts in minor units."""

    id: str
    amount: int
    amount_tax: int
    quantity: int
    reference: str
    tax_behavior: str


CALCULATION: Kind[dict[str, object]] = Kind("tax.calculation")
LINE: Kind[TaxLine] = Kind("tax.calculation_line_item")
_LASTS = 90 * 86400
_SUMMED = ("tax_rate_details", "taxability_reason")


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    currency = money.currency(required(text(params.get("currency")), "currency"))
    customer_id, details = _customer(unit, params)
    place = taxation.place_of(unit, details)
    lines = elements(params.get("line_items"))
    if not lines:
        raise invalid("You must pass at least one line item.", "line_items", "parameter_missing")
    calculation_id = unit.new_id(CALCULATION)
    references: set[str] = set()
    taxed_lines = [_line(call, calculation_id, place, index, references) for index in range(len(lines))]
    shipping, taxed_shipping = _shipping(unit, place, params, currency)
    all_taxed = [*taxed_lines, *([taxed_shipping] if taxed_shipping else [])]
    exclusive = sum(part.tax for part in all_taxed if part.behavior == "exclusive")
    return unit.create(
        CALCULATION,
        {
            "id": calculation_id,
            "amount_total": sum(part.amount for part in all_taxed) + exclusive,
            "currency": currency,
            "customer": customer_id,
            "customer_details": details,
            "expires_at": unit.now + _LASTS,
            "ship_from_details": _ship_from(params),
            "shipping_cost": shipping,
            "tax_amount_exclusive": exclusive,
            "tax_amount_inclusive": sum(part.tax for part in all_taxed if part.behavior == "inclusive"),
            "tax_breakdown": _summary(all_taxed),
            "tax_date": integer(params.get("tax_date")) or unit.now,
        },
    )


def _customer(unit: UnitOfWork, params: Params) -> tuple[str | None, dict[str, object]]:
    """Return the customer and where he is: as the parameters say, else as the customer's address says."""
    customer_id, given_details = text(params.get("customer")), members(params.get("customer_details"))
    address, source = given_details.get("address"), given_details.get("address_source")
    tax_ids = [dict(members(number)) for number in elements(given_details.get("tax_ids"))]
    exempt: object = None
    if customer_id:
        customer = unit.get(kinds.CUSTOMER, customer_id, "customer")
        if address is None:
            shipping = members(customer.get("shipping"))
            address = shipping.get("address") or customer.get("address")
            source = "shipping" if shipping.get("address") else "billing"
        tax_ids = tax_ids or [
            {"type": number["type"], "value": number["value"]}
            for number in unit.list(kinds.TAX_ID, customer=customer["id"])
        ]
        exempt = {"exempt": "customer_exempt", "reverse": "reverse_charge"}.get(str(customer.get("tax_exempt")))
    if address is not None and not given_details.get("address_source") and not customer_id:
        raise invalid(
            "You must say whether the address is the billing or the shipping address.",
            "customer_details[address_source]",
            "parameter_missing",
        )
    if address is None and given_details.get("ip_address") is None:
        raise invalid(
            "You must provide `customer_details[address]` or `customer_details[ip_address]`, or a customer that has an address.",
            "customer_details[address]",
            "parameter_missing",
        )
    return customer_id, {
        "address": {**ADDRESS, **members(address)} if address is not None else None,
        "address_source": source,
        "ip_address": given_details.get("ip_address"),
        "tax_ids": tax_ids,
        "taxability_override": given_details.get("taxability_override") or exempt or "none",
    }


def _line(call: RequestContext[Params], calculation_id: str, place: Place, index: int, references: set[str]) -> Taxed:
    """Store one line with its tax. references: those of the lines before."""
    unit, currency = call.unit, str(call.params["currency"]).lower()
    line = members(elements(call.params["line_items"])[index])
    param = f"line_items[{index}]"
    amount = required(integer(line.get("amount")), f"{param}[amount]")
    quantity = integer(line.get("quantity", 1))
    if quantity is None or quantity < 1:
        raise below_one(f"{param}[quantity]")
    line_id = unit.new_id(LINE)
    reference = text(line.get("reference")) or line_id
    if reference in references:
        raise invalid(f"The reference '{reference}' is used by another line item.", f"{param}[reference]")
    references.add(reference)
    code = taxation.code_of(unit, line.get("tax_code"), line.get("product"))
    behavior = taxation.behavior_of(unit, line.get("tax_behavior"), currency)
    taxed = taxation.tax_on(place, amount, behavior, code)
    values: dict[str, object] = {
        "id": line_id,
        "amount": amount,
        "amount_tax": taxed.tax,
        "metadata": line.get("metadata") or None,
        "performance_location": line.get("performance_location"),
        "product": line.get("product"),
        "quantity": quantity,
        "reference": reference,
        "tax_behavior": behavior,
        "tax_breakdown": taxed.breakdown(),
        "tax_code": code,
        "_calculation": calculation_id,
    }
    unit.create(LINE, values)
    return taxed


def _shipping(
    unit: UnitOfWork, place: Place, params: Params, currency: str
) -> tuple[dict[str, object] | None, Taxed | None]:
    cost = members(params.get("shipping_cost"))
    if not cost:
        return None, None
    amount, rate_id = integer(cost.get("amount")), text(cost.get("shipping_rate"))
    wanted_behavior, code = cost.get("tax_behavior"), text(cost.get("tax_code"))
    if rate_id:
        rate = unit.get(kinds.SHIPPING_RATE, rate_id, "shipping_cost[shipping_rate]")
        fixed = rate["fixed_amount"]
        if fixed is None or fixed["currency"] != currency:
            raise invalid(f"The shipping rate {rate_id} is not in {currency}.", "shipping_cost[shipping_rate]")
        amount = fixed["amount"]
        wanted_behavior, code = rate["tax_behavior"], code or text(rate["tax_code"])
    if amount is None:
        raise invalid("You must pass an amount or a shipping rate.", "shipping_cost[amount]", "parameter_missing")
    behavior = taxation.behavior_of(unit, wanted_behavior, currency)
    taxed = taxation.tax_on(place, amount, behavior, code or taxation.SHIPPING)
    return {
        "amount": amount,
        "amount_tax": taxed.tax,
        **({"shipping_rate": rate_id} if rate_id else {}),
        "tax_behavior": behavior,
        "tax_breakdown": taxed.breakdown(),
        "tax_code": code or taxation.SHIPPING,
    }, taxed


def _ship_from(params: Params) -> dict[str, object] | None:
    address = members(params.get("ship_from_details")).get("address")
    return {"address": {**ADDRESS, **members(address)}} if address else None


def _summary(taxed_lines: list[Taxed]) -> list[dict[str, object]]:
    """Return the taxes of all lines, each rate once."""
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    for taxed in taxed_lines:
        for rate, part in taxed.parts:
            percentage = rate.percentage if taxed.reason == "standard_rated" else "0.0"
            inclusive = taxed.behavior == "inclusive"
            key = (rate, inclusive, taxed.reason)
            row = rows.setdefault(
                key,
                {
                    "amount": 0,
                    "inclusive": inclusive,
                    "tax_rate_details": {
                        "country": rate.country,
                        "flat_amount": None,
                        "percentage_decimal": percentage,
                        "rate_type": "percentage",
                        "state": rate.state,
                        "tax_type": rate.kind,
                    },
                    "taxability_reason": taxed.reason,
                    "taxable_amount": 0,
                },
            )
            row["amount"] = (integer(row["amount"]) or 0) + part
            row["taxable_amount"] = (integer(row["taxable_amount"]) or 0) + taxed.taxable
    return list(rows.values())


def _lines(call: RequestContext[Params]) -> Mapping[str, object]:
    calculation = call.unit.get(CALCULATION, call.ids["calculation"])
    rows = call.unit.list(LINE, _calculation=calculation["id"], oldest_first=True)
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _include_lines(unit: UnitOfWork, calculation: Params) -> Mapping[str, object]:
    rows = unit.list(LINE, _calculation=calculation["id"], oldest_first=True)
    return list_of(rows[:10], f"/v1/tax/calculations/{calculation['id']}/line_items")


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    calculation = call.unit.get(CALCULATION, call.ids["calculation"])
    if (integer(calculation["expires_at"]) or 0) <= call.unit.now:
        raise missing(CALCULATION, call.ids["calculation"])
    return calculation


RESOURCES = (
    Resource(
        schema=Schema(
            object="tax.calculation",
            prefix="taxcalc_1",
            id_length=23,
            fields=(
                read_only("amount_total", 0),
                read_only("currency"),
                read_only("customer"),
                read_only("customer_details"),
                read_only("expires_at"),
                read_only("livemode", False),
                read_only("ship_from_details"),
                read_only("shipping_cost"),
                read_only("tax_amount_exclusive", 0),
                read_only("tax_amount_inclusive", 0),
                read_only("tax_breakdown"),
                read_only("tax_date"),
            ),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", "/v1/tax/calculations", _create),
                Operation("GET", "/v1/tax/calculations/{calculation}", _retrieve),
                Operation("GET", "/v1/tax/calculations/{calculation}/line_items", _lines),
            ),
        ),
        includes={"line_items": _include_lines},
    ),
    Resource(
        schema=Schema(
            object="tax.calculation_line_item",
            prefix="tax_li_",
            id_length=14,
            fields=(read_only("livemode", False),),
            filters=("_calculation",),
            has_created=False,
        )
    ),
)
