"""Lines of a draft: added, changed and removed, each with the invoice item behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import invoice_items, invoice_lifecycle, lines
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.core.differences import with_changes
from payloom_emulator.kit.named_members import with_named
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.invoices import Invoice, InvoiceItem, InvoiceLineItem
    from payloom_emulator.objects.params.invoices import (
        InvoiceAddLinesParams,
        InvoiceLineItemUpdateParams,
        InvoiceRemoveLinesParams,
        InvoiceUpdateLinesParams,
        InvoiceUpdateLinesParamsLine,
    )


def _draft(invoice: Invoice) -> None:
    if invoice["status"] != "draft":
        raise invalid("Invalid invoice: This invoice is no longer editable", code="invoice_not_editable")


def attach_items(unit: UnitOfWork, invoice: Invoice, item: InvoiceItem) -> InvoiceLineItem:
    """Put a line for an invoice item on the draft."""
    _draft(invoice)
    if item["currency"] != invoice["currency"]:
        raise invalid(
            f"You cannot combine currencies on a single invoice. This invoice has invoice items currency {item['currency']} that conflicts with the invoice currency {invoice['currency']}."
        )
    line = lines.for_invoice_item(unit, item)
    invoice_lifecycle.set_lines(unit, invoice, [*invoice_lifecycle.all_lines(invoice), line])
    return line


def refresh(unit: UnitOfWork, invoice: Invoice, item: InvoiceItem) -> None:
    """Bring the item's line up to date with it."""
    new = lines.for_invoice_item(unit, item)
    rows = [
        with_changes(new, {"id": row["id"]}) if row.get("_item") == item["id"] else row
        for row in invoice_lifecycle.all_lines(invoice)
    ]
    invoice_lifecycle.set_lines(unit, invoice, rows)


def detach_items(unit: UnitOfWork, invoice: Invoice, item: InvoiceItem) -> None:
    """Take the item's line off the draft."""
    rows = [row for row in invoice_lifecycle.all_lines(invoice) if row.get("_item") != item["id"]]
    invoice_lifecycle.set_lines(unit, invoice, rows)


def add(call: ActionContext[InvoiceAddLinesParams, Invoice]) -> Invoice:
    """`POST /v1/invoices/{id}/add_lines`: pending items by id, or new ones."""
    unit, invoice = call.unit, call.target
    _draft(invoice)
    customer = unit.get(kinds.CUSTOMER, invoice["customer"])
    rows = list(invoice_lifecycle.all_lines(invoice))
    for index, line in enumerate(call.params["lines"]):
        param = f"lines[{index}]"
        item_id = line.get("invoice_item")
        if item_id:
            item = unit.get(kinds.INVOICEITEM, item_id, f"{param}[invoice_item]")
            unit.change(item, {"invoice": invoice["id"], "_pending": False}, emits=())
        else:
            item = invoice_items.build(
                unit, line, customer, param=param, invoice=invoice["id"], currency=invoice["currency"]
            )
        rows.append(lines.for_invoice_item(unit, item))
    return invoice_lifecycle.set_lines(unit, invoice, rows, _metadata(invoice, call.params))


def _metadata(
    invoice: Invoice,
    params: InvoiceAddLinesParams | InvoiceRemoveLinesParams | InvoiceUpdateLinesParams,
) -> dict[str, object]:
    metadata = params.get("invoice_metadata")
    return {} if metadata is None else {"metadata": merge_metadata(invoice["metadata"], metadata)}


def remove(call: ActionContext[InvoiceRemoveLinesParams, Invoice]) -> Invoice:
    """`POST /v1/invoices/{id}/remove_lines`: delete the items behind the lines, or let them wait again."""
    unit, invoice = call.unit, call.target
    _draft(invoice)
    rows = list(invoice_lifecycle.all_lines(invoice))
    for index, line in enumerate(call.params["lines"]):
        row = _find(rows, line["id"], f"lines[{index}][id]")
        rows.remove(row)
        item = unit.find(kinds.INVOICEITEM, row.get("_item"))
        if item is None:
            continue
        if line["behavior"] == "delete":
            unit.delete(item)
        else:
            unit.change(item, {"invoice": None, "_pending": True}, emits=())
    return invoice_lifecycle.set_lines(unit, invoice, rows, _metadata(invoice, call.params))


def update(call: ActionContext[InvoiceUpdateLinesParams, Invoice]) -> Invoice:
    """`POST /v1/invoices/{id}/update_lines`."""
    unit, invoice = call.unit, call.target
    _draft(invoice)
    rows = list(invoice_lifecycle.all_lines(invoice))
    for index, line in enumerate(call.params["lines"]):
        row = _find(rows, line["id"], f"lines[{index}][id]")
        rows[rows.index(row)] = _changed(unit, invoice, row, line, f"lines[{index}]")
    return invoice_lifecycle.set_lines(unit, invoice, rows, _metadata(invoice, call.params))


def update_one(call: RequestContext[InvoiceLineItemUpdateParams]) -> Mapping[str, object]:
    """`POST /v1/invoices/{id}/lines/{line}`: change one line and answer with it."""
    unit = call.unit
    invoice = unit.get(kinds.INVOICE, call.ids["id"])
    unit.use_clock_of(invoice)
    _draft(invoice)
    rows = list(invoice_lifecycle.all_lines(invoice))
    row = _find(rows, call.ids["line"], None)
    rows[rows.index(row)] = _changed(unit, invoice, row, call.params, "")
    invoice_lifecycle.set_lines(unit, invoice, rows)
    return next(line for line in invoice_lifecycle.all_lines(invoice) if line["id"] == row["id"])


def _find(rows: list[InvoiceLineItem], line_id: str, param: str | None) -> InvoiceLineItem:
    row = next((r for r in rows if r["id"] == line_id), None)
    if row is None:
        raise missing("line_item", line_id, param=param or "id", status=400 if param else 404)
    return row


def _changed(
    unit: UnitOfWork,
    invoice: Invoice,
    row: InvoiceLineItem,
    line: InvoiceUpdateLinesParamsLine | InvoiceLineItemUpdateParams,
    param: str,
) -> InvoiceLineItem:
    new = with_changes(row, {k: v for k, v in line.items() if k in {"description", "discountable", "period"}})
    if "metadata" in line:
        new["metadata"] = merge_metadata(row["metadata"], line["metadata"])
    if "tax_rates" in line:
        new["_tax_rates"] = [r["id"] for r in tax_rates(unit, line["tax_rates"], f"{param}[tax_rates]")]
    if "discounts" in line:
        new["discounts"] = discounts.attach(
            unit, line["discounts"], customer=invoice["customer"], invoice_item=row.get("_item") or row["id"]
        )
    names = ("amount", "pricing", "price_data", "quantity")
    if any(name in line for name in names):
        line_params: InvoiceLineItemUpdateParams = {}
        line_params = with_named(line_params, line, *names)
        each = present(row["pricing"])["unit_amount_decimal"] if line_params.keys() == {"quantity"} else None
        amounts = invoice_items.amounts_of(unit, line_params, param, invoice["currency"], unit_amount=each)
        new.update(
            {
                "amount": amounts["amount"],
                "quantity": amounts["quantity"],
                "quantity_decimal": amounts["quantity_decimal"],
                "pricing": amounts["pricing"],
            }
        )
        if amounts["description"] and "description" not in line:
            new["description"] = amounts["description"]
    return new
