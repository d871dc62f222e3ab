"""Legacy cards and sources of customers, and the payment method that stands for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.differences import public_fields
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import bank_accounts, payment_methods, tokens
from payloom_emulator.protocol.errors import StripeError, invalid, missing
from payloom_emulator.protocol.json_shapes import is_object, members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.params.charges import ChargeCreateParams
    from payloom_emulator.objects.payment_methods import BankAccount, Card, PaymentMethod, Source


STANDS_FOR = "pm_"
"""What a payment method that stands for a legacy card is called in the store, before the card's own id.

Stripe shows it by the card's id, and so do answers here (`expand.py`).
"""


def taken_card(unit: UnitOfWork, source: object, param: str) -> tuple[Card, test_cards.Card]:
    """Return the legacy card object and the test card of a token id or of a card in full. The token is used up."""
    if is_object(source):
        card = payment_methods.check_card(unit, source, param)
        return tokens.card_object(unit, card, source), card
    token = unit.get(kinds.TOKEN, str(source), param)
    if token["used"]:
        raise invalid(f"You cannot use a Stripe token more than once: {source}.", param, "token_already_used")
    if token["type"] != "card":
        raise invalid("Only card tokens can be used here by the local Stripe.", param)
    unit.change(token, {"used": True}, emits=())
    return present(token["card"]), payment_methods.card_of(token)


def save(
    unit: UnitOfWork, customer: Customer, source: object, param: str = "source", *, default: bool = False
) -> Source | Card | BankAccount:
    """Save a card or a bank account on a customer. The first one (or `default`) becomes the default source."""
    if isinstance(source, str) and source.startswith("src_"):
        return _attach(unit, customer, unit.get(kinds.SOURCE, source, param), default=default)
    if bank_accounts.names_bank(unit, source):
        return bank_accounts.save(unit, customer, source, param, default=default)
    card_object, card = taken_card(unit, source, param)
    if card.decline and not card.attaches:
        raise payment_methods.decline(test_cards.DECLINES[card.decline])
    checked = {**card_object, "customer": customer["id"], "cvc_check": "pass" if card_object["cvc_check"] else None}
    stored = unit.create(
        kinds.CARD, {**checked, "_number": card.number, "_name": card.name}, emits=("customer.source.created",)
    )
    method_of(unit, stored["id"], param)
    if default or not customer["default_source"]:
        unit.change(customer, {"default_source": stored["id"]})
    return stored


def _attach(unit: UnitOfWork, customer: Customer, source: Source, *, default: bool) -> Source:
    if source["customer"]:
        raise invalid(f"The source {source['id']} belongs to a customer already.", "source")
    card = payment_methods.card_of(source)
    if card.decline and not card.attaches:
        raise payment_methods.decline(test_cards.DECLINES[card.decline])
    unit.change(source, {"customer": customer["id"]}, emits=("customer.source.created",))
    if default or not customer["default_source"]:
        unit.change(customer, {"default_source": source["id"]})
    return unit.get(kinds.SOURCE, source["id"])


def method_of(unit: UnitOfWork, source_id: str, param: str) -> PaymentMethod:
    """Return the payment method that stands for a legacy card, account or token."""
    if source_id.startswith(("tok_", "btok_")):
        if bank_accounts.names_bank(unit, source_id):
            raise invalid("A bank account must be attached to a customer and verified before it is charged.", param)
        card_object, card = taken_card(unit, source_id, param)
        return _stands_for(unit, {**card_object, "_number": card.number}, card, card_object)
    source = unit.find(kinds.CARD, source_id) or unit.find(kinds.SOURCE, source_id)
    if source is None and (account := unit.find(kinds.BANK_ACCOUNT, source_id)):
        return bank_accounts.method_of(unit, account, param)
    if source is None:
        raise missing("source", source_id, param=param, status=400)
    status = source.get("status", "chargeable")
    if status != "chargeable":
        raise invalid(f"The source {source_id} is {status} and cannot be used again.", param)
    existing = unit.find(kinds.PAYMENT_METHOD, f"{STANDS_FOR}{source_id}")
    if existing is not None:
        return existing
    # A source of type card carries the card it was made of.
    inner = members(source.get("_card")) or source
    card_object = {**inner, "customer": source.get("customer"), "_number": source.get("_number")}
    return _stands_for(unit, card_object, payment_methods.card_of(source), source)


def _stands_for(
    unit: UnitOfWork, card_object: JsonMapping, card: test_cards.Card, source: Card | Source
) -> PaymentMethod:
    """Make the payment method of a card. card_object: the card with its customer. source: what a charge shows of it."""
    data = {"exp_month": card_object["exp_month"], "exp_year": card_object["exp_year"], "cvc": "123"}
    billing = {**payment_methods.BILLING_DETAILS, "name": card_object.get("name")}
    return unit.create(
        kinds.PAYMENT_METHOD,
        {
            "id": f"{STANDS_FOR}{source['id']}",
            "type": "card",
            "billing_details": billing,
            "card": payment_methods.card_fields(unit, card, data, billing),
            "customer": card_object.get("customer"),
            "_number": card.number,
            "_name": card.name,
            "_source_object": public_fields(source),
        },
    )


def _of_full_card(unit: UnitOfWork, data: JsonMapping) -> PaymentMethod:
    """Make the payment method of a card that a charge names in full; the charge shows it as its `source`."""
    card_object, card = taken_card(unit, data, "source")
    return _stands_for(unit, {**card_object, "_number": card.number}, card, card_object)


def given(params: Mapping[str, object]) -> object:
    """Return the card or account that a customer is given, by whichever of its names; None for none."""
    return params.get("source") or params.get("card") or params.get("bank_account")


def method_for_charge(call: RequestContext[ChargeCreateParams]) -> PaymentMethod:
    """Return what a legacy charge is paid with: `source`, or the customer's default source."""
    unit = call.unit
    source: object = call.params.get("source") or call.params.get("card")
    if is_object(source):
        return _of_full_card(unit, source)
    if source:
        return method_of(unit, str(source), "source")
    customer_id = call.params.get("customer")
    if not customer_id:
        raise invalid("Must provide source or customer.", code="parameter_missing")
    customer = unit.get(kinds.CUSTOMER, customer_id, "customer")
    if not customer["default_source"]:
        raise _nothing_saved(unit, customer)
    return method_of(unit, customer["default_source"], "source")


def _nothing_saved(unit: UnitOfWork, customer: Customer) -> StripeError:
    message = "This Customer doesn't have any saved payment details. Attach a legacy Token, Card, Bank Account, or Source to this Customer and then try this request again, or use Payment Intents and Payment Methods instead."
    if unit.list(kinds.PAYMENT_METHOD, customer=customer["id"], limit=1):
        message = "Cannot charge a customer that has no active card"
    return StripeError(message, status=402, type="card_error", code="missing", param="card")


def saved_sources(unit: UnitOfWork, customer: Customer) -> list[Card | Source | BankAccount]:
    """Return the customer's legacy cards, then its sources and its bank accounts."""
    sources = unit.list(kinds.SOURCE, customer=customer["id"])
    accounts = unit.list(kinds.BANK_ACCOUNT, customer=customer["id"])
    return [*unit.list(kinds.CARD, customer=customer["id"]), *sources, *accounts]


def forget(unit: UnitOfWork, card: Card | Source | BankAccount) -> None:
    """Detach the payment method of a legacy card that its customer does not have any more."""
    method = unit.find(kinds.PAYMENT_METHOD, f"{STANDS_FOR}{card['id']}")
    if method is not None:
        unit.change(method, {"customer": None, "_spent": True, "_detached": True}, emits=())


def listed(unit: UnitOfWork, customer: Customer) -> dict[str, object]:
    """Return the `sources` list of a customer."""
    rows = saved_sources(unit, customer)
    return {
        "object": "list",
        "data": rows,
        "has_more": False,
        "total_count": len(rows),
        "url": f"/v1/customers/{customer['id']}/sources",
    }
