"""A customer's cash balance: bank transfers, and what they pay. https://docs.stripe.com/api/cash_balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import customer_rules
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import attempts
from payloom_emulator.payments.methods import cash_balances
from payloom_emulator.payments.methods.cash_balances import CASH_TRANSACTION
from payloom_emulator.protocol.errors import below_one, invalid, missing
from payloom_emulator.protocol.json_shapes import integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.payments.methods.cash_balances import CashTransaction


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    return cash_balances.balance(call.unit, call.unit.get(kinds.CUSTOMER, call.ids["customer"]))


def _update(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    mode = text(members(call.params.get("settings")).get("reconciliation_mode"))
    if mode:
        call.unit.change(customer, {"_cash_settings": customer_rules.cash_settings(mode)}, emits=())
    return cash_balances.balance(call.unit, customer)


def _fund(call: RequestContext[Params]) -> Mapping[str, object]:
    """Let a bank transfer arrive. It pays what the customer has open, oldest first, unless that is done by hand."""
    unit = call.unit
    customer = unit.get(kinds.CUSTOMER, call.ids["customer"])
    amount = required(integer(call.params.get("amount")), "amount")
    currency = money.currency(required(text(call.params.get("currency")), "currency"))
    if amount < 1:
        raise below_one("amount")
    transaction = cash_balances.receive(unit, customer, currency, amount, call.params.get("reference"))
    if cash_balances.is_automatic(customer):
        _reconcile(unit, customer, currency)
    return {**transaction}


def _reconcile(unit: UnitOfWork, customer: Customer, currency: str) -> None:
    for intent in unit.list(kinds.PAYMENT_INTENT, customer=customer["id"], oldest_first=True):
        action = members(intent["next_action"]).get("type")
        if action == "display_bank_transfer_instructions" and intent["currency"] == currency:
            attempts.apply_cash(unit, intent)


def _transactions(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    return call.page(CASH_TRANSACTION, customer=customer["id"])


def _transaction(call: RequestContext[Params]) -> CashTransaction:
    row = call.unit.get(CASH_TRANSACTION, call.ids["transaction"])
    if row["customer"] != call.ids["customer"]:
        raise missing(CASH_TRANSACTION, call.ids["transaction"])
    return row


def _funding_instructions(call: RequestContext[Params]) -> Mapping[str, object]:
    """Return the accounts that belong to a customer: transfers to them fill the cash balance."""
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    currency = money.currency(required(text(call.params.get("currency")), "currency"))
    transfer = members(call.params.get("bank_transfer"))
    kind = required(text(transfer.get("type")), "bank_transfer[type]")
    if cash_balances.TRANSFERS.get(currency) != kind:
        raise invalid(f"Bank transfers of the type {kind} do not take {currency}.", "bank_transfer[type]")
    if kind == "eu_bank_transfer" and not transfer.get("eu_bank_transfer"):
        raise invalid(
            "Missing required param: bank_transfer[eu_bank_transfer].",
            "bank_transfer[eu_bank_transfer]",
            "parameter_missing",
        )
    country = cash_balances.country_of(kind, text(members(transfer.get("eu_bank_transfer")).get("country")))
    return {
        "object": "funding_instructions",
        "bank_transfer": {
            "country": country,
            "financial_addresses": cash_balances.addresses(call.unit, customer["id"], kind, country),
            "type": kind,
        },
        "currency": currency,
        "funding_type": "bank_transfer",
        "livemode": False,
    }


_PATH = "/v1/customers/{customer}/cash_balance"

CASH_BALANCE = Resource(
    schema=Schema(
        object="cash_balance",
        prefix="",
        fields=(
            read_only("available"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("livemode", False),
            read_only("settings"),
        ),
        has_created=False,
    ),
    endpoints=Endpoints(
        operations=(
            Operation("GET", _PATH, _retrieve),
            Operation("POST", _PATH, _update),
            Operation("POST", "/v1/customers/{customer}/funding_instructions", _funding_instructions),
        )
    ),
)


TRANSACTION = Resource(
    schema=Schema(
        object="customer_cash_balance_transaction",
        prefix="ccsbtxn_1",
        id_length=23,
        fields=(
            read_only("created"),
            read_only("currency"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("ending_balance", 0),
            read_only("livemode", False),
            read_only("net_amount", 0),
            read_only("type"),
        ),
        on_create=("customer_cash_balance_transaction.created",),
        filters=("customer", "currency"),
    ),
    endpoints=Endpoints(
        can=(),
        operations=(
            Operation("POST", "/v1/test_helpers/customers/{customer}/fund_cash_balance", _fund),
            Operation("GET", "/v1/customers/{customer}/cash_balance_transactions", _transactions),
            Operation("GET", "/v1/customers/{customer}/cash_balance_transactions/{transaction}", _transaction),
        ),
    ),
)


RESOURCES = (CASH_BALANCE, TRANSACTION)
