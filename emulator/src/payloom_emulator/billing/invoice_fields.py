"""The fields of an invoice that a call sets, at create and at update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import invoice_lifecycle, payments
from payloom_emulator.connect import fees, liability
from payloom_emulator.core.request_context import provided
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import in_past, invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.params.invoices import InvoiceCreateParams, InvoiceUpdateParams

AUTOMATIC_TAX = {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None}
PAYMENT_SETTINGS = {"default_mandate": None, "payment_method_options": None, "payment_method_types": None}
RENDERING = {"amount_tax_display": None, "pdf": None, "template": None, "template_version": None}
_PLAIN = [
    "custom_fields",
    "description",
    "effective_at",
    "footer",
    "on_behalf_of",
    "statement_descriptor",
    "account_tax_ids",
    "default_source",
    "rendering",
    "shipping_details",
]


def of_params(
    call: RequestContext[InvoiceCreateParams | InvoiceUpdateParams], method: str, customer_id: str | None
) -> dict[str, object]:
    """Return what the parameters say of a customer's invoice that is collected by `method`."""
    params, unit = call.params, call.unit
    values: dict[str, object] = {n: provided(params.get(n)) for n in _PLAIN if n in params}
    payments.check_source(unit, params.get("default_source"), "default_source")
    if method_id := params.get("default_payment_method"):
        payment_methods.check_owner(unit, method_id, customer_id, "default_payment_method")
        values["default_payment_method"] = method_id
    if "default_tax_rates" in params:
        values["default_tax_rates"] = tax_rates(unit, params["default_tax_rates"], "default_tax_rates")
    if "payment_settings" in params:
        values["payment_settings"] = {**PAYMENT_SETTINGS, **params["payment_settings"]}
    if "automatic_tax" in params:
        on = params["automatic_tax"]["enabled"]
        values["automatic_tax"] = {
            **AUTOMATIC_TAX,
            "enabled": on,
            "provider": "stripe" if on else None,
            "status": "complete" if on else None,
            "liability": liability.of_taxes(unit, params["automatic_tax"]),
        }
    if "issuer" in params:
        values["issuer"] = liability.owner_of(unit, params["issuer"], "issuer")
    fees.check(unit, params.get("application_fee_amount"), params.get("transfer_data"), param="application_fee_amount")
    if older := members(members(params).get("rendering_options")):
        values["rendering"] = {**RENDERING, "amount_tax_display": older.get("amount_tax_display") or None}
    for name in ("application_fee_amount", "transfer_data"):
        if name in params:
            values[f"_{name}"] = provided(params.get(name))
    if moment := params.get("automatically_finalizes_at"):
        values["automatically_finalizes_at"] = moment
    values.update(_due(call, method))
    return values


def _due(call: RequestContext[InvoiceCreateParams | InvoiceUpdateParams], method: str) -> dict[str, object]:
    params, unit = call.params, call.unit
    values: dict[str, object] = {}
    due, days = params.get("due_date"), params.get("days_until_due")
    new = not call.ids
    if method != "send_invoice" and (due is not None or days is not None):
        raise invalid(
            "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'."
        )
    if method == "send_invoice" and new and due is None and days is None:
        raise invalid(
            "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'."
        )
    if due is not None:
        if due <= unit.now:
            raise in_past("due_date", due)
        values["due_date"] = due
    if days is not None:
        values["_days_until_due"] = days
        values["due_date"] = unit.now + days * invoice_lifecycle.DAY
    return values
