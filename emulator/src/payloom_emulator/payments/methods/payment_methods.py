"""Payment methods: what a card or a bank account is, who may use it, and how it declines."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.schemas.schema import ADDRESS, overlay
from payloom_emulator.kit.digits import is_digits
from payloom_emulator.kit.kind import Kind
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import debited_accounts, test_banks
from payloom_emulator.protocol.errors import CardError, invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, members, text, texts

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.payment_methods import Card, PaymentMethod, Source, Token

BILLING_DETAILS = {"address": ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}


def decline(why: test_cards.Decline, *, param: str | None = None, **more: object) -> CardError:
    """Return the 402 of a decline."""
    return CardError(
        why.message,
        code=why.code,
        param=why.param if param is None else param,
        decline_code=why.decline_code,
        advice_code=why.advice_code,
        network_decline_code=why.network_decline_code,
        **more,
    )


def card_of(method: PaymentMethod | Card | Source | Token) -> test_cards.Card:
    """Return the test card behind a payment method, card or token."""
    plain = test_cards.BY_NUMBER["4242424242424242"]
    by_number = test_cards.BY_NUMBER.get(method.get("_number", plain.number), plain)
    return test_cards.BY_NAME.get(method.get("_name") or "", by_number)


def bank_of(method: PaymentMethod) -> test_banks.Bank:
    """Return the test account behind a bank payment method."""
    return test_banks.bank(method["type"], method.get("_account", ""))


def check_card(unit: UnitOfWork, data: JsonMapping, prefix: str = "") -> test_cards.Card:
    """Return the test card of `{number, exp_month, exp_year, cvc}`, or raise as Stripe answers.

    prefix: where the card is in the parameters. A card error names only the card's own field.
    """
    number = str(data.get("number", "")).replace(" ", "").replace("-", "")
    if not number:
        raise parameter_missing(f"{prefix}[number]" if prefix else "number")
    if not is_digits(number) or not 12 <= len(number) <= 19 or not test_cards.luhn(number):
        raise decline(test_cards.DECLINES["incorrect_number"])
    now = dt.datetime.fromtimestamp(unit.environment.clock.now(), dt.UTC)
    # Tokens and ConfirmationTokens are specified with text here, PaymentMethods with numbers.
    month, year = integer(data.get("exp_month")), integer(data.get("exp_year"))
    if month is None or not 1 <= month <= 12:
        raise CardError("Your card's expiration month is invalid.", code="invalid_expiry_month", param="exp_month")
    if year is not None and year < 100:
        year += 2000
    if year is None or not now.year <= year <= now.year + 50 or (year == now.year and month < now.month):
        raise CardError("Your card's expiration year is invalid.", code="invalid_expiry_year", param="exp_year")
    cvc = text(data.get("cvc"))
    if cvc is not None and not (is_digits(cvc) and 3 <= len(cvc) <= 4):
        raise CardError("Your card's security code is invalid.", code="invalid_cvc", param="cvc")
    card = test_cards.BY_NUMBER.get(number)
    if card is None:
        raise decline(test_cards.DECLINES["test_mode_live_card"])
    return card


def card_fields(
    unit: UnitOfWork, card: test_cards.Card, data: JsonMapping | None, billing: JsonMapping | None
) -> dict[str, object]:
    """Return the `card` member of a payment method."""
    now = dt.datetime.fromtimestamp(unit.environment.clock.now(), dt.UTC)
    data = data or {"exp_month": now.month, "exp_year": now.year + 1, "cvc": "123"}
    address = members((billing or {}).get("address"))
    month, year = integer(data.get("exp_month")) or now.month, integer(data.get("exp_year")) or now.year + 1
    chosen = members(data.get("networks"))
    networks = [card.brand, *([card.co_brand] if card.co_brand else [])]
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": card.line1_check if address.get("line1") else None,
            "address_postal_code_check": card.postal_check if address.get("postal_code") else None,
            "cvc_check": ("unchecked" if card.cvc_check == "pass" else card.cvc_check) if data.get("cvc") else None,
        },
        "country": card.country,
        "display_brand": "american_express" if card.brand == "amex" else card.brand,
        "exp_month": month,
        "exp_year": year + 2000 if year < 100 else year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": networks, "preferred": chosen.get("preferred")},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d_secure},
        "wallet": None,
    }


def build(unit: UnitOfWork, data: JsonMapping, prefix: str = "") -> dict[str, object]:
    """Return the fields of a payment method from the parameters of a create or of `payment_method_data`."""
    kind = text(data.get("type"))
    if kind is None:
        kind = next((k for k in ("card", *debited_accounts.KINDS) if k in data), None)
    if kind is None:
        raise parameter_missing(f"{prefix}[type]" if prefix else "type")
    if kind not in test_cards.KINDS:
        raise invalid(
            f"The payment method type `{kind}` is not covered by the local Stripe.",
            f"{prefix}[type]" if prefix else "type",
        )
    billing = overlay(BILLING_DETAILS, members(data.get("billing_details")))
    metadata = members(data.get("metadata"))
    body: dict[str, object] = {
        "type": kind,
        "billing_details": billing,
        "metadata": {name: value for name, value in metadata.items() if value},
        "allow_redisplay": data.get("allow_redisplay", "unspecified"),
    }
    details = members(data.get(kind))
    below = f"{prefix}[{kind}]" if prefix else kind
    if kind == "card":
        body.update(_card(unit, details, billing, below))
    elif kind == "us_bank_account" and details.get("financial_connections_account"):
        body.update(_linked(unit, details, below))
    elif kind in debited_accounts.KINDS:
        number = debited_accounts.number_of(kind, details, below)
        body |= {kind: debited_accounts.fields(kind, number, details), "_account": number}
    elif kind == "link":
        body["link"] = {"email": billing["email"]}
    else:
        body[kind] = dict(details)
    return body


def _card(unit: UnitOfWork, details: JsonMapping, billing: JsonMapping, below: str) -> dict[str, object]:
    token = text(details.get("token"))
    if token:
        source = cast(
            "Token", unit.environment.builtin(unit, "token", token) or unit.get(kinds.TOKEN, token, f"{below}[token]")
        )
        if source.get("used"):
            raise invalid(
                f"You cannot use a Stripe token more than once: {token}.", f"{below}[token]", "token_already_used"
            )
        unit.change(source, {"used": True}, emits=())
        card = card_of(source)
        token_card = source["card"]
        data = {
            "exp_month": present(token_card)["exp_month"],
            "exp_year": present(token_card)["exp_year"],
            "cvc": "123" if present(token_card).get("cvc_check") else None,
        }
        return {"card": card_fields(unit, card, data, billing), "_number": card.number, "_name": source.get("_name")}
    card = check_card(unit, details, below)
    return {"card": card_fields(unit, card, details, billing), "_number": card.number}


LINKED_ACCOUNT: Kind[dict[str, object]] = Kind("financial_connections.account")
# The numbers behind the accounts of the test bank, by their last four digits.
_LINKED_NUMBERS = {"4321": "000987654321", "6789": "000123456789"}


def _linked(unit: UnitOfWork, details: JsonMapping, below: str) -> dict[str, object]:
    """Return the fields of a bank account that was linked: it is verified by that."""
    param = f"{below}[financial_connections_account]"
    account = unit.get(LINKED_ACCOUNT, text(details.get("financial_connections_account")), param)
    if account["status"] != "active":
        raise invalid(f"The linked account is {account['status']}.", param, "financial_connections_account_inactive")
    if "payment_method" not in texts(account["permissions"]):
        raise invalid("The account was linked without the permission `payment_method`.", param)
    number = _LINKED_NUMBERS[str(account["last4"])]
    routing = {"routing_number": "110000000", "account_type": account["subcategory"]}
    fields = debited_accounts.fields("us_bank_account", number, {**routing, **details})
    return {
        "us_bank_account": {**fields, "financial_connections_account": account["id"]},
        "_account": number,
        "_verified": True,
    }


def make(unit: UnitOfWork, data: JsonMapping, prefix: str = "payment_method_data") -> PaymentMethod:
    """Store a payment method from inline data."""
    return unit.create(kinds.PAYMENT_METHOD, build(unit, data, prefix))


def check_owner(unit: UnitOfWork, method_id: str | None, customer_id: str | None, param: str) -> None:
    """Raise unless the payment method, where one is named, is attached to this customer."""
    if not method_id:
        return
    method = unit.get(kinds.PAYMENT_METHOD, method_id, param)
    if method["customer"] is None or method["customer"] != customer_id:
        raise invalid(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached to the customer.",
            param,
            "resource_missing",
        )


def attach(unit: UnitOfWork, method: PaymentMethod, customer_id: str) -> PaymentMethod:
    """Attach to a customer. Cards that decline at once refuse to be saved; the reusable kinds only."""
    if method["customer"] == customer_id:
        return method
    if method["customer"]:
        raise invalid("The payment method you provided has already been attached to a customer.")
    refuse_spent(method)
    if method["type"] not in test_cards.REUSABLE:
        raise invalid(
            f"Payment method of type {method['type']} cannot be attached to a customer.",
            code="payment_method_not_reusable",
        )
    card = card_of(method) if method["type"] == "card" else None
    if card is not None and card.decline and not card.attaches:
        why = test_cards.DECLINES[card.decline]
        raise decline(why, param=why.param or "")
    return _attached(unit, method, customer_id)


def _attached(unit: UnitOfWork, method: PaymentMethod, customer_id: str) -> PaymentMethod:
    changes: dict[str, object] = {"customer": customer_id}
    if method["type"] == "card":
        stored = present(method["card"])
        checks: dict[str, object] = {**present(stored["checks"])}
        if checks["cvc_check"] == "unchecked":
            checks["cvc_check"] = "pass"
        changes["card"] = {**stored, "checks": checks}
    return unit.change(method, changes, emits=("payment_method.attached",))


def keep(unit: UnitOfWork, method: PaymentMethod, customer_id: str) -> PaymentMethod:
    """Attach after a payment or set-up went through; what could be charged can be saved."""
    if method["customer"] == customer_id or method["type"] not in test_cards.REUSABLE:
        return method
    return _attached(unit, method, customer_id)


def refuse_spent(method: PaymentMethod) -> None:
    """Raise for a method that was used once without being saved, or was detached."""
    if method.get("_spent") and not method["customer"]:
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.",
            code="payment_method_unactivated" if "_detached" not in method else None,
        )
