from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop, day, moment
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present


def quantities(shop: Shop, subscription: str) -> list[int]:
    return [present(i.quantity) for i in shop.v1.subscription_items.list({"subscription": subscription}).data]


def test_a_schedule_moves_its_subscription_through_phases_and_releases_it(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer, cheap, dear = shop.customer(), shop.price(1000), shop.price(3000, name="Platinum")
    schedule = shop.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "start_date": "now",
            "end_behavior": "release",
            "phases": [
                {"items": [{"price": cheap.id}], "duration": {"interval": "month", "interval_count": 2}},
                {"items": [{"price": dear.id, "quantity": 2}], "duration": {"interval": "month"}},
            ],
        }
    )
    assert schedule.status == "active"
    assert [(day(p.start_date), day(p.end_date)) for p in schedule.phases] == [
        ("2030-01-01", "2030-03-01"),
        ("2030-03-01", "2030-04-01"),
    ]
    subscription = shop.v1.subscriptions.retrieve(id_of(schedule.subscription))
    assert (subscription.status, subscription.schedule) == ("active", schedule.id)
    totals = [shop.invoice(subscription.id).total]
    for until in ("2030-02-01 02:00", "2030-03-01 02:00", "2030-04-01 02:00"):
        shop.advance(until)
        totals.append(shop.invoice(subscription.id).total)
    assert totals == [1000, 1000, 6000, 6000]
    done = shop.v1.subscription_schedules.retrieve(schedule.id)
    assert (done.status, done.released_subscription, done.subscription) == ("released", subscription.id, None)
    assert shop.v1.subscriptions.retrieve(subscription.id).schedule is None
    assert list(shop.types("subscription_schedule")) == [
        "subscription_schedule.created",
        "subscription_schedule.updated",
        "subscription_schedule.expiring",
        "subscription_schedule.released",
    ]


def test_a_schedule_can_begin_later_and_end_its_subscription(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer, price = shop.customer(), shop.price(1000)
    schedule = shop.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "start_date": moment("2030-02-01"),
            "end_behavior": "cancel",
            "phases": [{"items": [{"price": price.id}], "duration": {"interval": "month"}}],
        }
    )
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    assert [s.id for s in shop.v1.subscription_schedules.list({"scheduled": True}).data] == [schedule.id]
    shop.advance("2030-02-01 02:00")
    started = shop.v1.subscription_schedules.retrieve(schedule.id)
    assert (started.status, shop.status(id_of(started.subscription))) == ("active", "active")
    shop.advance("2030-03-01 02:00")
    assert shop.v1.subscription_schedules.retrieve(schedule.id).status == "completed"
    assert shop.status(id_of(started.subscription)) == "canceled"
    assert len(shop.v1.invoices.list().data) == 1


def test_a_running_subscription_is_put_on_a_schedule_and_let_go(shop: Shop) -> None:
    shop.begin("2030-01-01")
    subscription = shop.subscribe(shop.customer().id, shop.price(1000).id)
    schedule = shop.v1.subscription_schedules.create({"from_subscription": subscription.id})
    assert schedule.phases[0].items[0].price == subscription.to_dict()["items"]["data"][0]["price"]["id"]
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        shop.v1.subscription_schedules.create({"from_subscription": subscription.id})
    phase = schedule.phases[0]
    updated = shop.v1.subscription_schedules.update(
        schedule.id,
        request_params(
            {
                "phases": [
                    {
                        "start_date": phase.start_date,
                        "end_date": phase.end_date,
                        "items": [{"price": phase.items[0].price, "quantity": 1}],
                    },
                    {"items": [{"price": phase.items[0].price, "quantity": 5}], "duration": {"interval": "month"}},
                ]
            }
        ),
    )
    assert len(updated.phases) == 2
    shop.advance("2030-02-01 02:00")
    assert quantities(shop, subscription.id) == [5]
    released = shop.v1.subscription_schedules.release(schedule.id)
    assert released.status == "released"
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.subscription_schedules.cancel(schedule.id)


def test_canceling_a_schedule_cancels_its_subscription(shop: Shop) -> None:
    price = shop.price(1000)
    schedule = shop.v1.subscription_schedules.create(
        {"customer": shop.customer().id, "start_date": "now", "phases": [{"items": [{"price": price.id}]}]}
    )
    assert shop.v1.subscription_schedules.cancel(schedule.id).status == "canceled"
    assert shop.status(id_of(schedule.subscription)) == "canceled"


def test_a_quote_for_a_subscription_goes_from_draft_to_accepted(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price(1000)
    once = shop.v1.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Set-up"}})
    quote = shop.v1.quotes.create(
        {"customer": customer.id, "line_items": [{"price": price.id, "quantity": 2}, {"price": once.id}]}
    )
    assert (quote.status, quote.amount_total, present(quote.computed.recurring).amount_total) == ("draft", 2500, 2000)
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.quotes.accept(quote.id)
    final = shop.v1.quotes.finalize_quote(quote.id)
    assert final.status == "open"
    assert present(final.number).startswith("QT-")
    accepted = shop.v1.quotes.accept(quote.id)
    assert accepted.status == "accepted"
    subscription = shop.v1.subscriptions.retrieve(id_of(accepted.subscription))
    assert quantities(shop, subscription.id) == [2]
    assert shop.invoice(subscription.id).total == 2500
    assert [line.amount_total for line in shop.v1.quotes.line_items.list(quote.id).data] == [2000, 500]
    assert shop.types("quote") == ["quote.created", "quote.finalized", "quote.accepted"]


def test_a_quote_for_one_time_items_becomes_a_draft_invoice(shop: Shop) -> None:
    once = shop.v1.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Mug"}})
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "once"})
    quote = shop.v1.quotes.create(
        {
            "customer": shop.customer().id,
            "line_items": [{"price": once.id, "quantity": 3}],
            "discounts": [{"coupon": coupon.id}],
        }
    )
    assert (quote.amount_subtotal, quote.amount_total, quote.total_details.amount_discount) == (1500, 1350, 150)
    shop.v1.quotes.finalize_quote(quote.id)
    accepted = shop.v1.quotes.accept(quote.id)
    invoice = shop.v1.invoices.retrieve(id_of(accepted.invoice))
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("draft", 1350, "quote_accept")
    assert present(present(invoice.parent).quote_details).quote == quote.id


def test_open_quotes_expire(shop: Shop) -> None:
    shop.begin("2030-01-01")
    once = shop.v1.prices.create({"currency": "usd", "unit_amount": 500, "product_data": {"name": "Mug"}})
    quote = shop.v1.quotes.create({"customer": shop.customer().id, "line_items": [{"price": once.id}]})
    shop.v1.quotes.finalize_quote(quote.id)
    shop.advance("2030-02-15")
    assert shop.v1.quotes.retrieve(quote.id).status == "canceled"
    assert shop.types("quote")[-1] == "quote.canceled"
