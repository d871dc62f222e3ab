"""What Stripe answers an operation on an object whose state does not allow it.

`@name` stands for an object of the sweep's shop, in calls and in messages.
"""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One refusal. on: the objects that the path names. before: the calls that lead to the state.

    carries: the object inside the error.
    """

    operation: str
    on: str
    message: str
    before: tuple[Any, ...] = ()
    params: Any = None
    status: int = 400
    code: str | None = None
    param: str | None = None
    carries: str | None = None

    def __str__(self) -> str:
        """Return the test's name."""
        return f"{self.operation} {self.on}"


_PI = "/v1/payment_intents/{intent}"
_SI = "/v1/setup_intents/{intent}"
_CONFIRMED_SETUP = ("POST /v1/setup_intents/@setup_intent/confirm", {"return_url": "https://shop.example"})
_NOT_OPEN = "You can only pass in open invoices. This invoice isn't open."
_SCHEDULE = "You cannot {} a subscription schedule that is currently in the `{}` status. It must be in `not_started, active` status to be {}."
_INTENT = "payment_intent_unexpected_state"
_SETUP = "setup_intent_unexpected_state"
_HELD = "For more information, see https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"


def twice(operation: str, on: str, message: str, **more: Any) -> Row:
    """Return the row of an operation that is done a second time."""
    method, path = operation.split(" ")
    named = "/".join(f"@{on}" if part.startswith("{") else part for part in path.split("/"))
    return Row(operation, on, message, before=((f"{method} {named}", more.get("params")),), **more)


PAYMENTS = (
    Row(
        f"POST {_PI}/cancel",
        "paid_intent",
        "You cannot cancel this PaymentIntent because it has a status of succeeded. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_reauthorization, requires_confirmation, requires_action, expired, processing.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/capture",
        "payment_intent",
        "This PaymentIntent could not be captured because it has a status of requires_payment_method. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/capture",
        "paid_intent",
        "The remaining amount on this PaymentIntent could not be captured because the remainder of the authorized amount has been released.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/confirm",
        "paid_intent",
        "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/confirm",
        "held_intent",
        "You cannot confirm this PaymentIntent because it has a status of canceled. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.",
        before=(("POST /v1/payment_intents/@held_intent/cancel", None),),
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/confirm",
        "payment_intent",
        "You cannot confirm this PaymentIntent because it's missing a payment method. To confirm the PaymentIntent with @customer, specify a payment method attached to this customer along with the customer ID.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}",
        "paid_intent",
        "This PaymentIntent's amount could not be updated because it has a status of succeeded. You may only update the amount of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.",
        params={"amount": 900},
        code=_INTENT,
        param="amount",
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/increment_authorization",
        "paid_intent",
        "Only a PaymentIntent with a status of requires_capture can have its authorization incremented.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/apply_customer_balance",
        "paid_intent",
        "Only a PaymentIntent that waits for a bank transfer takes a cash balance.",
        code=_INTENT,
        carries="payment_intent",
    ),
    Row(
        f"POST {_PI}/verify_microdeposits",
        "paid_intent",
        'This PaymentIntent cannot be actioned on because it has a status of succeeded. Only a PaymentIntent with one of the following statuses may be actioned on: ["requires_action"].',
        code="intent_invalid_state",
        carries="payment_intent",
    ),
    Row(
        f"POST {_SI}/confirm",
        "setup_intent",
        "You cannot confirm this SetupIntent because it has already succeeded.",
        before=(_CONFIRMED_SETUP,),
        code=_SETUP,
        carries="setup_intent",
    ),
    Row(
        f"POST {_SI}/cancel",
        "setup_intent",
        "You cannot cancel this SetupIntent because it has a status of succeeded. Only a SetupIntent with one of the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or `requires_action`.",
        before=(_CONFIRMED_SETUP,),
        code=_SETUP,
        carries="setup_intent",
    ),
    twice(
        f"POST {_SI}/cancel",
        "setup_intent",
        "You cannot cancel this SetupIntent because it is already canceled.",
        code=_SETUP,
        carries="setup_intent",
    ),
    Row(
        f"POST {_SI}",
        "setup_intent",
        "You cannot update this SetupIntent because it has already succeeded.",
        before=(_CONFIRMED_SETUP,),
        params={"payment_method": "@payment_method"},
        code=_SETUP,
        carries="setup_intent",
    ),
    Row(
        f"POST {_SI}/verify_microdeposits",
        "setup_intent",
        'This SetupIntent cannot be actioned on because it has a status of requires_confirmation. Only a SetupIntent with one of the following statuses may be actioned on: ["requires_action"].',
        code="intent_invalid_state",
        carries="setup_intent",
    ),
    Row(
        "POST /v1/charges/{charge}/capture",
        "charge",
        "Charge @charge has already been captured.",
        code="charge_already_captured",
    ),
    Row(
        "POST /v1/refunds",
        "",
        "Charge @charge has already been refunded.",
        before=(("POST /v1/refunds", {"charge": "@charge"}),),
        params={"charge": "@charge"},
        code="charge_already_refunded",
    ),
    Row(
        "POST /v1/refunds",
        "",
        f"This uncaptured Charge was created by a PaymentIntent (@held_intent). You must cancel the PaymentIntent to reverse the authorization instead of refunding the Charge directly. {_HELD}",
        params={"payment_intent": "@held_intent"},
    ),
    Row(
        "POST /v1/refunds",
        "",
        "This PaymentIntent (@payment_intent) does not have a successful charge to refund.",
        params={"payment_intent": "@payment_intent"},
    ),
    Row(
        "POST /v1/refunds",
        "",
        "Charge @disputed_charge has been charged back; cannot issue a refund.",
        params={"charge": "@disputed_charge"},
        code="charge_disputed",
    ),
    Row("POST /v1/refunds/{refund}/cancel", "refund", "Canceling this refund is unsupported."),
    Row(
        "POST /v1/test_helpers/refunds/{refund}/expire",
        "refund",
        "Only a refund with a status of requires_action expires; this one is succeeded.",
    ),
    twice("POST /v1/disputes/{dispute}/close", "dispute", "This dispute is already closed"),
    Row(
        "POST /v1/disputes/{dispute}",
        "dispute",
        "This dispute is already closed",
        before=(("POST /v1/disputes/@dispute/close", None),),
        params={"evidence": {"uncategorized_text": "x"}},
    ),
    twice(
        "POST /v1/payouts/{payout}/cancel",
        "payout",
        "Payouts can only be canceled while they are pending.",
        code="payout_not_cancelable",
    ),
    Row("POST /v1/payouts/{payout}/reverse", "payout", "Only payouts that were paid can be reversed."),
    twice("POST /v1/topups/{topup}/cancel", "topup", "Only pending top-ups can be canceled."),
    Row(
        "POST /v1/transfers/{id}/reversals",
        "transfer",
        "Reversal amount ($1.01) is greater than unreversed amount on transfer ($1.00)",
        params={"amount": 101},
        param="amount",
    ),
    Row(
        "POST /v1/application_fees/{id}/refunds",
        "fee",
        "The refund is more than is left of the application fee.",
        before=(("POST /v1/application_fees/@fee/refunds", None),),
        param="amount",
    ),
    Row(
        "POST /v1/payment_methods/{payment_method}/attach",
        "payment_method",
        "The payment method you provided has already been attached to a customer.",
        params={"customer": "@customer_plain"},
    ),
    Row(
        "POST /v1/payment_methods/{payment_method}/detach",
        "loose_method",
        "The payment method you provided is not attached to a customer so detachment is impossible.",
    ),
    twice(
        "POST /v1/checkout/sessions/{session}/expire",
        "session",
        'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of expired.',
    ),
    Row(
        "POST /v1/checkout/sessions/{session}",
        "session",
        "Only the metadata of a Checkout Session that is not open can be updated.",
        before=(("POST /v1/checkout/sessions/@session/expire", None),),
        params={"shipping_options": []},
    ),
    Row(
        "POST /v1/customers/{customer}/sources/{id}/verify",
        "customer customer_bank",
        "This bank account has already been verified.",
        before=(("POST /v1/customers/@customer/sources/@customer_bank/verify", {"amounts": [32, 45]}),),
    ),
    twice(
        "POST /v1/three_d_secure/authentications/{authentication}/cancel",
        "authentication",
        "This authentication is canceled and cannot be canceled.",
    ),
    Row(
        "POST /v1/three_d_secure/authentications/{authentication}/submit",
        "authentication",
        "This authentication is canceled: there is nothing to submit.",
        before=(("POST /v1/three_d_secure/authentications/@authentication/cancel", None),),
    ),
)
"""Payments, refunds, disputes, payouts and transfers."""

BILLING = (
    Row(
        "POST /v1/invoices/{invoice}/finalize",
        "open_invoice",
        "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
    ),
    Row("POST /v1/invoices/{invoice}/pay", "sub_invoice", "Invoice is already paid"),
    Row("POST /v1/invoices/{invoice}/void", "sub_invoice", "Invoices with `paid` payments cannot be voided."),
    Row("POST /v1/invoices/{invoice}/void", "invoice", _NOT_OPEN),
    Row("POST /v1/invoices/{invoice}/mark_uncollectible", "invoice", _NOT_OPEN),
    twice(
        "POST /v1/invoices/{invoice}/mark_uncollectible",
        "open_invoice",
        "This invoice has already been marked uncollectible.",
    ),
    Row(
        "POST /v1/invoices/{invoice}/send",
        "sub_invoice",
        "You can only manually send an invoice if its collection method is 'send_invoice'.",
    ),
    Row("POST /v1/invoices/{invoice}/attach_payment", "sub_invoice", _NOT_OPEN),
    *(
        Row(
            f"POST /v1/invoices/{{invoice}}/{name}",
            "open_invoice",
            "Invalid invoice: This invoice is no longer editable",
            params={"lines": [line]},
            code="invoice_not_editable",
        )
        for name, line in (
            ("add_lines", {"amount": 100}),
            ("update_lines", {"id": "@line", "amount": 100}),
            ("remove_lines", {"id": "@line", "behavior": "delete"}),
        )
    ),
    Row(
        "POST /v1/invoices/{invoice}",
        "sub_invoice",
        "Finalized invoices can't be updated in this way",
        params={"description": "Thanks"},
        param="description",
    ),
    Row("DELETE /v1/invoices/{invoice}", "open_invoice", "You can only delete draft invoices."),
    Row(
        "POST /v1/invoiceitems",
        "",
        "Invalid invoice: This invoice is no longer editable",
        params={"customer": "@customer", "invoice": "@open_invoice", "amount": 100, "currency": "usd"},
        code="invoice_not_editable",
        param="invoice",
    ),
    twice("POST /v1/credit_notes/{id}/void", "credit_note", "The credit note is void already."),
    Row("POST /v1/quotes/{quote}/accept", "quote", "This quote is draft; only a quote that is open can do that."),
    Row(
        "POST /v1/quotes/{quote}/finalize", "open_quote", "This quote is open; only a quote that is draft can do that."
    ),
    twice(
        "POST /v1/quotes/{quote}/cancel",
        "quote",
        "This quote is canceled; only a quote that is draft or open can do that.",
    ),
    Row(
        "POST /v1/quotes/{quote}",
        "open_quote",
        "Only draft quotes can be changed.",
        params={"description": "x"},
        code="quote_not_editable",
    ),
    Row(
        "DELETE /v1/subscriptions/{subscription_exposed_id}",
        "subscription",
        "No such subscription: '@subscription'",
        before=(("DELETE /v1/subscriptions/@subscription", None),),
        status=404,
        code="resource_missing",
        param="id",
    ),
    Row(
        "POST /v1/subscriptions/{subscription_exposed_id}",
        "subscription",
        "A canceled subscription can only update its cancellation_details and metadata.",
        before=(("DELETE /v1/subscriptions/@subscription", None),),
        params={"description": "x"},
        code="invalid_canceled_subscription_fields",
    ),
    Row(
        "POST /v1/subscriptions/{subscription_exposed_id}",
        "subscription",
        "The subscription is managed by the subscription schedule `@last`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.",
        before=(("POST /v1/subscription_schedules", {"from_subscription": "@subscription"}),),
        params={"cancel_at_period_end": True},
    ),
    Row(
        "POST /v1/subscriptions/{subscription}/resume",
        "subscription",
        "You can only resume a subscription if it is `paused`.",
    ),
    Row(
        "POST /v1/subscriptions/{subscription}/pause",
        "subscription",
        "Subscriptions with status `canceled` cannot be paused.",
        before=(("DELETE /v1/subscriptions/@subscription", None),),
    ),
    twice(
        "POST /v1/subscriptions/{subscription}/migrate",
        "unmoved_subscription",
        "The subscription's billing_mode is `flexible` already.",
        params={"billing_mode": {"type": "flexible"}},
        param="billing_mode",
    ),
    Row(
        "POST /v1/subscription_items",
        "",
        "No such subscription: '@subscription'",
        before=(("DELETE /v1/subscriptions/@subscription", None),),
        params={"subscription": "@subscription", "price": "@monthly_2"},
        status=404,
        code="resource_missing",
        param="subscription",
    ),
    Row(
        "DELETE /v1/subscription_items/{item}",
        "subscription_item",
        "A subscription must have at least one active plan. If you would like to cancel the subscription, please use the cancel endpoint.",
    ),
    twice(
        "POST /v1/subscription_schedules/{schedule}/cancel",
        "schedule",
        _SCHEDULE.format("cancel", "canceled", "canceled"),
    ),
    twice(
        "POST /v1/subscription_schedules/{schedule}/release",
        "schedule",
        _SCHEDULE.format("release", "released", "released"),
    ),
    Row(
        "POST /v1/subscription_schedules/{schedule}",
        "schedule",
        _SCHEDULE.format("update", "released", "updated"),
        before=(("POST /v1/subscription_schedules/@schedule/release", None),),
        params={"end_behavior": "cancel"},
    ),
    Row(
        "POST /v1/subscription_schedules",
        "",
        "You cannot migrate a subscription that is already attached to a schedule: `@last`.",
        before=(("POST /v1/subscription_schedules", {"from_subscription": "@subscription"}),),
        params={"from_subscription": "@subscription"},
    ),
)
"""Invoices, credit notes, quotes, subscriptions and schedules."""
