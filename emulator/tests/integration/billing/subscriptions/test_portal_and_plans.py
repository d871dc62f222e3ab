from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator


def test_a_portal_session_uses_the_default_configuration(shop: Shop, stripe_emulator: RunningEmulator) -> None:
    customer = shop.customer()
    session = shop.v1.billing_portal.sessions.create({"customer": customer.id, "return_url": "https://shop.example/me"})
    assert session.url.startswith(f"{stripe_emulator.url}/p/session/")
    assert session.return_url == "https://shop.example/me"
    configuration = shop.v1.billing_portal.configurations.retrieve(id_of(session.configuration))
    assert (configuration.is_default, configuration.features.subscription_cancel.enabled) == (True, True)
    assert [c.id for c in shop.v1.billing_portal.configurations.list({"is_default": True}).data] == [configuration.id]


def test_configurations_are_checked_and_changed(shop: Shop) -> None:
    price = shop.price()
    features = {
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price", "quantity"],
            "products": [{"product": price.product, "prices": [price.id]}],
        },
        "invoice_history": {"enabled": True},
    }
    configuration = shop.v1.billing_portal.configurations.create(
        request_params({"features": features, "business_profile": {"headline": "Hello"}})
    )
    assert configuration.business_profile.headline == "Hello"
    assert present(configuration.features.subscription_update.products)[0].prices == [price.id]
    assert configuration.features.customer_update.enabled is False
    off = shop.v1.billing_portal.configurations.update(configuration.id, {"active": False})
    assert off.active is False
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.billing_portal.sessions.create({"customer": shop.customer().id, "configuration": configuration.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.billing_portal.configurations.create({"features": {"subscription_update": {"enabled": True}}})
    assert caught.value.code == "parameter_missing"


def test_a_flow_leads_straight_to_its_subscription(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription.id}}
    session = shop.v1.billing_portal.sessions.create(request_params({"customer": customer.id, "flow_data": flow}))
    assert present(present(session.flow).subscription_cancel).subscription == subscription.id
    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        shop.v1.billing_portal.sessions.create(request_params({"customer": shop.customer().id, "flow_data": flow}))


def test_plans_are_recurring_prices_under_another_name(shop: Shop) -> None:
    plan = shop.v1.plans.create(
        {"id": "gold", "amount": 1500, "currency": "usd", "interval": "month", "product": {"name": "Gold"}}
    )
    assert (plan.id, plan.amount, plan.active) == ("gold", 1500, True)
    assert shop.v1.prices.retrieve("gold").unit_amount == 1500
    assert shop.v1.plans.update("gold", {"nickname": "G"}).nickname == "G"
    assert [p.id for p in shop.v1.plans.list().data] == ["gold"]
    subscription = shop.v1.subscriptions.create({"customer": shop.customer().id, "items": [{"plan": "gold"}]})
    assert shop.invoice(subscription.id).total == 1500
    assert {"plan.created", "plan.updated", "price.created"} <= set(shop.types())
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.plans.retrieve("silver")
    assert caught.value.http_status == 404


def test_tax_ids_are_kept_and_verified(shop: Shop, stripe_emulator: RunningEmulator) -> None:
    customer = shop.customer()
    tax_id = shop.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"})
    assert (tax_id.country, present(tax_id.verification).status) == ("DE", "pending")
    stripe_emulator.advance(5)
    assert present(shop.v1.customers.tax_ids.retrieve(customer.id, tax_id.id).verification).status == "verified"
    assert [t.id for t in shop.v1.customers.tax_ids.list(customer.id).data] == [tax_id.id]
    subscription = shop.subscribe(customer.id, shop.price().id)
    assert present(shop.invoice(subscription.id).customer_tax_ids)[0].value == "DE123456789"
    assert shop.v1.customers.tax_ids.delete(customer.id, tax_id.id).deleted is True
    assert shop.types("customer.tax_id") == [
        "customer.tax_id.created",
        "customer.tax_id.updated",
        "customer.tax_id.deleted",
    ]


def test_tax_rates_can_be_switched_off(shop: Shop) -> None:
    rate = shop.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False, "country": "GB"})
    assert shop.v1.tax_rates.update(rate.id, {"active": False}).active is False
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        shop.subscribe(shop.customer().id, shop.price().id, default_tax_rates=[rate.id])
