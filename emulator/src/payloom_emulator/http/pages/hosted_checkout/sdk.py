"""A Checkout Session in the camel-case shape that Stripe.js gives to pages which draw Checkout themselves."""

from __future__ import annotations

from payloom_emulator.http.pages.hosted_checkout.view import Json, trial_end
from payloom_emulator.http.pages.rendering import money
from payloom_emulator.kit.money import exponent


def _amount(minor: int | None, currency: str) -> Json:
    return {"minorUnitsAmount": minor or 0, "amount": money(minor, currency)}


def _line(item: Json, currency: str) -> Json:
    raw, price = item["raw"], item["price"]
    recurring = item["recurring"]
    return {
        "id": raw["id"],
        "name": item["name"],
        "description": item["about"],
        "quantity": item["quantity"],
        "images": [item["image"]] if item["image"] else [],
        "priceId": price.get("id") or "",
        "unitAmount": _amount(price.get("unit_amount"), currency),
        "unitAmountDecimal": None,
        "unitLabel": None,
        "subtotal": _amount(raw["amount_subtotal"], currency),
        "discount": _amount(raw.get("amount_discount"), currency),
        "taxExclusive": _amount(raw.get("amount_tax"), currency),
        "taxInclusive": _amount(0, currency),
        "total": _amount(raw["amount_total"], currency),
        "discountAmounts": None,
        "taxAmounts": None,
        "recurring": {
            "interval": recurring["interval"],
            "intervalCount": recurring.get("interval_count") or 1,
            "usageType": recurring.get("usage_type") or "licensed",
        }
        if recurring
        else None,
        "adjustableQuantity": _adjustable(raw.get("adjustable_quantity")),
        "isRemovable": False,
        "pricing": None,
        "transformQuantity": None,
    }


def _adjustable(given: Json | None) -> Json | None:
    if not given or not given.get("enabled"):
        return None
    return {"minimum": given.get("minimum") or 0, "maximum": given.get("maximum") or 99}


def _status(session: Json) -> Json:
    if session["status"] == "complete":
        return {"type": "complete", "paymentStatus": session["payment_status"]}
    return {"type": session["status"]}


def _recurring(session: Json, shown: Json, currency: str, now: int) -> Json | None:
    items = [item for item in shown["items"] if item["recurring"]]
    if session["mode"] != "subscription" or not items:
        return None
    due = sum(item["due"] for item in items)
    end = trial_end(session, now)
    first = items[0]["recurring"]
    return {
        "interval": first["interval"],
        "intervalCount": first.get("interval_count") or 1,
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


def sdk_session(session: Json, shown: Json, *, email: str | None, now: int, target: str | None) -> Json:
    """Return the session; amounts are minor units with their written form.

    target: where to go after paying; the stand-in uses it, Stripe's own type does not have it.
    """
    currency = session.get("currency") or "usd"
    details: dict[str, object] = session.get("total_details") or {}
    discounts = [
        {
            **_amount(details.get("amount_discount"), currency),
            "displayName": row["label"],
            "promotionCode": None,
            "recurring": None,
            "percentOff": None,
        }
        for row in shown["rows"]
        if row["kind"] == "discount"
    ]
    return {
        "id": session["id"],
        "livemode": False,
        "businessName": shown["merchant"],
        "currency": currency,
        "currencyOptions": None,
        "minorUnitsAmountDivisor": 10 ** exponent(currency),
        "status": _status(session),
        "email": email,
        "nameCollection": None,
        "lineItems": [_line(item, currency) for item in shown["items"]],
        "optionalItems": None,
        "recurring": _recurring(session, shown, currency, now),
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
            "subtotal": _amount(session.get("amount_subtotal"), currency),
            "discount": _amount(details.get("amount_discount"), currency),
            "shippingRate": _amount(details.get("amount_shipping"), currency),
            "taxExclusive": _amount(details.get("amount_tax"), currency),
            "taxInclusive": _amount(0, currency),
            "appliedBalance": _amount(0, currency),
            "balanceAppliedToNextInvoice": False,
            "surcharge": _amount(0, currency),
            "total": _amount(session.get("amount_total"), currency),
        },
        "returnUrl": target,
    }
