"""A Checkout Session in the camel-case shape that Stripe.js gives to pages which draw Checkout themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.http.pages.hosted_checkout.view import trial_end
from payloom_emulator.http.pages.rendering import money
from payloom_emulator.kit.money import exponent

if TYPE_CHECKING:
    from payloom_emulator.http.pages.hosted_checkout.view import Item, PaymentPage, View
    from payloom_emulator.objects.checkout import LineItemAdjustableQuantity


def _amount(minor: int | None, currency: str) -> dict[str, object]:
    return {"minorUnitsAmount": minor or 0, "amount": money(minor, currency)}


def _line(item: Item, currency: str) -> dict[str, object]:
    raw, price = item["raw"], item["price"]
    recurring = item["recurring"]
    return {
        "id": raw["id"],
        "name": item["name"],
        "description": item["about"],
        "quantity": item["quantity"],
        "images": [item["image"]] if item["image"] else [],
        "priceId": price["id"] if price else "",
        "unitAmount": _amount(price["unit_amount"] if price else None, currency),
        "unitAmountDecimal": None,
        "unitLabel": None,
        "subtotal": _amount(raw["amount_subtotal"], currency),
        "discount": _amount(raw["amount_discount"], currency),
        "taxExclusive": _amount(raw["amount_tax"], currency),
        "taxInclusive": _amount(0, currency),
        "total": _amount(raw["amount_total"], currency),
        "discountAmounts": None,
        "taxAmounts": None,
        "recurring": {
            "interval": recurring["interval"],
            "intervalCount": recurring["interval_count"],
            "usageType": recurring["usage_type"],
        }
        if recurring
        else None,
        "adjustableQuantity": _adjustable(raw.get("adjustable_quantity")),
        "isRemovable": False,
        "pricing": None,
        "transformQuantity": None,
    }


def _adjustable(rule: LineItemAdjustableQuantity | None) -> dict[str, int] | None:
    if not rule or not rule["enabled"]:
        return None
    return {"minimum": rule["minimum"] or 0, "maximum": rule["maximum"] or 99}


def _status(session: PaymentPage) -> dict[str, object]:
    if session["status"] == "complete":
        return {"type": "complete", "paymentStatus": session["payment_status"]}
    return {"type": session["status"]}


def _recurring(session: PaymentPage, view: View, currency: str, now: int) -> dict[str, object] | None:
    items = [item for item in view["items"] if item["recurring"]]
    first = items[0]["recurring"] if items else None
    if session["mode"] != "subscription" or not first:
        return None
    due = sum(item["due"] for item in items)
    end = trial_end(session, now)
    return {
        "interval": first["interval"],
        "intervalCount": first["interval_count"],
        "isProrated": False,
        "dueNext": {
            "subtotal": _amount(due, currency),
            "total": _amount(due, currency),
            "discount": _amount(0, currency),
            "taxInclusive": _amount(0, currency),
            "taxExclusive": _amount(0, currency),
            "billingCycleAnchor": end,
        },
        "trial": {"trialEnd": end, "trialPeriodDays": max(1, round((end - now) / 86400))} if end else None,
    }


def sdk_session(
    session: PaymentPage, view: View, *, email: str | None, now: int, target: str | None
) -> dict[str, object]:
    """Return the session; amounts are minor units with their written form.

    target: where to go after paying; the stand-in uses it, Stripe's own type does not have it.
    """
    currency = session["currency"] or "usd"
    details = session["total_details"]
    discounts = [
        {
            **_amount(details["amount_discount"] if details else 0, currency),
            "displayName": row["label"],
            "promotionCode": None,
            "recurring": None,
            "percentOff": None,
        }
        for row in view["rows"]
        if row["kind"] == "discount"
    ]
    return {
        "id": session["id"],
        "livemode": False,
        "businessName": view["merchant"],
        "currency": currency,
        "currencyOptions": None,
        "minorUnitsAmountDivisor": 10 ** exponent(currency),
        "status": _status(session),
        "email": email,
        "nameCollection": None,
        "lineItems": [_line(item, currency) for item in view["items"]],
        "optionalItems": None,
        "recurring": _recurring(session, view, currency, now),
        "savedPaymentMethods": None,
        "shipping": None,
        "shippingOptions": [],
        "surcharge": None,
        "tax": {"status": "ready"},
        "taxAmounts": None,
        "taxIdInfo": None,
        "lastPaymentError": None,
        "discountAmounts": discounts or None,
        "total": {
            "subtotal": _amount(session["amount_subtotal"], currency),
            "discount": _amount(details["amount_discount"] if details else 0, currency),
            "shippingRate": _amount(details["amount_shipping"] if details else 0, currency),
            "taxExclusive": _amount(details["amount_tax"] if details else 0, currency),
            "taxInclusive": _amount(0, currency),
            "appliedBalance": _amount(0, currency),
            "balanceAppliedToNextInvoice": False,
            "surcharge": _amount(0, currency),
            "total": _amount(session["amount_total"], currency),
        },
        "returnUrl": target,
    }
