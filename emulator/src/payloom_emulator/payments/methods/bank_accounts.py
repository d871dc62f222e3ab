"""Bank accounts that customers have as sources: saved by a token or in full, verified by deposits, then charged."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.core.differences import public_fields
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import debited_accounts, payment_methods
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import is_object, text

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.payment_methods import BankAccount, PaymentMethod


def names_bank(unit: UnitOfWork, source: object) -> bool:
    """Return whether a source in full, or the token it names, is a bank account."""
    if is_object(source):
        return source.get("object") == "bank_account" or "account_number" in source
    if isinstance(source, str) and source.startswith("btok_"):
        return True
    token = unit.find(kinds.TOKEN, text(source))
    return token is not None and token["type"] == "bank_account"


def account_fields(unit: UnitOfWork, data: JsonMapping, param: str = "bank_account") -> dict[str, object]:
    """Return a new bank account of `{account_number, routing_number, country, currency, …}`."""
    for name in ("account_number", "country"):
        if not data.get(name):
            raise parameter_missing(f"{param}[{name}]")
    number = str(data["account_number"])
    routing = text(data.get("routing_number"))
    if data["country"] == "US":
        debited_accounts.check_routing_number(routing, param)
    return {
        "id": unit.environment.ids.new("ba_1", 23),
        "object": "bank_account",
        "account_holder_name": data.get("account_holder_name"),
        "account_holder_type": data.get("account_holder_type"),
        "account_type": None,
        "bank_name": "STRIPE TEST BANK",
        "country": data["country"],
        "currency": data.get("currency", "usd"),
        "fingerprint": test_cards.Card(number, "bank").fingerprint,
        "last4": number[-4:],
        "routing_number": routing,
        "status": "new",
    }


def take(unit: UnitOfWork, source: object, param: str) -> dict[str, object]:
    """Return the account that a token or the parameters in full stand for, with its number as `_account`."""
    if is_object(source):
        return {**account_fields(unit, source, param), "_account": str(source.get("account_number"))}
    token = unit.get(kinds.TOKEN, str(source), param)
    if token["used"]:
        raise invalid(f"You cannot use a Stripe token more than once: {source}.", param, "token_already_used")
    unit.change(token, {"used": True}, emits=())
    return {**public_fields(present(token["bank_account"])), "_account": token.get("_account")}


def save(unit: UnitOfWork, customer: Customer, source: object, param: str, *, default: bool) -> BankAccount:
    """Save a bank account on a customer. It can be charged once it is verified."""
    values: dict[str, object] = {**take(unit, source, param), "customer": customer["id"], "metadata": dict[str, str]()}
    account = unit.create(kinds.BANK_ACCOUNT, values, emits=("customer.source.created",))
    if default or not customer["default_source"]:
        unit.change(customer, {"default_source": account["id"]})
    return account


def verify(unit: UnitOfWork, account: BankAccount, deposits: list[int]) -> BankAccount:
    """Verify the account by the amounts of the two test deposits."""
    if account["status"] == "verified":
        raise invalid("This bank account has already been verified.")
    expected, _ = test_cards.MICRODEPOSITS
    if sorted(deposits) != sorted(expected):
        raise invalid("The amounts provided do not match the amounts that were sent to the bank account.", "amounts")
    return unit.change(account, {"status": "verified"}, emits=("customer.source.updated",))


def method_of(unit: UnitOfWork, account: BankAccount, param: str) -> PaymentMethod:
    """Return the payment method that stands for a verified bank account."""
    if account["status"] != "verified":
        raise invalid(
            "The customer's bank account must be verified in order to create an ACH payment.",
            param,
            "bank_account_unverified",
        )
    method_id = f"pm_{account['id']}"
    existing = unit.find(kinds.PAYMENT_METHOD, method_id)
    if existing is not None:
        return existing
    number = str(cast("JsonMapping", account).get("_account"))
    return unit.create(
        kinds.PAYMENT_METHOD,
        {
            "id": method_id,
            "type": "us_bank_account",
            "billing_details": {**payment_methods.BILLING_DETAILS, "name": account["account_holder_name"]},
            "us_bank_account": debited_accounts.fields(
                "us_bank_account", number, {"routing_number": account["routing_number"] or ""}
            ),
            "customer": account["customer"],
            "_account": number,
            "_verified": True,
            "_source_object": public_fields(account),
        },
    )
