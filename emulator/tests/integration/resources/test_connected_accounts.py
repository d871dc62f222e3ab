"""What a platform keeps of a connected account: persons, where it is paid out to, what it may do."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

TERMS = {"tos_acceptance": {"date": 1700000000, "ip": "127.0.0.1"}}
BANK = {
    "object": "bank_account",
    "country": "US",
    "currency": "usd",
    "routing_number": "110000000",
    "account_number": "000123456789",
}
PERSON = {
    "first_name": "Jane",
    "last_name": "Austen",
    "address": {"line1": "1 Main St"},
    "dob": {"day": 16, "month": 12, "year": 1975},
    "ssn_last_4": "0000",
}


@pytest.fixture
def account(stripe_here: LocalStripe) -> str:
    """Return the id of a custom account that accepted the terms."""
    capabilities = {"card_payments": {"requested": True}, "transfers": {"requested": True}}
    params = {"type": "custom", "country": "US", "business_type": "company", "capabilities": capabilities, **TERMS}
    return stripe_here.ok("POST", "/v1/accounts", params)["id"]


def externals(stripe_here: LocalStripe, account: str) -> list[tuple[str, bool]]:
    rows = stripe_here.ok("GET", f"/v1/accounts/{account}/external_accounts")["data"]
    return sorted((row["last4"], row["default_for_currency"]) for row in rows)


def test_a_bank_account_is_added_made_the_default_and_deleted(stripe_here: LocalStripe, account: str) -> None:
    path = f"/v1/accounts/{account}/external_accounts"
    first = stripe_here.ok("POST", path, {"external_account": "btok_us_verified", "metadata": {"a": "1"}})
    assert (first["account"], first["default_for_currency"], first["metadata"]) == (account, True, {"a": "1"})
    second = stripe_here.ok("POST", path, {"external_account": {**BANK, "account_number": "000222222227"}})
    assert externals(stripe_here, account) == [("2227", False), ("6789", True)]
    error = stripe_here.refused("DELETE", f"{path}/{first['id']}")
    assert error["status"] == 400
    stripe_here.ok("POST", f"{path}/{second['id']}", {"default_for_currency": True, "account_holder_name": "Jane"})
    assert externals(stripe_here, account) == [("2227", True), ("6789", False)]
    assert stripe_here.ok("DELETE", f"{path}/{first['id']}")["deleted"] is True
    rendered = stripe_here.ok("GET", f"/v1/accounts/{account}")["external_accounts"]
    assert ([row["id"] for row in rendered["data"]], rendered["total_count"]) == ([second["id"]], 1)
    kinds = [name.rsplit(".", 1)[1] for name in stripe_here.events(account) if "external_account" in name]
    assert kinds == ["created", "created", "updated", "updated", "deleted"]
    assert refusal(stripe_here.refused("GET", f"{path}/{first['id']}"))[:2] == (404, "resource_missing")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tok_visa", (400, "invalid_card_type", "external_account")),
        ({**BANK, "routing_number": "1"}, (400, "routing_number_invalid", "external_account[routing_number]")),
        ("tok_none", (400, "resource_missing", "external_account")),
    ],
)
def test_what_cannot_be_paid_out_to_is_refused(
    stripe_here: LocalStripe, account: str, source: Any, expected: tuple[int, str, str]
) -> None:
    path = f"/v1/accounts/{account}/external_accounts"
    assert refusal(stripe_here.refused("POST", path, {"external_account": source})) == expected


def test_a_debit_card_is_an_external_account(stripe_here: LocalStripe, account: str) -> None:
    path = f"/v1/accounts/{account}/external_accounts"
    card = stripe_here.ok("POST", path, {"external_account": "tok_visa_debit"})
    assert (card["object"], card["account"], card["available_payout_methods"]) == (
        "card",
        account,
        ["standard", "instant"],
    )
    changed = stripe_here.ok("POST", f"{path}/{card['id']}", {"exp_year": "2040", "name": "Jane"})
    assert (changed["exp_year"], changed["name"]) == (2040, "Jane")
    assert stripe_here.ok("GET", path, {"object": "bank_account"})["data"] == []
    assert (
        refusal(stripe_here.refused("POST", f"{path}/{card['id']}", {"account_holder_name": "J"}))[2]
        == "account_holder_name"
    )


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("000123456789", "paid", None),
        ("000111111116", "failed", "no_account"),
        ("000111111113", "failed", "account_closed"),
    ],
)
def test_a_payout_goes_to_the_bank_account_and_may_come_back(
    stripe_here: LocalStripe, account: str, number: str, status: str, code: str | None
) -> None:
    path = f"/v1/accounts/{account}/external_accounts"
    bank = stripe_here.ok("POST", path, {"external_account": {**BANK, "account_number": number}})
    stripe_here.ok("POST", "/v1/charges", {"amount": 9000, "currency": "usd", "source": "tok_bypassPending"})
    stripe_here.ok("POST", "/v1/transfers", {"amount": 5000, "currency": "usd", "destination": account})
    payout = stripe_here.ok("POST", "/v1/payouts", {"amount": 4000, "currency": "usd"}, account=account)
    assert payout["destination"] == bank["id"]
    stripe_here.advance(3 * 86400)
    done = stripe_here.ok("GET", f"/v1/payouts/{payout['id']}", account=account)
    assert (done["status"], done["failure_code"]) == (status, code)
    available = stripe_here.ok("GET", "/v1/balance", account=account)["available"][0]["amount"]
    assert available == (1000 if status == "paid" else 5000)


def test_persons_are_made_changed_listed_and_deleted(stripe_here: LocalStripe, account: str) -> None:
    path = f"/v1/accounts/{account}/persons"
    owner = stripe_here.ok("POST", path, {**PERSON, "relationship": {"owner": True, "percent_ownership": 60}})
    assert (owner["verification"]["status"], owner["ssn_last_4_provided"], owner["relationship"]["owner"]) == (
        "verified",
        True,
        True,
    )
    bare = stripe_here.ok("POST", path, {"relationship": {"representative": True}})
    assert "first_name" in bare["requirements"]["currently_due"]
    assert bare["verification"]["status"] == "unverified"
    done = stripe_here.ok("POST", f"{path}/{bare['id']}", {**PERSON, "metadata": {"k": "v"}})
    assert (done["requirements"]["currently_due"], done["metadata"]) == ([], {"k": "v"})
    assert done["relationship"]["representative"] is True
    owners = stripe_here.ok("GET", path, {"relationship": {"owner": True}})["data"]
    assert [row["id"] for row in owners] == [owner["id"]]
    assert stripe_here.ok("DELETE", f"{path}/{owner['id']}")["deleted"] is True
    assert [row["id"] for row in stripe_here.ok("GET", path)["data"]] == [bare["id"]]
    kinds = [name for name in stripe_here.events(account) if name.startswith("person.")]
    assert kinds == ["person.created", "person.created", "person.updated", "person.deleted"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"relationship": {"representative": True}}, "relationship[representative]"),
        ({"relationship": {"owner": True, "percent_ownership": 120}}, "relationship[percent_ownership]"),
        ({"dob": {"day": 1, "month": 13, "year": 1990}}, "dob[month]"),
        ({"nickname": "J"}, "nickname"),
    ],
)
def test_a_person_that_cannot_be_is_refused(
    stripe_here: LocalStripe, account: str, params: dict[str, Any], param: str
) -> None:
    path = f"/v1/accounts/{account}/persons"
    stripe_here.ok("POST", path, {"relationship": {"representative": True}})
    assert refusal(stripe_here.refused("POST", path, params))[::2] == (400, param)


def test_the_individual_of_an_account_is_a_person(stripe_here: LocalStripe) -> None:
    params = {"type": "custom", "country": "US", "business_type": "individual", "external_account": "btok_us_verified"}
    account = stripe_here.ok("POST", "/v1/accounts", {**params, "individual": PERSON, **TERMS})
    assert account["individual"]["first_name"] == "Jane"
    (person,) = stripe_here.ok("GET", f"/v1/accounts/{account['id']}/persons")["data"]
    assert (person["id"], person["relationship"]["representative"]) == (account["individual"]["id"], True)
    assert [row["last4"] for row in account["external_accounts"]["data"]] == ["6789"]
    changed = stripe_here.ok("POST", f"/v1/accounts/{account['id']}", {"individual": {"email": "j@example.com"}})
    assert (changed["individual"]["email"], changed["individual"]["first_name"]) == ("j@example.com", "Jane")
    assert refusal(stripe_here.refused("POST", f"/v1/accounts/{account['id']}/persons", PERSON))[0] == 400


def test_a_company_keeps_that_it_gave_its_number_and_not_the_number(stripe_here: LocalStripe, account: str) -> None:
    params = {"company": {"name": "Shop Inc", "tax_id": "000000000", "address": {"city": "Berlin"}}}
    rendered = stripe_here.ok("POST", f"/v1/accounts/{account}", params)["company"]
    assert (rendered["name"], rendered["tax_id_provided"], rendered["address"]["city"]) == ("Shop Inc", True, "Berlin")
    assert "tax_id" not in rendered


def test_an_account_sees_itself_as_its_platform_sees_it(stripe_here: LocalStripe, account: str) -> None:
    stripe_here.ok("POST", f"/v1/accounts/{account}", {"email": "shop@example.com"})
    own = stripe_here.ok("GET", "/v1/account", account=account)
    assert own == stripe_here.ok("GET", f"/v1/accounts/{account}")
    assert own["charges_enabled"] is True


@pytest.mark.parametrize(
    ("reason", "disabled"),
    [
        ("terms_of_service", "rejected.terms_of_service"),
        ("other", "rejected.other"),
        ("fraud_other", "rejected.fraud"),
        ("fraud_payment_method_tester", "rejected.fraud"),
    ],
)
def test_a_platform_rejects_an_account_and_takes_it_back(
    stripe_here: LocalStripe, account: str, reason: str, disabled: str
) -> None:
    rejected = stripe_here.ok("POST", f"/v1/accounts/{account}/reject", {"reason": reason})
    assert (rejected["charges_enabled"], rejected["requirements"]["disabled_reason"]) == (False, disabled)
    assert rejected["capabilities"] == {"card_payments": "inactive", "transfers": "inactive"}
    stripe_here.ok("POST", f"/v1/accounts/{account}", TERMS)
    assert stripe_here.ok("GET", f"/v1/accounts/{account}")["charges_enabled"] is False
    back = stripe_here.ok("POST", f"/v1/accounts/{account}/unreject")
    assert (back["charges_enabled"], back["requirements"]["disabled_reason"]) == (True, None)
    assert stripe_here.refused("POST", f"/v1/accounts/{account}/unreject")["status"] == 400


def test_an_older_version_rejects_for_fraud(stripe_here: LocalStripe, account: str) -> None:
    path = f"/v1/accounts/{account}/reject"
    rejected = stripe_here.ok("POST", path, {"reason": "fraud"}, version="2024-06-20")
    assert rejected["requirements"]["disabled_reason"] == "rejected.fraud"
    assert stripe_here.refused("POST", path, {"reason": "bored"}, version="2024-06-20")["param"] == "reason"


def test_a_capability_that_changes_is_an_event(stripe_here: LocalStripe, account: str) -> None:
    path = f"/v1/accounts/{account}/capabilities/sepa_debit_payments"
    assert stripe_here.ok("POST", path, {"requested": True})["status"] == "active"
    assert stripe_here.ok("POST", path, {"requested": False})["status"] == "unrequested"
    assert stripe_here.events(account).count("capability.updated") == 2


def test_a_login_link_is_for_express_accounts_that_are_set_up(stripe_here: LocalStripe, account: str) -> None:
    express = stripe_here.ok("POST", "/v1/accounts", {"type": "express"})["id"]
    assert stripe_here.refused("POST", f"/v1/accounts/{express}/login_links")["status"] == 400
    stripe_here.ok("POST", f"/v1/accounts/{express}", TERMS)
    assert express in stripe_here.ok("POST", f"/v1/accounts/{express}/login_links")["url"]
    assert stripe_here.refused("POST", f"/v1/accounts/{account}/login_links")["status"] == 400


def test_reversals_and_fee_refunds_take_metadata(stripe_here: LocalStripe, account: str) -> None:
    stripe_here.ok("POST", "/v1/charges", {"amount": 9000, "currency": "usd", "source": "tok_bypassPending"})
    transfer = stripe_here.ok("POST", "/v1/transfers", {"amount": 500, "currency": "usd", "destination": account})
    path = f"/v1/transfers/{transfer['id']}/reversals"
    reversal = stripe_here.ok("POST", path, {"amount": 100})
    changed = stripe_here.ok("POST", f"{path}/{reversal['id']}", {"metadata": {"a": "b"}})
    assert changed["metadata"] == stripe_here.ok("GET", f"{path}/{reversal['id']}")["metadata"] == {"a": "b"}
    listed = stripe_here.ok("GET", f"/v1/transfers/{transfer['id']}")["reversals"]["data"]
    assert [row["metadata"] for row in listed] == [{"a": "b"}]
    direct = {"amount": 2000, "currency": "usd", "source": "tok_visa", "application_fee_amount": 200}
    new_charge = stripe_here.ok("POST", "/v1/charges", direct, account=account)
    stripe_here.settle()
    charge = stripe_here.ok("GET", f"/v1/charges/{new_charge['id']}", account=account)
    fees = f"/v1/application_fees/{charge['application_fee']}/refunds"
    refund = stripe_here.ok("POST", fees, {"amount": 50})
    assert stripe_here.ok("POST", f"{fees}/{refund['id']}", {"metadata": {"c": "d"}})["metadata"] == {"c": "d"}
    assert "application_fee.refund.updated" in stripe_here.events()
    other = f"/v1/application_fees/fee_other/refunds/{refund['id']}"
    assert stripe_here.refused("GET", other)["code"] == "resource_missing"
