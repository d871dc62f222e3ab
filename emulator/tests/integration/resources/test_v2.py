"""The v2 API: accounts with configurations, their persons and tokens, and meter events one by one and as a stream."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.runtime.requests.call_faults import CallFault

ACCOUNTS = "/v2/core/accounts"
INCLUDE = ["configuration.customer", "configuration.merchant", "configuration.recipient", "defaults", "identity", "requirements"]  # fmt: skip
TERMS = {"attestations": {"terms_of_service": {"account": {"date": "2026-01-01T00:00:00Z", "ip": "127.0.0.1"}}}}
MERCHANT = {"capabilities": {"card_payments": {"requested": True}}}
RECIPIENT = {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}


def seller(stripe_here: LocalStripe, **more: Any) -> dict[str, Any]:
    params = {
        "contact_email": "jenny@example.com",
        "display_name": "Jenny's mugs",
        "dashboard": "express",
        "identity": {"country": "us", "entity_type": "company"},
        "configuration": {"merchant": MERCHANT, "recipient": RECIPIENT},
        "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
        "include": INCLUDE,
        **more,
    }
    return stripe_here.ok("POST", ACCOUNTS, params)


def status(account: dict[str, Any], kind: str, *path: str) -> str:
    node = account["configuration"][kind]["capabilities"]
    for name in path:
        node = node[name]
    return node["status"]


def thin_types(stripe_here: LocalStripe) -> list[str]:
    rows = stripe_here.ok("GET", "/v2/core/events", {"limit": 100})["data"]
    return [
        row["type"]
        for row in reversed(rows)
        if row["type"].startswith(("v2.", "v1.billing.meter.error", "v1.billing.meter.no_"))
    ]


def test_an_account_is_restricted_until_it_accepts_the_terms(stripe_here: LocalStripe) -> None:
    account = seller(stripe_here)
    assert (account["applied_configurations"], account["dashboard"]) == (["merchant", "recipient"], "express")
    assert status(account, "merchant", "card_payments") == "restricted"
    assert status(account, "recipient", "stripe_balance", "stripe_transfers") == "restricted"
    (entry,) = account["requirements"]["entries"]
    assert [row["capability"] for row in entry["impact"]["restricts_capabilities"]] == [
        "card_payments",
        "stripe_balance.stripe_transfers",
    ]
    done = stripe_here.ok("POST", f"{ACCOUNTS}/{account['id']}", {"identity": TERMS, "include": INCLUDE})
    assert (status(done, "merchant", "card_payments"), done["requirements"]["entries"]) == ("active", [])
    old = stripe_here.ok("GET", f"/v1/accounts/{account['id']}")
    assert (old["charges_enabled"], old["capabilities"]) == (True, {"card_payments": "active", "transfers": "active"})
    assert old["controller"]["losses"]["payments"] == "application"
    assert thin_types(stripe_here) == ["v2.core.account.created", "v2.core.account[identity].updated"]
    assert not any(name.startswith("v2.") for name in stripe_here.events())


def test_an_account_is_paid_like_one_of_v1(stripe_here: LocalStripe) -> None:
    identity = {"country": "us", "entity_type": "company", **TERMS}
    account = seller(stripe_here, identity=identity)["id"]
    stripe_here.ok("POST", "/v1/charges", {"amount": 9000, "currency": "usd", "source": "tok_bypassPending"})
    stripe_here.ok("POST", "/v1/transfers", {"amount": 500, "currency": "usd", "destination": account})
    balance = stripe_here.ok("GET", "/v1/balance", account=account)
    assert balance["available"][0]["amount"] == 500


def test_what_is_not_included_is_null(stripe_here: LocalStripe) -> None:
    account = stripe_here.ok("GET", f"{ACCOUNTS}/{seller(stripe_here)['id']}")
    assert [account[name] for name in ("configuration", "defaults", "identity", "requirements")] == [None] * 4
    narrow = stripe_here.ok("GET", f"{ACCOUNTS}/{account['id']}", {"include": ["configuration.merchant", "defaults"]})
    assert (narrow["configuration"]["recipient"], narrow["identity"]) == (None, None)
    assert narrow["defaults"]["responsibilities"]["fees_collector"] == "application"


def test_a_configuration_is_added_and_taken_off(stripe_here: LocalStripe) -> None:
    account = seller(stripe_here, configuration={"recipient": RECIPIENT})
    path = f"{ACCOUNTS}/{account['id']}"
    both = stripe_here.ok("POST", path, {"configuration": {"customer": {}}, "metadata": {"a": "b"}})
    assert (both["applied_configurations"], both["metadata"]) == (["customer", "recipient"], {"a": "b"})
    left = stripe_here.ok("POST", path, {"configuration": {"recipient": {"applied": False}}})
    assert left["applied_configurations"] == ["customer"]
    listed = stripe_here.ok("GET", ACCOUNTS, {"applied_configurations": ["customer"]})["data"]
    assert [row["id"] for row in listed] == [account["id"]]
    assert stripe_here.ok("GET", ACCOUNTS, {"applied_configurations": ["merchant"]})["data"] == []
    assert "v2.core.account[configuration.customer].updated" in thin_types(stripe_here)


def test_an_account_is_closed(stripe_here: LocalStripe) -> None:
    account = seller(stripe_here)["id"]
    assert stripe_here.ok("POST", f"{ACCOUNTS}/{account}/close")["closed"] is True
    assert stripe_here.refused("POST", f"{ACCOUNTS}/{account}/close")["status"] == 400
    assert stripe_here.refused("POST", f"{ACCOUNTS}/{account}", {"display_name": "x"})["status"] == 400
    assert stripe_here.ok("GET", ACCOUNTS)["data"] == []
    assert [row["id"] for row in stripe_here.ok("GET", ACCOUNTS, {"closed": True})["data"]] == [account]
    assert thin_types(stripe_here)[-1] == "v2.core.account.closed"


def test_an_account_of_v1_has_a_v2_view(stripe_here: LocalStripe) -> None:
    params = {"type": "express", "country": "DE", "capabilities": {"transfers": {"requested": True}}}
    account = stripe_here.ok("POST", "/v1/accounts", params)["id"]
    view = stripe_here.ok("GET", f"{ACCOUNTS}/{account}", {"include": INCLUDE})
    assert (view["applied_configurations"], view["identity"]["country"]) == (["recipient"], "de")
    assert status(view, "recipient", "stripe_balance", "stripe_transfers") == "restricted"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"identity": {}}, (400, "invalid_fields", "identity.country")),
        ({"account_token": "accttok_no"}, (400, "invalid_fields", "account_token")),
        ({"identity": {"country": "us", "attestations": {"terms_of_service": {"account": {"date": "today", "ip": "::1"}}}}}, (400, "invalid_fields", "identity.attestations.terms_of_service.account.date")),
    ],
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused(
    stripe_here: LocalStripe, changes: dict[str, Any], expected: tuple[int, str | None, str]
) -> None:
    params = {"configuration": {"merchant": MERCHANT}, **changes}
    assert refusal(stripe_here.refused("POST", ACCOUNTS, params)) == expected


def test_a_token_stands_for_an_identity_once(stripe_here: LocalStripe) -> None:
    accepted = {"terms_of_service": {"account": {"shown_and_accepted": True}}}
    identity = {"entity_type": "company", "attestations": accepted}
    token = stripe_here.ok("POST", "/v2/core/account_tokens", {"identity": identity})
    assert token["used"] is False
    account = seller(stripe_here, account_token=token["id"])
    assert account["identity"]["entity_type"] == "company"
    assert status(account, "merchant", "card_payments") == "active"
    assert stripe_here.ok("GET", f"/v2/core/account_tokens/{token['id']}")["used"] is True
    again = {"account_token": token["id"], "configuration": {"customer": {}}}
    assert stripe_here.refused("POST", ACCOUNTS, again)["param"] == "account_token"


def test_a_link_leads_to_onboarding(stripe_here: LocalStripe) -> None:
    account = seller(stripe_here)["id"]
    case = {"type": "account_onboarding", "account_onboarding": {"refresh_url": "https://a.example"}}
    link = stripe_here.ok("POST", "/v2/core/account_links", {"account": account, "use_case": case})
    assert (link["object"], link["url"].endswith(account)) == ("v2.core.account_link", True)
    wrong = {"account": account, "use_case": {"type": "account_update"}}
    assert stripe_here.refused("POST", "/v2/core/account_links", wrong)["param"] == "use_case.account_update"


def test_persons_are_made_changed_listed_and_deleted(stripe_here: LocalStripe) -> None:
    account = seller(stripe_here)["id"]
    path = f"{ACCOUNTS}/{account}/persons"
    token = stripe_here.ok("POST", f"{ACCOUNTS}/{account}/person_tokens", {"surname": "Austen"})
    params = {
        "given_name": "Jane",
        "id_numbers": [{"type": "us_ssn", "value": "000000000"}],
        "person_token": token["id"],
    }
    person = stripe_here.ok("POST", path, {**params, "relationship": {"owner": True}})
    assert (person["given_name"], person["surname"], person["id_numbers"]) == ("Jane", "Austen", [{"type": "us_ssn"}])
    address = f"{path}/{person['id']}"
    changed = stripe_here.ok("POST", address, {"relationship": {"representative": True}, "email": "j@example.com"})
    assert changed["relationship"] == {"owner": True, "representative": True}
    assert [row["id"] for row in stripe_here.ok("GET", path)["data"]] == [person["id"]]
    assert stripe_here.ok("GET", address) == changed
    assert stripe_here.ok("DELETE", address)["deleted"] is True
    assert stripe_here.refused("GET", address)["code"] == "not_found"
    assert [name for name in thin_types(stripe_here) if "person" in name] == [
        f"v2.core.account_person.{word}" for word in ("created", "updated", "deleted")
    ]
    assert stripe_here.ok("GET", f"{ACCOUNTS}/{account}/person_tokens/{token['id']}")["used"] is True


@pytest.fixture
def metered(stripe_here: LocalStripe) -> tuple[LocalStripe, str, str]:
    """Return a local Stripe, a customer, and a meter of calls."""
    customer = stripe_here.ok("POST", "/v1/customers", {})["id"]
    meter = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    return stripe_here, customer, stripe_here.ok("POST", "/v1/billing/meters", meter)["id"]


def used(local: LocalStripe, customer: str, meter: str) -> float:
    now = local.emulator.clock.now()
    params = {"customer": customer, "start_time": now - now % 60 - 600, "end_time": now - now % 60 + 600}
    return local.ok("GET", f"/v1/billing/meters/{meter}/event_summaries", params)["data"][0]["aggregated_value"]


def usage(customer: str, value: str = "5", **more: Any) -> dict[str, Any]:
    return {"event_name": "calls", "payload": {"stripe_customer_id": customer, "value": value}, **more}


def test_meter_events_are_sent_one_by_one_and_taken_back(metered: tuple[LocalStripe, str, str]) -> None:
    local, customer, meter = metered
    event = local.ok("POST", "/v2/billing/meter_events", usage(customer, identifier="first"))
    assert (event["object"], event["identifier"]) == ("v2.billing.meter_event", "first")
    local.ok("POST", "/v2/billing/meter_events", usage(customer, "2"))
    assert used(local, customer, meter) == 7
    cancel = {"event_name": "calls", "type": "cancel", "cancel": {"identifier": "first"}}
    assert local.ok("POST", "/v2/billing/meter_event_adjustments", cancel)["status"] == "complete"
    assert used(local, customer, meter) == 2
    late = local.refused("POST", "/v2/billing/meter_events", usage(customer, timestamp="2020-01-01T00:00:00Z"))
    assert late["code"] == "timestamp_too_far_in_past"
    assert local.refused("POST", "/v2/billing/meter_events", usage(customer, timestamp="soon"))["param"] == "timestamp"


def test_a_stream_takes_many_and_reports_what_was_wrong(metered: tuple[LocalStripe, str, str]) -> None:
    local, customer, meter = metered
    token = local.ok("POST", "/v2/billing/meter_event_session")["authentication_token"]
    events = [
        usage(customer),
        usage(customer, "3"),
        usage("cus_no", identifier="bad"),
        {**usage(customer), "event_name": "no"},
    ]
    stream = "/v2/billing/meter_event_stream"
    assert local.ok("POST", stream, {"events": events}, key=token) == {}
    assert used(local, customer, meter) == 8
    types = ["v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"]
    assert thin_types(local) == types
    rows = local.ok("GET", "/v2/core/events", {"types": types[:1]})["data"]
    (kind,) = rows[0]["data"]["reason"]["error_types"]
    assert (kind["code"], rows[0]["related_object"]["id"]) == ("meter_event_customer_not_found", meter)
    assert kind["sample_errors"][0]["request"]["identifier"] == "bad"
    assert local.refused("POST", stream, {"events": events})["status"] == 401
    assert local.refused("GET", "/v1/customers", key=token)["status"] == 401
    local.advance(16 * 60)
    over = local.refused("POST", stream, {"events": events}, key=token)
    assert (over["status"], over["type"]) == (401, "temporary_session_expired")


@pytest.mark.parametrize(
    ("method", "path", "params", "expected"),
    [
        ("GET", f"{ACCOUNTS}/acct_no", {}, (404, "not_found")),
        ("POST", ACCOUNTS, {"nope": 1}, (400, "invalid_fields")),
        ("POST", ACCOUNTS, {"identity": "x"}, (400, "invalid_fields")),
        ("GET", "/v2/core/events", {"nope": "1"}, (400, "invalid_fields")),
        ("GET", "/v2/core/event_destinations/ed_no", {}, (404, "not_found")),
        ("POST", "/v2/billing/meter_events", {"payload": {}}, (400, "invalid_fields")),
    ],
)
def test_errors_have_the_shape_of_the_v2_api(
    stripe_here: LocalStripe, method: str, path: str, params: dict[str, Any], expected: tuple[int, str]
) -> None:
    """The second row of each is the same fault in the v1 API, which has links and codes of its own."""
    error = stripe_here.refused(method, path, params)
    assert (error["status"], error["code"], error["user_message"]) == (*expected, None)
    assert set(error) - {"param"} == {"status", "code", "message", "type", "user_message"}
    older = stripe_here.refused("POST", "/v1/customers", {"nope": 1})
    assert (older["code"], "request_log_url" in older, "user_message" in older) == ("parameter_unknown", True, False)


def test_no_door_answers_a_call_of_v2_with_an_error_of_v1(stripe_here: LocalStripe) -> None:
    """A fault that was asked for comes past the operation, and a body that cannot be read past the API."""
    stripe_here.emulator.faults.add(CallFault(method="GET", path=ACCOUNTS, status=409, error={"code": "busy"}))
    refused = stripe_here.refused("GET", ACCOUNTS)
    unread = StripeError("Invalid request: the body is not JSON.").body(ACCOUNTS)["error"]
    assert (refused["status"], refused["code"], refused["user_message"]) == (409, "busy", None)
    assert "request_log_url" not in refused
    assert unread == {
        "code": "invalid_fields",
        "message": "Invalid request: the body is not JSON.",
        "type": "invalid_request_error",
        "user_message": None,
    }
