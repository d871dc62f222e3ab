"""Invoices to come: a renewal, a change or a new subscription is carried out, looked at and undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing.invoices import invoice_items, invoice_lifecycle
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.savepoint import savepoint
from payloom_emulator.billing.subscriptions import cancel_subscription, create_subscription, items, renew_subscription
from payloom_emulator.billing.subscriptions.changes import subscription_change, update_subscription
from payloom_emulator.billing.subscriptions.forecast import invoice_forecast
from payloom_emulator.billing.subscriptions.subscription_params import ITEM_PARAMS
from payloom_emulator.catalog import tax_ids
from payloom_emulator.connect import liability
from payloom_emulator.core.differences import with_changes
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import ADDRESS, SHIPPING, overlay
from payloom_emulator.kit.named_members import with_filled, with_named
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import StripeError, invalid, not_emulated, unknown_url
from payloom_emulator.protocol.params import check

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.params.invoices import InvoiceCreatePreviewParams
    from payloom_emulator.objects.params.invoices import (
        InvoiceCreatePreviewParamsSubscriptionDetails as SubscriptionDetails,
    )
    from payloom_emulator.objects.params.shared import ItemParams
    from payloom_emulator.objects.params.subscriptions import SubscriptionCreateParams, SubscriptionCreateParamsItem
    from payloom_emulator.objects.subscriptions import Subscription


def preview(call: RequestContext[InvoiceCreatePreviewParams]) -> Invoice:
    """Answer `POST /v1/invoices/create_preview`: for a subscription, a changed one, a new one, or loose items."""
    unit, params = call.unit, call.params
    if not any(params.get(n) for n in ("customer", "customer_details", "subscription", "schedule")):
        raise invalid("You must pass one of: customer, customer_details, subscription, or schedule.", "customer")
    details = params.get("subscription_details") or {}
    subscription_id, customer_id = params.get("subscription"), params.get("customer")
    if subscription_id:
        subscription = unit.get(kinds.SUBSCRIPTION, subscription_id, "subscription")
        unit.use_clock_of(subscription)
        return _about(unit, params, _of_subscription(call, subscription, details))
    if customer_id:
        unit.use_clock_of(unit.get(kinds.CUSTOMER, customer_id, "customer"))
    return _about(unit, params, _of_new(call, details))


_OLD_NAMES = {
    "subscription_items": "items",
    "subscription_proration_behavior": "proration_behavior",
    "subscription_proration_date": "proration_date",
    "subscription_trial_end": "trial_end",
    "subscription_cancel_at_period_end": "cancel_at_period_end",
    "subscription_cancel_now": "cancel_now",
    "subscription_default_tax_rates": "default_tax_rates",
}


def upcoming_by_url(call: RequestContext[Params]) -> Invoice:
    """Answer `GET /v1/invoices/upcoming`, which previewed invoices until basil (2025-03-31)."""
    return _upcoming(call, call.params)


def _upcoming(call: RequestContext[Params], older_params: Params) -> Invoice:
    if not call.before(BASIL):
        raise unknown_url("GET", "/v1/invoices/upcoming")
    details: dict[str, object] = {}
    params: dict[str, object] = {}
    for name, value in older_params.items():
        if name in _OLD_NAMES:
            details[_OLD_NAMES[name]] = value
        elif name in {"coupon", "promotion_code"}:
            params["discounts"] = [{name: value}]
        elif name == "subscription_billing_cycle_anchor":
            now = value in {"now", "unchanged"}
            details["billing_cycle_anchor"] = {"type": value} if now else {"type": "timestamp", "timestamp": value}
        else:
            params[name] = value
    if details:
        params["subscription_details"] = details
    return preview(call.with_params(_checked(params)))


_PREVIEW = ("POST", "/v1/invoices/create_preview")


def _checked(params: Mapping[str, object]) -> InvoiceCreatePreviewParams:
    """Return an older preview's parameters with today's types; one that today's previews do not take is not covered."""
    try:
        return cast("InvoiceCreatePreviewParams", check(_PREVIEW, params))
    except StripeError as error:
        if error.code == "parameter_unknown":
            raise not_emulated(f"GET /v1/invoices/upcoming with {error.param}") from None
        raise


_PAGING = frozenset({"limit", "starting_after", "ending_before"})


def upcoming_lines_by_url(call: RequestContext[Params]) -> Mapping[str, object]:
    """Answer `GET /v1/invoices/upcoming/lines`."""
    page = {name: value for name, value in call.params.items() if name in _PAGING}
    invoice = _upcoming(call, {name: value for name, value in call.params.items() if name not in _PAGING})
    return list_of(invoice_lifecycle.all_lines(invoice), call.path, {**page, "limit": int(str(page.get("limit", 10)))})


def _of_subscription(
    call: RequestContext[InvoiceCreatePreviewParams], subscription: Subscription, details: SubscriptionDetails
) -> Invoice:
    unit = call.unit
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise invoice_forecast.nothing_to_invoice(subscription["id"])
    with savepoint(unit) as scratch:
        own = scratch.get(kinds.SUBSCRIPTION, subscription["id"])
        _describe(scratch, scratch.get(kinds.CUSTOMER, own["customer"]), call.params)
        _add_loose(scratch, call.params, own["customer"], own["currency"], own["id"])
        choices = call.params.get("discounts")
        if choices:
            discount_ids = discounts.attach(
                scratch,
                choices,
                customer=own["customer"],
                currency=own["currency"],
                subscription=own["id"],
            )
            scratch.change(own, {"discounts": discount_ids}, emits=())
        if details.get("cancel_now"):
            before = own["latest_invoice"]
            prorate = details.get("proration_behavior", "create_prorations") != "none"
            cancel_subscription.cancel(scratch, own, reason="cancellation_requested", invoice_now=True, prorate=prorate)
            invoice = scratch.find(kinds.INVOICE, own["latest_invoice"]) if own["latest_invoice"] != before else None
            at = unit.now
        else:
            invoice, at = _changed(scratch, own, details, recurring=call.params.get("preview_mode") == "recurring")
    if invoice is None:
        raise invoice_forecast.nothing_to_invoice(subscription["id"])
    forecast = invoice_forecast.as_preview(unit, invoice, at)
    if details.get("proration_date") or details.get("items"):
        parent = present(forecast["parent"])
        moment = details.get("proration_date") or unit.now
        about = {**present(parent["subscription_details"]), "subscription_proration_date": moment}
        return with_changes(forecast, {"parent": {**parent, "subscription_details": about}})
    return forecast


def _changed(
    scratch: UnitOfWork, own: Subscription, details: SubscriptionDetails, *, recurring: bool
) -> tuple[Invoice | None, int]:
    """Carry out the change and return (the invoice it makes at once, or that of the next renewal; its time)."""
    before = own["latest_invoice"]
    behavior = "none" if recurring else details.get("proration_behavior") or "create_prorations"
    if any(name != "proration_behavior" for name in details):
        change = subscription_change.SubscriptionChange(
            items=list(details.get("items") or []),
            behavior=behavior,
            moment=details.get("proration_date") or scratch.now,
            trial_end=details.get("trial_end"),
            anchor_now=update_subscription.anchor_type(details.get("billing_cycle_anchor")) == "now",
            payment_behavior="default_incomplete",
            param="subscription_details[items]",
        )
        update_subscription.apply_change(scratch, own, change)
        if own["latest_invoice"] != before:
            return scratch.find(kinds.INVOICE, own["latest_invoice"]), scratch.now
    if own["cancel_at_period_end"] or details.get("cancel_at_period_end"):
        return None, scratch.now
    scratch.flush()
    at = items.next_end(items.of(scratch, own))
    scratch.now = at
    return renew_subscription.turn(scratch, own, trial_over=own["status"] == "trialing"), at


def _of_new(call: RequestContext[InvoiceCreatePreviewParams], details: SubscriptionDetails) -> Invoice:
    unit = call.unit
    with savepoint(unit) as scratch:
        customer = _customer(scratch, call.params)
        if details.get("items"):
            currency = call.params.get("currency") or customer.get("currency")
            _add_loose(scratch, call.params, customer["id"], currency, None)
            subscription = create_subscription.begin(scratch, _creation_params(call.params, details, customer["id"]))
            invoice = scratch.get(kinds.INVOICE, subscription["latest_invoice"])
        else:
            invoice = _loose(scratch, call.params, customer)
    return invoice_forecast.as_preview(unit, invoice, unit.now)


def _creation_params(
    params: InvoiceCreatePreviewParams, details: SubscriptionDetails, customer_id: str
) -> SubscriptionCreateParams:
    """Return the parameters of the subscription that a preview asks about."""
    creation: SubscriptionCreateParams = {
        "customer": customer_id,
        "items": [_new_item(item) for item in details.get("items") or []],
        "payment_behavior": "default_incomplete",
    }
    anchor = details.get("billing_cycle_anchor")
    if isinstance(anchor, dict) and (timestamp := anchor.get("timestamp")):
        creation["billing_cycle_anchor"] = timestamp
    creation = with_filled(creation, details, "trial_end", "default_tax_rates", "proration_behavior")
    return with_filled(creation, params, "discounts", "currency")


def _new_item(item: ItemParams) -> SubscriptionCreateParamsItem:
    choice: SubscriptionCreateParamsItem = {"metadata": {}}
    return with_named(choice, item, *ITEM_PARAMS)


def _customer(scratch: UnitOfWork, params: InvoiceCreatePreviewParams) -> Customer:
    customer_id = params.get("customer")
    if customer_id:
        customer = scratch.get(kinds.CUSTOMER, customer_id, "customer")
    else:
        customer = scratch.create(kinds.CUSTOMER, {"invoice_prefix": "PREVIEW"}, emits=())
    _describe(scratch, customer, params)
    return customer


def _describe(scratch: UnitOfWork, customer: Customer, params: InvoiceCreatePreviewParams) -> None:
    """Let the customer be for the preview what `customer_details` says."""
    details = params.get("customer_details") or {}
    changes: dict[str, object] = {}
    if exempt := details.get("tax_exempt"):
        changes["tax_exempt"] = exempt
    for name, shape in (("address", ADDRESS), ("shipping", SHIPPING)):
        value = details.get(name)
        if value is not None:
            changes[name] = overlay(shape, value) if value else None
    if changes:
        scratch.change(customer, changes, emits=())
    for index, tax_id in enumerate(details.get("tax_ids") or []):
        where = f"customer_details[tax_ids][{index}]"
        tax_ids.make(scratch, tax_id["type"], tax_id["value"], customer["id"], where)


def _about(unit: UnitOfWork, params: InvoiceCreatePreviewParams, forecast: Invoice) -> Invoice:
    """Return the preview with what the parameters say of the invoice itself."""
    changes: dict[str, object] = {}
    if tax := params.get("automatic_tax"):
        on = tax["enabled"]
        changes["automatic_tax"] = {
            "disabled_reason": None,
            "enabled": on,
            "liability": liability.of_taxes(unit, tax),
            "provider": "stripe" if on else None,
            "status": "complete" if on else None,
        }
    if issuer := params.get("issuer"):
        changes["issuer"] = liability.owner_of(unit, issuer, "issuer")
    if "automatic_tax" in changes:
        taxed = with_changes(forecast, changes)
        changes.update(invoice_lifecycle.amount_fields(unit, taxed, invoice_lifecycle.all_lines(forecast)))
    if owner := params.get("on_behalf_of"):
        changes["on_behalf_of"] = unit.get(kinds.ACCOUNT, owner, "on_behalf_of")["id"]
    return with_changes(forecast, changes)


def _add_loose(
    scratch: UnitOfWork,
    params: InvoiceCreatePreviewParams,
    customer_id: str,
    currency: str | None,
    subscription: str | None,
) -> None:
    customer = scratch.get(kinds.CUSTOMER, customer_id)
    for index, item in enumerate(params.get("invoice_items") or []):
        existing = scratch.find(kinds.INVOICEITEM, item.get("invoiceitem"))
        if existing is not None:
            if item.get("amount") is not None:
                scratch.change(existing, {"amount": item.get("amount")}, emits=())
            continue
        invoice_items.build(
            scratch,
            item,
            customer,
            param=f"invoice_items[{index}]",
            subscription=subscription,
            currency=item.get("currency") or currency,
        )


def _loose(scratch: UnitOfWork, params: InvoiceCreatePreviewParams, customer: Customer) -> Invoice:
    currency = params.get("currency") or customer.get("currency") or "usd"
    _add_loose(scratch, params, customer["id"], currency, None)
    rows = invoice_lifecycle.pending_lines(scratch, customer["id"], subscription=None)
    if not rows:
        subscriptions = [
            s
            for s in scratch.list(kinds.SUBSCRIPTION, customer=customer["id"])
            if s["status"] in {"active", "trialing", "past_due"}
        ]
        if subscriptions:
            first = min(subscriptions, key=lambda s: items.next_end(items.of(scratch, s)))
            invoice, _ = _changed(scratch, first, {}, recurring=False)
            if invoice is not None:
                return invoice
        raise invoice_forecast.nothing_to_invoice(customer["id"])
    discount_ids = discounts.attach(scratch, params.get("discounts"), customer=customer["id"])
    about = {
        "auto_advance": True,
        "billing_reason": "manual",
        "currency": rows[0]["currency"],
        "discounts": discount_ids,
    }
    return invoice_lifecycle.draft(scratch, customer, rows, about)
