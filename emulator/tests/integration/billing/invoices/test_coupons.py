from __future__ import annotations

from typing import Any

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import expanded, id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator


@pytest.fixture
def half(shop: Shop) -> stripe.Coupon:
    return shop.v1.coupons.create({"percent_off": 50, "duration": "once", "name": "Half"})


def test_a_coupon_for_once_is_taken_off_the_first_invoice_only(shop: Shop, half: stripe.Coupon) -> None:
    shop.begin("2030-01-01")
    subscription = shop.subscribe(shop.customer().id, shop.price().id, discounts=[{"coupon": half.id}])
    invoice = shop.invoice(subscription.id, expand=["discounts", "total_discount_amounts.discount"])
    assert (invoice.subtotal, invoice.total) == (2000, 1000)
    assert expanded(invoice.discounts[0]).source.coupon == half.id
    assert present(invoice.total_discount_amounts)[0].amount == 1000
    assert present(invoice.lines.data[0].discount_amounts)[0].amount == 1000
    assert shop.v1.coupons.retrieve(half.id).times_redeemed == 1
    shop.advance("2030-02-01 02:00")
    assert shop.invoice(subscription.id).total == 2000
    assert shop.v1.subscriptions.retrieve(subscription.id).discounts == []
    assert list(shop.types("customer.discount")) == ["customer.discount.created", "customer.discount.deleted"]


def test_a_repeating_coupon_lasts_its_months(shop: Shop) -> None:
    shop.begin("2030-01-01")
    coupon = shop.v1.coupons.create(
        {"amount_off": 500, "currency": "usd", "duration": "repeating", "duration_in_months": 2}
    )
    subscription = shop.subscribe(shop.customer().id, shop.price().id, discounts=[{"coupon": coupon.id}])
    totals = [shop.invoice(subscription.id).total]
    for until in ("2030-02-01 02:00", "2030-03-01 02:00", "2030-04-01 02:00"):
        shop.advance(until)
        totals.append(shop.invoice(subscription.id).total)
    assert totals == [1500, 1500, 2000, 2000]


def test_amounts_off_are_spread_over_the_lines_without_losing_a_cent(shop: Shop) -> None:
    coupon = shop.v1.coupons.create({"amount_off": 1000, "currency": "usd", "duration": "forever"})
    customer = shop.customer()
    invoice = shop.v1.invoices.create({"customer": customer.id, "discounts": [{"coupon": coupon.id}]})
    for amount in (999, 999, 999):
        shop.v1.invoice_items.create(
            {"customer": customer.id, "invoice": invoice.id, "amount": amount, "currency": "usd"}
        )
    seen = shop.v1.invoices.retrieve(invoice.id)
    assert seen.total == 1997
    assert sum(present(line.discount_amounts)[0].amount for line in seen.lines.data) == 1000


def test_coupons_for_products_leave_the_others_alone(shop: Shop) -> None:
    gold, other = shop.price(2000), shop.price(1000, name="Other")
    coupon = shop.v1.coupons.create(
        request_params({"percent_off": 10, "duration": "forever", "applies_to": {"products": [id_of(gold.product)]}})
    )
    subscription = shop.v1.subscriptions.create(
        {
            "customer": shop.customer().id,
            "items": [{"price": gold.id}, {"price": other.id}],
            "discounts": [{"coupon": coupon.id}],
        }
    )
    assert shop.invoice(subscription.id).total == 1800 + 1000
    assert present(shop.v1.coupons.retrieve(coupon.id, {"expand": ["applies_to"]}).applies_to).products == [
        gold.product
    ]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"duration": "once"}, None),
        ({"percent_off": 10, "amount_off": 5, "currency": "usd"}, None),
        ({"percent_off": 0}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"amount_off": 5}, "currency"),
        ({"percent_off": 5, "duration": "repeating"}, "duration_in_months"),
    ],
)
def test_coupons_that_make_no_sense_are_refused(shop: Shop, params: dict[str, Any], param: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.coupons.create(request_params(params))
    assert caught.value.param == param


def test_a_coupon_keeps_its_own_id_and_can_be_deleted(shop: Shop) -> None:
    shop.v1.coupons.create({"id": "SUMMER", "percent_off": 5, "duration": "once"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.coupons.create({"id": "SUMMER", "percent_off": 5, "duration": "once"})
    assert caught.value.code == "resource_already_exists"
    assert shop.v1.coupons.update("SUMMER", {"name": "Sun"}).name == "Sun"
    assert shop.v1.coupons.delete("SUMMER").deleted is True


def test_a_spent_coupon_is_not_valid_any_more(shop: Shop) -> None:
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "once", "max_redemptions": 1})
    customer, price = shop.customer(), shop.price()
    shop.subscribe(customer.id, price.id, discounts=[{"coupon": coupon.id}])
    assert shop.v1.coupons.retrieve(coupon.id).valid is False
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.subscribe(customer.id, price.id, discounts=[{"coupon": coupon.id}])
    assert (caught.value.code, caught.value.param) == ("coupon_expired", "discounts[0][coupon]")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.subscribe(customer.id, price.id, discounts=[{"coupon": "nothere"}])
    assert caught.value.code == "resource_missing"


def test_promotion_codes_carry_a_coupon_with_restrictions(shop: Shop, half: stripe.Coupon) -> None:
    code = shop.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": half.id}, "code": "WELCOME"})
    assert (code.code, code.active, code.promotion.coupon) == ("WELCOME", True, half.id)
    assert [c.id for c in shop.v1.promotion_codes.list({"code": "welcome"}).data] == [code.id]
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        shop.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": half.id}, "code": "welcome"})
    customer, price = shop.customer(), shop.price()
    subscription = shop.subscribe(customer.id, price.id, discounts=[{"promotion_code": code.id}])
    assert shop.invoice(subscription.id).total == 1000
    assert shop.v1.promotion_codes.retrieve(code.id).times_redeemed == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"restrictions": {"first_time_transaction": True}}, "prior transactions"),
        ({"restrictions": {"minimum_amount": 5000, "minimum_amount_currency": "usd"}}, "minimum amount"),
        ({"max_redemptions": 1}, "no longer active"),
    ],
)
def test_promotion_codes_refuse_who_does_not_fit(shop: Shop, more: dict[str, Any], message: str) -> None:
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "once"})
    customer, price = shop.customer(), shop.price()
    params = request_params({"promotion": {"type": "coupon", "coupon": coupon.id}, **more})
    if "max_redemptions" in more:
        code = shop.v1.promotion_codes.create(params)
        shop.subscribe(customer.id, price.id, discounts=[{"promotion_code": code.id}])
    else:
        shop.subscribe(customer.id, price.id, discounts=[])
        code = shop.v1.promotion_codes.create(params)
    with pytest.raises(stripe.InvalidRequestError, match=message):
        shop.subscribe(customer.id, price.id, discounts=[{"promotion_code": code.id}])


def test_a_subscriptions_discount_can_be_removed(shop: Shop) -> None:
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    subscription = shop.subscribe(shop.customer().id, shop.price().id, discounts=[{"coupon": coupon.id}])
    deleted = shop.v1.subscriptions.delete_discount(subscription.id)
    assert deleted.deleted is True
    assert shop.v1.subscriptions.retrieve(subscription.id).discounts == []
    replaced = shop.v1.subscriptions.update(subscription.id, {"discounts": [{"coupon": coupon.id}]})
    assert len(replaced.discounts) == 1
    assert shop.v1.subscriptions.update(subscription.id, {"discounts": ""}).discounts == []


def test_older_versions_give_coupons_to_customers(
    shop: Shop, half: stripe.Coupon, stripe_emulator: RunningEmulator
) -> None:
    customer, price = shop.customer(), shop.price()
    call = stripe_emulator.emulator.call
    status, body = call("POST", f"/v1/customers/{customer.id}", {"coupon": half.id}, version="2022-11-15")
    assert (status, body["discount"]["coupon"]["id"]) == (200, half.id)
    assert present(shop.v1.customers.retrieve(customer.id).discount).source.coupon == half.id
    assert shop.invoice(shop.subscribe(customer.id, price.id).id).total == 1000
    assert shop.v1.customers.retrieve(customer.id).discount is None


def test_a_balance_set_by_hand_is_a_transaction(shop: Shop) -> None:
    customer = shop.customer(card=None, balance=-500)
    shop.v1.customers.update(customer.id, {"balance": -200})
    transactions = shop.v1.customers.balance_transactions.list(customer.id).data
    assert [(t.amount, t.ending_balance, t.type) for t in transactions] == [
        (300, -200, "adjustment"),
        (-500, -500, "initial"),
    ]
