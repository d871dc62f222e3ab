"""Stripe Tax: calculations by where the customer is and where the shop is registered, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

CALCULATIONS, TRANSACTIONS = "/v1/tax/calculations", "/v1/tax/transactions"


def register(stripe_here: LocalStripe, country: str, options: dict[str, Any]) -> dict[str, Any]:
    params = {"active_from": "now", "country": country, "country_options": {country.lower(): options}}
    return stripe_here.ok("POST", "/v1/tax/registrations", params)


STANDARD = {"type": "standard", "standard": {"place_of_supply_scheme": "standard"}}


def sale(country: str, amount: int = 1000, *, state: str | None = None, **line: Any) -> dict[str, Any]:
    address = {"country": country, **({"state": state} if state else {})}
    return {
        "currency": "usd",
        "customer_details": {"address": address, "address_source": "shipping"},
        "line_items": [{"amount": amount, "reference": "L1", **line}],
    }


@pytest.fixture
def shop(stripe_here: LocalStripe) -> LocalStripe:
    """Return a local Stripe of a shop that is registered in Germany, California, Quebec, and for the rest of the EU."""
    register(stripe_here, "DE", STANDARD)
    register(stripe_here, "IE", {"type": "oss_union"})
    register(stripe_here, "US", {"type": "state_sales_tax", "state": "CA"})
    register(stripe_here, "CA", {"type": "province_standard", "province_standard": {"province": "QC"}})
    return stripe_here


@pytest.mark.parametrize(
    ("params", "sums", "reason"),
    [
        (sale("DE"), (190, 0, 1190), "standard_rated"),
        (sale("DE", tax_behavior="inclusive"), (0, 160, 1000), "standard_rated"),
        (sale("FR"), (200, 0, 1200), "standard_rated"),
        (sale("US", state="CA"), (73, 0, 1073), "standard_rated"),
        (sale("US", state="NY"), (0, 0, 1000), "not_collecting"),
        (sale("US", state="OR"), (0, 0, 1000), "not_subject_to_tax"),
        (sale("CA", 10000, state="QC"), (1498, 0, 11498), "standard_rated"),
        (sale("CA", state="ON"), (0, 0, 1000), "not_collecting"),
        (sale("GB"), (0, 0, 1000), "not_collecting"),
        (sale("AQ"), (0, 0, 1000), "not_supported"),
        (sale("DE", tax_code="txcd_00000000"), (0, 0, 1000), "product_exempt"),
    ],
)
def test_the_tax_is_that_of_the_place(
    shop: LocalStripe, params: dict[str, Any], sums: tuple[int, int, int], reason: str
) -> None:
    """sums: the tax on top, the tax inside, and the total."""
    answer = shop.ok("POST", CALCULATIONS, {**params, "expand": ["line_items"]})
    assert (answer["tax_amount_exclusive"], answer["tax_amount_inclusive"], answer["amount_total"]) == sums
    (line,) = answer["line_items"]["data"]
    assert (line["amount_tax"], line["reference"]) == (sums[0] + sums[1], "L1")
    assert {row["taxability_reason"] for row in answer["tax_breakdown"]} == {reason}
    assert sum(row["amount"] for row in answer["tax_breakdown"]) == sums[0] + sums[1]


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"taxability_override": "customer_exempt"}, "customer_exempt"),
        ({"taxability_override": "reverse_charge"}, "reverse_charge"),
        ({"tax_ids": [{"type": "eu_vat", "value": "DE123456789"}]}, "reverse_charge"),
    ],
)
def test_a_customer_may_owe_nothing(shop: LocalStripe, details: dict[str, Any], reason: str) -> None:
    params = sale("DE")
    params["customer_details"].update(details)
    answer = shop.ok("POST", CALCULATIONS, params)
    assert (answer["amount_total"], answer["tax_breakdown"][0]["taxability_reason"]) == (1000, reason)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"currency": "xyz"}, (400, None, "currency")),
        ({"line_items": [{"amount": 1, "reference": "a"}, {"amount": 1, "reference": "a"}]}, (400, None, "line_items[1][reference]")),
        ({"line_items": [{"amount": 1, "quantity": 0}]}, (400, "parameter_invalid_integer", "line_items[0][quantity]")),
        ({"line_items": [{"amount": 1, "product": "prod_no"}]}, (400, "resource_missing", "line_items[0][product]")),
        ({"customer": "cus_no"}, (400, "resource_missing", "customer")),
        ({"customer_details": {}}, (400, "parameter_missing", "customer_details[address]")),
        ({"customer_details": {"address": {"country": "DE"}}}, (400, "parameter_missing", "customer_details[address_source]")),
        ({"customer_details": {"address": {"country": "US"}, "address_source": "billing"}}, (400, "customer_tax_location_invalid", "customer_details[address]")),
        ({"shipping_cost": {"shipping_rate": "shr_no"}}, (400, "resource_missing", "shipping_cost[shipping_rate]")),
    ],
)  # fmt: skip
def test_a_calculation_that_cannot_be_is_refused(
    shop: LocalStripe, changes: dict[str, Any], expected: tuple[int, str | None, str]
) -> None:
    assert refusal(shop.refused("POST", CALCULATIONS, {**sale("DE"), **changes})) == expected


def test_a_customer_and_a_product_say_where_and_what(shop: LocalStripe) -> None:
    customer = shop.ok("POST", "/v1/customers", {"address": {"country": "DE"}})["id"]
    product = shop.ok("POST", "/v1/products", {"name": "Stamp", "tax_code": "txcd_00000000"})["id"]
    rate = shop.ok(
        "POST",
        "/v1/shipping_rates",
        {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 500, "currency": "usd"}},
    )["id"]
    params = {
        "currency": "usd",
        "customer": customer,
        "line_items": [{"amount": 1000}, {"amount": 1000, "product": product}],
        "shipping_cost": {"shipping_rate": rate},
    }
    answer = shop.ok("POST", CALCULATIONS, params)
    assert (answer["customer_details"]["address_source"], answer["tax_amount_exclusive"]) == ("billing", 190 + 95)
    assert (answer["shipping_cost"]["amount_tax"], answer["amount_total"]) == (95, 2500 + 285)
    lines = shop.ok("GET", f"{CALCULATIONS}/{answer['id']}/line_items")["data"]
    assert [line["amount_tax"] for line in lines] == [190, 0]
    shop.ok("POST", f"/v1/customers/{customer}", {"tax_exempt": "exempt"})
    assert shop.ok("POST", CALCULATIONS, params)["tax_amount_exclusive"] == 0


def test_a_transaction_is_made_and_taken_back_in_parts(shop: LocalStripe) -> None:
    params = {**sale("DE"), "shipping_cost": {"amount": 500}}
    params["line_items"].append({"amount": 2000, "reference": "L2"})
    calculation = shop.ok("POST", CALCULATIONS, params)["id"]
    create = f"{TRANSACTIONS}/create_from_calculation"
    sold = shop.ok("POST", create, {"calculation": calculation, "reference": "order 1", "expand": ["line_items"]})
    assert (sold["type"], sold["reference"], sold["reversal"]) == ("transaction", "order 1", None)
    first, second = sold["line_items"]["data"]
    assert (first["amount"], first["amount_tax"], second["amount_tax"]) == (1000, 190, 380)
    again = shop.refused("POST", create, {"calculation": calculation, "reference": "order 1"})
    assert again["param"] == "reference"
    reverse = f"{TRANSACTIONS}/create_reversal"
    line = {"original_line_item": first["id"], "amount": -400, "amount_tax": -76, "reference": "back"}
    part = {"mode": "partial", "original_transaction": sold["id"], "reference": "r1", "line_items": [line]}
    back = shop.ok("POST", reverse, {**part, "expand": ["line_items"]})
    assert (back["type"], back["reversal"], back["shipping_cost"]) == (
        "reversal",
        {"original_transaction": sold["id"]},
        None,
    )
    assert [(r["amount"], r["amount_tax"]) for r in back["line_items"]["data"]] == [(-400, -76)]
    too_much = {**part, "reference": "r2", "line_items": [{**line, "amount": -601, "amount_tax": 0}]}
    assert shop.refused("POST", reverse, too_much)["param"] == "line_items[0][amount]"
    full = {"mode": "full", "original_transaction": sold["id"], "reference": "r3"}
    assert shop.refused("POST", reverse, full)["param"] == "mode"
    left = 1190 - 476 + 2380 + 595
    flat = {"mode": "partial", "original_transaction": sold["id"], "reference": "r4", "flat_amount": -left}
    rest = shop.ok("POST", reverse, {**flat, "expand": ["line_items"]})
    assert [r["amount"] for r in rest["line_items"]["data"]] == [-600, -2000]
    assert (rest["shipping_cost"]["amount"], rest["shipping_cost"]["amount_tax"]) == (-500, -95)
    assert shop.refused("POST", reverse, {**flat, "reference": "r5", "flat_amount": -1})["param"] == "flat_amount"
    assert (
        shop.refused("POST", reverse, {**full, "original_transaction": back["id"]})["param"] == "original_transaction"
    )


def test_a_full_reversal_mirrors_the_sale(shop: LocalStripe) -> None:
    calculation = shop.ok("POST", CALCULATIONS, sale("DE"))["id"]
    params = {"calculation": calculation, "reference": "order"}
    sold = shop.ok("POST", f"{TRANSACTIONS}/create_from_calculation", params)
    full = {"mode": "full", "original_transaction": sold["id"], "reference": "back"}
    back = shop.ok("POST", f"{TRANSACTIONS}/create_reversal", full)
    (line,) = shop.ok("GET", f"{TRANSACTIONS}/{back['id']}/line_items")["data"]
    assert (line["amount"], line["amount_tax"]) == (-1000, -190)
    assert shop.ok("GET", f"{TRANSACTIONS}/{sold['id']}")["id"] == sold["id"]


def test_a_calculation_lasts_ninety_days(shop: LocalStripe) -> None:
    calculation = shop.ok("POST", CALCULATIONS, sale("DE"))["id"]
    shop.advance(90 * 86400)
    assert shop.refused("GET", f"{CALCULATIONS}/{calculation}")["code"] == "resource_missing"
    late = {"calculation": calculation, "reference": "late"}
    assert shop.refused("POST", f"{TRANSACTIONS}/create_from_calculation", late)["param"] == "calculation"


def test_a_registration_begins_and_ends(stripe_here: LocalStripe) -> None:
    now = stripe_here.emulator.clock.now()
    later = {"active_from": now + 1000, "country": "DE", "country_options": {"de": STANDARD}}
    registration = stripe_here.ok("POST", "/v1/tax/registrations", later)
    path = f"/v1/tax/registrations/{registration['id']}"
    assert registration["status"] == "scheduled"
    assert stripe_here.ok("POST", CALCULATIONS, sale("DE"))["tax_amount_exclusive"] == 0
    assert stripe_here.refused("POST", "/v1/tax/registrations", later)["param"] == "country_options"
    stripe_here.advance(2000)
    assert stripe_here.ok("GET", path)["status"] == "active"
    assert stripe_here.ok("POST", CALCULATIONS, sale("DE"))["tax_amount_exclusive"] == 190
    assert stripe_here.ok("POST", path, {"expires_at": "now"})["status"] == "expired"
    listed = {
        s: stripe_here.ok("GET", "/v1/tax/registrations", {"status": s})["data"] for s in ("active", "expired", "all")
    }
    assert [len(rows) for rows in listed.values()] == [0, 1, 1]
    assert stripe_here.refused("POST", path, {"expires_at": now + 9000})["status"] == 400
    wrong = {"active_from": "now", "country": "DE", "country_options": {"fr": STANDARD}}
    assert stripe_here.refused("POST", "/v1/tax/registrations", wrong)["param"] == "country_options[de]"


def test_settings_say_what_is_not_said(shop: LocalStripe) -> None:
    assert shop.ok("GET", "/v1/tax/settings")["status"] == "active"
    defaults = {"tax_behavior": "inclusive", "tax_code": "txcd_10103001"}
    changed = shop.ok("POST", "/v1/tax/settings", {"defaults": defaults, "head_office": {"address": {"country": "DE"}}})
    assert (changed["defaults"]["tax_behavior"], changed["head_office"]["address"]["country"]) == ("inclusive", "DE")
    answer = shop.ok("POST", CALCULATIONS, {**sale("DE"), "expand": ["line_items"]})
    assert (answer["tax_amount_inclusive"], answer["line_items"]["data"][0]["tax_code"]) == (160, "txcd_10103001")
    assert shop.events().count("tax.settings.updated") == 1


def test_a_payment_that_names_its_calculation_commits_it(shop: LocalStripe) -> None:
    calculation = shop.ok("POST", CALCULATIONS, sale("DE"))["id"]
    params = {
        "amount": 1190,
        "currency": "usd",
        "hooks": {"inputs": {"tax": {"calculation": calculation}}},
        "payment_method": "pm_card_visa",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    first = shop.ok("POST", "/v1/payment_intents", params)
    path = "/v1/tax/associations/find"
    assert shop.ok("GET", path, {"payment_intent": first["id"]})["tax_transaction_attempts"] is None
    shop.ok("POST", f"/v1/payment_intents/{first['id']}/confirm")
    association = shop.ok("GET", path, {"payment_intent": first["id"]})
    (attempt,) = association["tax_transaction_attempts"]
    transaction = shop.ok("GET", f"{TRANSACTIONS}/{attempt['committed']['transaction']}")
    assert (association["calculation"], transaction["reference"]) == (calculation, first["id"])
    second = shop.ok("POST", "/v1/payment_intents", {**params, "confirm": True})
    (attempt,) = shop.ok("GET", path, {"payment_intent": second["id"]})["tax_transaction_attempts"]
    assert attempt["errored"]["reason"] == "another_payment_associated_with_calculation"
    plain = shop.ok("POST", "/v1/payment_intents", {"amount": 500, "currency": "usd"})["id"]
    assert shop.refused("GET", path, {"payment_intent": plain})["status"] == 404
    params["hooks"] = {"inputs": {"tax": {"calculation": "taxcalc_no"}}}
    assert shop.refused("POST", "/v1/payment_intents", params)["param"] == "hooks[inputs][tax][calculation]"


def test_places_of_performance_are_kept(stripe_here: LocalStripe) -> None:
    params = {"type": "performance", "address": {"country": "US", "state": "CA"}, "description": "Hall"}
    place = stripe_here.ok("POST", "/v1/tax/locations", params)
    assert stripe_here.ok("GET", f"/v1/tax/locations/{place['id']}")["address"]["state"] == "CA"
    assert [r["id"] for r in stripe_here.ok("GET", "/v1/tax/locations", {"type": "performance"})["data"]] == [
        place["id"]
    ]
