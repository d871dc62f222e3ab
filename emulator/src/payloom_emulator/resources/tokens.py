"""Tokens: card and bank details for one use, and the premade `tok_visa` and its like. https://docs.stripe.com/api/tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import test_cards
from payloom_emulator.core.schema import Body, Resource, fixed
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.resources import payment_methods

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit


def card_object(unit: Unit, card: test_cards.Card, data: Body | None) -> Body:
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
    return {
        "id": unit.emulator.ids.new("card_1", 23),
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


def _creating(call: Call, draft: Body) -> None:
    params = call.params
    draft["client_ip"] = "127.0.0.1"
    if isinstance(params.get("card"), dict):
        card = payment_methods.check_card(call.unit, params["card"], "card")
        draft.update({"type": "card", "card": card_object(call.unit, card, params["card"]), "_number": card.number})
    elif params.get("bank_account"):
        data = params["bank_account"]
        draft.update(
            {"type": "bank_account", "bank_account": _bank_account(call.unit, data), "_account": data["account_number"]}
        )
    elif params.get("pii"):
        draft["type"] = "pii"
    elif params.get("cvc_update"):
        draft["type"] = "cvc_update"
    else:
        raise invalid(
            "You must supply either a card, customer, PII data, bank account, or account to create a token.",
            code="parameter_missing",
        )


def _bank_account(unit: Unit, data: Body) -> Body:
    number = data["account_number"]
    return {
        "id": unit.emulator.ids.new("ba_1", 23),
        "object": "bank_account",
        "account_holder_name": data.get("account_holder_name"),
        "account_holder_type": data.get("account_holder_type"),
        "account_type": None,
        "bank_name": "STRIPE TEST BANK",
        "country": data["country"],
        "currency": data.get("currency", "usd"),
        "fingerprint": test_cards.Card(number, "bank").fingerprint,
        "last4": number[-4:],
        "routing_number": data.get("routing_number"),
        "status": "new",
    }


def premade(unit: Unit, object_id: str) -> Body | None:
    """Return a fresh token for `tok_visa` and its like, or None."""
    card = test_cards.BY_NAME.get(object_id.removeprefix("tok_")) if object_id.startswith("tok_") else None
    if card is None:
        return None
    return unit.create(
        "token",
        {
            "type": "card",
            "card": card_object(unit, card, None),
            "_number": card.number,
            "_name": object_id.removeprefix("tok_"),
            "client_ip": None,
        },
    )


TOKEN = Resource(
    object="token",
    prefix="tok_1",
    id_length=23,
    path="/v1/tokens",
    can=("create", "retrieve"),
    fields=(
        fixed("client_ip"),
        fixed("created"),
        fixed("livemode", False),
        fixed("type"),
        fixed("used", False),
    ),
    creating=_creating,
    premade=premade,
)

RESOURCES = (TOKEN,)
