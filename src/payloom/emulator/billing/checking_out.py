"""Subscriptions that begin in Checkout, and what Checkout shows of them beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom.emulator.billing import amounts, collecting, discounts, items, payments, subscribing, totals
from payloom.emulator.billing.making import Body
from payloom.emulator.billing.rehearsing import rehearsal
from payloom.emulator.resources import payment_intents
from payloom.emulator.resources.seams import Taken
from payloom.emulator.wire.errors import CardError

if TYPE_CHECKING:
    from payloom.emulator.unit import Unit

_CARRIED = [
    "application_fee_percent",
    "billing_cycle_anchor",
    "billing_mode",
    "default_tax_rates",
    "description",
    "metadata",
    "on_behalf_of",
    "proration_behavior",
    "transfer_data",
    "trial_end",
    "trial_period_days",
    "trial_settings",
]


def start(unit: Unit, session: Body, *, customer: Body, payment_method: Body | None) -> Body:
    """Create the subscription of a session, pay its first invoice with `payment_method`, and return it.

    A declined card leaves neither subscription nor invoice, only the declined PaymentIntent, and raises the CardError.
    When the card asks for 3-D Secure the subscription is returned `incomplete`; its invoice's PaymentIntent requires
    action and carries `_session`, and it becomes active when that succeeds.
    """
    unit.follow(customer)
    params = parameters(session, customer, payment_method)
    extra: Body = {"_session": session["id"]}
    if payment_method is not None:
        with rehearsal(unit) as scratch:
            trial = subscribing.begin(scratch, params, extra=extra)
            invoice = scratch.get("invoice", trial["latest_invoice"])
            intent = collecting.intent_of(scratch, invoice)
            refused = intent is not None and intent["status"] == "requires_payment_method"
        if refused:
            _fail_alone(unit, session, customer, invoice, payment_method)
    return subscribing.begin(unit, params, extra=extra)


def _fail_alone(unit: Unit, session: Body, customer: Body, invoice: Body, method: Body) -> None:
    """Make only the payment that will be declined, so that its facts stay and nothing else does."""
    intent = payment_intents.create(
        unit,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=customer["id"],
        payment_method=method["id"],
        description="Subscription creation",
        setup_future_usage="off_session",
        _checkout=session["id"],
    )
    declined = payments.pay(unit, intent, method["id"], off_session=False)
    if declined is not None:
        raise declined
    raise CardError("Your card was declined.", code="card_declined", decline_code="generic_decline")


def parameters(session: Body, customer: Body, payment_method: Body | None) -> Body:
    """Return the parameters of the subscription a session asks for."""
    data: Body = dict(session.get("_subscription_data") or {})
    recurring, extras = [], []
    for row in session.get("_lines") or []:
        price = row["price"]
        entry: Body = {"price": price["id"]}
        if row.get("tax_rates"):
            entry["tax_rates"] = [_id(r) for r in row["tax_rates"]]
        if row.get("quantity") is not None and not amounts.is_metered(price):
            entry["quantity"] = row["quantity"]
        (recurring if price["type"] == "recurring" else extras).append(entry)
    settings: Body = {"save_default_payment_method": "off"}
    params: Body = {
        "customer": customer["id"],
        "currency": session["currency"],
        "items": recurring,
        "payment_behavior": "allow_incomplete",
        "payment_settings": settings,
        **{n: data[n] for n in _CARRIED if data.get(n) not in {None, ""} or isinstance(data.get(n), dict)},
    }
    if data.get("invoice_settings"):
        params["invoice_settings"] = data["invoice_settings"]
    if extras:
        params["add_invoice_items"] = extras
    if session.get("automatic_tax", {}).get("enabled"):
        params["automatic_tax"] = {"enabled": True}
    if session.get("_discounts"):
        params["discounts"] = [
            {k: v for k, v in d.items() if k in {"coupon", "promotion_code"} and v} for d in session["_discounts"]
        ]
    if payment_method is not None:
        params["default_payment_method"] = payment_method["id"]
    return params


def _id(value: Any) -> str:
    return value if isinstance(value, str) else value["id"]


def due_now(unit: Unit, session: Body) -> int:
    """Return what is due at once before discounts: nothing for a trial but its one-time items, else the first period."""
    data: Body = session.get("_subscription_data") or {}
    found = [row["price"] for row in session["_lines"]]
    trial = subscribing.trial(unit, {k: data[k] for k in ("trial_end", "trial_period_days") if data.get(k)}, [])
    due = 0
    for row, price in zip(session["_lines"], found, strict=True):
        if price["type"] == "recurring" and (trial or amounts.is_metered(price)):
            continue
        stored = unit.any(price["id"]) or price
        cost = amounts.cost(stored, row.get("quantity") or 1, session["currency"])
        anchor = data.get("billing_cycle_anchor")
        if price["type"] == "recurring" and anchor:
            end = items.period_end(anchor, stored, unit.now)
            length = items.full_length(stored, end)
            prorated = data.get("proration_behavior") != "none"
            cost = (
                subscribing.share(cost, end - unit.now, length)
                if prorated and end - unit.now < length
                else (cost if end - unit.now >= length else 0)
            )
        due += cost
    return due


def taken(unit: Unit, wanted: list[Body], *, subtotal: int, currency: str, customer: str | None) -> list[Taken]:
    """Return what `[{coupon} | {promotion_code}]` take off `subtotal`, in order."""
    left, found = subtotal, []
    for index, entry in enumerate(wanted):
        coupon, code = discounts.resolve(
            unit, entry, f"discounts[{index}]", customer=customer, subtotal=subtotal, currency=currency
        )
        off = discounts.terms("", coupon, currency)
        amount = totals.off_of(off, left)
        left -= amount
        found.append(Taken(amount, coupon["id"], code["id"] if code else None))
    return found
