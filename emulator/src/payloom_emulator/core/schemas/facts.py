"""The facts that rules publish through the unit of work, and that declarations of higher layers react to.

What reacts runs in the transaction of the unit of work that published the fact, at once and in declared order.
"""

from __future__ import annotations

from typing import Final

INTENT_CHANGED: Final = "intent_changed"
"""A PaymentIntent succeeded, failed or was canceled."""

INTENT_RESUMED: Final = "intent_resumed"
"""An intent changed after the call that confirmed it had returned: a challenge ended, or a debit settled."""

SETUP_SUCCEEDED: Final = "setup_succeeded"
"""A SetupIntent saved its payment method."""

INVOICE_PAID: Final = "invoice_paid"
"""An invoice was paid, or the bank debit that pays it is on its way. method: the payment method, or None."""

INVOICE_PAYMENT_FAILED: Final = "invoice_payment_failed"
"""An attempt to pay an invoice failed. last: no further attempt is planned."""

INVOICE_OVERDUE: Final = "invoice_overdue"
"""An invoice that is sent to the customer was not paid by its due date."""
