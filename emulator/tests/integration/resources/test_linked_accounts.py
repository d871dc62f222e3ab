"""Bank accounts that customers link, payments that others took, and 3-D Secure without a payment."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

from payloom_emulator.runtime.challenges import end_authentication

SESSIONS, ACCOUNTS = "/v1/financial_connections/sessions", "/v1/financial_connections/accounts"
ALL = ["balances", "ownership", "payment_method", "transactions"]


def link(stripe_here: LocalStripe, permissions: list[str], **more: Any) -> tuple[str, list[dict[str, Any]]]:
    """Return a customer, and the accounts that he linked."""
    customer = stripe_here.ok("POST", "/v1/customers", {})["id"]
    holder = {"type": "customer", "customer": customer}
    session = stripe_here.ok("POST", SESSIONS, {"account_holder": holder, "permissions": permissions, **more})
    assert session["accounts"]["data"] == []
    linked = stripe_here.ok("GET", f"{SESSIONS}/{session['id']}")["accounts"]["data"]
    listed = stripe_here.ok("GET", ACCOUNTS, {"session": session["id"]})["data"]
    assert {row["id"] for row in linked} == {row["id"] for row in listed}
    return customer, linked


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, ["Checking", "Savings"]),
        ({"limits": {"accounts": 1}}, ["Checking"]),
        ({"filters": {"account_subcategories": ["savings"]}}, ["Savings"]),
    ],
)
def test_a_session_links_the_accounts_it_asks_for(
    stripe_here: LocalStripe, more: dict[str, Any], names: list[str]
) -> None:
    customer, linked = link(stripe_here, ["balances"], **more)
    assert [row["display_name"] for row in linked] == names
    of_customer = stripe_here.ok("GET", ACCOUNTS, {"account_holder": {"customer": customer}})["data"]
    assert len(of_customer) == len(names)
    assert stripe_here.events().count("financial_connections.account.created") == len(names)


@pytest.mark.parametrize(
    ("feature", "field"), [("balance", "balance"), ("ownership", "ownership"), ("transactions", "transaction_refresh")]
)
def test_a_feature_is_read_when_it_is_permitted(stripe_here: LocalStripe, feature: str, field: str) -> None:
    _, (account, *_) = link(stripe_here, ALL)
    path = f"{ACCOUNTS}/{account['id']}"
    name = "transaction_refresh" if feature == "transactions" else f"{feature}_refresh"
    assert account[field] is None
    assert stripe_here.ok("POST", f"{path}/refresh", {"features": [feature]})[name]["status"] == "pending"
    done = stripe_here.ok("GET", path)
    assert (done[name]["status"], done[field] is not None) == ("succeeded", True)
    assert stripe_here.events()[-1] == f"financial_connections.account.refreshed_{feature}"
    _, (closed, *_) = link(stripe_here, ["payment_method"])
    refused = stripe_here.refused("POST", f"{ACCOUNTS}/{closed['id']}/refresh", {"features": [feature]})
    assert refused["param"] == "features"


def test_owners_and_transactions_are_listed(stripe_here: LocalStripe) -> None:
    _, (account, *_) = link(stripe_here, ALL, prefetch=["balances", "ownership", "transactions"])
    read = stripe_here.ok("GET", f"{ACCOUNTS}/{account['id']}")
    assert read["balance"]["current"] == {"usd": 100000}
    owners = f"{ACCOUNTS}/{account['id']}/owners"
    assert [o["name"] for o in stripe_here.ok("GET", owners, {"ownership": read["ownership"]})["data"]] == [
        "Jane Austen"
    ]
    assert stripe_here.refused("GET", owners, {"ownership": "fcaowns_no"})["param"] == "ownership"
    path = "/v1/financial_connections/transactions"
    rows = stripe_here.ok("GET", path, {"account": account["id"]})["data"]
    assert [row["amount"] for row in rows] == [-2500, -1200, 150000]
    since = {"account": account["id"], "transacted_at": {"gte": rows[1]["transacted_at"]}}
    assert len(stripe_here.ok("GET", path, since)["data"]) == 2
    after = {"account": account["id"], "transaction_refresh": {"after": rows[0]["transaction_refresh"]}}
    assert stripe_here.ok("GET", path, after)["data"] == []
    assert stripe_here.ok("GET", f"{path}/{rows[0]['id']}") == rows[0]


def test_an_account_is_subscribed_to_and_disconnected(stripe_here: LocalStripe) -> None:
    _, (account, *_) = link(stripe_here, ALL)
    path, features = f"{ACCOUNTS}/{account['id']}", {"features": ["transactions"]}
    assert stripe_here.ok("POST", f"{path}/subscribe", features)["subscriptions"] == ["transactions"]
    assert stripe_here.ok("GET", path)["transaction_refresh"]["status"] == "succeeded"
    assert stripe_here.ok("POST", f"{path}/unsubscribe", features)["subscriptions"] is None
    assert stripe_here.ok("POST", f"{path}/disconnect")["status"] == "disconnected"
    again = stripe_here.refused("POST", f"{path}/disconnect")
    assert again["code"] == "financial_connections_account_inactive"


def test_a_linked_account_pays(stripe_here: LocalStripe) -> None:
    customer, (account, *_) = link(stripe_here, ["payment_method"])
    data = {
        "type": "us_bank_account",
        "us_bank_account": {"financial_connections_account": account["id"], "account_holder_type": "individual"},
        "billing_details": {"name": "Jenny"},
    }
    params = {
        "amount": 900,
        "currency": "usd",
        "customer": customer,
        "confirm": True,
        "allowed_payment_method_types": ["us_bank_account"],
        "payment_method_data": data,
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
    }
    intent = stripe_here.ok("POST", "/v1/payment_intents", params)
    assert intent["status"] == "processing"
    method = stripe_here.ok("GET", f"/v1/payment_methods/{intent['payment_method']}")["us_bank_account"]
    assert (method["financial_connections_account"], method["last4"]) == (account["id"], "6789")
    stripe_here.ok("POST", f"{ACCOUNTS}/{account['id']}/disconnect")
    wrong = "payment_method_data[us_bank_account][financial_connections_account]"
    assert stripe_here.refused("POST", "/v1/payment_intents", params)["param"] == wrong


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"account_holder": {"type": "customer"}}, "account_holder[customer]"),
        ({"account_holder": {"type": "customer", "customer": "cus_no"}}, "account_holder[customer]"),
        ({"prefetch": ["ownership"]}, "prefetch"),
        ({"limits": {"accounts": 0}}, "limits[accounts]"),
        ({"filters": {"country": "DE"}}, "filters[country]"),
    ],
)
def test_a_session_that_cannot_be_is_refused(stripe_here: LocalStripe, changes: dict[str, Any], param: str) -> None:
    customer = stripe_here.ok("POST", "/v1/customers", {})["id"]
    params = {"account_holder": {"type": "customer", "customer": customer}, "permissions": ["balances"], **changes}
    assert stripe_here.refused("POST", SESSIONS, params)["param"] == param


RECORDS = "/v1/payment_records"
PAYMENT: dict[str, Any] = {
    "amount_requested": {"currency": "usd", "value": 1000},
    "initiated_at": 1700000000,
    "payment_method_details": {"type": "custom", "custom": {"display_name": "Till", "type": "cash"}},
    "processor_details": {"type": "custom", "custom": {"payment_reference": "t-1"}},
}


def amounts(record: dict[str, Any]) -> dict[str, int]:
    """Return what is not zero of a record's amounts."""
    names = ("canceled", "failed", "guaranteed", "refunded")
    return {name: record[f"amount_{name}"]["value"] for name in names if record[f"amount_{name}"]["value"]}


def test_a_payment_is_reported_tried_again_and_refunded(stripe_here: LocalStripe) -> None:
    record = stripe_here.ok("POST", f"{RECORDS}/report_payment", {**PAYMENT, "metadata": {"a": "b"}})
    path = f"{RECORDS}/{record['id']}"
    assert (amounts(record), record["reported_by"], record["metadata"]) == ({}, "self", {"a": "b"})
    failed = stripe_here.ok("POST", f"{path}/report_payment_attempt_failed", {"failed_at": 1700000001})
    assert amounts(failed) == {"failed": 1000}
    assert (
        stripe_here.refused("POST", f"{path}/report_payment_attempt_failed", {"failed_at": 1700000001})["status"] == 400
    )
    second = {"initiated_at": 1700000002, "outcome": "guaranteed", "guaranteed": {"guaranteed_at": 1700000003}}
    paid = stripe_here.ok("POST", f"{path}/report_payment_attempt", second)
    assert (amounts(paid), paid["payment_method_details"]["custom"]["display_name"]) == ({"guaranteed": 1000}, "Till")
    assert stripe_here.refused("POST", f"{path}/report_payment_attempt", second)["status"] == 400
    rows = stripe_here.ok("GET", "/v1/payment_attempt_records", {"payment_record": record["id"]})["data"]
    assert [amounts(row) for row in rows] == [{"guaranteed": 1000}, {"failed": 1000}]
    assert paid["latest_payment_attempt_record"] == rows[0]["id"]
    refund = {
        "outcome": "refunded",
        "refunded": {"refunded_at": 1700000004},
        "processor_details": {"type": "custom", "custom": {"refund_reference": "r-1"}},
    }
    part = {**refund, "amount": {"currency": "usd", "value": 300}}
    assert amounts(stripe_here.ok("POST", f"{path}/report_refund", part))["refunded"] == 300
    assert (
        stripe_here.refused("POST", f"{path}/report_refund", {**part, "amount": {"currency": "usd", "value": 701}})[
            "param"
        ]
        == "amount[value]"
    )
    assert amounts(stripe_here.ok("POST", f"{path}/report_refund", refund))["refunded"] == 1000
    learned = {"customer_details": {"email": "j@example.com"}, "description": "Mug"}
    informed = stripe_here.ok("POST", f"{path}/report_payment_attempt_informational", learned)
    assert (informed["customer_details"]["email"], informed["description"]) == ("j@example.com", "Mug")
    attempt = stripe_here.ok("GET", f"/v1/payment_attempt_records/{rows[0]['id']}")
    assert (attempt["payment_record"], attempt["description"]) == (record["id"], "Mug")
    assert [row["id"] for row in stripe_here.ok("GET", RECORDS, {"created_after": 1})["data"]] == [record["id"]]
    assert stripe_here.ok("GET", path)["amount_refunded"]["value"] == 1000


@pytest.mark.parametrize(
    ("outcome", "moment"), [("canceled", "canceled_at"), ("failed", "failed_at"), ("guaranteed", "guaranteed_at")]
)
def test_a_payment_is_reported_with_its_outcome(stripe_here: LocalStripe, outcome: str, moment: str) -> None:
    params = {**PAYMENT, "outcome": outcome, outcome: {moment: 1700000000}}
    assert amounts(stripe_here.ok("POST", f"{RECORDS}/report_payment", params)) == {outcome: 1000}
    open_record = stripe_here.ok("POST", f"{RECORDS}/report_payment", PAYMENT)["id"]
    ended = stripe_here.ok("POST", f"{RECORDS}/{open_record}/report_payment_attempt_{outcome}", {moment: 1700000000})
    assert amounts(ended) == {outcome: 1000}
    without = stripe_here.refused("POST", f"{RECORDS}/report_payment", {**PAYMENT, "outcome": outcome})
    assert refusal(without)[1:] == ("parameter_missing", f"{outcome}[{moment}]")


AUTHENTICATIONS = "/v1/three_d_secure/authentications"
BROWSER = {
    "type": "browser",
    "browser": {
        "accept_header": "*/*",
        "ip_address": "127.0.0.1",
        "javascript_enabled": True,
        "language": "en",
        "user_agent": "Mozilla/5.0",
    },
}


def authenticate(stripe_here: LocalStripe, method: str, **more: Any) -> dict[str, Any]:
    params = {
        "amount": 500,
        "currency": "eur",
        "channel": BROWSER,
        "message_category": "payment_authentication",
        "payment_method": method,
        **more,
    }
    return stripe_here.ok("POST", AUTHENTICATIONS, params)


@pytest.mark.parametrize(
    ("method", "status", "outcome"),
    [
        ("pm_card_visa", "succeeded", "authenticated"),
        ("pm_card_threeDSecure2Required", "requires_challenge", None),
        ("pm_card_amex_threeDSecureNotSupported", "failed", "not_supported"),
    ],
)
def test_an_authentication_follows_the_card(
    stripe_here: LocalStripe, method: str, status: str, outcome: str | None
) -> None:
    begun = authenticate(stripe_here, method)
    assert (begun["status"], bool(begun["fingerprinting_url"])) == ("requires_submission", True)
    path = f"{AUTHENTICATIONS}/{begun['id']}"
    answer = stripe_here.ok("POST", f"{path}/submit", {"fingerprinting_result": "x"})
    assert (answer["status"], answer.get("outcome")) == (status, outcome)
    assert stripe_here.refused("POST", f"{path}/submit")["status"] == 400
    assert stripe_here.events()[-1] == f"three_d_secure.authentication.{status}"
    assert [row["id"] for row in stripe_here.ok("GET", AUTHENTICATIONS, {"status": status})["data"]] == [begun["id"]]


@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, "failed")])
def test_a_challenge_ends_an_authentication(stripe_here: LocalStripe, passed: bool, status: str) -> None:
    begun = authenticate(stripe_here, "pm_card_threeDSecure2Required")["id"]
    stripe_here.ok("POST", f"{AUTHENTICATIONS}/{begun}/submit")
    assert end_authentication(stripe_here.emulator, begun, passed=passed) == status
    done = stripe_here.ok("GET", f"{AUTHENTICATIONS}/{begun}")
    assert (done.get("challenge_url"), done["outcome_details"].get("eci")) == (None, "05" if passed else None)


def test_an_authentication_is_canceled(stripe_here: LocalStripe) -> None:
    begun = authenticate(stripe_here, "pm_card_visa")["id"]
    done = stripe_here.ok("POST", f"{AUTHENTICATIONS}/{begun}/cancel", {"metadata": {"a": "b"}})
    assert (done["status"], done["outcome"], done["metadata"]) == ("canceled", "canceled", {"a": "b"})
    assert stripe_here.refused("POST", f"{AUTHENTICATIONS}/{begun}/cancel")["status"] == 400


def test_an_authentication_without_a_browser_needs_no_submission(stripe_here: LocalStripe) -> None:
    first = authenticate(stripe_here, "pm_card_visa")["id"]
    channel = {"type": "three_r_i", "three_r_i": {"previous_authentication": first, "type": "recurring"}}
    assert authenticate(stripe_here, "pm_card_visa", channel=channel)["status"] == "succeeded"
