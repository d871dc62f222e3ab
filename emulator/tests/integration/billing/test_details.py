"""Details that other people's programs read: older words, events that are easily forgotten, kinds of challenges."""

from __future__ import annotations

from typing import Any

import pytest

from payloom_emulator.runtime.emulator import Emulator

DAY = 86_400


class Caller:
    """Calls one local Stripe inside the process."""

    def __init__(self) -> None:
        self.emulator = Emulator()

    def post(self, path: str, version: str | None = None, **params: Any) -> dict[str, Any]:
        status, body = self.emulator.call("POST", path, params, version=version)
        assert status == 200, body
        return body

    def newest(self, kind: str) -> dict[str, Any]:
        """Return the newest event of a type; fails if there is none."""
        return self.emulator.call("GET", "/v1/events", {"type": kind})[1]["data"][0]


@pytest.fixture(scope="module")
def caller() -> Caller:
    return Caller()


def test_another_coupon_updates_the_discount_of_a_customer(caller: Caller) -> None:
    for name in ("FIRST", "SECOND"):
        caller.post("/v1/coupons", id=name, percent_off=10, duration="forever")
    customer = caller.post("/v1/customers", "2024-06-20", coupon="FIRST")["id"]
    caller.post(f"/v1/customers/{customer}", "2024-06-20", coupon="SECOND")
    data = caller.newest("customer.discount.updated")["data"]
    assert data["object"]["source"]["coupon"] == "SECOND"
    assert data["previous_attributes"]["source"]["coupon"] == "FIRST"
    caller.post(f"/v1/customers/{customer}", "2024-06-20", coupon="")
    assert caller.newest("customer.discount.deleted")["data"]["object"]["source"]["coupon"] == "SECOND"


def test_a_schedule_says_seven_days_before_that_it_ends(caller: Caller) -> None:
    now = int(caller.emulator.clock.now())
    clock = caller.post("/v1/test_helpers/test_clocks", frozen_time=now)["id"]
    customer = caller.post("/v1/customers", test_clock=clock, source="tok_visa")["id"]
    price = caller.post(
        "/v1/prices", currency="usd", unit_amount=900, recurring={"interval": "month"}, product_data={"name": "Seat"}
    )["id"]
    phases = [{"items": [{"price": price}], "duration": {"interval": "month"}}]
    schedule = caller.post(
        "/v1/subscription_schedules", customer=customer, start_date="now", end_behavior="cancel", phases=phases
    )
    last = schedule["phases"][-1]["end_date"]
    caller.post(f"/v1/test_helpers/test_clocks/{clock}/advance", frozen_time=last - 6 * DAY)
    event = caller.newest("subscription_schedule.expiring")
    assert (event["data"]["object"]["id"], event["created"]) == (schedule["id"], last - 7 * DAY)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("pm_card_threeDSecure2Required", "stripe_3ds2_fingerprint"),
        ("pm_card_authenticationRequired", "three_d_secure_redirect"),
        ("pm_card_authenticationRequiredOnSetup", "three_d_secure_redirect"),
        ("pm_card_threeDSecureRequired", "three_d_secure_redirect"),
    ],
)
def test_the_kind_of_a_challenge_follows_the_card(caller: Caller, method: str, kind: str) -> None:
    intent = caller.post(
        "/v1/payment_intents",
        amount=2000,
        currency="usd",
        payment_method=method,
        confirm=True,
        use_stripe_sdk=True,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
    )
    assert intent["next_action"]["use_stripe_sdk"]["type"] == kind


def test_goods_have_the_texts_that_older_versions_took(caller: Caller) -> None:
    product = caller.post(
        "/v1/products", "2020-08-27", name="Mug", caption="Blue", attributes=["size"], deactivate_on=["app"]
    )
    assert (product["caption"], product["attributes"], product["deactivate_on"]) == ("Blue", ["size"], ["app"])
    newest = caller.emulator.call("GET", f"/v1/products/{product['id']}")[1]
    assert {"caption", "deactivate_on"}.isdisjoint(newest)


def test_invoices_show_the_rendering_options_that_older_versions_took(caller: Caller) -> None:
    customer = caller.post("/v1/customers")["id"]
    options = {"amount_tax_display": "include_inclusive_tax"}
    invoice = caller.post("/v1/invoices", "2022-11-15", customer=customer, rendering_options=options)
    assert invoice["rendering_options"] == options
    newest = caller.emulator.call("GET", f"/v1/invoices/{invoice['id']}")[1]
    assert newest["rendering"]["amount_tax_display"] == "include_inclusive_tax"


@pytest.mark.parametrize("path", ["/v1/subscriptions", "/v1/invoices/upcoming"])
def test_a_refusal_names_an_older_parameter_as_the_caller_does(caller: Caller, path: str) -> None:
    customer = caller.post("/v1/customers", source="tok_visa")["id"]
    cycle = {"interval": "month"}
    price = caller.post("/v1/prices", currency="usd", unit_amount=9, recurring=cycle, product_data={"name": "A"})["id"]
    items = "items" if path == "/v1/subscriptions" else "subscription_items"
    method = "POST" if path == "/v1/subscriptions" else "GET"
    params = {"customer": customer, items: [{"price": price}], "coupon": "NONE"}
    status, body = caller.emulator.call(method, path, params, version="2022-11-15")
    assert (status, body["error"]["param"], body["error"]["message"]) == (400, "coupon", "No such coupon: 'NONE'")
