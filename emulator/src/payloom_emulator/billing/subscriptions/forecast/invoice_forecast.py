"""The next invoice of a subscription, as the renewal would make it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import settings
from payloom_emulator.billing.invoices import invoice_lifecycle, lines
from payloom_emulator.billing.savepoint import savepoint
from payloom_emulator.billing.subscriptions import items, renew_subscription
from payloom_emulator.billing.subscriptions.renew_subscription import ENDED
from payloom_emulator.core.differences import with_changes
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.subscriptions import Subscription


def upcoming(unit: UnitOfWork, subscription: Subscription) -> Invoice:
    """Return the invoice the subscription's next renewal will make."""
    at = items.next_end(items.of(unit, subscription))
    with savepoint(unit, now=at) as later:
        own_subscription = later.get(kinds.SUBSCRIPTION, subscription["id"])
        over = own_subscription["status"] == "trialing"
        invoice = renew_subscription.turn(later, own_subscription, trial_over=over)
    if invoice is None:
        raise nothing_to_invoice(subscription["id"])
    return as_preview(unit, invoice, at)


def as_preview(unit: UnitOfWork, invoice: Invoice, at: int) -> Invoice:
    """Return an invoice that was made and undone as the preview of one. at: when it would be made, in Unix seconds."""
    preview = {k: v for k, v in invoice.items() if k != "_token"}
    data = [with_changes(line, {"invoice": None}) for line in invoice_lifecycle.all_lines(invoice)]
    preview.update(
        {
            "id": unit.environment.ids.new("upcoming_in_1", 23),
            "status": "draft",
            "number": None,
            "created": at,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "effective_at": None,
            "ending_balance": min(0, invoice["starting_balance"] + invoice["total"]),
            "next_payment_attempt": at + 3600 if invoice["collection_method"] == "charge_automatically" else None,
            "auto_advance": True,
            "attempted": False,
            "attempt_count": 0,
            "automatically_finalizes_at": None,
            "amount_paid": 0,
            "amount_remaining": invoice["amount_due"],
            "lines": {
                "object": "list",
                "data": data[: lines.SHOWN],
                "has_more": len(data) > lines.SHOWN,
                "total_count": len(data),
                "url": f"/v1/invoices/upcoming/lines?subscription={invoice_lifecycle.subscription_of(invoice) or ''}",
            },
            "_lines": data,
        }
    )
    return cast("Invoice", preview)  # all fields but the page's token


def announce(unit: UnitOfWork, subscription: Subscription) -> None:
    """Timer: a few days before renewal, `invoice.upcoming` shows what it will be."""
    if subscription["status"] in ENDED or subscription["cancel_at_period_end"]:
        return
    if settings.read(unit.store).upcoming_days:
        preview = upcoming(unit, subscription)
        # What does not exist yet has no id.
        unit.emit("invoice.upcoming", cast("Invoice", {name: value for name, value in preview.items() if name != "id"}))


def nothing_to_invoice(name: str) -> StripeError:
    """Return the error of a preview of a subscription or customer that will not be invoiced."""
    return StripeError(
        f"No upcoming invoices for {'subscription' if name.startswith('sub_') else 'customer'}: {name}",
        status=404,
        code="invoice_upcoming_none",
    )
