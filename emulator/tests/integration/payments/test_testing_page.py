"""Each name of Stripe's testing page does at every door what the page says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe

from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import test_banks

PAYS = "succeeded"
ASKS = "requires_action"
NEEDS_AUTHENTICATION = "authentication_required/authentication_required"
GENERIC = "card_declined/generic_decline"
URL = "https://shop.example"


@dataclasses.dataclass(frozen=True)
class Card:
    """What becomes of a card. pays: with the customer there. alone: without, once it was attached.

    attaches: whether it can be saved. sets_up: a SetupIntent. legacy: a charge of `tok_*`.
    """

    names: str
    pays: str = PAYS
    alone: str = PAYS
    attaches: bool = True
    sets_up: str = PAYS
    legacy: str = PAYS


def refused(decline: str, names: str, *, saved: bool = False) -> Card:
    """Return a card that pays nowhere. saved: it can be saved all the same."""
    return Card(names, decline, decline, attaches=saved, sets_up=PAYS if saved else decline, legacy=decline)


COUNTRIES = "ar br ca cl co cr ec mx pa py pe us uy ae at be bg by ch cy cz de dk ee es fi fr gb gi gr hr hu ie it li lt lu lv mt nl no pl pt ro sa se si sk au cn hk in jp my nz sg th_credit th_debit tw ae_mastercard gb_debit gb_mastercard"
CARDS = (
    Card(COUNTRIES),
    Card("visa visa_debit mastercard mastercard_2series mastercard_debit mastercard_prepaid amex discover discover_debit diners bccard jcb unionpay"),
    Card("visa_cartesBancaires mastercard_cartesBancaires visa_debit_eftposAuCoBranded mastercard_debit_eftposAuCoBranded"),
    Card("debit_visaFsaProductCode debit_visaHsaProductCode mastercard_debit_mastercardFsaProductCode"),
    refused(GENERIC, "chargeDeclined visa_chargeDeclined"),
    refused("card_declined/insufficient_funds", "chargeDeclinedInsufficientFunds visa_chargeDeclinedInsufficientFunds visa_debit_chargeDeclinedInsufficientFunds"),
    refused("card_declined/lost_card", "chargeDeclinedLostCard visa_chargeDeclinedLostCard"),
    refused("card_declined/stolen_card", "chargeDeclinedStolenCard visa_chargeDeclinedStolenCard"),
    refused("card_declined/card_velocity_exceeded", "chargeDeclinedVelocityLimitExceeded visa_chargeDeclinedVelocityLimitExceeded"),
    refused("expired_card/expired_card", "chargeDeclinedExpiredCard visa_chargeDeclinedExpiredCard"),
    refused("incorrect_cvc/incorrect_cvc", "chargeDeclinedIncorrectCvc visa_chargeDeclinedIncorrectCvc"),
    refused("processing_error/processing_error", "chargeDeclinedProcessingError visa_chargeDeclinedProcessingError"),
    refused("card_declined/fraudulent", "radarBlock visa_radarBlock chargeDeclinedFraudulent visa_chargeDeclinedFraudulent"),
    refused("card_declined/fraudulent", "riskLevelHighest visa_riskLevelHighest", saved=True),
    refused(GENERIC, "chargeCustomerFail visa_chargeCustomerFail", saved=True),
    refused("card_declined/lost_card", "chargeCustomerFailLostCard visa_chargeCustomerFailLostCard", saved=True),
    refused("card_declined/stolen_card", "chargeCustomerFailStolenCard visa_chargeCustomerFailStolenCard", saved=True),
    Card("riskLevelElevated visa_riskLevelElevated highFraudDisputeScore visa_highFraudDisputeScore highEfwScore visa_highEfwScore radarDynamicRiskThreshold visa_radarDynamicRiskThreshold adaptive3dsChallenge visa_adaptive3dsChallenge freeTrialAbuseBlock visa_freeTrialAbuseBlock"),
    Card("cvcCheckFail visa_cvcCheckFail cvcCheckFailElevatedRisk visa_cvcCheckFailElevatedRisk avsZipFail visa_avsZipFail avsZipFailElevatedRisk visa_avsZipFailElevatedRisk avsLine1Fail visa_avsLine1Fail avsFail visa_avsFail avsUnchecked visa_avsUnchecked"),
    Card("createDispute visa_createDispute createDisputeProductNotReceived visa_createDisputeProductNotReceived createDisputeInquiry visa_createDisputeInquiry createIssuerFraudRecord visa_createIssuerFraudRecord createMultipleDisputes visa_createMultipleDisputes"),
    Card("createCe3EligibleDispute visa_createCe3EligibleDispute createComplianceDispute visa_createComplianceDispute createMastercardComplianceDispute createAutoRepresentmentEligibleDispute visa_createAutoRepresentmentEligibleDispute"),
    Card("createRapidDisputeResolutionDispute visa_createRapidDisputeResolutionDispute createCe3BlockDispute visa_createCe3BlockDispute createEthocaAlert"),
    Card("pendingRefund visa_pendingRefund refundFail visa_refundFail bypassPending visa_bypassPending bypassPendingInternational"),
    Card("authenticationRequiredOnSetup visa_authenticationRequiredOnSetup", ASKS, NEEDS_AUTHENTICATION, sets_up=ASKS),
    Card("authenticationRequired visa_authenticationRequired threeDSecure2Required visa_threeDSecure2Required threeDSecureRequired visa_threeDSecureRequired threeDSecureRequiredChargeDeclined visa_threeDSecureRequiredChargeDeclined", ASKS, NEEDS_AUTHENTICATION, sets_up=ASKS, legacy=NEEDS_AUTHENTICATION),
    Card("authenticationRequiredSetupForOffSession visa_authenticationRequiredSetupForOffSession", ASKS, PAYS, sets_up=ASKS),
    Card("authenticationRequiredChargeDeclinedInsufficientFunds visa_authenticationRequiredChargeDeclinedInsufficientFunds", ASKS, "card_declined/insufficient_funds", sets_up=ASKS, legacy="card_declined/insufficient_funds"),
    Card("threeDSecureRequiredProcessingError visa_threeDSecureRequiredProcessingError", GENERIC, GENERIC, sets_up=GENERIC, legacy=GENERIC),
    Card("threeDSecureOptional visa_threeDSecureOptional threeDSecureOptionalProcessingError visa_threeDSecureOptionalProcessingError amex_threeDSecureNotSupported"),
)  # fmt: skip

LOST = ("processing", "requires_payment_method")
ENDED = {"account_closed", "no_account", "debit_not_authorized"}
"""The failures after which the bank knows no mandate."""

BANKS: dict[str, str | None] = {
    **dict.fromkeys(["usBankAccount", "usBankAccount_success", "bacsDebit_success", "bacsDebit_successDelayed"]),
    **dict.fromkeys(["auBecsDebit_success", "auBecsDebit_successDelayed", "acssDebit_success", "nzBankAccount_success"]),
    **dict.fromkeys(["usBankAccount_accountClosed", "auBecsDebit_accountClosed", "acssDebit_accountClosed"], "account_closed"),
    **dict.fromkeys(["usBankAccount_noAccount", "auBecsDebit_noAccount", "acssDebit_noAccount", "nzBankAccount_noAccount"], "no_account"),
    **dict.fromkeys(["usBankAccount_insufficientFunds", "acssDebit_insufficientFunds", "nzBankAccount_insufficientFunds"], "insufficient_funds"),
    **dict.fromkeys(["bacsDebit_insufficientFunds", "bacsDebit_insufficientFundsDelayed"], "insufficient_funds"),
    **dict.fromkeys(["usBankAccount_debitNotAuthorized", "bacsDebit_debitNotAuthorized", "bacsDebit_debitNotAuthorizedDelayed"], "debit_not_authorized"),
    **dict.fromkeys(["auBecsDebit_debitNotAuthorized", "acssDebit_debitNotAuthorized", "nzBankAccount_debitNotAuthorized"], "debit_not_authorized"),
    "bacsDebit_mandateRefused": "debit_not_authorized",
    "usBankAccount_invalidCurrency": "invalid_currency",
    "usBankAccount_failMicrodeposits": "payment_method_microdeposit_failed",
    "usBankAccount_riskLevelHighest": "generic_could_not_process",
    **dict.fromkeys(["usBankAccount_weeklyLimitExceeded", "bacsDebit_exceedsWeeklyLimit", "auBecsDebit_exceedsWeeklyLimit"], "charge_exceeds_source_limit"),
    **dict.fromkeys(["bacsDebit_exceedsTransactionLimit", "auBecsDebit_exceedsTransactionLimit"], "charge_exceeds_transaction_limit"),
    **dict.fromkeys(["auBecsDebit_referToCustomer", "auBecsDebit_referToCustomerDelayed", "nzBankAccount_referToCustomer"], "refer_to_customer"),
    **dict.fromkeys(["usBankAccount_dispute", "bacsDebit_dispute", "auBecsDebit_dispute", "acssDebit_dispute"], "disputed"),
    **dict.fromkeys(["usBankAccount_processing", "nzBankAccount_processing"], "processing"),
}  # fmt: skip
_SEPA = {
    "success": None,
    "successDelayed": None,
    "failed": "generic_could_not_process",
    "failedDelayed": "generic_could_not_process",
    "disputed": "disputed",
    "exceedsWeeklyVolumeLimit": "charge_exceeds_source_limit",
    "exceedsWeeklyTransactionLimit": "charge_exceeds_weekly_limit",
    "insufficientFunds": "insufficient_funds",
}
_SEPA_COUNTRIES = [
    "at",
    "be",
    "hr",
    "ee",
    "fi",
    "fr",
    "de",
    "gi",
    "ie",
    "li",
    "lt",
    "lu",
    "nl",
    "no",
    "pt",
    "es",
    "se",
    "ch",
    "gb",
]
for _country in _SEPA_COUNTRIES:
    BANKS |= {f"sepaDebit_{name}_{_country}": ending for name, ending in _SEPA.items()}
# An older word for the first five, and a country of the older page.
for _country in [*_SEPA_COUNTRIES, "it"]:
    BANKS |= {f"{name}_{_country}": ending for name, ending in list(_SEPA.items())[: 2 if _country == "it" else 5]}
BANKS |= {f"sepaDebit_{name}_it": ending for name, ending in _SEPA.items() if "ail" not in name and name != "disputed"}

CURRENCIES = {
    "us_bank_account": "usd",
    "sepa_debit": "eur",
    "bacs_debit": "gbp",
    "au_becs_debit": "aud",
    "acss_debit": "cad",
    "nz_bank_account": "nzd",
}


@pytest.fixture(scope="module")
def local() -> LocalStripe:
    return LocalStripe()


def test_every_name_has_a_row() -> None:
    named = [name for card in CARDS for name in card.names.split()]
    assert len(named) == len(set(named))
    assert set(named) == set(test_cards.BY_NAME)
    assert set(BANKS) == set(test_banks.BANK_NAMES)


def _end(local: LocalStripe, path: str, **params: Any) -> str:
    """Return the status after a call, or the codes of its decline."""
    status, body = local.emulator.call("POST", path, params)
    if status == 200:
        return body.get("status") or body["object"]
    assert (status, body["error"]["type"]) == (402, "card_error"), body
    return f"{body['error']['code']}/{body['error'].get('decline_code')}"


def _payment(name: str, **more: Any) -> dict[str, Any]:
    return {"amount": 2000, "currency": "usd", "payment_method": name, "confirm": True, "return_url": URL, **more}


def _alone(local: LocalStripe, name: str) -> str:
    customer = local.ok("POST", "/v1/customers")["id"]
    method = local.ok("POST", f"/v1/payment_methods/{name}/attach", {"customer": customer})["id"]
    return _end(local, "/v1/payment_intents", **_payment(method, customer=customer, off_session=True))


def _invoice(local: LocalStripe, name: str) -> str:
    customer = local.ok("POST", "/v1/customers")["id"]
    method = local.ok("POST", f"/v1/payment_methods/{name}/attach", {"customer": customer})["id"]
    invoice = local.ok("POST", "/v1/invoices", {"customer": customer, "auto_advance": False})["id"]
    item = {"customer": customer, "invoice": invoice, "amount": 900, "currency": "usd"}
    local.ok("POST", "/v1/invoiceitems", item)
    local.ok("POST", f"/v1/invoices/{invoice}/finalize")
    ended = _end(local, f"/v1/invoices/{invoice}/pay", payment_method=method)
    return PAYS if ended == "paid" else ended


def _subscription(local: LocalStripe, name: str) -> str:
    customer = local.ok("POST", "/v1/customers")["id"]
    method = local.ok("POST", f"/v1/payment_methods/{name}/attach", {"customer": customer})["id"]
    item = {"price_data": {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}}}
    item["price_data"]["product"] = local.ok("POST", "/v1/products", {"name": "A"})["id"]
    params = {"customer": customer, "default_payment_method": method, "items": [item], "off_session": True}
    ended = _end(local, "/v1/subscriptions", **params, payment_behavior="error_if_incomplete")
    return PAYS if ended == "active" else ended


def _page(local: LocalStripe, name: str) -> str:
    item = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A"}}, "quantity": 1}
    params = {"mode": "payment", "line_items": [item], "success_url": URL}
    session = local.ok("POST", "/v1/checkout/sessions", params)["id"]
    paid = {"email": "jenny@example.com", "payment_method": name}
    status, body = local.emulator.call("POST", f"/v1/payment_pages/{session}/confirm", paid, key="pk_test_browser_1")
    if status == 200:
        return PAYS if body.get("status") == "complete" else ASKS
    return f"{body['error']['code']}/{body['error'].get('decline_code')}"


_DOORS: dict[str, Callable[[LocalStripe, Card, str], tuple[str, str]]] = {
    "confirm": lambda s, c, n: (_end(s, "/v1/payment_intents", **_payment(f"pm_card_{n}")), c.pays),
    "confirm later": lambda s, c, n: (
        _end(s, f"/v1/payment_intents/{s.ok('POST', '/v1/payment_intents', {'amount': 2000, 'currency': 'usd'})['id']}/confirm", payment_method=f"pm_card_{n}", return_url=URL),
        c.pays,
    ),
    "set up": lambda s, c, n: (
        _end(s, "/v1/setup_intents", payment_method=f"pm_card_{n}", confirm=True, return_url=URL),
        c.sets_up,
    ),
    "attach": lambda s, c, n: (
        _end(s, f"/v1/payment_methods/pm_card_{n}/attach", customer=s.ok("POST", "/v1/customers")["id"]),
        "payment_method" if c.attaches else c.pays,
    ),
    "source": lambda s, c, n: (
        _end(s, f"/v1/customers/{s.ok('POST', '/v1/customers')['id']}/sources", source=f"tok_{n}"),
        "card" if c.attaches else c.pays,
    ),
    "customer": lambda s, c, n: (_end(s, "/v1/customers", source=f"tok_{n}"), "customer" if c.attaches else c.pays),
    "charge": lambda s, c, n: (_end(s, "/v1/charges", amount=2000, currency="usd", source=f"tok_{n}"), c.legacy),
    "page": lambda s, c, n: (_page(s, f"pm_card_{n}"), c.pays),
    "off session": lambda s, c, n: (_alone(s, f"pm_card_{n}"), c.alone) if c.attaches else (c.alone, c.alone),
    "invoice": lambda s, c, n: (_invoice(s, f"pm_card_{n}"), c.alone) if c.attaches else (c.alone, c.alone),
    "subscription": lambda s, c, n: (_subscription(s, f"pm_card_{n}"), c.alone) if c.attaches else (c.alone, c.alone),
}  # fmt: skip


@pytest.mark.parametrize("door", _DOORS)
def test_a_card_ends_as_the_page_says(local: LocalStripe, door: str) -> None:
    ends = {name: _DOORS[door](local, card, name) for card in CARDS for name in card.names.split()}
    assert {name: end for name, end in ends.items() if end[0] != end[1]} == {}


@pytest.mark.parametrize("kind", CURRENCIES)
def test_a_debit_ends_as_the_page_says(kind: str) -> None:
    local = LocalStripe()
    seen = 0
    for name, ending in BANKS.items():
        if test_banks.BANK_NAMES[name].kind != kind:
            continue
        seen += 1
        debit = {
            "amount": 2000,
            "currency": CURRENCIES[kind],
            "payment_method": f"pm_{name}",
            "allowed_payment_method_types": [kind],
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
            "confirm": True,
        }
        intent = local.ok("POST", "/v1/payment_intents", debit)
        assert intent["status"] == "processing", name
        local.advance(1000)
        ended = local.ok("GET", f"/v1/payment_intents/{intent['id']}", {"expand": ["latest_charge"]})
        charge = ended["latest_charge"]
        expected = PAYS if ending in {None, "disputed"} else "processing" if ending == "processing" else LOST[1]
        assert ended["status"] == expected, name
        assert charge["failure_code"] == (ending if expected == LOST[1] else None), name
        assert charge["disputed"] == (ending == "disputed"), name
        mandate = charge["payment_method_details"][kind].get("mandate")
        if mandate:
            assert local.ok("GET", f"/v1/mandates/{mandate}")["status"] == ("inactive" if ending in ENDED else "active")
    assert seen


def test_minutes_pass_before_a_delayed_debit_settles() -> None:
    local = LocalStripe()
    for name in ("pm_bacsDebit_successDelayed", "pm_bacsDebit_success"):
        types = {"allowed_payment_method_types": ["bacs_debit"], "currency": "gbp", "amount": 2000, "confirm": True}
        intent = local.ok("POST", "/v1/payment_intents", {**types, "payment_method": name})["id"]
        local.advance(30)
        status = local.ok("GET", f"/v1/payment_intents/{intent}")["status"]
        assert status == ("processing" if "Delayed" in name else PAYS)


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("au_becs_debit", {"account_number": "000123456", "bsb_number": "000000"}, {"bsb_number": "000000", "last4": "3456"}),
        ("acss_debit", {"account_number": "000123456789", "institution_number": "000", "transit_number": "11000"}, {"institution_number": "000", "transit_number": "11000", "last4": "6789"}),
        ("nz_bank_account", {"account_number": "0000000", "bank_code": "11", "branch_code": "0000", "suffix": "010"}, {"bank_code": "11", "branch_code": "0000", "suffix": "010", "last4": "0000"}),
        ("bacs_debit", {"account_number": "00012345", "sort_code": "108800"}, {"sort_code": "108800", "last4": "2345"}),
        ("sepa_debit", {"iban": "AT61 1904 3002 3457 3201"}, {"country": "AT", "last4": "3201"}),
        ("us_bank_account", {"account_number": "000123456789", "routing_number": "110000000", "account_holder_type": "company"}, {"routing_number": "110000000", "last4": "6789", "account_holder_type": "company"}),
    ],
)  # fmt: skip
def test_an_account_shows_its_last_digits_alone(
    local: LocalStripe, kind: str, details: dict[str, str], expected: dict[str, str]
) -> None:
    billing = {"name": "Jenny", "email": "jenny@example.com"}
    method = local.ok("POST", "/v1/payment_methods", {"type": kind, kind: details, "billing_details": billing})
    assert method[kind].items() >= expected.items()
    assert not {"account_number", "iban"} & set(method[kind])
    for name in details:
        if name == "account_holder_type":
            continue
        error = local.refused(
            "POST",
            "/v1/payment_methods",
            {"type": kind, kind: {n: v for n, v in details.items() if n != name} or {"iban": ""}},
        )
        assert error["param"] == f"{kind}[{name}]"


def test_an_iban_whose_digits_do_not_fit_is_refused(local: LocalStripe) -> None:
    params = {"type": "sepa_debit", "sepa_debit": {"iban": "DE88370400440532013000"}}
    error = local.refused("POST", "/v1/payment_methods", params)
    assert (error["code"], error["param"]) == ("invalid_bank_account_iban", "sepa_debit[iban]")


@pytest.mark.parametrize(
    ("name", "rule", "kind"),
    [
        ("createDispute", None, "chargeback"),
        ("createCe3EligibleDispute", "visa_compelling_evidence_3", "chargeback"),
        ("createComplianceDispute", "visa_compliance", "compliance"),
        ("createMastercardComplianceDispute", "mastercard_compliance", "compliance"),
        ("createDisputeInquiry", None, "inquiry"),
    ],
)
def test_a_dispute_says_what_evidence_it_takes(local: LocalStripe, name: str, rule: str | None, kind: str) -> None:
    intent = local.ok("POST", "/v1/payment_intents", _payment(f"pm_card_{name}"))["id"]
    (dispute,) = local.ok("GET", "/v1/disputes", {"payment_intent": intent})["data"]
    assert dispute["enhanced_eligibility_types"] == ([rule] if rule else [])
    assert list(dispute["evidence_details"]["enhanced_eligibility"]) == ([rule] if rule else [])
    assert dispute["payment_method_details"]["card"]["case_type"] == kind
    if rule and rule.endswith("compliance"):
        evidence = {"enhanced_evidence": {rule: {"fee_acknowledged": True}}}
        dispute = local.ok("POST", f"/v1/disputes/{dispute['id']}", {"evidence": evidence, "submit": False})
        assert dispute["evidence_details"]["enhanced_eligibility"] == {rule: {"status": "fee_acknowledged"}}


def test_an_inquiry_can_become_a_dispute(local: LocalStripe) -> None:
    intent = local.ok("POST", "/v1/payment_intents", _payment("pm_card_createDisputeInquiry"))["id"]
    (dispute,) = local.ok("GET", "/v1/disputes", {"payment_intent": intent})["data"]
    assert dispute["balance_transactions"] == []
    answer = {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}}
    local.ok("POST", f"/v1/disputes/{dispute['id']}", answer)
    local.settle()
    dispute = local.ok("GET", f"/v1/disputes/{dispute['id']}")
    assert (dispute["status"], dispute["is_charge_refundable"]) == ("needs_response", False)
    assert [row["amount"] for row in dispute["balance_transactions"]] == [-2000]
    assert "charge.dispute.funds_withdrawn" in local.events(about=dispute["id"])


def test_a_card_of_two_networks_names_both(local: LocalStripe) -> None:
    method = local.ok("POST", "/v1/payment_methods", {"type": "card", "card": {"token": "tok_visa_cartesBancaires"}})
    assert method["card"]["networks"]["available"] == ["visa", "cartes_bancaires"]


def test_authentication_without_a_challenge_is_shown_by_the_charge(local: LocalStripe) -> None:
    card = {"number": "4000000032200000", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    method = local.ok("POST", "/v1/payment_methods", {"type": "card", "card": card})["id"]
    intent = local.ok("POST", "/v1/payment_intents", _payment(method, expand=["latest_charge"]))
    secure = intent["latest_charge"]["payment_method_details"]["card"]["three_d_secure"]
    assert (secure["authentication_flow"], secure["result"]) == ("frictionless", "authenticated")
