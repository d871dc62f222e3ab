"""What moved in Stripe's API: names of older versions and old tutorials, and where each went.

The checker's nearest spelling would be wrong here: `current_period_end` of a subscription is not `current_period`.
A test holds that no name in this table is a name of today, and that every place it points to is one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from payloom.kit.suggest import did_you_mean

_ITEM = "each item has its own: `items.data[0].{0}`"
_METHOD = "write `payment_method`: cards are payment methods today"
_DISCOUNTS = "write `discounts: [{{{0}: …}}]`"

FIELDS: Mapping[str, Mapping[str, str]] = {
    "account": {
        "legal_entity": "read `individual` or `company`",
        "verification": "read `requirements`",
        "payout_schedule": "read `settings.payouts.schedule`",
    },
    "charge": {
        "invoice": "a payment names no invoice: list it with `invoice_payments.list` and `payment: {type: payment_intent, payment_intent: …}`",
        "card": "read `payment_method_details.card`",
        "dispute": "read `disputed`, and list the dispute with `disputes.list`",
        "fee": "read `fee` of its `balance_transaction`",
        "statement_description": "read `statement_descriptor`",
    },
    "checkout.session": {
        "display_items": "expand `line_items`",
        "shipping": "read `collected_information.shipping_details`",
        "shipping_details": "read `collected_information.shipping_details`",
        "shipping_address_collection_details": "read `collected_information.shipping_details`",
        "plan": "expand `line_items`, and read `price` of each",
    },
    "customer": {
        "account_balance": "read `balance`",
        "active_card": "read `invoice_settings.default_payment_method`",
        "cards": "list them with `payment_methods.list` and `customer`",
        "coupon": "read `discount.source.coupon`",
        "default_card": "read `invoice_settings.default_payment_method`",
        "default_currency": "read `currency`",
        "plan": "list the customer's subscriptions with `subscriptions.list`",
        "subscription": "list the customer's subscriptions with `subscriptions.list`",
        "tax_info": "list `customers.tax_ids.list`",
    },
    "discount": {"coupon": "read `source.coupon`"},
    "dispute": {"balance_transaction": "read `balance_transactions`"},
    "invoice": {
        "application_fee": "read `application_fee_amount` of the payment intent",
        "application_fee_amount": "read `application_fee_amount` of the payment intent",
        "billing": "read `collection_method`",
        "charge": "an invoice can have several payments: expand `payments`, and read `payments.data[0].payment.charge`",
        "closed": "read `status`: `void`, `uncollectible`, or `paid`",
        "date": "read `created`",
        "discount": "read `discounts`",
        "forgiven": "read `status`: it is `uncollectible`",
        "paid": "write `status == 'paid'`",
        "paid_out_of_band": "expand `payments`, and read the type of each payment",
        "payment": "expand `payments`",
        "payment_intent": "an invoice can have several payments: expand `payments`, and read `payments.data[0].payment.payment_intent`; for a client secret expand `confirmation_secret`",
        "quote": "read `parent?.quote_details?.quote`",
        "rendering_options": "read `rendering`",
        "subscription": "read `parent?.subscription_details?.subscription`",
        "subscription_details": "read `parent?.subscription_details`",
        "subscription_proration_date": "read `parent?.subscription_details?.subscription_proration_date`",
        "tax": "read `total_taxes`, or `total - (total_excluding_tax ?? total)`",
        "tax_percent": "read `total_taxes`",
        "total_tax_amounts": "read `total_taxes`",
        "transfer_data": "read it of the payment intent",
    },
    "invoiceitem": {
        "plan": "read `pricing?.price_details?.price`",
        "price": "read `pricing?.price_details?.price`",
        "subscription": "read `parent?.subscription_details?.subscription`",
        "subscription_item": "read `parent?.subscription_details?.subscription_item`",
        "unit_amount": "read `pricing?.unit_amount_decimal`",
        "unit_amount_decimal": "read `pricing?.unit_amount_decimal`",
    },
    "line_item": {
        "amount_excluding_tax": "subtract what `taxes` has from `amount`",
        "invoice_item": "read `parent?.invoice_item_details?.invoice_item`",
        "plan": "read `pricing?.price_details?.price`",
        "price": "read `pricing?.price_details?.price`",
        "proration": "read `proration` of the details in `parent`",
        "proration_details": "read `proration_details` of the details in `parent`",
        "subscription_item": "read `parent?.subscription_item_details?.subscription_item`",
        "tax_amounts": "read `taxes`",
        "tax_rates": "read `taxes`",
        "type": "read `parent?.type`",
        "unit_amount_excluding_tax": "read `pricing?.unit_amount_decimal`",
    },
    "payment_intent": {
        "allowed_source_types": "read `payment_method_types`",
        "charges": "read `latest_charge`, or list them with `charges.list` and `payment_intent`",
        "invoice": "a payment names no invoice: list it with `invoice_payments.list` and `payment: {type: payment_intent, payment_intent: …}`",
        "next_source_action": "read `next_action`",
        "save_payment_method": "read `setup_future_usage`",
    },
    "plan": {"name": "read `nickname`, or the name of its product", "statement_descriptor": "read it of the product"},
    "product": {
        "attributes": "read `metadata`",
        "price": "read `default_price`, or list `prices.list` with `product`",
        "prices": "list them with `prices.list` and `product`",
        "skus": "list them with `prices.list` and `product`",
    },
    "promotion_code": {"coupon": "read `promotion.coupon`"},
    "subscription": {
        "billing": "read `collection_method`",
        "coupon": "read `discounts`",
        "current_period_end": _ITEM.format("current_period_end"),
        "current_period_start": _ITEM.format("current_period_start"),
        "discount": "read `discounts`",
        "payment_intent": "expand `latest_invoice.payments`, and read `latest_invoice.payments.data[0].payment.payment_intent`",
        "plan": _ITEM.format("price"),
        "price": _ITEM.format("price"),
        "quantity": _ITEM.format("quantity"),
        "start": "read `start_date`",
        "tax_percent": "read `default_tax_rates`",
        "upcoming_invoice": "preview it with `invoices.create_preview`",
    },
    "subscription_item": {"current_period": "read `current_period_start` and `current_period_end`"},
    "transfer": {"status": "a transfer has no status: it is done, or `reversed`", "date": "read `created`"},
}
"""By kind of object: a field that is gone, and where it went."""

PARAMETERS: Mapping[str, str] = {
    "account_balance": "write `balance`",
    "allowed_source_types": "leave it out: the payment methods of your dashboard are offered",
    "application_fee": "write `application_fee_amount`",
    "at_period_end": "call `subscriptions.update` with `cancel_at_period_end: true`",
    "billing": "write `collection_method`",
    "business_vat_id": "write `tax_id_data`, or call `customers.tax_ids.create`",
    "card": _METHOD,
    "coupon": _DISCOUNTS.format("coupon"),
    "destination": "write `transfer_data: {destination: …}`",
    "iterations": "write `duration: {interval: …, interval_count: …}`",
    "legal_entity": "write `individual` or `company`",
    "max_occurrences": "write `cancel_at`, or a subscription schedule",
    "payment_method_types": "leave it out: the dashboard decides what is offered; `allowed_payment_method_types` narrows it",
    "plan": "write `price`, in `items` or `line_items`",
    "plans": "write `items`",
    "price": "write `items: [{price: …}]`, or `pricing: {price: …}` for an invoice item",
    "promotion_code": _DISCOUNTS.format("promotion_code"),
    "prorate": "write `proration_behavior: none`, `create_prorations`, or `always_invoice`",
    "quantity": "write it in `items` or `line_items`",
    "save_payment_method": "write `setup_future_usage: off_session`",
    "selected_payment_method": "write `payment_method`",
    "shipping_rates": "write `shipping_options: [{shipping_rate: …}]`",
    "source": _METHOD,
    "statement_description": "write `statement_descriptor_suffix`",
    "subscription_cancel_at_period_end": "write `subscription_details: {cancel_at_period_end: …}`",
    "subscription_items": "write `subscription_details: {items: …}`",
    "subscription_plan": "write `subscription_details: {items: [{price: …}]}`",
    "subscription_proration_date": "write `subscription_details: {proration_date: …}`",
    "subscription_trial_end": "write `subscription_details: {trial_end: …}`",
    "tax_info": "write `tax_id_data`, or call `customers.tax_ids.create`",
    "tax_percent": "write `default_tax_rates`, or `automatic_tax: {enabled: true}`",
    "token": _METHOD,
    "trial_from_plan": "write `trial_period_days`",
    "unit_amount": "write `unit_amount_decimal`, or `amount`",
}
"""Parameters that are gone, wherever an operation does not take them."""

PARAMETERS_OF: Mapping[str, Mapping[str, str]] = {
    "checkout.sessions.create": {
        "amount": "write `line_items: [{price_data: {unit_amount: …, currency: …, product_data: {name: …}}, quantity: 1}]`",
        "coupon": "write `discounts: [{coupon: …}]`",
        "description": "write it in `line_items[].price_data.product_data`",
        "images": "write it in `line_items[].price_data.product_data`",
        "items": "write `line_items`",
        "name": "write it in `line_items[].price_data.product_data`",
        "price": "write `line_items: [{price: …, quantity: 1}]`",
        "shipping_rates": "write `shipping_options: [{shipping_rate: …}]`",
    },
    "invoice_items.create": {
        "price": "write `pricing: {price: …}`",
        "unit_amount": "write `unit_amount_decimal`",
    },
    "promotion_codes.create": {"coupon": "write `promotion: {type: coupon, coupon: …}`"},
    "subscriptions.create": {
        "plan": "write `items: [{price: …}]`",
        "price": "write `items: [{price: …}]`",
        "quantity": "write `items: [{price: …, quantity: …}]`",
    },
    "subscriptions.update": {
        "plan": "write `items: [{id: si_…, price: …}]`",
        "price": "write `items: [{id: si_…, price: …}]`",
        "quantity": "write `items: [{id: si_…, quantity: …}]`",
    },
}
"""The same, where one operation has its own place for it."""

OPERATIONS: Mapping[str, str] = {
    "charges.refund": "refunds.create",
    "checkout.sessions.list_line_items": "checkout.sessions.line_items.list",
    "confirm_card_payment": "payment_intents.confirm",
    "create_token": "setup_intents.create",
    "customers.cancel_subscription": "subscriptions.cancel",
    "customers.create_source": "payment_methods.attach",
    "customers.create_subscription": "subscriptions.create",
    "customers.create_tax_id": "customers.tax_ids.create",
    "customers.delete_source": "payment_methods.detach",
    "customers.list_payment_methods": "customers.payment_methods.list",
    "customers.list_sources": "payment_methods.list",
    "customers.sources.create": "payment_methods.attach",
    "customers.sources.delete": "payment_methods.detach",
    "customers.sources.list": "payment_methods.list",
    "customers.sources.retrieve": "payment_methods.retrieve",
    "customers.subscriptions.cancel": "subscriptions.cancel",
    "customers.subscriptions.create": "subscriptions.create",
    "customers.subscriptions.delete": "subscriptions.cancel",
    "customers.subscriptions.list": "subscriptions.list",
    "customers.subscriptions.update": "subscriptions.update",
    "customers.update_source": "payment_methods.update",
    "customers.update_subscription": "subscriptions.update",
    "handle_card_payment": "payment_intents.confirm",
    "invoice_items.upcoming": "invoices.create_preview",
    "invoiceitems.create": "invoice_items.create",
    "invoiceitems.delete": "invoice_items.delete",
    "invoiceitems.list": "invoice_items.list",
    "invoiceitems.retrieve": "invoice_items.retrieve",
    "invoiceitems.update": "invoice_items.update",
    "invoices.finalize": "invoices.finalize_invoice",
    "invoices.list_upcoming_lines": "invoices.create_preview",
    "invoices.list_lines": "invoices.line_items.list",
    "invoices.retrieve_upcoming": "invoices.create_preview",
    "invoices.send": "invoices.send_invoice",
    "invoices.upcoming": "invoices.create_preview",
    "invoices.upcoming_lines": "invoices.create_preview",
    "invoices.void": "invoices.void_invoice",
    "orders.create": "checkout.sessions.create",
    "orders.pay": "payment_intents.confirm",
    "prices.delete": "prices.update",
    "recipients.create": "accounts.create",
    "redirect_to_checkout": "checkout.sessions.create",
    "skus.create": "prices.create",
    "skus.list": "prices.list",
    "subscription_items.create_usage_record": "billing.meter_events.create",
    "subscription_items.list_usage_record_summaries": "billing.meters.event_summaries.list",
    "subscription_items.usage_record_summaries.list": "billing.meters.event_summaries.list",
    "subscription_items.usage_records.create": "billing.meter_events.create",
    "subscriptions.delete": "subscriptions.cancel",
    "transfers.create_reversal": "transfers.reversals.create",
    "usage_records.create": "billing.meter_events.create",
}
"""Operations that are gone or were never the SDK's, and the one that does it."""
_ENDINGS = {"del": "delete", "all": "list", "get": "retrieve", "modify": "update", "void": "void_invoice"}

FAMILIES: Mapping[str, str] = {
    "checkout_session": "checkout.session",
    "customer.card": "payment_method",
    "customer.bank_account": "payment_method",
    "dispute": "charge.dispute",
    "invoice_item": "invoiceitem",
    "order": "checkout.session",
    "payment": "payment_intent",
    "recipient": "account",
    "sku": "price",
    "subscription": "customer.subscription",
    "subscription.schedule": "subscription_schedule",
    "checkout": "checkout.session",
    "session": "checkout.session",
    "discount": "customer.discount",
    "tax_id": "customer.tax_id",
}
"""Families of events that are gone or have another name."""

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "payment_method": {"card_automatically_updated": "automatically_updated"},
    "invoiceitem": {"updated": "created"},
    "transfer": {"paid": "created", "failed": "reversed", "canceled": "reversed"},
    "payment_intent": {"paid": "succeeded", "failed": "payment_failed"},
    "checkout.session": {"paid": "completed", "async_payment_paid": "async_payment_succeeded"},
    "customer.subscription": {"canceled": "deleted", "cancelled": "deleted", "renewed": "updated"},
    "invoice": {"failed": "payment_failed", "payment_paid": "paid"},
    "charge": {
        "disputed": "`stripe: charge.dispute` with the action created",
        "refund_updated": "`stripe: refund` with the action updated",
    },
}


def operation(name: str, known: Collection[str]) -> str | None:
    """Return what does the work of an operation that is gone or has another name elsewhere; None if nothing does."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().removeprefix("stripe.")
    service, _, function = snake.rpartition(".")
    for spelling in (
        snake,
        f"{service}.{_ENDINGS.get(function, function)}",
        snake.replace("invoiceitems.", "invoice_items."),
    ):
        if spelling in known:
            return spelling
        if spelling in OPERATIONS:
            return OPERATIONS[spelling]
    return None


def operation_hint(name: str, known: Collection[str]) -> str | None:
    """Return the hint for an unknown operation that moved."""
    target = operation(name, known)
    return f"it is `{target}` today" if target is not None else None


def parameters(name: str) -> Mapping[str, str]:
    """Return what became of parameters that an operation does not take."""
    return {**PARAMETERS, **PARAMETERS_OF.get(name, {})}


def family_hint(name: str) -> str | None:
    """Return the hint for an unknown family of events that is gone or has another name."""
    target = FAMILIES.get(name)
    return f"it is `{target}` today" if target is not None else None


def action_hint(family: str, action: str) -> str | None:
    """Return the hint for an unknown action of a family that has another name."""
    target = ACTIONS.get(family, {}).get(action)
    return None if target is None else f"it is {target}" if " " in target else f"it is `{target}`"


def near(name: str, known: Collection[str]) -> str:
    """Return the hint for an unknown operation: where it went, the nearest one, or nothing."""
    return operation_hint(name, known) or did_you_mean(name, known)
