"""Credit notes: what of a final invoice is taken back, and where the money goes."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, TypedDict, Unpack

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import collect_invoice, customer_balance, invoice_lifecycle, payments
from payloom_emulator.billing.pricing import totals
from payloom_emulator.billing.pricing.rounding import rounded, share
from payloom_emulator.core.paging import list_of
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import refunds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import TaxRate
    from payloom_emulator.objects.invoices import (
        CreditNote,
        CreditNoteLineItem,
        CreditNoteRefund,
        Invoice,
        InvoiceTotalDiscountAmount,
        InvoiceTotalPretaxCreditAmount,
        InvoiceTotalTax,
    )
    from payloom_emulator.objects.params.credit_notes import (
        CreditNoteCreateParams,
        CreditNotePreviewParams,
        LineParams,
        RefundParams,
    )


NoteParams: TypeAlias = "CreditNoteCreateParams | CreditNotePreviewParams"


@dataclasses.dataclass(slots=True)
class Credit:
    """A credit note worked out, not yet issued. Amounts are in minor units.

    credit: what goes to the customer's balance. refund: what is to be refunded. out_of_band: what is given back outside
    Stripe. refunds: refunds that were made before, with their amounts.
    """

    fields: NoteSums
    credit: int
    refund: int
    out_of_band: int
    refunds: list[CreditNoteRefund]


def work_out(unit: UnitOfWork, params: NoteParams) -> tuple[Invoice, Credit]:
    """Return (invoice, what the parameters ask for), or raise Stripe's 400."""
    invoice = unit.get(kinds.INVOICE, params["invoice"], "invoice")
    if invoice["status"] not in {"open", "paid"}:
        raise invalid(
            f"You can only create credit notes for open or paid invoices; this one is {invoice['status']}.",
            "invoice",
            "invoice_not_editable",
        )
    rows = _lines(unit, invoice, params)
    fields = _sums(rows)
    total = fields["total"]
    left = _creditable(invoice)
    if total < 1:
        raise invalid("The credit note must be worth something.", "amount")
    if total > left:
        raise invalid(
            f"The sum of credit amounts ({total}) cannot be more than what is left of the invoice ({left}).", "amount"
        )
    earlier = [_refund(unit, r, i) for i, r in enumerate(params.get("refunds") or [])]
    if "refund" in params:
        earlier.append(_refund(unit, {"refund": params["refund"]}, 0))
    credit = Credit(
        fields,
        params.get("credit_amount") or 0,
        params.get("refund_amount") or 0,
        params.get("out_of_band_amount") or 0,
        earlier,
    )
    _check_split(invoice, total, credit, params)
    return invoice, credit


def _creditable(invoice: Invoice) -> int:
    """Return what can still be credited: all that was not yet, of what is open or was paid."""
    if invoice["status"] == "open":
        return invoice["amount_remaining"]
    return invoice["total"] - invoice["post_payment_credit_notes_amount"] - invoice["pre_payment_credit_notes_amount"]


def _refund(unit: UnitOfWork, entry: RefundParams, index: int) -> CreditNoteRefund:
    refund = unit.get(kinds.REFUND, entry.get("refund"), f"refunds[{index}][refund]")
    return {
        "amount_refunded": entry.get("amount_refunded") or refund["amount"],
        "payment_record_refund": None,
        "refund": refund["id"],
        "type": "refund",
    }


def _check_split(invoice: Invoice, total: int, credit: Credit, params: NoteParams) -> None:
    split = credit.credit + credit.refund + credit.out_of_band + sum(r["amount_refunded"] for r in credit.refunds)
    if invoice["status"] == "open":
        if split:
            raise invalid("An open invoice has no payment to give back; leave out the amounts.", "refund_amount")
        return
    if not split and not any(n in params for n in ("credit_amount", "refund_amount", "out_of_band_amount")):
        raise invalid(
            "The invoice is paid: say how the credit is given with refund_amount, credit_amount or out_of_band_amount.",
            "refund_amount",
        )
    if split != total:
        raise invalid(
            f"The sum of credit_amount, refund_amount, out_of_band_amount and refunds ({split}) must equal the credit note's total ({total}).",
            "refund_amount",
        )


def _lines(unit: UnitOfWork, invoice: Invoice, params: NoteParams) -> list[CreditNoteLineItem]:
    lines = params.get("lines")
    if lines:
        return [_line(unit, invoice, line, f"lines[{i}]") for i, line in enumerate(lines)]
    amount = params.get("amount")
    if amount is None:
        split = [params.get(n) or 0 for n in ("credit_amount", "refund_amount", "out_of_band_amount")]
        amount = sum(split) or _creditable(invoice)
    return [_custom(unit, {"type": "custom_line_item", "description": "Credit", "amount": amount}, [], None)]


def _line(unit: UnitOfWork, invoice: Invoice, line: LineParams, param: str) -> CreditNoteLineItem:
    given_rates = tax_rates(unit, line.get("tax_rates"), f"{param}[tax_rates]")
    if line["type"] == "custom_line_item":
        each = line.get("unit_amount_decimal", line.get("unit_amount"))
        if each is None and line.get("amount") is None:
            raise invalid("Custom lines need a unit_amount.", f"{param}[unit_amount]", "parameter_missing")
        return _custom(unit, line, given_rates, each)
    name = f"{param}[invoice_line_item]"
    line_id = line.get("invoice_line_item")
    source = next((row for row in invoice_lifecycle.all_lines(invoice) if row["id"] == line_id), None)
    if source is None:
        raise missing("line_item", str(line_id), param=name, status=400)
    amount, quantity = line.get("amount"), line.get("quantity")
    if amount is None:
        amount = source["amount"] if quantity is None else share(source["amount"], quantity, source["quantity"] or 1)
    reductions: list[InvoiceTotalDiscountAmount] = [
        {"amount": share(d["amount"], amount, source["amount"] or 1), "discount": d["discount"]}
        for d in present(source["discount_amounts"])
    ]
    taxes = [_share_of_tax(tax, amount, source["amount"] or 1) for tax in present(source["taxes"])]
    rates = [unit.find(kinds.TAX_RATE, present(t["tax_rate_details"])["tax_rate"], deleted=True) for t in taxes]
    return _row(
        unit,
        amount=amount,
        description=source["description"],
        discount_amounts=reductions,
        invoice_line_item=source["id"],
        quantity=quantity,
        tax_rates=[r for r in rates if r],
        taxes=taxes,
        type="invoice_line_item",
        metadata=line.get("metadata") or {},
    )


def _share_of_tax(tax: InvoiceTotalTax, amount: int, whole: int) -> InvoiceTotalTax:
    """Return the part of a line's tax that belongs to `amount` of its `whole` amount, both in minor units."""
    return {
        **tax,
        "amount": share(tax["amount"], amount, whole),
        "taxable_amount": share(tax["taxable_amount"] or 0, amount, whole),
    }


def _custom(unit: UnitOfWork, line: LineParams, rates: list[TaxRate], each: int | str | None) -> CreditNoteLineItem:
    quantity = line.get("quantity") or 1
    amount = line.get("amount") or 0 if each is None else rounded(Decimal(str(each)) * quantity)
    return _row(
        unit,
        amount=amount,
        description=line.get("description"),
        quantity=quantity,
        tax_rates=rates,
        taxes=[*totals.taxes_of(amount, rates, "none")],
        type="custom_line_item",
        unit_amount=None if each is None or Decimal(str(each)) % 1 else int(Decimal(str(each))),
        unit_amount_decimal=None if each is None else str(each),
        metadata=line.get("metadata"),
    )


class _RowFields(TypedDict, total=False):
    amount: int
    description: str | None
    discount_amounts: list[InvoiceTotalDiscountAmount]
    invoice_line_item: str
    metadata: dict[str, str] | None
    quantity: int | None
    tax_rates: list[TaxRate]
    taxes: list[InvoiceTotalTax]
    type: str
    unit_amount: int | None
    unit_amount_decimal: str | None


def _row(unit: UnitOfWork, **fields: Unpack[_RowFields]) -> CreditNoteLineItem:
    row: CreditNoteLineItem = {
        "id": unit.environment.ids.new("cnli_1", 23),
        "object": "credit_note_line_item",
        "amount": 0,
        "description": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": None,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "type": "custom_line_item",
        "unit_amount": None,
        "unit_amount_decimal": None,
        **fields,
    }
    row["discount_amount"] = sum(d["amount"] for d in row["discount_amounts"])
    return row


class NoteSums(TypedDict):
    """The fields of a credit note that follow from its lines, in minor units."""

    amount: int
    discount_amount: int
    discount_amounts: list[InvoiceTotalDiscountAmount]
    pretax_credit_amounts: list[InvoiceTotalPretaxCreditAmount]
    subtotal: int
    subtotal_excluding_tax: int
    total: int
    total_excluding_tax: int
    total_taxes: list[InvoiceTotalTax]
    _lines: list[CreditNoteLineItem]


def _sums(rows: list[CreditNoteLineItem]) -> NoteSums:
    sums = totals.sums(rows)
    return {
        "amount": sums["total"],
        "discount_amount": sum(d["amount"] for d in sums["total_discount_amounts"]),
        "discount_amounts": sums["total_discount_amounts"],
        "pretax_credit_amounts": sums["total_pretax_credit_amounts"],
        "subtotal": sums["subtotal"],
        "subtotal_excluding_tax": sums["subtotal_excluding_tax"],
        "total": sums["total"],
        "total_excluding_tax": sums["total_excluding_tax"],
        "total_taxes": sums["total_taxes"],
        "_lines": rows,
    }


def describe(unit: UnitOfWork, invoice: Invoice, credit: Credit, params: NoteParams) -> dict[str, object]:
    """Return the credit note's fields before it is issued."""
    total = credit.fields["total"]
    before = invoice["status"] == "open"
    number = len(unit.list(kinds.CREDIT_NOTE, invoice=invoice["id"])) + 1
    note_id = unit.environment.ids.new("cn_1", 23)
    return {
        **credit.fields,
        "id": note_id,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": invoice.get("customer_account"),
        "effective_at": params.get("effective_at") or unit.now,
        "invoice": invoice["id"],
        "lines": list_of(credit.fields["_lines"], f"/v1/credit_notes/{note_id}/lines", {"limit": 10}),
        "memo": params.get("memo"),
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "number": f"{invoice['number']}-CN-{number:02d}",
        "out_of_band_amount": credit.out_of_band or None,
        "pdf": f"{unit.environment.base_url}/credit_notes/{unit.account}/{note_id}/pdf",
        "post_payment_amount": 0 if before else total,
        "pre_payment_amount": total if before else 0,
        "reason": params.get("reason"),
        "refunds": list(credit.refunds),
        "type": "pre_payment" if before else "post_payment",
    }


def issue(unit: UnitOfWork, invoice: Invoice, credit: Credit, params: NoteParams) -> CreditNote:
    """Issue the note: an open invoice owes less, a paid one gives back. Emits credit_note.created."""
    values = describe(unit, invoice, credit, params)
    total = credit.fields["total"]
    if invoice["status"] == "open":
        note = unit.create(kinds.CREDIT_NOTE, values)
        _owe_less(unit, invoice, total)
        return note
    if credit.refund:
        values["refunds"] = [*credit.refunds, _give_back(unit, invoice, credit.refund)]
    note = unit.create(kinds.CREDIT_NOTE, values, emits=())
    if credit.credit:
        customer = unit.get(kinds.CUSTOMER, invoice["customer"])
        transaction = customer_balance.add(
            unit,
            customer,
            -credit.credit,
            invoice["currency"],
            kind="credit_note",
            credit_note=note["id"],
            invoice=invoice["id"],
        )
        unit.change(note, {"customer_balance_transaction": transaction["id"]}, emits=())
    unit.emit("credit_note.created", note)
    credited = invoice["post_payment_credit_notes_amount"] + total
    unit.change(invoice, {"post_payment_credit_notes_amount": credited})
    return note


def _give_back(unit: UnitOfWork, invoice: Invoice, amount: int) -> CreditNoteRefund:
    intent = collect_invoice.intent_of(unit, invoice)
    charge = unit.find(kinds.CHARGE, intent["latest_charge"]) if intent else None
    if charge is None:
        raise invalid("The invoice was not paid by a charge that could be refunded.", "refund_amount")
    refund = refunds.issue(unit, charge, amount=amount)
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}


def _owe_less(unit: UnitOfWork, invoice: Invoice, amount: int) -> None:
    due, left = invoice["amount_due"] - amount, invoice["amount_remaining"] - amount
    credited = invoice["pre_payment_credit_notes_amount"] + amount
    unit.change(invoice, {"amount_due": due, "amount_remaining": left, "pre_payment_credit_notes_amount": credited})
    if left == 0:
        collect_invoice.drop_payment(unit, invoice)
        collect_invoice.settle(unit, invoice, 0)
        return
    _amend(unit, invoice, left)


def _amend(unit: UnitOfWork, invoice: Invoice, left: int) -> None:
    payment, intent = collect_invoice.default_payment(unit, invoice), collect_invoice.intent_of(unit, invoice)
    if intent is not None and payment is not None:
        payments.amend(unit, intent, left)
        unit.change(payment, {"amount_requested": left}, emits=())


def void(unit: UnitOfWork, note: CreditNote) -> CreditNote:
    """Void a note of an invoice that is still open: it owes the amount again. Emits credit_note.voided."""
    invoice = unit.get(kinds.INVOICE, note["invoice"])
    if note["status"] != "issued":
        raise invalid("The credit note is void already.")
    if invoice["status"] != "open" or note["type"] != "pre_payment":
        raise invalid("You can only void credit notes of open invoices.")
    unit.transition(note, "void", {"voided_at": unit.now})
    due, left = invoice["amount_due"] + note["amount"], invoice["amount_remaining"] + note["amount"]
    credited = invoice["pre_payment_credit_notes_amount"] - note["amount"]
    unit.change(invoice, {"amount_due": due, "amount_remaining": left, "pre_payment_credit_notes_amount": credited})
    _amend(unit, invoice, left)
    return note
