"""Coupons, promotion codes and the discounts made of them. https://docs.stripe.com/api/coupons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import CLOVER
from payloom_emulator.protocol.errors import StripeError, below_one, in_past, invalid, parameter_missing, too_far
from payloom_emulator.protocol.param_types import fields_of

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.catalog import Coupon, CouponCurrencyOptions, PromotionCode, PromotionCodeRestrictions
    from payloom_emulator.objects.params.coupons import CouponCreateParams, CouponUpdateParams
    from payloom_emulator.objects.params.promotion_codes import (
        PromotionCodeCreateParams,
        PromotionCodeListParams,
        PromotionCodeUpdateParams,
    )


def _creating_coupon(call: RequestContext[CouponCreateParams], draft: Coupon) -> None:
    params = call.params
    _set_worth(params, draft)
    draft["duration"] = params.get("duration", "once")
    months = params.get("duration_in_months")
    if draft["duration"] == "repeating" and months is None:
        raise parameter_missing("duration_in_months")
    if draft["duration"] != "repeating" and months is not None:
        raise invalid("`duration_in_months` is only for coupons with `duration=repeating`.", "duration_in_months")
    redeem_by = params.get("redeem_by")
    if redeem_by is not None and redeem_by <= call.unit.now:
        raise in_past("redeem_by", redeem_by)
    if redeem_by is not None and redeem_by > call.unit.now + FIVE_YEARS:
        raise too_far("redeem_by")
    draft["currency_options"] = _options(params, draft["currency"])
    products = params.get("applies_to")
    draft["applies_to"] = {"products": products.get("products", [])} if products else None
    if coupon_id := _free_id(call):
        draft["id"] = coupon_id


def _set_worth(params: CouponCreateParams, draft: Coupon) -> None:
    percent, off = params.get("percent_off"), params.get("amount_off")
    if percent is None and off is None:
        raise invalid("Must provide percent_off or amount_off.", code="parameter_missing")
    if percent is not None and off is not None:
        raise invalid("Received both percent_off and amount_off parameters. Please pass in only one.")
    if percent is not None:
        value = Decimal(str(percent))
        if not 0 < value <= 100:
            raise invalid("`percent_off` must be greater than 0 and at most 100.", "percent_off")
        draft["percent_off"] = float(value) if value != int(value) else int(value)
        if params.get("currency"):
            raise invalid("You may only specify `currency` with `amount_off`.", "currency")
        return
    currency = params.get("currency")
    if not currency:
        raise invalid("You must pass currency when passing amount_off", "currency")
    if off is not None and off < 1:
        raise below_one("amount_off")
    draft["currency"] = money.currency(currency)


def _options(params: CouponCreateParams, currency: str | None) -> dict[str, CouponCurrencyOptions] | None:
    options: dict[str, CouponCurrencyOptions] = {
        money.currency(code, "currency_options"): {"amount_off": option["amount_off"]}
        for code, option in params.get("currency_options", {}).items()
    }
    if currency and (amount_off := params.get("amount_off")) is not None:
        options[currency] = {"amount_off": amount_off}
    return options or None


def _free_id(call: RequestContext[CouponCreateParams]) -> str | None:
    coupon_id = call.params.get("id")
    if coupon_id and call.unit.is_taken(coupon_id):
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    return coupon_id


def _lapse_coupon(unit: UnitOfWork, coupon: Coupon) -> None:
    unit.change(coupon, {"valid": False}, emits=())


def _updating_coupon(call: RequestContext[CouponUpdateParams], coupon: Coupon, changes: dict[str, object]) -> None:
    added = call.params.get("currency_options")
    if added:
        if coupon["percent_off"] is not None:
            raise invalid("`currency_options` is only for coupons with `amount_off`.", "currency_options")
        changes["currency_options"] = {**(coupon["currency_options"] or {}), **added}


FIVE_YEARS = 5 * 366 * 86_400
"""How far ahead a coupon or a code may end, in seconds."""

_CODE = re.compile(r"[a-zA-Z0-9_-]+")

RESTRICTIONS = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}


def _creating_code(call: RequestContext[PromotionCodeCreateParams], draft: PromotionCode) -> None:
    params, unit = call.params, call.unit
    promotion: JsonMapping = params.get("promotion") or {}
    coupon_id = promotion.get("coupon") or params.get("coupon")
    if not coupon_id:
        raise invalid("You must pass promotion.coupon when passing promotion", "promotion.coupon")
    coupon = unit.get(kinds.COUPON, str(coupon_id), "promotion[coupon]")
    if not discounts.coupon_is_valid(coupon, unit.now):
        raise invalid(f"Coupon {coupon['id']} is no longer valid.", "promotion[coupon]", "coupon_expired")
    draft["promotion"] = {"coupon": coupon["id"], "type": "coupon"}
    draft["code"] = params.get("code") or unit.environment.ids.new("", 8).upper()
    if not _CODE.fullmatch(draft["code"]):
        raise invalid(
            rf"This value must match the regex pattern. (/\A[a-zA-Z0-9\-_]+\z/ does not match for the value {draft['code']}).",
            "code",
        )
    _check_expiry(unit.now, params.get("expires_at"))
    same_code = [c for c in unit.list(kinds.PROMOTION_CODE, _upper=draft["code"].upper()) if c["active"]]
    if any(c["customer"] in {None, draft["customer"]} or draft["customer"] is None for c in same_code):
        raise invalid(f"An active promotion code with `code: {draft['code']}` already exists.")
    draft["_upper"] = draft["code"].upper()
    rules: JsonMapping = params.get("restrictions") or {}
    draft["restrictions"] = cast("PromotionCodeRestrictions", {**RESTRICTIONS, **rules})
    if rules.get("minimum_amount") is not None and not rules.get("minimum_amount_currency"):
        raise parameter_missing("restrictions[minimum_amount_currency]")
    limit = params.get("max_redemptions")
    if limit is not None and coupon["max_redemptions"] is not None and limit > coupon["max_redemptions"]:
        raise invalid("`max_redemptions` cannot be greater than the coupon's.", "max_redemptions")


def _check_expiry(now: int, moment: object) -> None:
    if not isinstance(moment, int):
        return
    if moment <= now:
        raise in_past("expires_at", moment)
    if moment > now + FIVE_YEARS:
        raise too_far("expires_at")


def _updating_code(
    call: RequestContext[PromotionCodeUpdateParams], code: PromotionCode, changes: dict[str, object]
) -> None:
    if call.params.get("active") and not code["active"]:
        coupon = call.unit.find(kinds.COUPON, code["promotion"]["coupon"])
        spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
        if coupon is None or not discounts.coupon_is_valid(coupon, call.unit.now) or spent:
            raise invalid("This promotion code cannot be made active again.", "active")
    rules = call.params.get("restrictions")
    if rules:
        changes["restrictions"] = {**code["restrictions"], **rules}


def _listing_codes(call: RequestContext[PromotionCodeListParams]) -> Mapping[str, object]:
    code = provided(call.params.get("code"))
    return {"_upper": code.upper()} if code else {}


def _lapse_code(unit: UnitOfWork, code: PromotionCode) -> None:
    if code["active"]:
        unit.change(code, {"active": False})


def _drop_customer_discount(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    current = customer.get("discount")
    if not current:
        raise StripeError(f"No active discount for customer: {customer['id']}", status=404, code="resource_missing")
    call.unit.change(customer, {"discount": None}, emits=())
    discounts.detach(call.unit, current["id"])
    return {**current, "deleted": True}


COUPON = Resource(
    schema=Schema(
        object="coupon",
        prefix="",
        id_length=8,
        path="/v1/coupons",
        fields=(
            create_only("amount_off"),
            read_only("applies_to"),
            read_only("created"),
            read_only("currency"),
            read_only("currency_options"),
            read_only("duration", "once"),
            create_only("duration_in_months"),
            read_only("livemode", False),
            create_only("max_redemptions"),
            settable("metadata", {}),
            settable("name"),
            read_only("percent_off"),
            create_only("redeem_by"),
            read_only("times_redeemed", 0),
            read_only("valid", True),
        ),
        on_create=("coupon.created",),
        on_update=("coupon.updated",),
        on_delete=("coupon.deleted",),
        hidden=("applies_to", "currency_options"),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "delete"),
        creating=_creating_coupon,
        updating=_updating_coupon,
        created=lambda call, coupon: coupon["redeem_by"] and call.unit.schedule("lapse", coupon, coupon["redeem_by"]),
    ),
    timers={"lapse": _lapse_coupon},
)


PROMOTION_CODE = Resource(
    schema=Schema(
        object="promotion_code",
        prefix="promo_1",
        id_length=23,
        path="/v1/promotion_codes",
        fields=(
            settable("active", True),
            read_only("code"),
            read_only("created"),
            create_only("customer", ref="customer"),
            read_only("customer_account"),
            create_only("expires_at"),
            read_only("livemode", False),
            create_only("max_redemptions"),
            settable("metadata", {}),
            read_only("promotion"),
            read_only("restrictions", RESTRICTIONS),
            read_only("times_redeemed", 0),
        ),
        on_create=("promotion_code.created",),
        on_update=("promotion_code.updated",),
        filters=("active", "customer", ("coupon", "promotion.coupon"), ("_upper", "_upper")),
    ),
    endpoints=Endpoints(
        creating=_creating_code,
        created=lambda call, code: code["expires_at"] and call.unit.schedule("lapse", code, code["expires_at"]),
        updating=_updating_code,
        listing=_listing_codes,
    ),
    timers={"lapse": _lapse_code},
    versions=(
        Change(CLOVER, older_shapes.promotion_code_before_clover, expandable=("coupon",)),
        Accepted(
            CLOVER,
            "POST",
            "/v1/promotion_codes",
            {"coupon": ["s"], "promotion": fields_of("POST", "/v1/promotion_codes")["promotion"]},
        ),
    ),
)


DISCOUNT = Resource(
    schema=Schema(
        object="discount",
        prefix="di_1",
        id_length=23,
        fields=(
            read_only("checkout_session"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("end"),
            read_only("invoice"),
            read_only("invoice_item"),
            read_only("promotion_code"),
            read_only("source"),
            read_only("start"),
            read_only("subscription"),
            read_only("subscription_item"),
        ),
        has_created=False,
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=(), operations=(Operation("DELETE", "/v1/customers/{customer}/discount", _drop_customer_discount),)
    ),
    versions=(Change(CLOVER, older_shapes.discount_before_clover, expandable=("coupon",)),),
)


RESOURCES = (COUPON, PROMOTION_CODE, DISCOUNT)
