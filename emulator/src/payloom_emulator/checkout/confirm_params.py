"""What Stripe's own payment page sends. It is in no specification."""

from __future__ import annotations

from typing import TypedDict

from payloom_emulator.core.schemas.schema import ADDRESS, overlay
from payloom_emulator.protocol.errors import parameter_missing


class ConfirmAddress(TypedDict, total=False):
    """A postal address from Stripe's page."""

    city: str
    country: str
    line1: str
    line2: str
    postal_code: str
    state: str


class ConfirmBilling(TypedDict, total=False):
    """Who pays, beside the payment method."""

    address: ConfirmAddress
    email: str
    name: str
    phone: str


class ConfirmMethodData(TypedDict, total=False):
    """A payment method in full."""

    type: str
    billing_details: ConfirmBilling
    card: dict[str, str | int]


class ConfirmShipping(TypedDict, total=False):
    """Where the page's customer wants the goods."""

    address: ConfirmAddress
    name: str


class ConfirmConsent(TypedDict, total=False):
    """What the page's customer agreed to."""

    promotions: str
    terms_of_service: str


class ConfirmParams(TypedDict, total=False):
    """What Stripe's page sends when the customer pays; it is in no specification. expected_amount: minor units."""

    payment_method: str
    payment_method_data: ConfirmMethodData
    email: str
    name: str
    phone: str
    address: ConfirmAddress
    shipping: ConfirmShipping
    expected_amount: int | str
    custom_fields: dict[str, str]
    consent: ConfirmConsent


def collected(shipping: ConfirmShipping | None) -> dict[str, object]:
    """Return `collected_information` with the address to ship to. Raises 400 if the page sent none."""
    address = shipping.get("address") if isinstance(shipping, dict) else None
    if shipping is None or not address or not address.get("country"):
        raise parameter_missing("shipping")
    details = overlay(
        {"address": ADDRESS, "name": None}, {n: v for n, v in shipping.items() if n in {"address", "name"}}
    )
    return {"business_name": None, "individual_name": None, "shipping_details": details}
