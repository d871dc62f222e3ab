"""Recipes for what is sold and to whom: customers, products, prices, discounts, taxes, payment methods, accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.sandbox.stripe.recipes.recipe import Fields, Recipe, RecipeCalls, Step, amount_of, currency_of, picked


def _posts(kind: str, path: str, plain: Mapping[str, Any], *names: str) -> Step:
    """Return the step that creates an object by one call: with the plain parameters and the fields of these names."""

    def create(calls: RecipeCalls, identity: str, fields: Fields) -> None:
        calls.post(path, {**plain, **picked(fields, *names)}, kind, identity)

    return create


def _price(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    params: dict[str, Any] = {"currency": currency_of(fields), **picked(fields, "lookup_key", "nickname")}
    params["unit_amount"] = fields["unit_amount"] if isinstance(fields.get("unit_amount"), int) else 2000
    recurring = fields.get("recurring")
    if is_map(recurring):
        params["recurring"] = {"interval": "month", **picked(recurring, "interval", "interval_count", "usage_type")}
        if recurring.get("meter"):
            params["recurring"]["meter"] = calls.ensure("billing.meter", recurring["meter"])
    product = calls.ensure("product", fields.get("product"))
    params |= {"product": product} if product else {"product_data": {"name": "Product"}}
    calls.post("/v1/prices", params, "price", identity)


def _coupon(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    params = {"id": identity, **picked(fields, "duration", "duration_in_months", "name", "max_redemptions")}
    if fields.get("amount_off"):
        params |= {"amount_off": fields["amount_off"], "currency": currency_of(fields)}
    else:
        params["percent_off"] = fields.get("percent_off") or 10
    calls.post("/v1/coupons", params, "coupon", identity)


def _promotion_code(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    promotion = fields.get("promotion")
    named = promotion.get("coupon") if is_map(promotion) else None
    coupon = calls.ensure("coupon", named or f"coupon_{identity}")
    own_code = "".join(letter for letter in identity.upper() if letter.isalnum())
    params = {"promotion": {"type": "coupon", "coupon": coupon}, "code": own_code}
    params |= picked(fields, "code", "max_redemptions")
    calls.post("/v1/promotion_codes", params, "promotion_code", identity)


def _payment_method(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    kind = str(fields.get("type") or "card")
    if kind == "card":
        params: dict[str, Any] = {"type": "card", "card": {"token": "tok_visa"}}
    else:
        data = {"iban": "DE89370400440532013000"} if kind == "sepa_debit" else {}
        person = {"name": "Jenny Rosen", "email": "jenny@example.com"}
        params = {"type": kind, kind: data, "billing_details": person}
    calls.post("/v1/payment_methods", params, "payment_method", identity)


def _attached(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = calls.ensure("customer", fields.get("customer"))
    stored = calls.find(identity) or {}
    if customer and not stored.get("customer"):
        calls.post(f"/v1/payment_methods/{identity}/attach", {"customer": customer})


def _tax_id(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = calls.ensure("customer", fields.get("customer") or f"cus_{identity}")
    params = {"type": "eu_vat", "value": "DE123456789", **picked(fields, "type", "value")}
    calls.post(f"/v1/customers/{customer}/tax_ids", params, "tax_id", identity)


def _meter(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    params = {"display_name": "Usage", "event_name": f"usage_{identity}", "default_aggregation": {"formula": "sum"}}
    calls.post(
        "/v1/billing/meters", {**params, **picked(fields, "display_name", "event_name")}, "billing.meter", identity
    )


def _shipping_rate(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    fixed = {"amount": amount_of(fields, default=500), "currency": currency_of(fields)}
    params = {
        "display_name": "Shipping",
        "type": "fixed_amount",
        "fixed_amount": fixed,
        **picked(fields, "display_name"),
    }
    calls.post("/v1/shipping_rates", params, "shipping_rate", identity)


def _payment_link(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    price = calls.ensure("price", f"price_{identity}", {"currency": currency_of(fields)})
    params = {"line_items": [{"price": price, "quantity": 1}]}
    calls.post("/v1/payment_links", params, "payment_link", identity)


CATALOG: Mapping[str, Recipe] = {
    "customer": Recipe(_posts("customer", "/v1/customers", {}, "email", "name", "phone", "description")),
    "product": Recipe(_posts("product", "/v1/products", {"name": "Product"}, "name", "description")),
    "price": Recipe(_price),
    "coupon": Recipe(_coupon),
    "promotion_code": Recipe(_promotion_code),
    "tax_rate": Recipe(
        _posts(
            "tax_rate",
            "/v1/tax_rates",
            {"display_name": "Tax", "percentage": "10", "inclusive": False},
            "display_name",
            "percentage",
            "inclusive",
        )
    ),
    "tax_id": Recipe(_tax_id),
    "shipping_rate": Recipe(_shipping_rate),
    "payment_link": Recipe(_payment_link),
    "payment_method": Recipe(_payment_method, _attached),
    "billing.meter": Recipe(_meter),
    "account": Recipe(_posts("account", "/v1/accounts", {"type": "express", "country": "US"}, "type", "country")),
    "billing_portal.configuration": Recipe(
        _posts(
            "billing_portal.configuration",
            "/v1/billing_portal/configurations",
            {"features": {"invoice_history": {"enabled": True}}},
        )
    ),
    "topup": Recipe(_posts("topup", "/v1/topups", {"amount": 2000, "currency": "usd"}, "amount", "currency")),
    "webhook_endpoint": Recipe(
        _posts(
            "webhook_endpoint",
            "/v1/webhook_endpoints",
            {"url": "https://hooks.example.com/stripe", "enabled_events": ["*"]},
            "url",
            "enabled_events",
        )
    ),
    "entitlements.feature": Recipe(
        _posts("entitlements.feature", "/v1/entitlements/features", {"name": "Feature", "lookup_key": "feature"})
    ),
    "test_helpers.test_clock": Recipe(
        _posts("test_helpers.test_clock", "/v1/test_helpers/test_clocks", {"frozen_time": 1_767_225_600}, "frozen_time")
    ),
}
