"""How much tax is on a line, and why: by where the customer is, where the shop is registered, and what is sold."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

from payloom_emulator.catalog import tax_places
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import elements, integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping

REGISTRATION: Kind[dict[str, object]] = Kind("tax.registration")
SETTINGS: Kind[dict[str, object]] = Kind("tax.settings")
GENERAL = "txcd_10000000"
SHIPPING = "txcd_92010001"
NONTAXABLE = "txcd_00000000"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a sale is taxed, why it may not be, and what is taken there."""

    country: str
    state: str | None
    reason: str
    rates: tuple[tax_places.Rate, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Taxed:
    """The tax on one amount. parts: each rate with what it takes."""

    amount: int
    behavior: str
    reason: str
    parts: tuple[tuple[tax_places.Rate, int], ...]
    taxable: int

    @property
    def tax(self) -> int:
        """Return the whole tax."""
        return sum(part for _, part in self.parts)

    def breakdown(self) -> list[dict[str, object]]:
        """Return the `tax_breakdown` of a line."""
        return [
            {
                "amount": part,
                "jurisdiction": rate.jurisdiction,
                "sourcing": "destination",
                "tax_rate_details": {
                    "display_name": rate.title,
                    "percentage_decimal": rate.percentage if self.reason == "standard_rated" else "0.0",
                    "tax_type": rate.kind,
                },
                "taxability_reason": self.reason,
                "taxable_amount": self.taxable,
            }
            for rate, part in self.parts
        ]


def settings(unit: UnitOfWork) -> dict[str, object]:
    """Return the account's tax settings, making them the first time: its country is its head office."""
    existing = unit.list(SETTINGS, limit=1)
    if existing:
        return existing[0]
    country = unit.environment.config.business["country"]
    address = {"city": None, "country": country, "line1": None, "line2": None, "postal_code": None, "state": None}
    return unit.create(SETTINGS, {"head_office": {"address": address}, **status_of(address)}, emits=())


def status_of(address: JsonMapping | None) -> dict[str, object]:
    """Return `status` and `status_details` of settings with this head office."""
    if address and address.get("country"):
        return {"status": "active", "status_details": {"active": {}}}
    return {"status": "pending", "status_details": {"pending": {"missing_fields": ["head_office"]}}}


def registration_status(unit: UnitOfWork, registration: JsonMapping) -> str:
    """Return whether a registration is scheduled, active or expired now."""
    start, end = integer(registration["active_from"]) or 0, integer(registration["expires_at"])
    if end is not None and end <= unit.now:
        return "expired"
    return "scheduled" if start > unit.now else "active"


def _registered(unit: UnitOfWork, country: str, state: str | None) -> bool:
    office = members(members(settings(unit)["head_office"]).get("address")).get("country")
    for registration in unit.list(REGISTRATION):
        if registration_status(unit, registration) != "active":
            continue
        options = members(members(registration["country_options"]).get(str(registration["country"]).lower()))
        if registration["country"] == country:
            if not tax_places.needs_state(country):
                return True
            place = options.get("state") or members(options.get("province_standard")).get("province")
            if place in {None, state}:
                return True
        union = options.get("type") in {"oss_union", "oss_non_union", "ioss"}
        if union and country in tax_places.EU and registration["country"] in tax_places.EU and country != office:
            return True
    return False


def place_of(unit: UnitOfWork, details: JsonMapping, param: str = "customer_details") -> Place:
    """Return where a customer is taxed. Raises `customer_tax_location_invalid` for an address that does not say."""
    if settings(unit)["status"] != "active":
        raise StripeError(
            "Stripe Tax is not active on this account: set its head office first (POST /v1/tax/settings).",
            code="stripe_tax_inactive",
        )
    address = members(details.get("address"))
    country = (text(address.get("country")) or "").upper()
    state = tax_places.state_of(country, text(address.get("state")), text(address.get("postal_code")))
    if len(country) != 2 or (tax_places.needs_state(country) and state is None):
        raise invalid(
            "We could not determine the customer's tax location based on the provided customer address.",
            f"{param}[address]",
            "customer_tax_location_invalid",
        )
    found_rates = tuple(tax_places.rates(country, state))
    return Place(country, state, _reason(unit, details, country, state, found_rates), found_rates)


def _reason(
    unit: UnitOfWork, details: JsonMapping, country: str, state: str | None, rates: tuple[tax_places.Rate, ...]
) -> str:
    override = details.get("taxability_override")
    if override in {"customer_exempt", "reverse_charge"}:
        return str(override)
    if not rates:
        return "not_subject_to_tax" if tax_places.needs_state(country) else "not_supported"
    if not _registered(unit, country, state):
        return "not_collecting"
    office = members(members(settings(unit)["head_office"]).get("address")).get("country")
    numbers = {members(number).get("type") for number in elements(details.get("tax_ids"))}
    if "eu_vat" in numbers and country in tax_places.EU and office != country:
        return "reverse_charge"
    return "standard_rated"


def tax_on(place: Place, amount: int, behavior: str, code: str) -> Taxed:
    """Return the tax on an amount in minor units; an inclusive one is part of the amount."""
    reason = "product_exempt" if code == NONTAXABLE and place.reason == "standard_rated" else place.reason
    if reason != "standard_rated":
        rates = place.rates or (tax_places.Rate("0.0", "vat", place.country, place.state),)
        return Taxed(amount, behavior, reason, tuple((rate, 0) for rate in rates[:1]), 0)
    shares = [Fraction(rate.percentage) / 100 for rate in place.rates]
    base = Fraction(amount) / (1 + sum(shares)) if behavior == "inclusive" else Fraction(amount)
    parts = tuple((rate, _whole(base * share)) for rate, share in zip(place.rates, shares, strict=True))
    taxable = amount - sum(part for _, part in parts) if behavior == "inclusive" else amount
    return Taxed(amount, behavior, reason, parts, taxable)


def _whole(value: Fraction) -> int:
    """Return the nearest whole minor unit, halves away from zero."""
    sign = -1 if value < 0 else 1
    return sign * int((abs(value) * 2 + 1) // 2)


def behavior_of(unit: UnitOfWork, wanted_behavior: object, currency: str) -> str:
    """Return whether an amount includes its tax: as it says, else as the settings say, else as its currency does."""
    default = members(settings(unit)["defaults"]).get("tax_behavior") or "exclusive"
    behavior = str(wanted_behavior) if wanted_behavior in {"exclusive", "inclusive"} else default
    if behavior == "inferred_by_currency":
        return "exclusive" if currency in {"usd", "cad"} else "inclusive"
    return str(behavior)


def code_of(unit: UnitOfWork, code: object, product: object = None) -> str:
    """Return the tax code of a line: its own, its product's, or the settings'."""
    if text(code):
        return str(code)
    if text(product):
        of_product = unit.get(kinds.PRODUCT, str(product), "line_items[0][product]").get("tax_code")
        if of_product:
            return str(of_product)
    return text(members(settings(unit)["defaults"]).get("tax_code")) or GENERAL
