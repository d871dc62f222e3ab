"""A customer's cash balance, filled by test transfers. https://docs.stripe.com/api/cash_balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.declarations.schema import Schema, read_only
from payloom_emulator.core.request_context import required
from payloom_emulator.kit.kind import Kind
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer


class CashTransaction(TypedDict):
    """A movement of a cash balance. net_amount, ending_balance: minor units."""

    id: str
    currency: str
    customer: str
    ending_balance: int
    net_amount: int


CASH_TRANSACTION: Kind[CashTransaction] = Kind("customer_cash_balance_transaction")
_SETTINGS: dict[str, object] = {"reconciliation_mode": "automatic", "using_merchant_default": True}


def _balance(unit: UnitOfWork, customer: Customer) -> dict[str, object]:
    sums: dict[str, int] = {}
    for row in unit.list(CASH_TRANSACTION, customer=customer["id"]):
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net_amount"]
    return {
        "object": "cash_balance",
        "available": sums or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": customer.get("_cash_settings") or dict(_SETTINGS),
    }


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    return _balance(call.unit, call.unit.get(kinds.CUSTOMER, call.ids["customer"]))


def _update(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    mode = text(members(call.params.get("settings")).get("reconciliation_mode"))
    if mode:
        default = mode == "merchant_default"
        settings = {"reconciliation_mode": "automatic" if default else mode, "using_merchant_default": default}
        call.unit.change(customer, {"_cash_settings": settings}, emits=())
    return _balance(call.unit, customer)


def _fund(call: RequestContext[Params]) -> Mapping[str, object]:
    """Let a bank transfer arrive. It stays on the balance: payments by customer balance are not covered."""
    unit = call.unit
    customer = unit.get(kinds.CUSTOMER, call.ids["customer"])
    amount = required(integer(call.params.get("amount")), "amount")
    currency = money.currency(required(text(call.params.get("currency")), "currency"))
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    before = sum(r["net_amount"] for r in unit.list(CASH_TRANSACTION, customer=customer["id"], currency=currency))
    transaction = unit.create(
        CASH_TRANSACTION,
        {
            "currency": currency,
            "customer": customer["id"],
            "ending_balance": before + amount,
            "funded": {"bank_transfer": {"reference": call.params.get("reference"), "type": _TRANSFERS.get(currency)}},
            "net_amount": amount,
            "type": "funded",
        },
    )
    unit.emit("cash_balance.funds_available", _balance(unit, customer))
    return {**transaction}


_TRANSFERS = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}


def _transactions(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    return call.page(CASH_TRANSACTION, customer=customer["id"])


def _transaction(call: RequestContext[Params]) -> CashTransaction:
    row = call.unit.get(CASH_TRANSACTION, call.ids["transaction"])
    if row["customer"] != call.ids["customer"]:
        raise missing(CASH_TRANSACTION, call.ids["transaction"])
    return row


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
    endpoints=Endpoints(operations=(Operation("GET", _PATH, _retrieve), Operation("POST", _PATH, _update))),
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
