"""Billing credits and alerts: what a customer was granted pays metered usage, and usage that grows is reported."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

GRANTS, METERED = "/v1/billing/credit_grants", {"scope": {"price_type": "metered"}}


def dollars(value: int) -> dict[str, Any]:
    return {"type": "monetary", "monetary": {"currency": "usd", "value": value}}


class Metered:
    """A customer who pays 10 cents a call at the end of the month."""

    def __init__(self, local: LocalStripe) -> None:
        self.local = local
        now = local.emulator.clock.now()
        self.clock = local.ok("POST", "/v1/test_helpers/test_clocks", {"frozen_time": now})["id"]
        params = {"email": "jenny@example.com", "test_clock": self.clock}
        self.customer = local.ok("POST", "/v1/customers", params)["id"]
        method = local.ok("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": self.customer})["id"]
        meter = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
        self.meter = local.ok("POST", "/v1/billing/meters", meter)["id"]
        product = local.ok("POST", "/v1/products", {"name": "API"})["id"]
        recurring = {"interval": "month", "usage_type": "metered", "meter": self.meter}
        price = {"currency": "usd", "unit_amount": 10, "product": product, "recurring": recurring}
        self.price = local.ok("POST", "/v1/prices", price)["id"]
        self.flat = local.ok("POST", "/v1/prices", {**price, "recurring": {"interval": "month"}})["id"]
        params = {"customer": self.customer, "items": [{"price": self.price}], "default_payment_method": method}
        self.subscription = local.ok("POST", "/v1/subscriptions", params)["id"]

    def use(self, calls: int) -> None:
        payload = {"stripe_customer_id": self.customer, "value": str(calls)}
        self.local.ok("POST", "/v1/billing/meter_events", {"event_name": "calls", "payload": payload})

    def grant(self, value: int, **more: Any) -> dict[str, Any]:
        params = {"customer": self.customer, "amount": dollars(value), "applicability_config": METERED, **more}
        return self.local.ok("POST", GRANTS, params)

    def bill(self) -> dict[str, Any]:
        """Let a month pass, and return its invoice."""
        clock = self.local.ok("GET", f"/v1/test_helpers/test_clocks/{self.clock}")
        path = f"/v1/test_helpers/test_clocks/{self.clock}/advance"
        self.local.ok("POST", path, {"frozen_time": clock["frozen_time"] + 32 * 86400})
        return self.local.ok("GET", "/v1/invoices", {"subscription": self.subscription})["data"][0]

    def left(self, **scope: Any) -> tuple[int, int]:
        """Return what may be used now, and what is left in all."""
        wished = scope or {"type": "applicability_scope", "applicability_scope": {"price_type": "metered"}}
        params = {"customer": self.customer, "filter": wished}
        balances = self.local.ok("GET", "/v1/billing/credit_balance_summary", params)["balances"]
        if not balances:
            return 0, 0
        values = [balances[0][name]["monetary"]["value"] for name in ("available_balance", "ledger_balance")]
        return values[0], values[1]

    def rows(self) -> list[tuple[str, int]]:
        listed = self.local.ok("GET", "/v1/billing/credit_balance_transactions", {"customer": self.customer})["data"]
        sides = [row["credit"] or row["debit"] for row in reversed(listed)]
        return [(side["type"], side["amount"]["monetary"]["value"]) for side in sides]


@pytest.fixture
def metered(stripe_here: LocalStripe) -> Metered:
    return Metered(stripe_here)


def test_credits_pay_metered_usage_before_money_does(metered: Metered) -> None:
    later, first = metered.grant(600, priority=60), metered.grant(300, category="promotional", priority=10)
    metered.use(70)
    invoice = metered.bill()
    assert (invoice["subtotal"], invoice["total"], invoice["amount_due"]) == (700, 0, 0)
    credits_used = [(c["type"], c["amount"]) for c in invoice["total_pretax_credit_amounts"]]
    assert credits_used == [("credit_balance_transaction", 300), ("credit_balance_transaction", 400)]
    assert metered.rows() == [
        ("credits_granted", 600),
        ("credits_granted", 300),
        ("credits_applied", 300),
        ("credits_applied", 400),
    ]
    assert metered.left() == (200, 200)
    assert metered.left(type="credit_grant", credit_grant=first["id"]) == (0, 0)
    of_one = {"customer": metered.customer, "credit_grant": later["id"]}
    rows = metered.local.ok("GET", "/v1/billing/credit_balance_transactions", of_one)["data"]
    applied = rows[0]["debit"]["credits_applied"]
    assert applied == {"invoice": invoice["id"], "invoice_line_item": invoice["lines"]["data"][0]["id"]}
    row = metered.local.ok("GET", f"/v1/billing/credit_balance_transactions/{rows[0]['id']}")
    assert row["credit_grant"] == later["id"]


def test_taxes_are_on_what_credits_leave(metered: Metered) -> None:
    rate = {"display_name": "VAT", "percentage": 20, "inclusive": False}
    tax = metered.local.ok("POST", "/v1/tax_rates", rate)["id"]
    metered.local.ok("POST", f"/v1/subscriptions/{metered.subscription}", {"default_tax_rates": [tax]})
    metered.grant(500)
    metered.use(100)
    invoice = metered.bill()
    assert (invoice["subtotal"], invoice["total_taxes"][0]["amount"], invoice["total"]) == (1000, 100, 600)


def test_what_a_voided_invoice_used_comes_back(metered: Metered) -> None:
    metered.local.ok(
        "POST", f"/v1/subscriptions/{metered.subscription}", {"collection_method": "send_invoice", "days_until_due": 5}
    )
    metered.grant(300)
    metered.use(70)
    invoice = metered.bill()
    assert (invoice["status"], invoice["amount_due"]) == ("open", 400)
    metered.local.ok("POST", f"/v1/invoices/{invoice['id']}/void")
    assert metered.rows()[-1] == ("credits_application_invoice_voided", 300)
    assert metered.left() == (300, 300)


def test_a_grant_begins_and_lapses(metered: Metered) -> None:
    now = metered.local.ok("GET", f"/v1/test_helpers/test_clocks/{metered.clock}")["frozen_time"]
    grant = metered.grant(500, effective_at=now + 86400, expires_at=now + 20 * 86400)
    assert metered.left() == (0, 500)
    metered.bill()
    assert metered.left() == (0, 0)
    assert metered.rows()[-1] == ("credits_expired", 500)
    assert metered.local.refused("POST", f"{GRANTS}/{grant['id']}/void")["status"] == 400


@pytest.mark.parametrize(("action", "kind"), [("expire", "credits_expired"), ("void", "credits_voided")])
def test_a_grant_is_ended_by_hand(metered: Metered, action: str, kind: str) -> None:
    grant = metered.grant(500)
    ended = metered.local.ok("POST", f"{GRANTS}/{grant['id']}/{action}")
    assert bool(ended["voided_at"]) is (action == "void")
    assert (metered.rows()[-1], metered.left()) == ((kind, 500), (0, 0))
    names = metered.local.events(about=grant["id"])
    assert names == ["billing.credit_grant.created", "billing.credit_grant.updated"]
    assert metered.local.refused("POST", f"{GRANTS}/{grant['id']}", {"expires_at": 2000000000})["status"] == 400


def test_a_grant_may_be_for_some_prices(metered: Metered) -> None:
    scope = {"scope": {"prices": [{"id": metered.price}]}}
    grant = metered.grant(500, applicability_config=scope)
    assert grant["applicability_config"] == scope
    assert metered.left() == (0, 0)
    wished = {"type": "applicability_scope", "applicability_scope": {"prices": [{"id": metered.price}]}}
    assert metered.left(**wished) == (500, 500)
    changed = metered.local.ok("POST", f"{GRANTS}/{grant['id']}", {"metadata": {"a": "b"}})
    assert changed["metadata"] == {"a": "b"}
    listed = metered.local.ok("GET", GRANTS, {"customer": metered.customer})["data"]
    assert [row["id"] for row in listed] == [grant["id"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": dollars(0)}, (400, "parameter_invalid_integer", "amount[monetary][value]")),
        ({"customer": "cus_no"}, (400, "resource_missing", "customer")),
        ({"expires_at": 1000}, (400, None, "expires_at")),
        ({"priority": 101}, (400, None, "priority")),
        ({"applicability_config": {"scope": {}}}, (400, None, "applicability_config[scope]")),
        ({"category": "gift"}, (400, None, "category")),
    ],
)
def test_a_grant_that_cannot_be_is_refused(
    stripe_here: LocalStripe, changes: dict[str, Any], expected: tuple[int, str | None, str]
) -> None:
    customer = stripe_here.ok("POST", "/v1/customers", {})["id"]
    params = {"customer": customer, "amount": dollars(5), "applicability_config": METERED, **changes}
    assert refusal(stripe_here.refused("POST", GRANTS, params)) == expected


def test_a_flat_price_takes_no_credit(metered: Metered) -> None:
    scope = {"scope": {"prices": [{"id": metered.flat}]}}
    params = {"customer": metered.customer, "amount": dollars(5), "applicability_config": scope}
    assert metered.local.refused("POST", GRANTS, params)["param"] == "applicability_config[scope][prices][0][id]"


def test_an_alert_is_triggered_once_for_each_customer(metered: Metered) -> None:
    local = metered.local
    threshold = {"meter": metered.meter, "gte": 100, "recurrence": "one_time"}
    params = {"alert_type": "usage_threshold", "title": "Many calls", "usage_threshold": threshold}
    alert = local.ok("POST", "/v1/billing/alerts", params)
    metered.use(60)
    assert "billing.alert.triggered" not in local.events()
    metered.use(60)
    metered.use(60)
    (event,) = local.ok("GET", "/v1/events", {"type": "billing.alert.triggered"})["data"]
    told_of = event["data"]["object"]
    assert (told_of["customer"], told_of["value"], told_of["alert"]["id"]) == (metered.customer, 120, alert["id"])
    path = f"/v1/billing/alerts/{alert['id']}"
    assert local.refused("POST", f"{path}/activate")["status"] == 400
    assert local.ok("POST", f"{path}/deactivate")["status"] == "inactive"
    assert local.ok("POST", f"{path}/activate")["status"] == "active"
    assert local.ok("POST", f"{path}/archive")["status"] == "archived"
    assert local.refused("POST", f"{path}/activate")["status"] == 400
    assert local.ok("GET", "/v1/billing/alerts", {"meter": "mtr_other"})["data"] == []
    (listed,) = local.ok("GET", "/v1/billing/alerts", {"meter": metered.meter, "alert_type": "usage_threshold"})["data"]
    assert listed == local.ok("GET", path)


def test_an_alert_may_be_about_one_customer(metered: Metered) -> None:
    other = metered.local.ok("POST", "/v1/customers", {})["id"]
    threshold = {"meter": metered.meter, "gte": 1, "recurrence": "one_time"}
    params = {"alert_type": "usage_threshold", "title": "Other"}
    filters = [{"type": "customer", "customer": other}]
    metered.local.ok("POST", "/v1/billing/alerts", {**params, "usage_threshold": {**threshold, "filters": filters}})
    metered.use(5)
    assert "billing.alert.triggered" not in metered.local.events()
    wrong = {**params, "usage_threshold": {**threshold, "meter": "mtr_no"}}
    assert metered.local.refused("POST", "/v1/billing/alerts", wrong)["param"] == "usage_threshold[meter]"


def test_a_feedback_option_is_made_changed_and_ended(stripe_here: LocalStripe) -> None:
    option = stripe_here.ok("POST", "/v1/billing/feedback_options", {"description": "Too dear"})
    path = f"/v1/billing/feedback_options/{option['id']}"
    assert stripe_here.ok("POST", path, {"description": "Too expensive"})["description"] == "Too expensive"
    ended = stripe_here.ok("POST", f"{path}/deactivate")
    assert (ended["status"], bool(ended["status_transitions"]["deactivated_at"])) == ("inactive", True)
    assert stripe_here.ok("GET", "/v1/billing/feedback_options", {"status": "active"})["data"] == []
    assert stripe_here.ok("GET", path) == ended
    assert stripe_here.refused("POST", f"{path}/deactivate")["status"] == 400


def test_a_trial_offer_names_its_price_and_the_next_one(metered: Metered) -> None:
    local, path = metered.local, "/v1/product_catalog/trial_offers"
    params = {
        "price": metered.flat,
        "duration": {"type": "relative", "relative": {"iterations": 2}},
        "end_behavior": {"transition": {"price": metered.price}},
    }
    offer = local.ok("POST", path, {**params, "nickname": "Two months"})
    assert (offer["price"], offer["end_behavior"]["transition"]["price"]) == (metered.flat, metered.price)
    assert local.ok("POST", f"{path}/{offer['id']}", {"active": False})["active"] is False
    assert local.ok("GET", path, {"active": True})["data"] == []
    assert [row["id"] for row in local.ok("GET", path, {"prices": [metered.flat]})["data"]] == [offer["id"]]
    assert local.ok("GET", path, {"prices": [metered.price]})["data"] == []
    none = {**params, "duration": {"type": "relative", "relative": {"iterations": 0}}}
    assert local.refused("POST", path, none)["param"] == "duration[relative][iterations]"
    assert local.refused("POST", path, {**params, "price": "price_no"})["param"] == "price"
