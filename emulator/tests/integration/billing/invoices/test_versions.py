"""The same objects as clients of older versions see them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop

from payloom_emulator.embedded import RunningEmulator

OLD = ["2020-08-27", "2022-08-01", "2022-11-15", "2023-10-16", "2024-06-20", "2025-02-24.acacia"]


Sold = tuple[Shop, stripe.Subscription, stripe.Coupon, stripe.TaxRate]
"""A discounted and taxed subscription: the shop, the subscription, its coupon, its tax rate."""


@pytest.fixture
def sold(shop: Shop) -> Sold:
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    vat = shop.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False})
    subscription = shop.subscribe(
        shop.customer().id, shop.price().id, discounts=[{"coupon": coupon.id}], default_tax_rates=[vat.id]
    )
    return shop, subscription, coupon, vat


def seen(emulator: RunningEmulator, version: str, path: str) -> dict[str, Any]:
    status, body = emulator.emulator.call("GET", path, version=version)
    assert status == 200, body
    return body


@pytest.mark.parametrize("version", OLD)
def test_before_basil_periods_and_payments_are_on_the_objects_themselves(
    sold: Sold, stripe_emulator: RunningEmulator, version: Any
) -> None:
    _, subscription, coupon, vat = sold
    body = seen(stripe_emulator, version, f"/v1/subscriptions/{subscription.id}?expand[]=latest_invoice.payment_intent")
    item = body["items"]["data"][0]
    assert body["current_period_end"] == item["current_period_end"]
    assert body["discount"]["coupon"]["id"] == coupon.id
    assert body["plan"]["amount"] == 2000
    invoice = body["latest_invoice"]
    assert invoice["payment_intent"]["status"] == "succeeded"
    assert invoice["payment_intent"]["client_secret"]
    assert invoice["payment_intent"]["invoice"] == invoice["id"]
    assert invoice["charge"].startswith("ch_")
    assert (invoice["paid"], invoice["subscription"], invoice["tax"]) == (True, subscription.id, 180)
    assert "parent" not in invoice
    line = invoice["lines"]["data"][0]
    assert (line["type"], line["proration"], line["price"]["unit_amount"]) == ("subscription", False, 2000)
    assert line["tax_amounts"][0]["tax_rate"] == line["tax_rates"][0]["id"] == vat.id
    assert "pricing" not in line


def test_from_basil_on_they_are_not(sold: Sold, stripe_emulator: RunningEmulator) -> None:
    _, subscription, coupon, _ = sold
    for version in ("2025-03-31.basil", "2025-09-30.clover", "2026-08-26.dahlia", "2026-10-28.endive"):
        body = seen(
            stripe_emulator, version, f"/v1/subscriptions/{subscription.id}?expand[]=latest_invoice&expand[]=discounts"
        )
        assert "current_period_end" not in body
        assert "payment_intent" not in body["latest_invoice"]
        discount = body["discounts"][0]
        if version.endswith("basil"):
            assert discount["coupon"]["id"] == coupon.id
        else:
            assert discount["source"]["coupon"] == coupon.id


def test_events_are_shown_in_the_version_they_were_made_for(sold: Sold, stripe_emulator: RunningEmulator) -> None:
    shop, subscription, *_ = sold
    emulator = stripe_emulator.emulator
    event = next(e for e in shop.events("invoice.paid"))
    rendered = seen(stripe_emulator, "2026-10-28.endive", f"/v1/events/{event.id}")
    assert rendered["api_version"] == emulator.config.api_version
    assert rendered["data"]["object"]["parent"]["subscription_details"]["subscription"] == subscription.id


def test_older_versions_name_coupons_and_anchors_directly(shop: Shop, stripe_emulator: RunningEmulator) -> None:
    call = stripe_emulator.emulator.call
    coupon = shop.v1.coupons.create({"percent_off": 50, "duration": "once"})
    customer, price = shop.customer(), shop.price()
    params = {"customer": customer.id, "items": [{"price": price.id}], "coupon": coupon.id}
    status, body = call("POST", "/v1/subscriptions", params, version="2022-11-15")
    assert (status, body["discount"]["coupon"]["id"], body["billing_mode"]["type"]) == (200, coupon.id, "classic")
    status, body = call("POST", "/v1/subscriptions", params, version="2026-10-28.endive")
    assert (status, body["error"]["code"]) == (400, "parameter_unknown")
    path = f"/v1/subscriptions/{shop.v1.subscriptions.list().data[0].id}"
    assert call("POST", path, {"billing_cycle_anchor": "now"}, version="2025-03-31.basil")[0] == 200
    assert call("POST", path, {"billing_cycle_anchor": "now"}, version="2026-10-28.endive")[0] == 400
    status, code = call("POST", "/v1/promotion_codes", {"coupon": coupon.id, "code": "OLD"}, version="2024-06-20")
    assert (status, code["coupon"]["id"]) == (200, coupon.id)


def test_upcoming_invoices_are_previewed_by_url_before_basil(sold: Sold, stripe_emulator: RunningEmulator) -> None:
    _, subscription, *_ = sold
    item = subscription.to_dict()["items"]["data"][0]["id"]
    body = seen(stripe_emulator, "2024-06-20", f"/v1/invoices/upcoming?subscription={subscription.id}")
    assert (body["total"], body["subscription"]) == (1980, subscription.id)
    more = f"subscription_items[0][id]={item}&subscription_items[0][quantity]=3&subscription_proration_behavior=none"
    body = seen(stripe_emulator, "2024-06-20", f"/v1/invoices/upcoming?subscription={subscription.id}&{more}")
    assert body["total"] == 3 * 1980
    lines = seen(stripe_emulator, "2024-06-20", f"/v1/invoices/upcoming/lines?subscription={subscription.id}")
    assert [line["amount"] for line in lines["data"]] == [2000]
    assert stripe_emulator.emulator.call("GET", "/v1/invoices/upcoming", version="2025-03-31.basil")[0] == 404


@pytest.mark.parametrize(
    ("start", "path", "kind"),
    [
        ("subscription", "latest_invoice.payment_intent.latest_charge", "charge"),
        ("subscription", "plan.product", "product"),
        ("subscription", "discount.promotion_code", None),
        ("subscription", "items.data.plan.product", "product"),
        ("invoice", "lines.data.price.product", "product"),
        ("invoice", "lines.data.plan.product", "product"),
        ("invoice", "subscription.latest_invoice", "invoice"),
        ("invoice", "discount.coupon", "coupon"),
    ],
)
def test_older_versions_expand_what_they_showed(
    sold: Sold, stripe_emulator: RunningEmulator, start: str, path: str, kind: str | None
) -> None:
    _, subscription, *_ = sold
    first = (
        f"/v1/subscriptions/{subscription.id}"
        if start == "subscription"
        else f"/v1/invoices/{subscription.latest_invoice}"
    )
    value = seen(stripe_emulator, "2022-11-15", f"{first}?expand[]={path}")
    for part in path.split("."):
        value = value[part][0] if part == "data" else value[part]
    assert (value or {}).get("object") == kind
