"""Tokens: the legacy card object a token carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.payments.methods import payment_methods

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.payment_methods import Card
    from payloom_emulator.payments import test_cards


def card_object(unit: UnitOfWork, card: test_cards.Card, data: JsonMapping | None) -> Card:
    """Return a legacy `card` object."""
    fields = payment_methods.card_fields(unit, card, data, None)
    data = data or {"cvc": "123"}
    names = {
        "visa": "Visa",
        "mastercard": "MasterCard",
        "amex": "American Express",
        "discover": "Discover",
        "diners": "Diners Club",
        "jcb": "JCB",
        "unionpay": "UnionPay",
    }
    fields_of_card = {
        "id": unit.environment.ids.new("card_1", 23),
        "object": "card",
        "address_city": data.get("address_city"),
        "address_country": data.get("address_country"),
        "address_line1": data.get("address_line1"),
        "address_line1_check": card.line1_check if data.get("address_line1") else None,
        "address_line2": data.get("address_line2"),
        "address_state": data.get("address_state"),
        "address_zip": data.get("address_zip"),
        "address_zip_check": card.postal_check if data.get("address_zip") else None,
        "brand": names.get(card.brand, card.brand),
        "country": card.country,
        "customer": None,
        "cvc_check": "unchecked" if data.get("cvc") else None,
        "dynamic_last4": None,
        "exp_month": fields["exp_month"],
        "exp_year": fields["exp_year"],
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "metadata": {},
        "name": data.get("name"),
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
        "wallet": None,
    }
    return cast("Card", fields_of_card)
