"""How a subscription begins: its items, trial and anchor, the first invoice, and what its payment leads to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import customer_currency, settings
from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import add_invoice_items, collect_invoice, invoice_lifecycle, lines, payments
from payloom_emulator.billing.pricing import amounts, discounts, periods
from payloom_emulator.billing.pricing.rounding import share
from payloom_emulator.billing.subscriptions import items, subscription_params, subscription_timers
from payloom_emulator.billing.subscriptions.subscription_params import ANCHOR_CONFIG
from payloom_emulator.connect import fees
from payloom_emulator.core.differences import with_changes
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import StripeError, invalid, parameter_missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import InvoiceLineItem
    from payloom_emulator.objects.params.subscriptions import SubscriptionCreateParams
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem
    from payloom_emulator.protocol.errors import CardError


def _refuse(params: SubscriptionCreateParams) -> None:
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise invalid(
            "Setting `payment_behavior` to `pending_if_incomplete` has no effect when creating a subscription.",
            "payment_behavior",
        )


@dataclasses.dataclass(slots=True)
class Start:
    """When things begin and end, in Unix seconds."""

    now: int
    began: int
    anchor: int
    trial_end: int | None
    prorate: bool


def begin(
    unit: UnitOfWork,
    params: SubscriptionCreateParams,
    *,
    extra: Mapping[str, object] | None = None,
    inactive_prices: bool = False,
    reason: str = "subscription_create",
    draft_first: bool = False,
) -> Subscription:
    """Create a subscription from checked API parameters, with its first invoice, and return it.

    extra: further fields (of the object or private). inactive_prices: take them too, because the caller looked at the
    prices before. draft_first: the first invoice is a draft for an hour, and the subscription is active at once, as
    when a schedule starts it. Payment behavior is Stripe's: by default a decline leaves an
    incomplete subscription; error_if_incomplete raises and leaves nothing.
    """
    customer = unit.get(kinds.CUSTOMER, params.get("customer"), "customer")
    _refuse(params)
    choices = params.get("items") or []
    item_prices = [
        items.price_for(unit, choice, f"items[{i}]", inactive_too=inactive_prices) for i, choice in enumerate(choices)
    ]
    if not item_prices and not params.get("add_invoice_items"):
        raise parameter_missing("items")
    items.distinct(item_prices, "items", new=True)
    currency = _checked_currency(unit, params, item_prices, customer)
    when = _start(unit, params, item_prices)
    subscription_id = unit.environment.ids.new("sub_1", 23)
    rows = [
        items.build(
            unit,
            subscription_id,
            choice,
            price,
            param=f"items[{index}]",
            customer=customer["id"],
            current_period_start=when.began,
            current_period_end=when.trial_end or items.period_end(when.anchor, price, unit.now),
        )
        for index, (choice, price) in enumerate(zip(choices, item_prices, strict=True))
    ]
    values = _fields(unit, params, customer, when, subscription_id=subscription_id, rows=rows, currency=currency)
    values.update(extra or {})
    values["discounts"] = discounts.attach(
        unit,
        params.get("discounts"),
        customer=customer["id"],
        currency=currency,
        subtotal=sum(
            amounts.cost(price, choice.get("quantity", 1), currency)
            for price, choice in zip(item_prices, choices, strict=True)
            if not amounts.is_metered(price)
        ),
        subscription=subscription_id,
    )
    add_invoice_items.add(
        unit, params.get("add_invoice_items"), customer, subscription_id, currency, inactive_prices=inactive_prices
    )
    planned = with_changes(unit.blank(kinds.SUBSCRIPTION), values)
    return _first_invoice(unit, params, customer, planned, rows=rows, when=when, reason=reason, draft_first=draft_first)


def _checked_currency(
    unit: UnitOfWork, params: SubscriptionCreateParams, item_prices: list[Price], customer: Customer
) -> str:
    """Return the subscription's currency, or raise for a price that cannot be charged in it."""
    currency = _currency(unit, params, item_prices, customer)
    for index, price in enumerate(item_prices):
        items.check_currency(currency, price, f"items[{index}]")
    return currency


def _currency(unit: UnitOfWork, params: SubscriptionCreateParams, item_prices: list[Price], customer: Customer) -> str:
    currency = params.get("currency") or (
        item_prices[0]["currency"] if item_prices else customer.get("currency") or "usd"
    )
    settled = customer.get("currency")
    chosen = bool(params.get("currency")) or not item_prices or settled in {None, currency}
    if not chosen and settled in (item_prices[0].get("currency_options") or {}):
        return str(settled)
    customer_currency.check(unit, customer, currency.lower())
    return currency.lower()


def _start(unit: UnitOfWork, params: SubscriptionCreateParams, item_prices: list[Price]) -> Start:
    now = unit.now
    trial_end = subscription_params.trial(unit, params, item_prices)
    began = params.get("backdate_start_date") or now
    if began > now:
        raise invalid("`backdate_start_date` must be in the past.", "backdate_start_date")
    anchor = trial_end or began
    asked_anchor = params.get("billing_cycle_anchor")
    config = params.get("billing_cycle_anchor_config")
    if asked_anchor is not None:
        anchor = asked_anchor
        if anchor < now:
            raise invalid("`billing_cycle_anchor` must be in the future.", "billing_cycle_anchor", "invalid_timestamp")
        latest = min((items.period_end(trial_end or now, p, trial_end or now) for p in item_prices), default=anchor)
        if anchor > latest:
            raise invalid(
                f"billing_cycle_anchor cannot be later than next natural billing date ({latest}) for plan",
                "billing_cycle_anchor",
            )
    elif config:
        anchor = periods.next_on(config, trial_end or now)
    return Start(now, began, anchor, trial_end, params.get("proration_behavior") != "none")


_PLAIN = frozenset(
    [
        "application_fee_percent",
        "billing_cycle_anchor_config",
        "billing_thresholds",
        "days_until_due",
        "default_payment_method",
        "default_source",
        "description",
        "on_behalf_of",
        "pending_invoice_item_interval",
        "transfer_data",
    ]
)


def _fields(
    unit: UnitOfWork,
    params: SubscriptionCreateParams,
    customer: Customer,
    when: Start,
    *,
    subscription_id: str,
    rows: list[SubscriptionItem],
    currency: str,
) -> dict[str, object]:
    method = params.get("collection_method", "charge_automatically")
    if method == "send_invoice" and params.get("days_until_due") is None:
        raise invalid(subscription_params.NO_DAYS_UNTIL_DUE)
    if method != "send_invoice" and params.get("days_until_due") is not None:
        raise invalid("You can only specify 'days_until_due' if invoice collection method is 'send_invoice'.")
    method_id = params.get("default_payment_method")
    payment_methods.check_owner(unit, method_id, customer["id"], "default_payment_method")
    payments.check_source(unit, params.get("default_source"), "default_source")
    fees.check(
        unit, params.get("application_fee_percent"), params.get("transfer_data"), param="application_fee_percent"
    )
    values: dict[str, object] = {name: value for name, value in params.items() if name in _PLAIN and value != ""}
    config = params.get("billing_cycle_anchor_config")
    if config:
        values["billing_cycle_anchor_config"] = {**ANCHOR_CONFIG, **config}
    values.update(
        {
            "id": subscription_id,
            "automatic_tax": subscription_params.automatic_tax(unit, params.get("automatic_tax"), customer),
            "billing_cycle_anchor": when.anchor,
            "billing_mode": subscription_params.billing_mode(unit, params.get("billing_mode")),
            "collection_method": method,
            "currency": currency,
            "customer": customer["id"],
            "customer_account": customer.get("customer_account"),
            "default_tax_rates": tax_rates(unit, params.get("default_tax_rates"), "default_tax_rates"),
            "items": items.listed(subscription_id, rows),
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "start_date": when.began,
            "test_clock": customer.get("test_clock"),
            "trial_end": when.trial_end,
            "trial_start": unit.now if when.trial_end else None,
        }
    )
    values.update(subscription_params.nested(params))
    values.update(subscription_params.ending_fields(unit, params, rows))
    return values


def first_lines(
    unit: UnitOfWork, subscription: Subscription, rows: list[SubscriptionItem], when: Start
) -> list[InvoiceLineItem]:
    """Return the first invoice's lines: the trial, the whole period, or the part up to the anchor."""
    charged: list[InvoiceLineItem] = []
    for row in rows:
        price = lines.current_price(unit, row)
        start, end = row["current_period_start"], row["current_period_end"]
        if when.trial_end:
            charged.append(
                lines.for_item(
                    unit,
                    subscription,
                    row,
                    start=start,
                    end=end,
                    trial=True,
                )
            )
            continue
        whole = amounts.cost(price, row["quantity"] or 0, subscription["currency"])
        length = items.full_length(price, end)
        part = whole if end - start == length else share(whole, end - start, length)
        if end - start < length and not when.prorate:
            part = 0
        usage = 0 if amounts.is_metered(price) else None
        charged.append(
            lines.for_item(
                unit,
                subscription,
                row,
                start=start,
                end=end,
                quantity=usage,
                amount=0 if usage == 0 else part,
            )
        )
    return charged


def _first_invoice(
    unit: UnitOfWork,
    params: SubscriptionCreateParams,
    customer: Customer,
    planned: Subscription,
    *,
    rows: list[SubscriptionItem],
    when: Start,
    reason: str,
    draft_first: bool,
) -> Subscription:
    behavior = params.get("payment_behavior") or "allow_incomplete"
    charged = first_lines(unit, planned, rows, when)
    charged += invoice_lifecycle.pending_lines(
        unit, customer["id"], subscription=planned["id"], currency=planned["currency"]
    )
    about = invoice_fields(planned, reason, customer)
    expected = with_changes(
        unit.blank(kinds.INVOICE),
        {**about, "id": "in_preview", "customer": customer["id"], "period_start": unit.now},
    )
    due = invoice_lifecycle.amount_fields(unit, expected, charged, customer)["amount_due"]
    automatic = planned["collection_method"] == "charge_automatically"
    has_method = bool(planned["default_payment_method"] or collect_invoice.method_of(unit, expected))
    needs_payment = due and automatic and not draft_first
    if needs_payment and behavior != "default_incomplete" and not has_method:
        raise invalid(collect_invoice.NO_METHOD, None, "resource_missing")
    planned["status"] = "trialing" if when.trial_end else "incomplete" if needs_payment else "active"
    subscription = unit.create(kinds.SUBSCRIPTION, planned, emits=())
    subscription_timers.plan(unit, subscription)
    customer_currency.settle(unit, customer, planned["currency"])
    about["parent"] = invoice_lifecycle.subscription_parent(subscription)
    about["_session"] = subscription.get("_session")
    if draft_first:
        about.update({"auto_advance": True, "_drafted": True})
    invoice = invoice_lifecycle.draft(unit, customer, charged, about)
    if draft_first:
        invoice_lifecycle.schedule_finalization(unit, invoice)
    else:
        invoice_lifecycle.finalize(unit, invoice)
    unit.change(subscription, {"latest_invoice": invoice["id"]}, emits=())
    if not due and automatic and not subscription.get("_session"):
        setup = payments.setup(unit, subscription, collect_invoice.method_of(unit, invoice))
        unit.change(subscription, {"pending_setup_intent": setup}, emits=())
    unit.emit("customer.subscription.created", subscription)
    subscription_timers.announce_trial_end(unit, subscription)
    if subscription["status"] == "incomplete":
        unit.schedule("expire", subscription, unit.now + settings.read(unit.store).incomplete_seconds)
    if draft_first:
        return subscription
    declined = collect_invoice.advance(
        unit, invoice, attempt=behavior != "default_incomplete", off_session=bool(params.get("off_session"))
    )
    if behavior == "error_if_incomplete" and subscription["status"] == "incomplete":
        raise incomplete(declined)
    return subscription


def incomplete(declined: CardError | None) -> StripeError:
    """Return the 402 that undoes everything (a CardError would keep what was made)."""
    if declined is None:
        return StripeError(
            "Payment for this subscription requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with `subscription.latest_invoice`.",
            status=402,
            type="card_error",
            code="subscription_payment_intent_requires_action",
        )
    error = StripeError(declined.message, status=402, type="card_error", code=declined.code)
    named = {"decline_code", "advice_code", "network_decline_code"}
    error.more.update({name: value for name, value in declined.more.items() if name in named})
    return error


def invoice_fields(subscription: Subscription, reason: str, customer: Customer | None = None) -> dict[str, object]:
    """Return what an invoice takes from its subscription; the customer's own discount stands in for none."""
    automatic = subscription["automatic_tax"]["enabled"]
    own = subscription.get("invoice_settings")
    payment = subscription.get("payment_settings")
    discount = customer["discount"] if customer else None
    own_discount = [discount["id"]] if discount else []
    return {
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": automatic,
            "liability": subscription["automatic_tax"]["liability"] if automatic else None,
            "provider": "stripe" if automatic else None,
            "status": "complete" if automatic else None,
        },
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "currency": subscription["currency"],
        "custom_fields": own.get("custom_fields") if own else None,
        "default_tax_rates": [r.copy() for r in subscription.get("default_tax_rates") or []],
        "description": (own.get("description") if own else None) or subscription.get("description"),
        "footer": own.get("footer") if own else None,
        "discounts": list(subscription.get("discounts") or own_discount),
        "on_behalf_of": subscription.get("on_behalf_of"),
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": payment.get("payment_method_options") if payment else None,
            "payment_method_types": (payment.get("payment_method_types") if payment else None) or None,
        },
        "_days_until_due": subscription.get("days_until_due"),
    }
