from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop, moment
from tests.support.present import present


def test_a_clock_moves_forward_and_tells(shop: Shop) -> None:
    clock = shop.begin("2030-01-01")
    assert (clock.status, clock.frozen_time) == ("ready", moment("2030-01-01"))
    shop.advance("2030-01-05")
    assert shop.types("test_helpers") == [
        "test_helpers.test_clock.created",
        "test_helpers.test_clock.advancing",
        "test_helpers.test_clock.ready",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="cannot go back"):
        shop.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": moment("2030-01-01")})


def test_what_is_made_for_its_customers_carries_the_clocks_time(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    assert (customer.test_clock, customer.created) == (present(shop.clock).id, moment("2030-01-01"))
    shop.advance("2030-01-10")
    subscription = shop.subscribe(customer.id, shop.price().id)
    assert (subscription.test_clock, subscription.created) == (present(shop.clock).id, moment("2030-01-10"))
    assert shop.invoice(subscription.id).created == moment("2030-01-10")


def test_a_clock_advances_at_most_two_intervals_at_once(shop: Shop) -> None:
    shop.begin("2030-01-01")
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.test_helpers.test_clocks.advance(present(shop.clock).id, {"frozen_time": moment("2033-01-01")})
    shop.subscribe(shop.customer().id, shop.price().id)
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        shop.v1.test_helpers.test_clocks.advance(present(shop.clock).id, {"frozen_time": moment("2030-04-01")})
    shop.advance("2030-03-01")


def test_a_clock_has_room_for_three_customers(shop: Shop) -> None:
    shop.begin("2030-01-01")
    for _ in range(3):
        shop.customer(card=None)
    with pytest.raises(stripe.InvalidRequestError, match="at most 3 customers"):
        shop.customer(card=None)


def test_deleting_a_clock_takes_its_customers_and_subscriptions(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    assert shop.v1.test_helpers.test_clocks.delete(present(shop.clock).id).deleted is True
    assert shop.v1.customers.retrieve(customer.id).deleted is True
    assert shop.status(subscription.id) == "canceled"
    assert shop.v1.test_helpers.test_clocks.list().data == []
