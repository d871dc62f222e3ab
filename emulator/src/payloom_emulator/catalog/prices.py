"""Prices: their terms, and what a quantity costs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, TypeAlias, TypedDict, cast

from payloom_emulator.catalog import products
from payloom_emulator.core.differences import with_changes
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing, parameter_missing
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.catalog import Price, PriceTier
    from payloom_emulator.objects.params.invoices import PriceDataParams
    from payloom_emulator.objects.params.prices import PriceCreateParams, PriceCreateParamsRecurring
    from payloom_emulator.objects.params.products import ProductCreateParamsDefaultPriceData
    from payloom_emulator.objects.params.quotes import QuoteCreateParamsLineItemPriceData
    from payloom_emulator.objects.params.shared import (
        InvoiceItemCreateParamsPriceData,
        LineItemPriceDataParams,
        PriceCreateParamsCurrencyOptions,
        QuoteCreateParamsLineItemPriceDataRecurring,
        SubscriptionCreateParamsItemPriceData,
        TierParams,
    )

_MAX_INTERVAL = {"day": 1095, "week": 156, "month": 36, "year": 3}

PriceData: TypeAlias = "PriceCreateParams | InvoiceItemCreateParamsPriceData | PriceDataParams | QuoteCreateParamsLineItemPriceData | SubscriptionCreateParamsItemPriceData | LineItemPriceDataParams | ProductCreateParamsDefaultPriceData"
"""A price as a caller describes it, in the parameters of any operation that can make one."""

CycleParams: TypeAlias = "PriceCreateParamsRecurring | QuoteCreateParamsLineItemPriceDataRecurring"

Named: TypeAlias = Callable[[str], str]
"""Returns the full name of a parameter: `price_data[currency]` for "currency"."""


class _UnitAmount(TypedDict):
    unit_amount: int | None
    unit_amount_decimal: str | None


def terms(params: PriceData, prefix: str) -> dict[str, object]:
    """Return the fields that say how much and how often, checked. prefix: the parameter that holds `params`, or ""."""

    def named(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    code = money.currency(params["currency"], named("currency"))
    cycle = params.get("recurring")
    fields: dict[str, object] = {"currency": code, "type": "recurring" if cycle else "one_time"}
    fields["recurring"] = _recurring(cycle, named("recurring")) if cycle else None
    fields["billing_scheme"] = params.get("billing_scheme", "per_unit")
    custom = params.get("custom_unit_amount")
    custom = custom if custom and custom["enabled"] else None
    if fields["billing_scheme"] == "tiered":
        if not cycle:
            raise invalid("Prices with `type=one_time` are not supported with tiered billing.", "interval")
        fields["_tiers"] = _tiers(params.get("tiers"), params.get("tiers_mode"), named)
        fields["tiers_mode"] = params.get("tiers_mode")
        fields["unit_amount"] = fields["unit_amount_decimal"] = None
    elif custom:
        if cycle:
            raise invalid("Prices with `custom_unit_amount` cannot be recurring.", named("custom_unit_amount"))
        fields["custom_unit_amount"] = {n: custom.get(n) for n in ("maximum", "minimum", "preset")}
        fields["unit_amount"] = fields["unit_amount_decimal"] = None
    else:
        fields.update(_unit_amount(params, named))
    fields["tax_behavior"] = params.get("tax_behavior", "unspecified")
    if params.get("transform_quantity"):
        fields["transform_quantity"] = params.get("transform_quantity")
    options = {code: _option(fields)}
    for other, option in (params.get("currency_options") or {}).items():
        currency = money.currency(other, named("currency_options"))
        options[currency] = _option(_terms_in(option, params.get("tiers_mode"), named))
    fields["currency_options"] = options
    return fields


def changed_options(price: Price, params: Mapping[str, PriceCreateParamsCurrencyOptions]) -> dict[str, object]:
    """Return a price's terms by currency after an update, which may not change its own currency's amount."""
    options: dict[str, object] = dict(price.get("currency_options") or {})
    for code, option in params.items():
        currency = money.currency(code, "currency_options")
        named = functools.partial("currency_options[{}][{}]".format, code)
        if currency == price["currency"]:
            amount = option.get("unit_amount")
            if amount is not None and amount != price["unit_amount"]:
                raise invalid("The amount in a price's own currency cannot be changed.", named("unit_amount"))
            options[currency] = {**members(options.get(currency)), **_tax_behavior(option)}
        else:
            options[currency] = _option(_terms_in(option, price["tiers_mode"], named))
    return options


def _tax_behavior(option: PriceCreateParamsCurrencyOptions) -> dict[str, object]:
    return {"tax_behavior": option["tax_behavior"]} if "tax_behavior" in option else {}


def _terms_in(option: PriceCreateParamsCurrencyOptions, tiers_mode: str | None, named: Named) -> dict[str, object]:
    """Return the terms of a price in another currency."""
    if option.get("tiers"):
        return {"_tiers": _tiers(option.get("tiers"), tiers_mode, named), **_tax_behavior(option)}
    if (custom := option.get("custom_unit_amount")) and custom["enabled"]:
        fields = {n: custom.get(n) for n in ("maximum", "minimum", "preset")}
        return {"custom_unit_amount": fields, **_tax_behavior(option)}
    return {**_unit_amount(option, named), "tax_behavior": option.get("tax_behavior", "unspecified")}


def _option(fields: dict[str, object]) -> dict[str, object]:
    option = {
        "custom_unit_amount": fields.get("custom_unit_amount"),
        "tax_behavior": fields.get("tax_behavior", "unspecified"),
        "unit_amount": fields.get("unit_amount"),
        "unit_amount_decimal": fields.get("unit_amount_decimal"),
    }
    return {**option, "tiers": fields["_tiers"]} if fields.get("_tiers") else option


def _unit_amount(params: PriceData | PriceCreateParamsCurrencyOptions, named: Named) -> _UnitAmount:
    whole, exact = params.get("unit_amount"), params.get("unit_amount_decimal")
    if whole is None and exact is None:
        raise invalid("Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")
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


def _recurring(params: CycleParams, param: str) -> dict[str, object]:
    interval, count = params["interval"], params.get("interval_count", 1)
    largest = _MAX_INTERVAL[interval]
    if not 1 <= count <= largest:
        raise invalid(
            f"`interval_count` must be between 1 and {largest} for interval `{interval}`.",
            f"{param}[interval_count]",
        )
    usage = params.get("usage_type", "licensed")
    # Until basil usage could be recorded on the subscription item, without a meter.
    aggregate = text(cast("JsonMapping", params).get("aggregate_usage"))
    if usage == "metered" and not params.get("meter") and not aggregate:
        raise invalid("Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by meters.")
    return {
        **({"aggregate_usage": aggregate} if aggregate and usage == "metered" else {}),
        "interval": interval,
        "interval_count": count,
        "meter": params.get("meter"),
        "trial_period_days": params.get("trial_period_days"),
        "usage_type": usage,
    }


def _tiers(params: list[TierParams] | None, mode: str | None, named: Named) -> list[PriceTier]:
    if not params:
        raise parameter_missing(named("tiers"))
    if not mode:
        raise parameter_missing(named("tiers_mode"))
    rows: list[PriceTier] = []
    last = 0
    for index, tier in enumerate(params):
        up_to = tier["up_to"]
        is_last = index == len(params) - 1
        if (up_to == "inf") is not is_last:
            raise invalid("The last tier, and only it, must have `up_to` set to `inf`.", named("tiers"))
        if up_to != "inf":
            if int(up_to) <= last:
                raise invalid("The `up_to` of the tiers must grow.", named("tiers"))
            last = int(up_to)
        flat, each = tier.get("flat_amount"), tier.get("unit_amount")
        rows.append(
            {
                "flat_amount": flat,
                "flat_amount_decimal": tier.get("flat_amount_decimal") if flat is None else str(flat),
                "unit_amount": each,
                "unit_amount_decimal": tier.get("unit_amount_decimal") if each is None else str(each),
                "up_to": None if up_to == "inf" else int(up_to),
            }
        )
    return rows


def make(
    unit: UnitOfWork, data: PriceData, param: str, *, product_id: str | None = None, price_id: str | None = None
) -> Price:
    """Create a price from inline `price_data`: `{currency, product | product_data, unit_amount, recurring…}`.

    product_id: the product, where the data does not name it.
    """
    if not data.get("currency"):
        raise parameter_missing(f"{param}[currency]")
    product_data = data.get("product_data")
    product_id = data.get("product") or product_id
    if product_data:
        if not product_data.get("name"):
            raise parameter_missing(f"{param}[product_data][name]")
        product_id = products.make(unit, product_data)["id"]
    if not product_id:
        raise parameter_missing(f"{param}[product_data]")
    product = unit.find(kinds.PRODUCT, product_id)
    if product is None:
        raise missing("product", product_id, param=f"{param}[product]", status=400)
    fields: dict[str, object] = terms(data, param)
    if price_id:
        fields["id"] = price_id
    fields.update({"product": product["id"], "active": param == "default_price_data"})
    return unit.create(kinds.PRICE, fields)


def tiers(unit: UnitOfWork, price: Price) -> list[PriceTier] | None:
    """Return the tiers of a tiered price."""
    del unit
    return price.get("_tiers")


def amount_for(price: Price, quantity: int, currency: str | None = None) -> int:
    """Return what `quantity` of a price costs, in minor units of `currency` (the price's own by default)."""
    terms = price
    option = (price.get("currency_options") or {}).get(currency or "")
    if option and currency != price["currency"]:
        terms = with_changes(price, option)
    transform = price.get("transform_quantity")
    if transform:
        whole, rest = divmod(quantity, transform["divide_by"])
        quantity = whole + (1 if rest and transform["round"] == "up" else 0)
    if price["billing_scheme"] == "tiered":
        return _tiered(terms.get("tiers") or price.get("_tiers") or [], str(price["tiers_mode"]), quantity)
    each = terms.get("unit_amount_decimal")
    return 0 if each is None else _rounded(Decimal(str(each)) * quantity)


def _tiered(rows: Sequence[PriceTier], mode: str, quantity: int) -> int:
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
