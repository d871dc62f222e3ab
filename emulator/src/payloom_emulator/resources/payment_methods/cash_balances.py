"""A customer's cash balance. It stays empty: bank transfers into it are not emulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.declarations.schema import Schema, read_only
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    return {
        "object": "cash_balance",
        "available": None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


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
    endpoints=Endpoints(operations=(Operation("GET", "/v1/customers/{customer}/cash_balance", _retrieve),)),
)


RESOURCES = (CASH_BALANCE,)
