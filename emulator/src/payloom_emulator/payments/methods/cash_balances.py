"""Cash balances of customers: bank transfers fill them, payments and refunds move what is there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.schemas.schema import ADDRESS
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.intents import PaymentIntent


class CashTransaction(TypedDict):
    """A movement of a cash balance. net_amount, ending_balance: minor units."""

    id: str
    currency: str
    customer: str
    ending_balance: int
    net_amount: int


CASH_TRANSACTION: Kind[CashTransaction] = Kind("customer_cash_balance_transaction")
AUTOMATIC: dict[str, object] = {"reconciliation_mode": "automatic", "using_merchant_default": True}
# The kind of transfer that a currency comes by.
TRANSFERS = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}
# What older API versions called a kind of transfer; Stripe's CLI does still.
OLDER_NAMES = {"jp_bank_account": "jp_bank_transfer"}
# What each kind of transfer is addressed by, with the networks that bring the money.
_ADDRESSES: dict[str, tuple[tuple[str, list[str]], ...]] = {
    "eu_bank_transfer": (("iban", ["sepa"]),),
    "gb_bank_transfer": (("sort_code", ["bacs", "fps"]),),
    "jp_bank_transfer": (("zengin", ["zengin"]),),
    "mx_bank_transfer": (("spei", ["spei"]),),
    "us_bank_transfer": (("aba", ["ach", "domestic_wire_us"]), ("swift", ["swift"])),
}
_COUNTRIES = {
    "eu_bank_transfer": "DE",
    "gb_bank_transfer": "GB",
    "jp_bank_transfer": "JP",
    "mx_bank_transfer": "MX",
    "us_bank_transfer": "US",
}
EU_COUNTRIES = frozenset({"BE", "DE", "ES", "FR", "IE", "NL"})


def balance(unit: UnitOfWork, customer: Customer) -> dict[str, object]:
    """Return the cash balance of a customer as Stripe shows it."""
    sums: dict[str, int] = {}
    for row in unit.list(CASH_TRANSACTION, customer=customer["id"]):
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net_amount"]
    return {
        "object": "cash_balance",
        "available": sums or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": customer.get("_cash_settings") or dict(AUTOMATIC),
    }


def is_automatic(customer: Customer) -> bool:
    """Return whether what arrives pays the customer's open payments by itself."""
    return (customer.get("_cash_settings") or AUTOMATIC)["reconciliation_mode"] == "automatic"


def available(unit: UnitOfWork, customer_id: str, currency: str) -> int:
    """Return what a customer has in a currency, in minor units."""
    return sum(row["net_amount"] for row in unit.list(CASH_TRANSACTION, customer=customer_id, currency=currency))


def add(
    unit: UnitOfWork, customer_id: str, currency: str, amount: int, kind: str, **details: object
) -> CashTransaction:
    """Move money to (or, below zero, from) a cash balance. Emits customer_cash_balance_transaction.created."""
    values: dict[str, object] = {
        "currency": currency,
        "customer": customer_id,
        "ending_balance": available(unit, customer_id, currency) + amount,
        "net_amount": amount,
        "type": kind,
        **details,
    }
    return unit.create(CASH_TRANSACTION, values)


def receive(unit: UnitOfWork, customer: Customer, currency: str, amount: int, reference: object) -> CashTransaction:
    """Let a bank transfer arrive. Emits cash_balance.funds_available."""
    kind = TRANSFERS.get(currency, "eu_bank_transfer")
    details: dict[str, object] = {"reference": reference, "type": kind, kind: _SENDERS[kind]}
    row = add(unit, customer["id"], currency, amount, "funded", funded={"bank_transfer": details})
    unit.emit("cash_balance.funds_available", balance(unit, customer))
    return row


_SENDERS: dict[str, dict[str, object]] = {
    "eu_bank_transfer": {"bic": "BANKDEFF", "iban_last4": "7061", "sender_name": "Jenny Rosen"},
    "gb_bank_transfer": {"account_number_last4": "6819", "sender_name": "Jenny Rosen", "sort_code": "108800"},
    "jp_bank_transfer": {"sender_bank": "Test bank", "sender_branch": "Test branch", "sender_name": "Jenny Rosen"},
    "mx_bank_transfer": {},
    "us_bank_transfer": {"network": "ach", "sender_name": "Jenny Rosen"},
}


def draw(unit: UnitOfWork, intent: PaymentIntent, most: int | None = None) -> tuple[int, int]:
    """Take what an intent still needs from its customer's balance. Returns what was taken and what is left to pay."""
    customer_id = intent["customer"]
    if customer_id is None:
        raise parameter_missing("customer")
    needed = intent["amount"] - (intent.get("_applied") or 0)
    amount = min(needed if most is None else most, needed, available(unit, customer_id, intent["currency"]))
    if amount > 0:
        applied = {"payment_intent": intent["id"]}
        add(unit, customer_id, intent["currency"], -amount, "applied_to_payment", applied_to_payment=applied)
        unit.change(intent, {"_applied": intent["amount"] - needed + amount}, emits=())
    return max(amount, 0), needed - max(amount, 0)


def give_back(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """Put what was applied to an intent that is canceled back on the balance."""
    applied = intent.get("_applied") or 0
    if applied and intent["customer"]:
        named = {"payment_intent": intent["id"]}
        kind = "unapplied_from_payment"
        add(unit, intent["customer"], intent["currency"], applied, kind, unapplied_from_payment=named)
        unit.change(intent, {"_applied": 0}, emits=())


def instructions(unit: UnitOfWork, intent: PaymentIntent, left: int) -> dict[str, object]:
    """Return the `next_action` that says where to send the rest of the money."""
    kind, country = transfer_of(intent)
    page = f"{unit.environment.base_url}/_emulator/3ds/{intent['id']}?client_secret={intent['client_secret']}"
    return {
        "type": "display_bank_transfer_instructions",
        "display_bank_transfer_instructions": {
            "amount_remaining": left,
            "currency": intent["currency"],
            "financial_addresses": addresses(unit, str(intent["customer"]), kind, country),
            "hosted_instructions_url": page,
            "reference": intent["id"][-12:].upper(),
            "type": kind,
        },
    }


def transfer_of(intent: PaymentIntent) -> tuple[str, str]:
    """Return the kind of transfer that an intent asks for, and its country."""
    options = members(members(intent["payment_method_options"]).get("customer_balance"))
    transfer = members(options.get("bank_transfer"))
    default = TRANSFERS.get(intent["currency"])
    named = text(transfer.get("type"))
    kind = OLDER_NAMES.get(named, named) if named else default
    if kind is None or kind != default:
        raise invalid(
            f"Bank transfers of the type {kind} do not take {intent['currency']}.",
            "payment_method_options[customer_balance][bank_transfer][type]",
        )
    country = text(members(transfer.get("eu_bank_transfer")).get("country"))
    return kind, country or _COUNTRIES[kind]


def country_of(kind: str, wanted_country: str | None) -> str:
    """Return the country of the accounts that a kind of transfer goes to."""
    if kind == "eu_bank_transfer" and wanted_country is not None and wanted_country not in EU_COUNTRIES:
        raise invalid(
            f"Accounts in {wanted_country} are not to be had. Countries: {', '.join(sorted(EU_COUNTRIES))}.",
            "bank_transfer[eu_bank_transfer][country]",
        )
    return wanted_country or _COUNTRIES[kind]


def addresses(unit: UnitOfWork, customer_id: str, kind: str, country: str) -> list[dict[str, object]]:
    """Return the accounts that are a customer's own: the same ones each time."""
    seed = hashlib.sha256(f"{customer_id}{kind}{country}".encode()).hexdigest()
    number = str(int(seed[:15], 16)).rjust(18, "0")[-12:]
    name = unit.environment.config.business["name"]
    place = {**ADDRESS, "country": country, "city": "Test city", "line1": "1 Test street", "postal_code": "12345"}
    owner: dict[str, object] = {"account_holder_address": place, "account_holder_name": name, "bank_address": place}
    bank: dict[str, dict[str, object]] = {
        "aba": {"account_number": number, "account_type": "checking", "bank_name": "STRIPE TEST BANK", "routing_number": "110000000"},
        "iban": {"bic": f"TEST{country}FF", "country": country, "iban": f"{country}{seed_digits(seed)}"},
        "sort_code": {"account_number": number[:8], "sort_code": "200000"},
        "spei": {"bank_code": "002", "bank_name": "STRIPE TEST BANK", "clabe": f"002180{number}"},
        "swift": {"account_number": number, "account_type": "checking", "bank_name": "STRIPE TEST BANK", "swift_code": "TESTUS99"},
        "zengin": {
            "account_number": number[:7],
            "account_type": "futsu",
            "bank_code": "0000",
            "bank_name": "STRIPE TEST BANK",
            "branch_code": "000",
            "branch_name": "TEST",
        },
    }  # fmt: skip
    return [
        {"type": form, "supported_networks": networks, form: {**owner, **bank[form]}}
        for form, networks in _ADDRESSES[kind]
    ]


def seed_digits(seed: str) -> str:
    """Return the twenty digits that follow the country of a test IBAN."""
    return str(int(seed[:20], 16)).rjust(20, "0")[-20:]
