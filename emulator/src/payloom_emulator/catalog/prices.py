"""Prices: their terms, and what a quantity costs."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.catalog import products
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.objects.catalog import Price
from payloom_emulator.protocol.errors import invalid, missing, parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.unit_of_work import UnitOfWork

_MAX_INTERVAL = {"day": 1095, "week": 156, "month": 36, "year": 3}


def terms(params: Body, prefix: str) -> Body:
    """Return the fields that say how much and how often, checked."""

    def named(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    code = money.currency(params["currency"], named("currency"))
    terms: Body = {"currency": code, "type": "recurring" if params.get("recurring") else "one_time"}
    terms["recurring"] = _recurring(params["recurring"], named("recurring")) if params.get("recurring") else None
    terms["billing_scheme"] = params.get("billing_scheme", "per_unit")
    if terms["billing_scheme"] == "tiered":
        terms["_tiers"] = _tiers(params, named)
        terms["tiers_mode"] = params["tiers_mode"]
        terms["unit_amount"] = terms["unit_amount_decimal"] = None
    elif params.get("custom_unit_amount"):
        custom = params["custom_unit_amount"]
        if terms["recurring"]:
            raise invalid("Prices with `custom_unit_amount` cannot be recurring.", named("custom_unit_amount"))
        terms["custom_unit_amount"] = {n: custom.get(n) for n in ("maximum", "minimum", "preset")}
        terms["unit_amount"] = terms["unit_amount_decimal"] = None
    else:
        terms.update(_unit_amount(params, named))
    terms["tax_behavior"] = params.get("tax_behavior", "unspecified")
    if params.get("transform_quantity"):
        terms["transform_quantity"] = params["transform_quantity"]
    options = {code: _option(terms)}
    for other, option in (params.get("currency_options") or {}).items():
        options[money.currency(other, named("currency_options"))] = _option(
            {**_unit_amount(option, named), "tax_behavior": option.get("tax_behavior", "unspecified")}
            if not option.get("tiers")
            else {"_tiers": _tiers({**option, "tiers_mode": params.get("tiers_mode")}, named)}
        )
    terms["currency_options"] = options
    return terms


def _option(terms: Body) -> Body:
    option = {
        "custom_unit_amount": terms.get("custom_unit_amount"),
        "tax_behavior": terms.get("tax_behavior", "unspecified"),
        "unit_amount": terms.get("unit_amount"),
        "unit_amount_decimal": terms.get("unit_amount_decimal"),
    }
    return {**option, "tiers": terms["_tiers"]} if terms.get("_tiers") else option


def _unit_amount(params: Body, named: Any) -> Body:
    whole, exact = params.get("unit_amount"), params.get("unit_amount_decimal")
    if whole is None and exact is None:
        raise invalid(
            "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.", named("unit_amount")
        )
    if whole is not None and exact is not None:
        raise invalid(
            "You may only specify one of these parameters: unit_amount, unit_amount_decimal.", named("unit_amount")
        )
    if whole is not None:
        if whole < 0:
            raise invalid(
                "This value must be greater than or equal to 0.", named("unit_amount"), "parameter_invalid_integer"
            )
        if whole > 999_999_999_999:
            raise invalid("This value must be less than or equal to 999999999999.", named("unit_amount"))
        return {"unit_amount": whole, "unit_amount_decimal": str(whole)}
    value = Decimal(str(exact))
    return {
        "unit_amount": int(value) if value == value.to_integral_value() else None,
        "unit_amount_decimal": format(value.normalize(), "f"),
    }


def _recurring(given_value: Body, param: str) -> Body:
    count = given_value.get("interval_count", 1)
    largest = _MAX_INTERVAL[given_value["interval"]]
    if not 1 <= count <= largest:
        raise invalid(
            f"`interval_count` must be between 1 and {largest} for interval `{given_value['interval']}`.",
            f"{param}[interval_count]",
        )
    usage = given_value.get("usage_type", "licensed")
    if usage == "metered" and not given_value.get("meter"):
        raise invalid("Metered prices need a `meter`.", f"{param}[meter]")
    return {
        "interval": given_value["interval"],
        "interval_count": count,
        "meter": given_value.get("meter"),
        "trial_period_days": given_value.get("trial_period_days"),
        "usage_type": usage,
    }


def _tiers(params: Body, named: Any) -> list[Body]:
    tiers = params.get("tiers")
    if not tiers:
        raise parameter_missing(named("tiers"))
    if not params.get("tiers_mode"):
        raise parameter_missing(named("tiers_mode"))
    made, last = [], 0
    for index, tier in enumerate(tiers):
        up_to = tier.get("up_to")
        is_last = index == len(tiers) - 1
        if (up_to == "inf") is not is_last:
            raise invalid("The last tier, and only it, must have `up_to` set to `inf`.", named("tiers"))
        if up_to != "inf":
            if int(up_to) <= last:
                raise invalid("The `up_to` of the tiers must grow.", named("tiers"))
            last = int(up_to)
        row: Body = {}
        for name in ("flat_amount", "unit_amount"):
            whole, exact = tier.get(name), tier.get(f"{name}_decimal")
            row[name] = whole
            row[f"{name}_decimal"] = str(whole) if whole is not None else exact
        row["up_to"] = None if up_to == "inf" else int(up_to)
        made.append(row)
    return made


def make(unit: UnitOfWork, data: Body, param: str, price_id: str | None = None) -> Price:
    """Create a price from inline `price_data`: `{currency, product | product_data, unit_amount, recurring…}`."""
    data = dict(data)
    if not data.get("currency"):
        raise parameter_missing(f"{param}[currency]")
    if data.get("product_data"):
        about = dict(data["product_data"])
        if not about.get("name"):
            raise parameter_missing(f"{param}[product_data][name]")
        data["product"] = products.make(unit, about.pop("name"), **about)["id"]
    if not data.get("product"):
        raise parameter_missing(f"{param}[product_data]")
    product = unit.find(kinds.PRODUCT, data["product"])
    if product is None:
        raise missing("product", data["product"], param=f"{param}[product]", status=400)
    price_terms = terms(data, param)
    named = {"id": price_id} if price_id else {}
    active = param == "default_price_data"
    return unit.create(kinds.PRICE, {**price_terms, **named, "product": product["id"], "active": active})


def tiers(unit: UnitOfWork, price: Price) -> list[Body] | None:
    """Return the tiers of a tiered price."""
    del unit
    return price.get("_tiers")


def amount_for(price: Price, quantity: int, currency: str | None = None) -> int:
    """Return what `quantity` of a price costs, in minor units of `currency` (the price's own by default)."""
    terms = price
    if currency and currency != price["currency"]:
        terms = {**price, **(price.get("currency_options") or {}).get(currency, {})}
    transform = price.get("transform_quantity")
    if transform:
        whole, rest = divmod(quantity, transform["divide_by"])
        quantity = whole + (1 if rest and transform["round"] == "up" else 0)
    if price["billing_scheme"] == "tiered":
        rows = cast("list[Body]", terms.get("tiers") or price.get("_tiers") or [])
        return _tiered(rows, str(price["tiers_mode"]), quantity)
    if terms.get("unit_amount_decimal") is None:
        return 0
    return _rounded(Decimal(str(terms["unit_amount_decimal"])) * quantity)


def _tiered(rows: list[Body], mode: str, quantity: int) -> int:
    total, done = Decimal(0), 0
    if mode == "volume":
        for row in rows:
            if row["up_to"] is None or quantity <= row["up_to"]:
                return _rounded(
                    Decimal(row["unit_amount_decimal"] or 0) * quantity + Decimal(row["flat_amount_decimal"] or 0)
                )
    for row in rows:
        upto = quantity if row["up_to"] is None else min(quantity, row["up_to"])
        if upto > done or (done == 0 and quantity == 0):
            total += Decimal(row["unit_amount_decimal"] or 0) * (upto - done) + Decimal(row["flat_amount_decimal"] or 0)
            done = upto
        if done >= quantity:
            break
    return _rounded(total)


def _rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
