"""Every field Stripe's types name is there, also those that are null: clients written against examples rely on them."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.billing_shop import Shop
from emulator.tests.support.response_shapes import classes
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present

from payloom_emulator.presentation.field_presence import response_fields

# Shown only when expanded, only for deleted objects, or only when there is something to say.
ONLY_SOMETIMES = {
    "subscription": set(),
    "subscription_item": {"deleted"},
    "invoice": {"confirmation_secret", "payments", "deleted"},
    "invoiceitem": {"deleted"},
    "line_item": set(),
    "invoice_payment": set(),
    "coupon": {"applies_to", "currency_options", "deleted"},
    "promotion_code": set(),
    "discount": {"deleted"},
    "tax_rate": set(),
    "tax_id": {"deleted"},
    "plan": {"tiers", "deleted"},
    "credit_note": set(),
    "credit_note_line_item": set(),
    "customer_balance_transaction": set(),
    "subscription_schedule": set(),
    "quote": {"line_items"},
    "test_helpers.test_clock": {"deleted"},
    "billing_portal.configuration": set(),
    "billing_portal.session": set(),
    "billing.meter": set(),
}


@pytest.fixture
def objects_by_type(shop: Shop) -> dict[str, dict[str, Any]]:
    """One of each, by object name."""
    shop.begin("2030-01-01")
    v1, customer, price = shop.v1, shop.customer(), shop.price()
    coupon = v1.coupons.create({"percent_off": 10, "duration": "forever"})
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    rate = v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False})
    subscription = shop.subscribe(
        customer.id, price.id, discounts=[{"coupon": coupon.id}], default_tax_rates=[rate.id], expand=["discounts"]
    )
    invoice = shop.invoice(subscription.id, expand=["payments"])
    note = v1.credit_notes.create({"invoice": invoice.id, "amount": 100, "credit_amount": 100})
    quote = v1.quotes.create({"customer": customer.id, "line_items": [{"price": price.id}]})
    session = v1.billing_portal.sessions.create({"customer": customer.id})
    answers = [
        subscription,
        invoice,
        coupon,
        code,
        rate,
        note,
        quote,
        session,
        v1.billing_portal.configurations.retrieve(id_of(session.configuration)),
        v1.invoice_items.create({"customer": customer.id, "amount": 100, "currency": "usd"}),
        v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"}),
        v1.customers.balance_transactions.list(customer.id).data[0],
        v1.subscription_schedules.create({"from_subscription": subscription.id}),
        v1.test_helpers.test_clocks.retrieve(present(shop.clock).id),
        v1.billing.meters.create({"display_name": "C", "event_name": "c", "default_aggregation": {"formula": "sum"}}),
    ]
    samples: dict[str, dict[str, Any]] = {}
    for answer in answers:
        _collect(answer.to_dict(), samples)
    return samples


def _collect(value: Any, samples: dict[str, dict[str, Any]]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("object"), str):
            samples.setdefault(value["object"], value)
        for inner in value.values():
            _collect(inner, samples)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, samples)


def test_objects_have_all_the_fields_of_their_types(objects_by_type: dict[str, dict[str, Any]]) -> None:
    absent = {}
    for name, sometimes in ONLY_SOMETIMES.items():
        assert name in objects_by_type, name
        named = {
            "items" if field == "items_" else field
            for field, hint in vars(classes()[name][0])["__annotations__"].items()
            if "ClassVar" not in str(hint)
        }
        left_out = set(response_fields()["left_out"].get(name, []))
        missing = named - set(objects_by_type[name]) - sometimes - left_out
        if missing:
            absent[name] = sorted(missing)
    assert absent == {}
