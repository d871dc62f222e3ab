from __future__ import annotations

from typing import Any

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop, data, day, moment
from emulator.tests.support.stripe_fields import error_of, expanded, id_of
from tests.support.present import present

FIRST_PAYMENT = [
    "invoice.created",
    "invoice.finalized",
    "customer.subscription.created",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice.updated",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
]


def test_a_subscription_whose_first_payment_succeeds_is_active_with_a_paid_invoice(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price()
    seen = len(shop.events())
    subscription = shop.subscribe(customer.id, price.id, quantity=2, metadata={"plan": "gold"})
    assert subscription.status == "active"
    item = subscription.to_dict()["items"]["data"][0]
    assert (item["quantity"], item["price"]["id"], item["plan"]["amount"]) == (2, price.id, 2000)
    assert item["current_period_start"] == subscription.start_date == subscription.billing_cycle_anchor
    invoice = shop.invoice(subscription.id, expand=["payments", "confirmation_secret"])
    assert (invoice.status, invoice.total, invoice.amount_paid, invoice.amount_remaining) == ("paid", 4000, 4000, 0)
    assert (invoice.billing_reason, invoice.attempt_count, invoice.attempted) == ("subscription_create", 1, True)
    assert invoice.number == f"{customer.invoice_prefix}-0001"
    assert present(present(invoice.parent).subscription_details).subscription == subscription.id
    assert present(present(present(invoice.parent).subscription_details).metadata)["plan"] == "gold"
    assert present(invoice.hosted_invoice_url).startswith("http")
    line = invoice.lines.data[0]
    assert (line.description, line.amount) == ("2 × Gold (at $20.00 / month)", 4000)
    assert present(present(line.parent).subscription_item_details).subscription_item == item["id"]
    assert present(present(line.pricing).price_details).price == price.id
    payment = present(invoice.payments).data[0]
    assert (payment.status, payment.amount_paid, payment.payment.type) == ("paid", 4000, "payment_intent")
    assert present(invoice.confirmation_secret).client_secret.startswith(id_of(payment.payment.payment_intent))
    types = shop.types()[seen:]
    assert types[:1] == ["customer.updated"]
    assert types[1:12] == FIRST_PAYMENT
    created = next(e for e in shop.events("customer.subscription.created"))
    assert data(created)["object"]["status"] == "incomplete"
    updated = next(e for e in shop.events("customer.subscription.updated"))
    assert data(updated)["previous_attributes"] == {"status": "incomplete"}


def test_a_trial_starts_trialing_with_a_free_invoice_and_warns_three_days_before_its_end(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer, price = shop.customer(), shop.price()
    subscription = shop.subscribe(customer.id, price.id, trial_period_days=14)
    assert (subscription.status, day(present(subscription.trial_end))) == ("trialing", "2030-01-15")
    invoice = shop.invoice(subscription.id)
    assert (invoice.status, invoice.total, invoice.lines.data[0].description) == ("paid", 0, "Trial period for Gold")
    assert "payment_intent.created" not in shop.types()
    shop.advance("2030-01-12 00:00:01")
    assert "customer.subscription.trial_will_end" in shop.types()
    assert shop.status(subscription.id) == "trialing"
    shop.advance("2030-01-15 00:30")
    assert shop.status(subscription.id) == "active"
    assert shop.invoice(subscription.id).status == "draft"
    shop.advance("2030-01-15 02:00")
    invoice = shop.invoice(subscription.id)
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("paid", 2000, "subscription_cycle")
    assert day(invoice.lines.data[0].period.end) == "2030-02-15"


def test_a_short_trial_warns_at_once(shop: Shop) -> None:
    shop.subscribe(shop.customer().id, shop.price().id, trial_period_days=2)
    assert "customer.subscription.trial_will_end" in shop.types()


@pytest.mark.parametrize(
    ("behavior", "status", "event"),
    [
        ("cancel", "canceled", "customer.subscription.deleted"),
        ("pause", "paused", "customer.subscription.paused"),
        ("create_invoice", "past_due", "invoice.payment_failed"),
    ],
)
def test_a_trial_that_ends_without_a_card_does_what_its_settings_say(
    shop: Shop, behavior: str, status: str, event: str
) -> None:
    shop.begin("2030-01-01")
    customer, price = shop.customer(card=None), shop.price()
    subscription = shop.subscribe(
        customer.id,
        price.id,
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": behavior}},
    )
    assert subscription.status == "trialing"
    shop.advance("2030-01-08 02:00")
    assert shop.status(subscription.id) == status
    assert event in shop.types()


def test_without_any_payment_method_an_automatic_subscription_is_refused(shop: Shop) -> None:
    customer, price = shop.customer(card=None), shop.price()
    with pytest.raises(
        stripe.InvalidRequestError, match="no attached payment source or default payment method"
    ) as caught:
        shop.subscribe(customer.id, price.id)
    assert caught.value.code == "resource_missing"
    assert shop.v1.subscriptions.list({"status": "all"}).data == []


def test_default_incomplete_waits_for_the_client_to_confirm(shop: Shop) -> None:
    customer, price = shop.customer(card=None), shop.price()
    subscription = shop.subscribe(
        customer.id,
        price.id,
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["latest_invoice.confirmation_secret"],
    )
    assert subscription.status == "incomplete"
    secret = present(expanded(subscription.latest_invoice).confirmation_secret).client_secret
    intent = shop.v1.payment_intents.retrieve(secret.split("_secret_")[0])
    assert (intent.status, intent.amount, intent.setup_future_usage) == ("requires_payment_method", 2000, "off_session")
    shop.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": "https://x.example"})
    seen = shop.v1.subscriptions.retrieve(subscription.id)
    assert seen.status == "active"
    assert seen.default_payment_method is not None
    assert shop.invoice(subscription.id).status == "paid"


def test_a_declined_first_payment_leaves_an_incomplete_subscription_that_expires_after_23_hours(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer, price = shop.customer("pm_card_chargeCustomerFail"), shop.price()
    subscription = shop.subscribe(customer.id, price.id)
    assert subscription.status == "incomplete"
    invoice = shop.invoice(subscription.id)
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)
    assert list(shop.types("charge", "payment_intent", "invoice.payment")) == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
    ]
    shop.advance("2030-01-01 22:00")
    assert shop.status(subscription.id) == "incomplete"
    shop.advance("2030-01-01 23:01")
    assert shop.status(subscription.id) == "incomplete_expired"
    assert shop.v1.invoices.retrieve(invoice.id).status == "void"
    assert "customer.subscription.updated" in shop.types()


def test_canceling_an_incomplete_subscription_expires_it_at_once(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer("pm_card_chargeCustomerFail").id, shop.price().id)
    ended = shop.v1.subscriptions.cancel(subscription.id)
    assert ended.status == "incomplete_expired"
    assert ended.canceled_at == ended.ended_at is not None
    assert shop.types("customer.subscription") == ["customer.subscription.created", "customer.subscription.updated"]
    assert shop.v1.invoices.retrieve(id_of(subscription.latest_invoice)).status == "void"


def test_an_incomplete_subscription_becomes_active_when_its_invoice_is_paid_with_another_card(shop: Shop) -> None:
    customer, price = shop.customer("pm_card_chargeCustomerFail"), shop.price()
    subscription = shop.subscribe(customer.id, price.id)
    good = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    paid = shop.v1.invoices.pay(id_of(subscription.latest_invoice), {"payment_method": good.id})
    assert paid.status == "paid"
    assert shop.status(subscription.id) == "active"


def test_error_if_incomplete_refuses_and_leaves_nothing(shop: Shop) -> None:
    customer, price = shop.customer("pm_card_chargeCustomerFail"), shop.price()
    with pytest.raises(stripe.CardError) as caught:
        shop.subscribe(customer.id, price.id, payment_behavior="error_if_incomplete")
    assert caught.value.code == "card_declined"
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.v1.invoices.list().data == []


def test_a_first_payment_that_needs_3ds_stays_incomplete(shop: Shop) -> None:
    customer, price = shop.customer("pm_card_threeDSecure2Required"), shop.price()
    subscription = shop.subscribe(customer.id, price.id)
    assert subscription.status == "incomplete"
    assert "invoice.payment_action_required" in shop.types()
    payment = shop.v1.invoice_payments.list({"invoice": id_of(subscription.latest_invoice)}).data[0]
    intent = shop.v1.payment_intents.retrieve(id_of(payment.payment.payment_intent))
    assert intent.status == "requires_action"


def test_a_billing_cycle_anchor_in_the_future_charges_the_part_until_then(shop: Shop) -> None:
    shop.begin("2030-01-16")
    customer, price = shop.customer(), shop.price(3100)
    subscription = shop.subscribe(customer.id, price.id, billing_cycle_anchor=moment("2030-02-01"))
    invoice = shop.invoice(subscription.id)
    assert invoice.total == 1600
    shop.advance("2030-02-01 02:00")
    assert shop.invoice(subscription.id).total == 3100


def test_an_anchor_beyond_the_next_natural_date_is_refused(shop: Shop) -> None:
    shop.begin("2030-01-16")
    customer, price = shop.customer(), shop.price()
    with pytest.raises(stripe.InvalidRequestError, match="next natural billing date"):
        shop.subscribe(customer.id, price.id, billing_cycle_anchor=moment("2030-03-01"))


def test_a_billing_cycle_anchor_config_finds_the_day(shop: Shop) -> None:
    shop.begin("2030-01-10")
    customer, price = shop.customer(), shop.price(3100)
    subscription = shop.subscribe(
        customer.id, price.id, billing_cycle_anchor_config={"day_of_month": 31}, proration_behavior="none"
    )
    assert day(subscription.billing_cycle_anchor) == "2030-01-31"
    assert shop.invoice(subscription.id).total == 0


def test_one_time_prices_and_unknown_prices_are_refused_with_their_parameter(shop: Shop) -> None:
    customer = shop.customer()
    once = shop.v1.prices.create({"currency": "usd", "unit_amount": 100, "product_data": {"name": "Mug"}})
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        shop.subscribe(customer.id, once.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.subscribe(customer.id, "price_nothere")
    assert (caught.value.code, caught.value.param) == ("resource_missing", "items[0][price]")


def test_extra_items_and_pending_items_are_on_the_first_invoice(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price()
    setup = shop.v1.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Set-up"}})
    shop.v1.invoice_items.create({"customer": customer.id, "amount": 250, "currency": "usd", "description": "Sticker"})
    subscription = shop.subscribe(customer.id, price.id, add_invoice_items=[{"price": setup.id, "quantity": 2}])
    invoice = shop.invoice(subscription.id)
    assert invoice.total == 2000 + 1000 + 250
    assert sorted(present(line.description) for line in invoice.lines.data) == [
        "1 × Gold (at $20.00 / month)",
        "Set-up",
        "Sticker",
    ]


def test_send_invoice_subscriptions_are_active_at_once_and_past_due_when_nobody_pays(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer, price = shop.customer(card=None), shop.price()
    subscription = shop.subscribe(customer.id, price.id, collection_method="send_invoice", days_until_due=10)
    assert subscription.status == "active"
    invoice = shop.invoice(subscription.id)
    assert (invoice.status, day(present(invoice.due_date))) == ("open", "2030-01-11")
    assert "invoice.sent" in shop.types()
    shop.advance("2030-01-11 00:01")
    assert "invoice.overdue" in shop.types()
    assert shop.status(subscription.id) == "past_due"
    shop.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert shop.status(subscription.id) == "active"


def test_a_trial_without_a_method_waits_for_its_setup_intent(shop: Shop) -> None:
    customer, price = shop.customer(card=None), shop.price()
    subscription = shop.subscribe(
        customer.id,
        price.id,
        trial_period_days=14,
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["pending_setup_intent"],
    )
    assert subscription.status == "trialing"
    intent = subscription.pending_setup_intent
    assert expanded(intent).status == "requires_payment_method"
    shop.v1.setup_intents.confirm(
        expanded(intent).id, {"payment_method": "pm_card_visa", "return_url": "https://x.example"}
    )
    seen = shop.v1.subscriptions.retrieve(subscription.id)
    assert seen.pending_setup_intent is None
    assert seen.default_payment_method is not None


@pytest.mark.parametrize(
    ("card", "pending"), [("pm_card_visa", False), ("pm_card_authenticationRequiredOnSetup", True)]
)
def test_a_trial_with_a_card_asks_only_for_authentication_it_will_need(shop: Shop, card: str, pending: bool) -> None:
    subscription = shop.subscribe(
        shop.customer(card).id, shop.price().id, trial_period_days=14, expand=["pending_setup_intent"]
    )
    assert subscription.status == "trialing"
    assert (subscription.pending_setup_intent is not None) is pending
    if pending:
        assert expanded(subscription.pending_setup_intent).status == "requires_action"


@pytest.mark.parametrize(
    "more", [{"billing_thresholds": {"amount_gte": 5000}}, {"pending_invoice_item_interval": {"interval": "week"}}]
)
def test_what_is_not_covered_is_refused_and_says_so(shop: Shop, more: dict[str, Any]) -> None:
    customer, price = shop.customer(), shop.price()
    with pytest.raises(stripe.StripeError) as caught:
        shop.subscribe(customer.id, price.id, **more)
    assert (caught.value.http_status, error_of(caught.value)["code"]) == (501, "emulator_not_covered")
    assert next(iter(more)) in str(caught.value)


def test_a_customer_can_be_made_with_the_default_method_in_one_call(shop: Shop) -> None:
    customer = shop.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    methods = shop.v1.customers.payment_methods.list(customer.id).data
    assert [m.id for m in methods] == [present(customer.invoice_settings).default_payment_method]
    assert shop.subscribe(customer.id, shop.price().id).status == "active"
    loose = shop.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    with pytest.raises(stripe.InvalidRequestError, match="must be attached"):
        shop.v1.customers.create({"invoice_settings": {"default_payment_method": loose.id}})
