"""Radar's value lists and evaluations, and what Stripe Apps keep."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

LISTS, ITEMS = "/v1/radar/value_lists", "/v1/radar/value_list_items"


def test_a_value_list_is_filled_searched_and_deleted(stripe_here: LocalStripe) -> None:
    blocked = stripe_here.ok("POST", LISTS, {"alias": "blocked", "name": "Blocked", "item_type": "email"})
    stripe_here.ok("POST", LISTS, {"alias": "other", "name": "Other"})
    item = stripe_here.ok("POST", ITEMS, {"value_list": blocked["id"], "value": "Mallory@example.com"})
    assert item["value"] == "mallory@example.com"
    read = stripe_here.ok("GET", f"{LISTS}/{blocked['id']}")
    assert [row["value"] for row in read["list_items"]["data"]] == ["mallory@example.com"]
    containing = stripe_here.ok("GET", LISTS, {"contains": "mallory@example.com"})["data"]
    assert [row["alias"] for row in containing] == ["blocked"]
    assert [row["alias"] for row in stripe_here.ok("GET", LISTS, {"alias": "other"})["data"]] == ["other"]
    twice = stripe_here.refused("POST", ITEMS, {"value_list": blocked["id"], "value": "mallory@example.com"})
    assert refusal(twice) == (400, "resource_already_exists", "value")
    listed = stripe_here.ok("GET", ITEMS, {"value_list": blocked["id"], "value": "mallory@example.com"})["data"]
    assert [row["id"] for row in listed] == [item["id"]]
    assert stripe_here.ok("POST", f"{LISTS}/{blocked['id']}", {"name": "Banned"})["name"] == "Banned"
    assert stripe_here.refused("POST", f"{LISTS}/{blocked['id']}", {"alias": "other"})["param"] == "alias"
    assert stripe_here.ok("DELETE", f"{ITEMS}/{item['id']}")["deleted"] is True
    assert stripe_here.ok("GET", f"{LISTS}/{blocked['id']}")["list_items"]["data"] == []
    last = stripe_here.ok("POST", ITEMS, {"value_list": blocked["id"], "value": "eve@example.com"})["id"]
    assert stripe_here.ok("DELETE", f"{LISTS}/{blocked['id']}")["deleted"] is True
    assert stripe_here.refused("GET", f"{ITEMS}/{last}")["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("item_type", "right", "wrong"),
    [
        ("card_bin", "424242", "42"),
        ("country", "de", "Germany"),
        ("email", "a@b.example", "nobody"),
        ("ip_address", "127.0.0.1", "300.1.1.1"),
        ("customer_id", None, "cus_no"),
    ],
)
def test_a_list_takes_values_of_its_type(
    stripe_here: LocalStripe, item_type: str, right: str | None, wrong: str
) -> None:
    value = right or stripe_here.ok("POST", "/v1/customers", {})["id"]
    list_id = stripe_here.ok("POST", LISTS, {"alias": "list", "name": "List", "item_type": item_type})["id"]
    stripe_here.ok("POST", ITEMS, {"value_list": list_id, "value": value})
    assert stripe_here.refused("POST", ITEMS, {"value_list": list_id, "value": wrong})["param"] == "value"


@pytest.mark.parametrize(
    ("method", "level", "action"),
    [("pm_card_visa", "normal", "continue"), ("pm_card_riskLevelElevated", "elevated", "continue"), ("pm_card_riskLevelHighest", "highest", "block")],
)  # fmt: skip
def test_an_evaluation_follows_the_risk_of_the_card(
    stripe_here: LocalStripe, method: str, level: str, action: str
) -> None:
    params: dict[str, Any] = {
        "customer_details": {"email": "jenny@example.com"},
        "payment_details": {"amount": 500, "currency": "usd", "payment_method_details": {"payment_method": method}},
    }
    answer = stripe_here.ok("POST", "/v1/radar/payment_evaluations", params)
    assert (answer["signals"]["fraudulent_payment"]["risk_level"], answer["recommended_action"]) == (level, action)
    nobody = stripe_here.refused("POST", "/v1/radar/payment_evaluations", {**params, "customer_details": {"name": "J"}})
    assert nobody["param"] == "customer_details[email]"


ACCOUNT = {"type": "account"}


def test_a_secret_is_set_read_replaced_and_deleted(stripe_here: LocalStripe) -> None:
    path = "/v1/apps/secrets"
    secret = stripe_here.ok("POST", path, {"name": "token", "payload": "one", "scope": ACCOUNT})
    assert "payload" not in secret
    again = stripe_here.ok("POST", path, {"name": "token", "payload": "two", "scope": ACCOUNT})
    assert again["id"] == secret["id"]
    find = {"name": "token", "scope": ACCOUNT}
    assert "payload" not in stripe_here.ok("GET", f"{path}/find", find)
    assert stripe_here.ok("GET", f"{path}/find", {**find, "expand": ["payload"]})["payload"] == "two"
    of_user = {"name": "token", "scope": {"type": "user", "user": "usr_1"}}
    assert stripe_here.refused("GET", f"{path}/find", of_user)["code"] == "resource_missing"
    stripe_here.ok("POST", path, {**of_user, "payload": "three"})
    assert [row["id"] for row in stripe_here.ok("GET", path, {"scope": ACCOUNT})["data"]] == [secret["id"]]
    assert stripe_here.ok("POST", f"{path}/delete", find)["deleted"] is True
    assert stripe_here.ok("GET", path, {"scope": ACCOUNT})["data"] == []


def test_a_secret_expires_and_a_scope_is_full(stripe_here: LocalStripe) -> None:
    path, now = "/v1/apps/secrets", stripe_here.emulator.clock.now()
    stripe_here.ok("POST", path, {"name": "short", "payload": "x", "scope": ACCOUNT, "expires_at": now + 60})
    for number in range(9):
        stripe_here.ok("POST", path, {"name": f"secret {number}", "payload": "x", "scope": ACCOUNT})
    more = {"name": "eleventh", "payload": "x", "scope": ACCOUNT}
    assert stripe_here.refused("POST", path, more)["param"] == "scope"
    stripe_here.advance(61)
    stripe_here.ok("POST", path, more)
    missing = stripe_here.refused("GET", f"{path}/find", {"name": "short", "scope": ACCOUNT})
    assert refusal(missing) == (404, "resource_missing", "name")
    assert stripe_here.refused("GET", path, {"scope": {"type": "user"}})["param"] == "scope[user]"


def test_an_app_is_installed_and_removed(stripe_here: LocalStripe) -> None:
    path = "/v1/apps/installs"
    install = stripe_here.ok("POST", path, {"app": "com.example.app", "channel": "testing"})
    assert stripe_here.ok("GET", f"{path}/{install['id']}")["status"] == "installed"
    assert [
        row["id"] for row in stripe_here.ok("GET", path, {"status": "installed", "app": "com.example.app"})["data"]
    ] == [install["id"]]
    assert stripe_here.ok("GET", path, {"channel": "public"})["data"] == []
    assert stripe_here.ok("POST", f"{path}/{install['id']}/uninstall")["status"] == "uninstalling"
    assert stripe_here.refused("GET", f"{path}/{install['id']}")["code"] == "resource_missing"
    assert stripe_here.events() == ["apps.install.created", *["apps.install.updated"] * 2, "apps.install.deleted"]
    half = {"app": "com.example.app", "code_challenge": "x"}
    assert stripe_here.refused("POST", path, half)["param"] == "code_challenge_method"


def test_no_query_of_sigma_is_scheduled(stripe_here: LocalStripe) -> None:
    assert stripe_here.ok("GET", "/v1/sigma/scheduled_query_runs")["data"] == []
    assert stripe_here.refused("GET", "/v1/sigma/scheduled_query_runs/sqr_1")["code"] == "resource_missing"
