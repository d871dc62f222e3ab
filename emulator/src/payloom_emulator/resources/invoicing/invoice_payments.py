"""Invoice payments: what was paid, or is to be paid, for an invoice. https://docs.stripe.com/api/invoice-payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import machines
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.params.invoice_payments import InvoicePaymentListParams


def _list_payments(call: RequestContext[InvoicePaymentListParams]) -> Mapping[str, object]:
    payment: JsonMapping = call.params.get("payment") or {}
    names = ("invoice", "status")
    filters: dict[str, object] = {name: call.params.get(name) for name in names if call.params.get(name)}
    if intent_id := payment.get("payment_intent"):
        filters["payment_intent"] = intent_id
    elif payment and payment.get("type") == "payment_intent":
        raise parameter_missing("payment[payment_intent]")
    return call.page(kinds.INVOICE_PAYMENT, **filters)


INVOICE_PAYMENT = Resource(
    schema=Schema(
        object="invoice_payment",
        prefix="inpay_1",
        id_length=23,
        path="/v1/invoice_payments",
        fields=(
            read_only("amount_paid"),
            read_only("amount_requested", 0),
            read_only("created"),
            read_only("currency"),
            read_only("invoice"),
            read_only("is_default", True),
            read_only("livemode", False),
            read_only("payment"),
            read_only("status", "open"),
            read_only("status_transitions", {"canceled_at": None, "paid_at": None}),
        ),
        machine=machines.INVOICE_PAYMENT_MACHINE,
        filters=("invoice", "status", ("payment_intent", "payment.payment_intent")),
    ),
    endpoints=Endpoints(can=("retrieve",), operations=(Operation("GET", "/v1/invoice_payments", _list_payments),)),
)

RESOURCES = (INVOICE_PAYMENT,)
