"""Tokens: card and bank details for one use, and the built-in `tok_visa` and its like. https://docs.stripe.com/api/tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import bank_accounts, payment_methods, tokens
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.params.tokens import TokenCreateParams
    from payloom_emulator.objects.payment_methods import BankAccount, Token

_US = {"country": "US", "currency": "usd", "routing_number": "110000000", "account_holder_name": "Jane Austen"}
# The bank accounts that Stripe's testing page has tokens for.
_BANKS = {
    "btok_us": {**_US, "account_number": "000999999991", "account_holder_type": "individual"},
    "btok_us_verified": {**_US, "account_number": "000123456789", "account_holder_type": "individual"},
    "btok_us_verified_noAccount": {**_US, "account_number": "000111111116", "account_holder_type": "individual"},
}


def _creating(call: RequestContext[TokenCreateParams], draft: Token) -> None:
    params = call.params
    draft["client_ip"] = "127.0.0.1"
    data = params.get("card")
    if data and not isinstance(data, str):
        card = payment_methods.check_card(call.unit, data, "card")
        draft["type"], draft["_number"] = "card", card.number
        draft["card"] = tokens.card_object(call.unit, card, data)
    elif bank_account := params.get("bank_account"):
        draft["type"], draft["_account"] = "bank_account", bank_account["account_number"]
        draft["bank_account"] = cast("BankAccount", bank_accounts.account_fields(call.unit, bank_account))
    elif params.get("pii"):
        draft["type"] = "pii"
    elif params.get("cvc_update"):
        draft["type"] = "cvc_update"
    else:
        raise invalid(
            "You must supply either a card, customer, PII data, bank account, or account to create a token.",
            code="parameter_missing",
        )


def builtin_token(unit: UnitOfWork, object_id: str) -> Token | None:
    """Return a fresh token for `tok_visa`, `btok_us_verified` and their like, or None."""
    if object_id in _BANKS:
        return unit.create(
            kinds.TOKEN,
            {
                "type": "bank_account",
                "bank_account": {**bank_accounts.account_fields(unit, _BANKS[object_id]), "metadata": {}},
                "_account": _BANKS[object_id]["account_number"],
                "client_ip": None,
            },
        )
    card = test_cards.BY_NAME.get(object_id.removeprefix("tok_")) if object_id.startswith("tok_") else None
    if card is None:
        return None
    return unit.create(
        kinds.TOKEN,
        {
            "type": "card",
            "card": tokens.card_object(unit, card, None),
            "_number": card.number,
            "_name": object_id.removeprefix("tok_"),
            "client_ip": None,
        },
    )


TOKEN = Resource(
    schema=Schema(
        object="token",
        prefix="tok_1",
        id_length=23,
        path="/v1/tokens",
        fields=(
            read_only("client_ip"),
            read_only("created"),
            read_only("livemode", False),
            read_only("type"),
            read_only("used", False),
        ),
    ),
    endpoints=Endpoints(can=("create", "retrieve"), creating=_creating),
    builtin=builtin_token,
)


RESOURCES = (TOKEN,)
