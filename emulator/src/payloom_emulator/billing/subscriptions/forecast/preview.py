"""Invoices to come: a renewal, a change or a new subscription is carried out, looked at and undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.billing import unsupported_params
from payloom_emulator.billing.invoices import invoice_items, invoice_lifecycle
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.savepoint import savepoint
from payloom_emulator.billing.subscriptions import cancel_subscription, create_subscription, items, renew_subscription
from payloom_emulator.billing.subscriptions.changes import subscription_change, update_subscription
from payloom_emulator.billing.subscriptions.forecast import invoice_forecast
from payloom_emulator.core.paging import list_of
from payloom_emulator.objects import kinds
from payloom_emulator.objects.customers import Customer
from payloom_emulator.objects.invoices import Invoice
from payloom_emulator.objects.present import present
from payloom_emulator.objects.subscriptions import Subscription
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid, unknown_url
from payloom_emulator.protocol.params import check

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork


def preview(call: RequestContext) -> Invoice:
    """Answer `POST /v1/invoices/create_preview`: for a subscription, a changed one, a new one, or loose items."""
    unit, params = call.unit, dict(call.params)
    unsupported_params.refuse(params, unsupported_params.PREVIEW, "invoice previews")
    if not any(params.get(n) for n in ("customer", "customer_details", "subscription", "schedule")):
        raise invalid("You must pass one of: customer, customer_details, subscription, or schedule.", "customer")
    details: Body = dict(params.get("subscription_details") or {})
    if params.get("subscription"):
        subscription = unit.get(kinds.SUBSCRIPTION, params["subscription"], "subscription")
        unit.use_clock_of(subscription)
        return _of_subscription(call, subscription, details)
    if params.get("customer"):
        unit.use_clock_of(unit.get(kinds.CUSTOMER, params["customer"], "customer"))
    return _of_new(call, details)


_OLD_NAMES = {
    "subscription_items": "items",
    "subscription_proration_behavior": "proration_behavior",
    "subscription_proration_date": "proration_date",
    "subscription_trial_end": "trial_end",
    "subscription_cancel_at_period_end": "cancel_at_period_end",
    "subscription_cancel_now": "cancel_now",
    "subscription_default_tax_rates": "default_tax_rates",
}


def upcoming_by_url(call: RequestContext) -> Invoice:
    """Answer `GET /v1/invoices/upcoming`, which previewed invoices until basil (2025-03-31)."""
    if not call.before(BASIL):
        raise unknown_url("GET", "/v1/invoices/upcoming")
    params: Body = {}
    for name, value in call.params.items():
        if name in _OLD_NAMES:
            params.setdefault("subscription_details", {})[_OLD_NAMES[name]] = value
        elif name in {"coupon", "promotion_code"}:
            params["discounts"] = [{name: value}]
        elif name == "subscription_billing_cycle_anchor":
            kind = {"type": value} if value in {"now", "unchanged"} else {"type": "timestamp", "timestamp": value}
            params.setdefault("subscription_details", {})["billing_cycle_anchor"] = kind
        else:
            params[name] = value
    return preview(call.with_params(check(("POST", "/v1/invoices/create_preview"), params)))


def upcoming_lines_by_url(call: RequestContext) -> Mapping[str, object]:
    """Answer `GET /v1/invoices/upcoming/lines`."""
    page = {n: call.params.pop(n) for n in ("starting_after", "ending_before") if n in call.params}
    limit = int(call.params.pop("limit", 10))
    return list_of(invoice_lifecycle.all_lines(upcoming_by_url(call)), call.path, {"limit": limit, **page})


def _of_subscription(call: RequestContext, subscription: Subscription, details: Body) -> Invoice:
    unit = call.unit
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise invoice_forecast.nothing_to_invoice(subscription["id"])
    with savepoint(unit) as scratch:
        mine = scratch.get(kinds.SUBSCRIPTION, subscription["id"])
        _add_loose(scratch, call, mine["customer"], mine["currency"], mine["id"])
        if call.params.get("discounts"):
            found = discounts.attach(
                scratch,
                call.params["discounts"],
                customer=mine["customer"],
                currency=mine["currency"],
                subscription=mine["id"],
            )
            scratch.change(mine, {"discounts": found}, emits=())
        if details.get("cancel_now"):
            before = mine["latest_invoice"]
            prorate = details.get("proration_behavior", "create_prorations") != "none"
            cancel_subscription.cancel(
                scratch, mine, reason="cancellation_requested", invoice_now=True, prorate=prorate
            )
            made = scratch.find(kinds.INVOICE, mine["latest_invoice"]) if mine["latest_invoice"] != before else None
            at = unit.now
        else:
            made, at = _changed(scratch, mine, details, recurring=call.params.get("preview_mode") == "recurring")
    if made is None:
        raise invoice_forecast.nothing_to_invoice(subscription["id"])
    shown = invoice_forecast.as_preview(unit, made, at)
    if details.get("proration_date") or details.get("items"):
        parent = present(shown["parent"])
        moment = details.get("proration_date") or unit.now
        about = {**present(parent["subscription_details"]), "subscription_proration_date": moment}
        return cast("Invoice", {**shown, "parent": {**parent, "subscription_details": about}})
    return shown


def _changed(scratch: UnitOfWork, mine: Subscription, details: Body, *, recurring: bool) -> tuple[Invoice | None, int]:
    """Carry out the change and return (the invoice it makes at once, or that of the next renewal; its time)."""
    before = mine["latest_invoice"]
    if recurring:
        details = {**details, "proration_behavior": "none"}
    wanted = {k for k in details if k != "proration_behavior"}
    if wanted:
        anchor = details.get("billing_cycle_anchor")
        change = subscription_change.SubscriptionChange(
            items=details.get("items") or [],
            behavior=details.get("proration_behavior") or "create_prorations",
            moment=details.get("proration_date") or scratch.now,
            trial_end=details.get("trial_end"),
            anchor_now=(anchor or {}).get("type") == "now" if isinstance(anchor, dict) else anchor == "now",
            payment_behavior="default_incomplete",
            param="subscription_details[items]",
        )
        update_subscription.apply_change(scratch, mine, change)
        if mine["latest_invoice"] != before:
            return scratch.find(kinds.INVOICE, mine["latest_invoice"]), scratch.now
    if mine["cancel_at_period_end"] or details.get("cancel_at_period_end"):
        return None, scratch.now
    scratch.flush()
    at = items.next_end(items.of(scratch, mine))
    scratch.now = at
    return renew_subscription.turn(scratch, mine, trial_over=mine["status"] == "trialing"), at


def _of_new(call: RequestContext, details: Body) -> Invoice:
    unit = call.unit
    with savepoint(unit) as scratch:
        customer = _customer(scratch, call)
        if details.get("items"):
            params = {
                "customer": customer["id"],
                "items": [
                    {k: v for k, v in i.items() if k not in {"id", "deleted", "clear_usage"}} for i in details["items"]
                ],
                "payment_behavior": "default_incomplete",
                **{n: details[n] for n in ("trial_end", "default_tax_rates", "proration_behavior") if details.get(n)},
            }
            anchor = details.get("billing_cycle_anchor")
            if isinstance(anchor, dict) and anchor.get("timestamp"):
                params["billing_cycle_anchor"] = anchor["timestamp"]
            if call.params.get("discounts"):
                params["discounts"] = call.params["discounts"]
            if call.params.get("currency"):
                params["currency"] = call.params["currency"]
            currency = call.params.get("currency") or customer.get("currency")
            _add_loose(scratch, call, customer["id"], currency, None)
            made = scratch.get(kinds.INVOICE, create_subscription.begin(scratch, params)["latest_invoice"])
        else:
            made = _loose(scratch, call, customer)
    return invoice_forecast.as_preview(unit, made, unit.now)


def _customer(scratch: UnitOfWork, call: RequestContext) -> Customer:
    details: Body = call.params.get("customer_details") or {}
    if call.params.get("customer"):
        found = scratch.get(kinds.CUSTOMER, call.params["customer"], "customer")
    else:
        found = scratch.create(kinds.CUSTOMER, {"invoice_prefix": "PREVIEW"}, emits=())
    if details.get("tax_exempt"):
        scratch.change(found, {"tax_exempt": details["tax_exempt"]}, emits=())
    return found


def _add_loose(
    scratch: UnitOfWork, call: RequestContext, customer_id: str, currency: str | None, subscription: str | None
) -> None:
    customer = scratch.get(kinds.CUSTOMER, customer_id)
    for index, given in enumerate(call.params.get("invoice_items") or []):
        existing: Any = scratch.find(kinds.INVOICEITEM, given.get("invoiceitem"))
        if existing is not None:
            if given.get("amount") is not None:
                scratch.change(existing, {"amount": given["amount"]}, emits=())
            continue
        invoice_items.build(
            scratch,
            {**given, "currency": given.get("currency") or currency},
            customer,
            param=f"invoice_items[{index}]",
            subscription=subscription,
        )


def _loose(scratch: UnitOfWork, call: RequestContext, customer: Customer) -> Invoice:
    currency = call.params.get("currency") or customer.get("currency") or "usd"
    _add_loose(scratch, call, customer["id"], currency, None)
    rows = invoice_lifecycle.pending_lines(scratch, customer["id"], subscription=None)
    if not rows:
        subscriptions = [
            s
            for s in scratch.list(kinds.SUBSCRIPTION, customer=customer["id"])
            if s["status"] in {"active", "trialing", "past_due"}
        ]
        if subscriptions:
            first = min(subscriptions, key=lambda s: items.next_end(items.of(scratch, s)))
            made, _ = _changed(scratch, first, {}, recurring=False)
            if made is not None:
                return made
        raise invoice_forecast.nothing_to_invoice(customer["id"])
    found = discounts.attach(scratch, call.params.get("discounts") or [], customer=customer["id"])
    about = {"auto_advance": True, "billing_reason": "manual", "currency": rows[0]["currency"], "discounts": found}
    return invoice_lifecycle.draft(scratch, customer, rows, about)
