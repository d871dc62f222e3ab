"""The life of an invoice: draft, lines, finalize, paid, void, uncollectible. `collect_invoice.py` takes the money."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import settings
from payloom_emulator.billing.embedded_objects import embedded
from payloom_emulator.billing.invoices import credit_grants, customer_balance, lines
from payloom_emulator.billing.pricing import discounts, totals
from payloom_emulator.catalog import automatic_tax
from payloom_emulator.core.differences import with_changes
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.catalog.taxation import Place
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import ListOf
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import (
        Invoice,
        InvoiceAutomaticTax,
        InvoiceLineItem,
        InvoiceParent,
        InvoiceParentSubscriptionDetails,
        InvoiceTotalTax,
    )
    from payloom_emulator.objects.subscriptions import Subscription

DAY = 86_400


CUSTOMER_FIELDS = {
    "customer_address": "address",
    "customer_email": "email",
    "customer_name": "name",
    "customer_phone": "phone",
    "customer_shipping": "shipping",
    "customer_tax_exempt": "tax_exempt",
}


class InvoiceAmounts(totals.Sums):
    """The fields of an invoice that follow from its lines, in minor units."""

    _lines: list[InvoiceLineItem]
    lines: ListOf[InvoiceLineItem]
    automatic_tax: InvoiceAutomaticTax
    starting_balance: int
    amount_due: int
    amount_remaining: int


def customer_fields(unit: UnitOfWork, customer: Customer) -> dict[str, object]:
    """Return what an invoice copies from its customer."""
    snapshot = {field: customer.get(customer_field) for field, customer_field in CUSTOMER_FIELDS.items()}
    tax_ids = unit.list(kinds.TAX_ID, customer=customer["id"], oldest_first=True)
    return {**snapshot, "customer_tax_ids": [{"type": t["type"], "value": t["value"]} for t in tax_ids]}


def subscription_parent(subscription: Subscription) -> InvoiceParent:
    """Return the `parent` of an invoice made by a subscription."""
    details: InvoiceParentSubscriptionDetails = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
    }
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def unsaved(unit: UnitOfWork, subscription: Subscription) -> Invoice:
    """Return an invoice of the subscription that is not stored, to ask what it would be paid with."""
    parent = subscription_parent(subscription)
    return with_changes(unit.blank(kinds.INVOICE), {"customer": subscription["customer"], "parent": parent})


def subscription_of(invoice: Invoice) -> str | None:
    """Return the id of the subscription an invoice belongs to."""
    parent = invoice.get("parent")
    details = parent["subscription_details"] if parent else None
    return details["subscription"] if details else None


def draft(unit: UnitOfWork, customer: Customer, rows: list[InvoiceLineItem], values: Mapping[str, object]) -> Invoice:
    """Make a draft with these lines. Emits invoice.created.

    values: fields of the invoice; `currency` and `billing_reason` are needed. Pending invoice items among the lines
    are marked as belonging to it.
    """
    account = unit.environment.config.business
    no_lines: list[InvoiceLineItem] = []
    fields: dict[str, object] = {
        "account_country": account.get("country"),
        "account_name": account.get("name"),
        "customer": customer["id"],
        "customer_account": customer.get("customer_account"),
        "lines": embedded(no_lines, ""),
        "test_clock": customer.get("test_clock"),
        **customer_fields(unit, customer),
        "period_start": unit.now,
        "period_end": unit.now,
        "id": unit.environment.ids.new("in_1", 23),
        **values,
    }
    fields.update(amount_fields(unit, with_changes(unit.blank(kinds.INVOICE), fields), rows, customer))
    invoice = unit.create(kinds.INVOICE, fields, emits=())
    for line in rows:
        item = unit.find(kinds.INVOICEITEM, line.get("_item"))
        if item is not None:
            unit.change(item, {"invoice": invoice["id"], "_pending": False})
    unit.emit("invoice.created", invoice)
    return invoice


def amount_fields(
    unit: UnitOfWork,
    invoice: Invoice,
    rows: list[InvoiceLineItem],
    customer: Customer | None = None,
    *,
    is_final: bool = False,
) -> InvoiceAmounts:
    """Return the changes that give an invoice these lines: discounts, credits, taxes, sums, what is due.

    is_final: billing credits pay what they can.
    """
    owner = customer or unit.find(kinds.CUSTOMER, invoice["customer"], deleted=True)
    whole = list(invoice.get("discounts") or [])
    named = [*whole, *(d for line in rows for d in line["discounts"])]
    offs = discounts.applying(unit, named, invoice["currency"], invoice.get("period_start") or unit.now)
    on = automatic_tax.is_on(invoice)
    place = automatic_tax.locate(unit, owner) if on else None
    done, sums = totals.compute(
        unit,
        [with_changes(line, {"invoice": invoice["id"]}) for line in rows],
        offs=offs,
        whole=whole,
        rates=invoice.get("default_tax_rates") or [],
        exempt=(owner["tax_exempt"] if owner else None) or "none",
        shipping=invoice["shipping_cost"]["amount_total"] if invoice["shipping_cost"] else 0,
        pay=(lambda lines: credit_grants.pay_lines(unit, owner, invoice, lines)) if owner and is_final else None,
        tax=tax_finder(unit, place) if on else None,
    )
    starting = owner["balance"] or 0 if owner else 0
    due = max(0, sums["total"] + starting) if invoice.get("_use_balance", True) else max(0, sums["total"])
    url = f"/v1/invoices/{invoice['id']}/lines"
    return {
        **sums,
        "automatic_tax": with_changes(
            invoice["automatic_tax"], {"status": automatic_tax.status_of(place is not None) if on else None}
        ),
        "_lines": done,
        "lines": embedded(done, url, page_size=lines.SHOWN),
        "starting_balance": starting,
        "amount_due": due,
        "amount_remaining": due,
    }


def tax_finder(unit: UnitOfWork, place: Place | None) -> Callable[[InvoiceLineItem, int], list[InvoiceTotalTax]]:
    """Return what finds the taxes of a line of which an amount in minor units is left."""

    def find(line: InvoiceLineItem, left: int) -> list[InvoiceTotalTax]:
        details = line["pricing"]["price_details"] if line["pricing"] else None
        price = unit.find(kinds.PRICE, details["price"], deleted=True) if details else None
        return automatic_tax.of_invoice_line(automatic_tax.of_line(unit, place, left, price, line["currency"]))

    return find


def set_lines(
    unit: UnitOfWork, invoice: Invoice, rows: list[InvoiceLineItem], more: Mapping[str, object] | None = None
) -> Invoice:
    """Give a draft other lines and all that follows from them. Emits invoice.updated. more: further changes."""
    changes = more or {}
    return unit.change(invoice, {**changes, **amount_fields(unit, with_changes(invoice, changes), rows)})


def all_lines(invoice: Invoice) -> list[InvoiceLineItem]:
    """Return every line, also beyond those the object shows."""
    return invoice.get("_lines") or invoice["lines"]["data"]


def finalize(unit: UnitOfWork, invoice: Invoice, *, auto_advance: bool | None = None) -> Invoice:
    """Make a draft final: number, links, due date, customer balance. Emits invoice.finalized.

    The invoice is open afterwards, also when nothing is due; `collect_invoice.advance` takes it from there.
    """
    customer = present(unit.find(kinds.CUSTOMER, invoice["customer"], deleted=True))
    copied = customer_fields(unit, customer)
    amounts = amount_fields(unit, with_changes(invoice, copied), all_lines(invoice), customer, is_final=True)
    changes: dict[str, object] = {**copied, **amounts}
    if amounts["automatic_tax"]["status"] == "requires_location_inputs":
        changes["automatic_tax"] = {**invoice_without_place(invoice), "status": None}
    token = f"test_{unit.environment.ids.new('', 40)}"
    account, base_url = unit.account, unit.environment.base_url
    changes.update(
        {
            "auto_advance": invoice["auto_advance"] if auto_advance is None else auto_advance,
            "automatically_finalizes_at": None,
            "next_payment_attempt": None,
            "effective_at": invoice.get("effective_at") or unit.now,
            "ending_balance": amounts["starting_balance"],
            "hosted_invoice_url": f"{base_url}/i/{account}/{token}?s=ap",
            "invoice_pdf": f"{base_url}/invoice/{account}/{token}/pdf?s=ap",
            "number": invoice.get("number") or _number(unit, customer),
            "webhooks_delivered_at": unit.now,
            "status_transitions": {**invoice["status_transitions"], "finalized_at": unit.now},
            "_token": token,
        }
    )
    if invoice["collection_method"] == "send_invoice" and invoice.get("due_date") is None:
        changes["due_date"] = unit.now + DAY * (invoice.get("_days_until_due") or 0)
    unit.unschedule("finalize", invoice)
    changes.update(_use_balance(unit, customer, invoice, amounts))
    unit.transition(invoice, "finalize", changes)
    discounts.spend(unit, [d["discount"] for d in present(invoice["total_discount_amounts"]) if d["amount"] > 0])
    if invoice["due_date"] is not None and invoice["amount_due"] > 0:
        unit.schedule("overdue", invoice, invoice["due_date"])
    return invoice


def invoice_without_place(invoice: Invoice) -> dict[str, object]:
    """Return the `automatic_tax` of an invoice that became final although nobody could tell where the customer is."""
    return {
        **invoice["automatic_tax"],
        "disabled_reason": "finalization_requires_location_inputs",
        "enabled": False,
        "liability": None,
        "provider": None,
    }


def _number(unit: UnitOfWork, customer: Customer) -> str:
    sequence = customer.get("next_invoice_sequence") or 1
    prefix = customer.get("invoice_prefix") or "LOCAL"
    if not unit.is_deleted(customer["id"]):
        unit.change(customer, {"next_invoice_sequence": sequence + 1}, emits=())
    return f"{prefix}-{sequence:04d}"


def _use_balance(unit: UnitOfWork, customer: Customer, invoice: Invoice, amounts: InvoiceAmounts) -> dict[str, object]:
    """Settle the invoice with the customer's balance: credit (negative) lowers what is due, debt raises it."""
    starting, total = amounts["starting_balance"], amounts["total"]
    applied = total - max(0, starting + total)  # negative when debt is collected with the invoice
    if applied and not unit.is_deleted(customer["id"]):
        customer_balance.add(
            unit, customer, applied, invoice["currency"], kind="applied_to_invoice", invoice=invoice["id"]
        )
    return {"ending_balance": starting + applied}


def mark_paid(
    unit: UnitOfWork, invoice: Invoice, amount: int, *, out_of_band: bool = False, attempted: bool = True
) -> Invoice:
    """Move an open (or uncollectible) invoice to paid. Emits invoice.updated and no other event.

    amount: in minor units. out_of_band: the customer paid outside Stripe.
    """
    for timer in ("collect", "overdue"):
        unit.unschedule(timer, invoice)
    changes: dict[str, object] = {
        "amount_paid": invoice["amount_paid"] + (0 if out_of_band else amount),
        "amount_remaining": 0,
        "attempted": attempted,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status_details": None,
        "status_transitions": {**invoice["status_transitions"], "paid_at": unit.now},
    }
    if out_of_band:
        changes["amount_paid_off_stripe"] = amount
        changes["amount_paid"] = invoice["amount_paid"] + amount
        changes["_out_of_band"] = True
    return unit.transition(invoice, "pay", changes, emits=("invoice.updated",) if amount else ())


NOT_OPEN = "You can only pass in open invoices. This invoice isn't open."
NOT_VOIDED = {"paid": "Invoices with `paid` payments cannot be voided."}
"""What is said of an invoice that cannot be voided, by its status."""


def void(unit: UnitOfWork, invoice: Invoice) -> Invoice:
    """Void an open invoice; credit it used goes back to the customer. Emits invoice.voided."""
    check_open(invoice, NOT_VOIDED)
    _drop_timers(unit, invoice)
    used = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    customer = unit.find(kinds.CUSTOMER, invoice["customer"])
    if used and customer is not None:
        kind = "unapplied_from_invoice"
        customer_balance.add(unit, customer, -used, invoice["currency"], kind=kind, invoice=invoice["id"])
    credit_grants.invoice_voided(unit, invoice)
    return unit.transition(
        invoice,
        "void",
        {
            "auto_advance": False,
            "next_payment_attempt": None,
            "status_transitions": {**invoice["status_transitions"], "voided_at": unit.now},
        },
    )


def write_off(unit: UnitOfWork, invoice: Invoice, reason: str = "user_forgiven") -> Invoice:
    """Mark an open invoice uncollectible. Emits invoice.marked_uncollectible."""
    check_open(invoice, {"uncollectible": "This invoice has already been marked uncollectible."})
    _drop_timers(unit, invoice)
    transitions = {**invoice["status_transitions"], "marked_uncollectible_at": unit.now}
    return unit.transition(
        invoice,
        "mark_uncollectible",
        {
            "auto_advance": False,
            "next_payment_attempt": None,
            "status_details": {"uncollectible": {"reason": reason}},
            "status_transitions": transitions,
        },
    )


def _drop_timers(unit: UnitOfWork, invoice: Invoice) -> None:
    for timer in ("collect", "overdue", "finalize"):
        unit.unschedule(timer, invoice)


def check_open(invoice: Invoice, messages: Mapping[str, str]) -> None:
    """Raise Stripe's 400 unless the invoice is open. messages: what is said of other states, by status."""
    if invoice["status"] != "open":
        raise invalid(messages.get(str(invoice["status"]), NOT_OPEN))


def starts_subscription(invoice: Invoice) -> bool:
    """Return whether its subscription is incomplete until this invoice is paid.

    A schedule starts a subscription active, with a draft as its first invoice.
    """
    return invoice["billing_reason"] == "subscription_create" and not invoice.get("_drafted")


def schedule_finalization(unit: UnitOfWork, invoice: Invoice) -> None:
    """Plan a draft's automatic finalization, an hour from now unless set otherwise."""
    at = invoice.get("automatically_finalizes_at") or unit.now + settings.read(unit.store).draft_seconds
    unit.change(invoice, {"automatically_finalizes_at": at}, emits=())
    unit.schedule("finalize", invoice, at)


def pending_lines(
    unit: UnitOfWork, customer_id: str, *, subscription: str | None, currency: str | None = None
) -> list[InvoiceLineItem]:
    """Return lines for the customer's pending invoice items: those of the subscription and those of none."""
    rows: list[InvoiceLineItem] = []
    for item in unit.list(kinds.INVOICEITEM, customer=customer_id, pending="true", oldest_first=True):
        parent = item.get("parent")
        details = parent["subscription_details"] if parent else None
        owner = details["subscription"] if details else None
        if owner not in {None, subscription} or (currency and item["currency"] != currency):
            continue
        rows.append(lines.for_invoice_item(unit, item))
    return rows
