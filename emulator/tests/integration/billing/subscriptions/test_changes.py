from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop, data, day, moment
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present


def item_of(subscription: stripe.Subscription) -> str:
    return subscription.to_dict()["items"]["data"][0]["id"]


@pytest.fixture
def gold(shop: Shop) -> stripe.Subscription:
    """A subscription at 30.00 a month since 1 June 2030 (30 days), half of it gone."""
    shop.begin("2030-06-01")
    subscription = shop.subscribe(shop.customer().id, shop.price(3000).id)
    shop.advance("2030-06-16")
    return subscription


def test_an_upgrade_leaves_a_credit_and_a_charge_for_the_next_invoice(shop: Shop, gold: stripe.Subscription) -> None:
    better = shop.price(6000, name="Platinum")
    changed = shop.v1.subscriptions.update(gold.id, {"items": [{"id": item_of(gold), "price": better.id}]})
    assert changed.status == "active"
    assert changed.to_dict()["items"]["data"][0]["price"]["id"] == better.id
    pending = shop.v1.invoice_items.list({"customer": id_of(gold.customer), "pending": True}).data
    assert sorted((i.amount, i.description, i.proration) for i in pending) == [
        (-1500, "Unused time on Gold after 16 Jun 2030", True),
        (3000, "Remaining time on Platinum after 16 Jun 2030", True),
    ]
    previous = data(shop.events("customer.subscription.updated")[-1])["previous_attributes"]
    assert previous["items"]["data"][0]["price"]["unit_amount"] == 3000
    shop.advance("2030-07-01 02:00")
    invoice = shop.invoice(gold.id)
    assert (invoice.total, invoice.status) == (6000 - 1500 + 3000, "paid")
    flags = [present(present(line.parent).subscription_item_details).proration for line in invoice.lines.data]
    assert flags == [False, True, True]
    assert shop.v1.invoice_items.list({"customer": id_of(gold.customer), "pending": True}).data == []


def test_always_invoice_collects_the_difference_at_once(shop: Shop, gold: stripe.Subscription) -> None:
    better = shop.price(6000)
    shop.v1.subscriptions.update(
        gold.id, {"items": [{"id": item_of(gold), "price": better.id}], "proration_behavior": "always_invoice"}
    )
    invoice = shop.invoice(gold.id)
    assert (invoice.billing_reason, invoice.status, invoice.total) == ("subscription_update", "paid", 1500)


def test_proration_none_changes_only_the_next_period(shop: Shop, gold: stripe.Subscription) -> None:
    better = shop.price(6000)
    shop.v1.subscriptions.update(
        gold.id, {"items": [{"id": item_of(gold), "price": better.id}], "proration_behavior": "none"}
    )
    assert shop.v1.invoice_items.list().data == []
    shop.advance("2030-07-01 02:00")
    assert shop.invoice(gold.id).total == 6000


def test_quantities_are_prorated_to_the_second(shop: Shop, gold: stripe.Subscription) -> None:
    changed = shop.v1.subscription_items.update(item_of(gold), {"quantity": 3})
    assert changed.quantity == 3
    amounts = sorted(i.amount for i in shop.v1.invoice_items.list({"pending": True}).data)
    assert amounts == [-1500, 4500]


def test_a_downgrade_billed_at_once_becomes_credit_of_the_customer(shop: Shop, gold: stripe.Subscription) -> None:
    smaller = shop.price(1000)
    shop.v1.subscriptions.update(
        gold.id, {"items": [{"id": item_of(gold), "price": smaller.id}], "proration_behavior": "always_invoice"}
    )
    invoice = shop.invoice(gold.id)
    assert (invoice.total, invoice.amount_due, invoice.status, invoice.ending_balance) == (-1000, 0, "paid", -1000)
    assert shop.v1.customers.retrieve(id_of(gold.customer)).balance == -1000
    shop.advance("2030-07-01 02:00")
    renewal = shop.invoice(gold.id)
    assert (renewal.total, renewal.amount_due, renewal.starting_balance, renewal.ending_balance) == (1000, 0, -1000, 0)
    kinds = [t.type for t in shop.v1.customers.balance_transactions.list(id_of(gold.customer)).data]
    assert kinds == ["applied_to_invoice", "applied_to_invoice"]


def test_another_interval_starts_a_new_cycle_with_its_invoice(shop: Shop, gold: stripe.Subscription) -> None:
    yearly = shop.price(30000, "year", name="Gold yearly")
    changed = shop.v1.subscriptions.update(gold.id, {"items": [{"id": item_of(gold), "price": yearly.id}]})
    item = changed.to_dict()["items"]["data"][0]
    assert (day(item["current_period_start"]), day(item["current_period_end"])) == ("2030-06-16", "2031-06-16")
    assert day(changed.billing_cycle_anchor) == "2030-06-16"
    invoice = shop.invoice(gold.id)
    assert (invoice.total, invoice.status) == (30000 - 1500, "paid")


def test_items_are_added_and_removed(shop: Shop, gold: stripe.Subscription) -> None:
    addon = shop.price(1000, name="Support")
    added = shop.v1.subscription_items.create({"subscription": gold.id, "price": addon.id, "quantity": 2})
    assert day(added.current_period_end) == "2030-07-01"
    assert [i.amount for i in shop.v1.invoice_items.list({"pending": True}).data] == [1000]
    deleted = shop.v1.subscription_items.delete(added.id)
    assert deleted.deleted is True
    assert sorted(i.amount for i in shop.v1.invoice_items.list({"pending": True}).data) == [-1000, 1000]
    assert len(shop.v1.subscription_items.list({"subscription": gold.id}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="at least one active plan"):
        shop.v1.subscription_items.delete(item_of(gold))


def test_the_same_price_cannot_be_added_twice(shop: Shop, gold: stripe.Subscription) -> None:
    price = gold.to_dict()["items"]["data"][0]["price"]["id"]
    with pytest.raises(stripe.InvalidRequestError, match="multiple subscription items with the same plan"):
        shop.v1.subscription_items.create({"subscription": gold.id, "price": price})


def test_a_trial_ended_now_is_billed_now(shop: Shop) -> None:
    shop.begin("2030-06-01")
    subscription = shop.subscribe(shop.customer().id, shop.price(3000).id, trial_period_days=30)
    shop.advance("2030-06-05")
    changed = shop.v1.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert (changed.status, day(present(changed.trial_end)), day(changed.billing_cycle_anchor)) == (
        "active",
        "2030-06-05",
        "2030-06-05",
    )
    assert (shop.invoice(subscription.id).total, shop.invoice(subscription.id).status) == (3000, "paid")


def test_a_trial_can_be_prolonged(shop: Shop) -> None:
    shop.begin("2030-06-01")
    subscription = shop.subscribe(shop.customer().id, shop.price().id, trial_period_days=7)
    changed = shop.v1.subscriptions.update(subscription.id, {"trial_end": moment("2030-07-01")})
    assert (changed.status, day(present(changed.trial_end))) == ("trialing", "2030-07-01")
    shop.advance("2030-06-20")
    assert shop.status(subscription.id) == "trialing"
    shop.advance("2030-07-01 02:00")
    assert shop.invoice(subscription.id).total == 2000


def test_the_cycle_can_be_anchored_anew(shop: Shop, gold: stripe.Subscription) -> None:
    changed = shop.v1.subscriptions.update(gold.id, {"billing_cycle_anchor": {"type": "now"}})
    assert day(changed.billing_cycle_anchor) == "2030-06-16"
    assert shop.invoice(gold.id).total == 3000 - 1500


def test_an_upgrade_whose_payment_fails_makes_the_subscription_past_due(shop: Shop, gold: stripe.Subscription) -> None:
    shop.switch_card(id_of(gold.customer), "pm_card_chargeCustomerFail")
    changed = shop.v1.subscriptions.update(
        gold.id, {"items": [{"id": item_of(gold), "quantity": 2}], "proration_behavior": "always_invoice"}
    )
    assert changed.status == "past_due"
    assert shop.invoice(gold.id).status == "open"


def test_error_if_incomplete_undoes_the_whole_change(shop: Shop, gold: stripe.Subscription) -> None:
    shop.switch_card(id_of(gold.customer), "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        shop.v1.subscriptions.update(
            gold.id,
            {
                "items": [{"id": item_of(gold), "quantity": 2}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )
    seen = shop.v1.subscriptions.retrieve(gold.id)
    assert (seen.status, seen.to_dict()["items"]["data"][0]["quantity"]) == ("active", 1)


def test_pending_updates_wait_for_their_payment(shop: Shop, gold: stripe.Subscription) -> None:
    shop.switch_card(id_of(gold.customer), "pm_card_chargeCustomerFail")
    wished = {
        "items": [{"id": item_of(gold), "quantity": 2}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
    }
    waiting = shop.v1.subscriptions.update(gold.id, request_params(wished))
    assert waiting.status == "active"
    assert present(present(waiting.pending_update).subscription_items)[0].quantity == 2
    assert waiting.to_dict()["items"]["data"][0]["quantity"] == 1
    good = shop.v1.payment_methods.attach("pm_card_visa", {"customer": id_of(gold.customer)})
    shop.v1.invoices.pay(id_of(waiting.latest_invoice), {"payment_method": good.id})
    seen = shop.v1.subscriptions.retrieve(gold.id)
    assert (seen.pending_update, seen.to_dict()["items"]["data"][0]["quantity"]) == (None, 2)
    assert "customer.subscription.pending_update_applied" in shop.types()


def test_pending_updates_expire(shop: Shop, gold: stripe.Subscription) -> None:
    shop.switch_card(id_of(gold.customer), "pm_card_chargeCustomerFail")
    shop.v1.subscriptions.update(
        gold.id,
        {
            "items": [{"id": item_of(gold), "quantity": 2}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    shop.advance("2030-06-17")
    seen = shop.v1.subscriptions.retrieve(gold.id)
    assert (seen.pending_update, seen.status) == (None, "active")
    assert "customer.subscription.pending_update_expired" in shop.types()


def test_canceled_subscriptions_change_only_their_metadata(shop: Shop, gold: stripe.Subscription) -> None:
    shop.v1.subscriptions.cancel(gold.id)
    assert shop.v1.subscriptions.update(gold.id, {"metadata": {"a": "1"}}).metadata["a"] == "1"
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription can only update"):
        shop.v1.subscriptions.update(gold.id, {"description": "x"})


def test_canceling_with_proration_and_a_last_invoice_gives_credit(shop: Shop, gold: stripe.Subscription) -> None:
    shop.v1.subscriptions.cancel(gold.id, {"prorate": True, "invoice_now": True})
    assert shop.v1.customers.retrieve(id_of(gold.customer)).balance == -1500


def test_previews_show_what_will_happen_and_change_nothing(shop: Shop, gold: stripe.Subscription) -> None:
    next_one = shop.v1.invoices.create_preview({"subscription": gold.id})
    assert (next_one.total, next_one.status, next_one.number, next_one.hosted_invoice_url) == (
        3000,
        "draft",
        None,
        None,
    )
    better = shop.price(6000, name="Platinum")
    details = {"items": [{"id": item_of(gold), "price": better.id}], "proration_date": moment("2030-06-16")}
    change = shop.v1.invoices.create_preview(request_params({"subscription": gold.id, "subscription_details": details}))
    assert sorted(line.amount for line in change.lines.data) == [-1500, 3000, 6000]
    assert change.total == 7500
    details["proration_behavior"] = "always_invoice"
    at_once = shop.v1.invoices.create_preview(
        request_params({"subscription": gold.id, "subscription_details": details})
    )
    assert at_once.total == 1500
    seen = shop.v1.subscriptions.retrieve(gold.id)
    assert seen.to_dict()["items"]["data"][0]["price"]["unit_amount"] == 3000
    assert shop.v1.invoice_items.list().data == []
    assert len(shop.v1.invoices.list().data) == 1


def test_a_new_subscription_can_be_previewed_for_a_customer(shop: Shop) -> None:
    customer, price = shop.customer(card=None), shop.price()
    seen = shop.v1.invoices.create_preview(
        {"customer": customer.id, "subscription_details": {"items": [{"price": price.id, "quantity": 3}]}}
    )
    assert (seen.total, seen.billing_reason) == (6000, "subscription_create")
    assert shop.v1.subscriptions.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.invoices.create_preview({"customer": customer.id})
    assert caught.value.code == "invoice_upcoming_none"


def test_subscriptions_are_listed_by_status_price_and_customer(shop: Shop, gold: stripe.Subscription) -> None:
    other = shop.subscribe(id_of(gold.customer), shop.price(500).id)
    price = gold.to_dict()["items"]["data"][0]["price"]["id"]
    assert [s.id for s in shop.v1.subscriptions.list({"price": price}).data] == [gold.id]
    assert [s.id for s in shop.v1.subscriptions.list({"customer": id_of(gold.customer)}).data] == [other.id, gold.id]
    shop.v1.subscriptions.cancel(other.id)
    assert [s.id for s in shop.v1.subscriptions.list({"status": "canceled"}).data] == [other.id]
    assert len(shop.v1.subscriptions.list({"status": "all"}).data) == 2
    canceled = shop.v1.subscriptions.search({"query": "status:'canceled'"}).data
    assert [s.id for s in canceled] == [other.id]


@pytest.mark.parametrize(
    ("on", "percent", "limited", "expected"),
    [
        ("subscription", 25, None, [-1125, 2250]),
        ("item", 25, None, [-1125, 2250]),
        ("both", 50, None, [-375, 750]),
        ("subscription", 25, "Gold", [-1125, 3000]),
        ("subscription", 33.3, None, [-1001, 2001]),
        ("subscription", 100, None, []),
    ],
)
def test_prorations_carry_percentage_coupons_in_their_amounts(
    shop: Shop, on: str, percent: float, limited: str | None, expected: list[int]
) -> None:
    """Half a month of 30.00 back and half a month of 60.00 more, each less what is off. An amount off is not shared."""
    shop.begin("2030-06-01")
    old, new = shop.price(3000), shop.price(6000, name="Platinum")
    coupon = {"percent_off": percent, "duration": "forever"}
    if limited:
        coupon["applies_to"] = {"products": [id_of(old.product)]}
    off = [{"coupon": shop.v1.coupons.create(request_params(coupon)).id}]
    fixed = shop.v1.coupons.create({"amount_off": 100, "currency": "usd", "duration": "forever"}).id
    item = {"price": old.id, **({"discounts": off} if on in ("item", "both") else {})}
    whole = off if on in ("subscription", "both") else []
    params = {"customer": shop.customer().id, "items": [item], "discounts": [*whole, {"coupon": fixed}]}
    subscription = shop.v1.subscriptions.create(request_params(params))
    shop.advance("2030-06-16")
    change = {"items": [{"id": item_of(subscription), "price": new.id}]}
    shop.v1.subscriptions.update(subscription.id, request_params(change))
    pending = shop.v1.invoice_items.list({"pending": True}).data
    assert sorted(entry.amount for entry in pending if entry.amount) == expected
