"""Coupons, promotion codes and the discounts they become: who may use them, for how long, and what they take off."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from payloom_emulator.billing.pricing import amounts, periods, totals
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Coupon, Discount, PromotionCode, PromotionCodeRestrictions
    from payloom_emulator.objects.state import DiscountChoice


class Owner(TypedDict, total=False):
    """What a discount hangs on: the id of one of these."""

    subscription: str
    invoice: str
    subscription_item: str
    invoice_item: str


def coupon_is_valid(coupon: Coupon, now: int) -> bool:
    """Return whether the coupon can still be redeemed."""
    spent = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    return not spent and (coupon["redeem_by"] is None or coupon["redeem_by"] > now)


def resolve(
    unit: UnitOfWork,
    entry: DiscountChoice,
    param: str,
    *,
    customer: str | None,
    subtotal: int | None,
    currency: str | None,
) -> tuple[Coupon, PromotionCode | None]:
    """Return (coupon, promotion code or None) of a `{coupon}` or `{promotion_code}`, or raise why it cannot be used.

    subtotal: what the discount is for, in minor units, where a minimum amount is to be checked.
    """
    code_id = entry.get("promotion_code")
    if code_id:
        name = f"{param}[promotion_code]"
        code = unit.get(kinds.PROMOTION_CODE, code_id, name)
        coupon = unit.get(kinds.COUPON, code["promotion"]["coupon"], name)
        _check_code(unit, code, coupon, name, customer=customer, subtotal=subtotal, currency=currency)
    else:
        name, code = f"{param}[coupon]", None
        coupon = unit.get(kinds.COUPON, entry.get("coupon") or "", name)
    if not coupon_is_valid(coupon, unit.now):
        raise invalid(f"Coupon {coupon['id']} is expired and cannot be applied.", name, "coupon_expired")
    if coupon["amount_off"] is not None and currency and amount_off(coupon, currency) is None:
        raise invalid(
            f"The coupon's currency ({coupon['currency']}) does not match {currency}. Add the currency to the coupon's currency_options or use another coupon.",
            name,
        )
    return coupon, code


def _check_code(
    unit: UnitOfWork,
    code: PromotionCode,
    coupon: Coupon,
    param: str,
    *,
    customer: str | None,
    subtotal: int | None,
    currency: str | None,
) -> None:
    spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    late = code["expires_at"] is not None and code["expires_at"] <= unit.now
    if not code["active"] or spent or late or not coupon_is_valid(coupon, unit.now):
        raise invalid("This promotion code cannot be redeemed because it is no longer active.", param)
    if code["customer"] and code["customer"] != customer:
        raise invalid("This promotion code cannot be redeemed by this customer.", param)
    rules = code["restrictions"]
    if rules["first_time_transaction"] and customer and _has_paid(unit, customer):
        raise invalid(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            param,
            "customer_has_prior_transactions",
        )
    least = _minimum(rules, currency)
    if least is not None and subtotal is not None and subtotal < least:
        raise invalid(
            f"This promotion code cannot be redeemed because the order does not reach its minimum amount of {amounts.money(least, str(currency or rules['minimum_amount_currency']))}.",
            param,
        )


def _minimum(rules: PromotionCodeRestrictions, currency: str | None) -> int | None:
    option = (rules.get("currency_options") or {}).get(currency or "")
    if option:
        return option.get("minimum_amount")
    same = currency is None or rules.get("minimum_amount_currency") in {None, currency}
    return rules.get("minimum_amount") if same else None


def _has_paid(unit: UnitOfWork, customer: str) -> bool:
    if any(i["amount_paid"] > 0 for i in unit.list(kinds.INVOICE, customer=customer, status="paid")):
        return True
    return any(c.get("paid") for c in unit.list(kinds.CHARGE, customer=customer, limit=20))


def amount_off(coupon: Coupon, currency: str) -> int | None:
    """Return what a fixed-amount coupon takes off in this currency, or None when it has no such amount."""
    if coupon["currency"] == currency:
        return coupon["amount_off"]
    option = (coupon.get("currency_options") or {}).get(currency)
    return option["amount_off"] if option else None


def attach(
    unit: UnitOfWork,
    choices: Sequence[DiscountChoice] | Literal[""] | None,
    *,
    customer: str | None,
    param: str = "discounts",
    subtotal: int | None = None,
    currency: str | None = None,
    start: int | None = None,
    **owner: Unpack[Owner],
) -> list[str]:
    """Redeem `[{coupon} | {promotion_code} | {discount}]` for an owner and return the ids of the discounts.

    subtotal: minor units. start: Unix seconds, now by default. owner: subscription=, invoice=, subscription_item= or
    invoice_item= with the id it hangs on.
    """
    discount_ids: list[str] = []
    for index, choice in enumerate(choices or []):
        where = f"{param}[{index}]"
        discount_id = choice.get("discount")
        if discount_id:
            discount_ids.append(unit.get(kinds.DISCOUNT, discount_id, f"{where}[discount]")["id"])
            continue
        coupon, code = resolve(unit, choice, where, customer=customer, subtotal=subtotal, currency=currency)
        discount_ids.append(redeem(unit, coupon, code, customer=customer, start=start, **owner)["id"])
    return discount_ids


def redeem(
    unit: UnitOfWork,
    coupon: Coupon,
    code: PromotionCode | None,
    *,
    customer: str | None,
    start: int | None = None,
    instead_of: Discount | None = None,
    **owner: Unpack[Owner],
) -> Discount:
    """Count the redemption and return the new discount; customers and subscriptions emit customer.discount.created.

    instead_of: the customer's discount that it replaces; then customer.discount.updated is emitted.
    """
    begin = unit.now if start is None else start
    end = None
    if coupon["duration"] == "repeating":
        end = periods.at(begin, "month", present(coupon["duration_in_months"]), 1)
    lasting = not owner or "subscription" in owner
    discount = unit.create(
        kinds.DISCOUNT,
        {
            "customer": customer,
            "end": end,
            "promotion_code": code["id"] if code else None,
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": begin,
            **owner,
        },
        emits=("customer.discount.created",) if lasting and customer and instead_of is None else (),
    )
    former = unit.find(kinds.DISCOUNT, instead_of["id"]) if instead_of is not None else None
    if former is not None:
        before = {name: former[name] for name in ("end", "id", "promotion_code", "source", "start")}
        unit.change(former, {"_used": True, "end": unit.now}, emits=())
        unit.emit("customer.discount.updated", discount, before)
    redeemed = coupon["times_redeemed"] + 1
    left = coupon["max_redemptions"] is None or redeemed < coupon["max_redemptions"]
    unit.change(coupon, {"times_redeemed": redeemed, "valid": coupon["valid"] and left}, emits=())
    if code is not None:
        used = code["times_redeemed"] + 1
        spent = code["max_redemptions"] is not None and used >= code["max_redemptions"]
        unit.change(code, {"times_redeemed": used, "active": code["active"] and not spent}, emits=())
    return discount


def coupon_of(unit: UnitOfWork, discount: Discount) -> Coupon | None:
    """Return the discount's coupon, also when it was deleted since."""
    return unit.find(kinds.COUPON, discount["source"]["coupon"], deleted=True)


def applying(unit: UnitOfWork, ids: list[str], currency: str, moment: int) -> dict[str, totals.Off]:
    """Return the terms of those discounts that still apply at `moment`."""
    offs: dict[str, totals.Off] = {}
    for discount_id in ids:
        discount = unit.find(kinds.DISCOUNT, discount_id)
        if discount is None or discount.get("_used") or (discount["end"] is not None and discount["end"] <= moment):
            continue
        coupon = coupon_of(unit, discount)
        if coupon is None:
            continue
        offs[discount_id] = terms(discount_id, coupon, currency)
    return offs


def terms(name: str, coupon: Coupon, currency: str) -> totals.Off:
    """Return what a coupon takes off, under a name."""
    percent = None if coupon["percent_off"] is None else Decimal(str(coupon["percent_off"]))
    off = None if coupon["amount_off"] is None else amount_off(coupon, currency)
    scope = coupon.get("applies_to")
    products = scope.get("products") if scope else None
    return totals.Off(name, percent, off, frozenset(products or ()))


def spend(unit: UnitOfWork, discount_ids: list[str]) -> list[str]:
    """Mark those with duration "once" as used up after an invoice; return them. Emits customer.discount.deleted."""
    spent: list[str] = []
    for discount_id in discount_ids:
        discount = unit.find(kinds.DISCOUNT, discount_id)
        coupon = coupon_of(unit, discount) if discount else None
        if discount is None or coupon is None or coupon["duration"] != "once" or discount.get("_used"):
            continue
        lasting = discount.get("subscription") or not (discount.get("invoice") or discount.get("invoice_item"))
        unit.change(discount, {"_used": True}, emits=())
        if lasting:
            unit.emit("customer.discount.deleted", discount)
        customer = unit.find(kinds.CUSTOMER, discount["customer"])
        if customer is not None and (customer.get("discount") or {}).get("id") == discount_id:
            unit.change(customer, {"discount": None}, emits=())
        spent.append(discount_id)
    return spent


def detach(unit: UnitOfWork, discount_id: str) -> None:
    """Remove a discount from what it hangs on."""
    discount = unit.find(kinds.DISCOUNT, discount_id)
    if discount is not None and not discount.get("_used"):
        unit.change(discount, {"_used": True, "end": unit.now}, emits=())
        unit.emit("customer.discount.deleted", discount)
