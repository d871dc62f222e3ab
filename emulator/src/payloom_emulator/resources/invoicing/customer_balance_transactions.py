"""A customer's balance, transaction by transaction. https://docs.stripe.com/api/customer_balance_transactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import customer_balance
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.customers import CustomerBalanceTransaction
    from payloom_emulator.objects.params.customers import CustomerBalanceTransactionCreateParams
    from payloom_emulator.objects.params.shared import CustomerBalanceTransactionUpdateParams


def _create(call: RequestContext[CustomerBalanceTransactionCreateParams]) -> CustomerBalanceTransaction:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    call.unit.use_clock_of(customer)
    currency = money.currency(call.params["currency"])
    if customer.get("currency") not in {None, currency}:
        raise invalid(
            f"The customer's currency is {customer['currency']}; their balance cannot change in {currency}.", "currency"
        )
    if call.params["amount"] == 0:
        raise invalid("The amount must not be 0.", "amount")
    return customer_balance.add(
        call.unit,
        customer,
        call.params["amount"],
        currency,
        description=provided(call.params.get("description")),
        metadata=merge_metadata({}, call.params.get("metadata") or {}),
    )


def _of_customer(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    invoice = call.params.get("invoice")
    return call.page(kinds.CUSTOMER_BALANCE_TRANSACTION, customer=customer["id"], invoice=invoice)


def _retrieve(call: RequestContext[Params]) -> CustomerBalanceTransaction:
    transaction = call.unit.get(kinds.CUSTOMER_BALANCE_TRANSACTION, call.ids["id"])
    if transaction["customer"] != call.ids["customer"]:
        raise missing("customer_balance_transaction", call.ids["id"])
    return transaction


def _update(call: RequestContext[CustomerBalanceTransactionUpdateParams]) -> CustomerBalanceTransaction:
    transaction = _retrieve(call)
    changes: dict[str, object] = {}
    if "description" in call.params:
        changes["description"] = provided(call.params.get("description"))
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(transaction["metadata"], call.params["metadata"])
    return call.unit.change(transaction, changes)


CUSTOMER_BALANCE_TRANSACTION = Resource(
    schema=Schema(
        object="customer_balance_transaction",
        prefix="cbtxn_1",
        id_length=23,
        fields=(
            read_only("amount", 0),
            read_only("checkout_session"),
            read_only("created"),
            read_only("credit_note"),
            read_only("currency"),
            read_only("customer"),
            read_only("customer_account"),
            settable("description"),
            read_only("ending_balance", 0),
            read_only("invoice"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("type", "adjustment"),
        ),
        filters=("customer", "invoice"),
    ),
    endpoints=Endpoints(
        can=(),
        operations=(
            Operation("POST", "/v1/customers/{customer}/balance_transactions", _create),
            Operation("GET", "/v1/customers/{customer}/balance_transactions", _of_customer),
            Operation("GET", "/v1/customers/{customer}/balance_transactions/{id}", _retrieve),
            Operation("POST", "/v1/customers/{customer}/balance_transactions/{id}", _update),
        ),
    ),
)


RESOURCES = (CUSTOMER_BALANCE_TRANSACTION,)
