"""The tax that Stripe Tax finds for invoices, quotes and Checkout Sessions: the same as `tax/calculations` finds."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Literal

from payloom_emulator.catalog import taxation
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.catalog.tax_places import Rate
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import TaxRate
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import InvoiceTotalTax

NO_LOCATION = "customer_tax_location_invalid"
_OVERRIDES = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


@dataclasses.dataclass(frozen=True, slots=True)
class LineTax:
    """One tax of a line. amount, taxable: minor units. reason: Stripe's `taxability_reason`."""

    rate: TaxRate
    amount: int
    taxable: int
    reason: str
    behavior: str


def is_on(holder: Mapping[str, object]) -> bool:
    """Return whether the tax of an invoice, a quote or a session is found by itself."""
    return bool(members(holder.get("automatic_tax")).get("enabled"))


def locate(unit: UnitOfWork, customer: Customer | None, address: object = None) -> taxation.Place | None:
    """Return where a customer is taxed, or None while it is not known.

    address: where the customer is, if not at the address that the customer has.
    """
    tax_ids = unit.list(kinds.TAX_ID, customer=customer["id"]) if customer else []
    details = {
        "address": address or (_address_of(customer) if customer else None),
        "tax_ids": [{"type": number["type"], "value": number["value"]} for number in tax_ids],
        "taxability_override": _OVERRIDES.get(str(customer["tax_exempt"])) if customer else None,
    }
    try:
        return taxation.place_of(unit, details)
    except StripeError as error:
        if error.code == NO_LOCATION:
            return None
        raise


def _address_of(customer: Customer) -> object:
    return members(customer["shipping"]).get("address") or customer["address"]


def check_location(unit: UnitOfWork, customer: Customer) -> None:
    """Raise Stripe's 400 for a customer whose place nobody can tell."""
    if locate(unit, customer) is None:
        raise invalid(
            "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
            code=NO_LOCATION,
        )


def status_of(known: bool) -> Literal["complete", "requires_location_inputs"]:
    """Return the `status` of an object whose tax is found by itself. known: it is known where the customer is."""
    return "complete" if known else "requires_location_inputs"


def of_line(
    unit: UnitOfWork, place: taxation.Place | None, amount: int, price: Mapping[str, object] | None, currency: str
) -> list[LineTax]:
    """Return the taxes of an amount in minor units, which a price is sold for. None without a place."""
    if place is None:
        return []
    product = unit.find(kinds.PRODUCT, str(price["product"]), deleted=True) if price else None
    behavior = taxation.behavior_of(unit, price["tax_behavior"] if price else None, currency)
    taxed = taxation.tax_on(
        place, amount, behavior, taxation.code_of(unit, product.get("tax_code") if product else None)
    )
    return [
        LineTax(_rate(unit, rate, behavior == "inclusive", taxed.reason), part, taxed.taxable, taxed.reason, behavior)
        for rate, part in taxed.parts
    ]


def of_invoice_line(taxes: list[LineTax]) -> list[InvoiceTotalTax]:
    """Return the taxes as lines of invoices show them."""
    return [
        {
            "amount": tax.amount,
            "tax_behavior": tax.behavior,
            "tax_rate_details": {"tax_rate": tax.rate["id"]},
            "taxability_reason": tax.reason,
            "taxable_amount": tax.taxable,
            "type": "tax_rate_details",
        }
        for tax in taxes
    ]


def _rate(unit: UnitOfWork, rate: Rate, inclusive: bool, reason: str) -> TaxRate:
    """Return the tax rate that stands for a place's rate. The first use makes it."""
    percentage = float(rate.percentage) if reason == "standard_rated" else 0.0
    described = f"{unit.account} {rate.country} {rate.state} {rate.kind} {percentage} {inclusive}"
    rate_id = f"txr_1{hashlib.sha256(described.encode()).hexdigest()[:23]}"
    stored = unit.find(kinds.TAX_RATE, rate_id)
    if stored is not None:
        return stored
    where = rate.jurisdiction
    values = {
        "id": rate_id,
        "active": False,
        "country": rate.country,
        "display_name": rate.title,
        "effective_percentage": percentage,
        "inclusive": inclusive,
        "jurisdiction": where["display_name"],
        "jurisdiction_level": where["level"],
        "percentage": percentage,
        "rate_type": "percentage",
        "state": rate.state,
        "tax_type": rate.kind,
    }
    return unit.create(kinds.TAX_RATE, values, emits=())
