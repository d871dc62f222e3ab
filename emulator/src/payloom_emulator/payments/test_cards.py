"""Test card numbers and what becomes of them, as tables. https://docs.stripe.com/testing.

A test may add a row with `add`; nothing here is an `if`.
"""

from __future__ import annotations

import dataclasses
import hashlib


@dataclasses.dataclass(frozen=True, slots=True)
class Decline:
    """A refusal: Stripe's code, decline code, what people read, and the advice. param: the card's field at fault."""

    code: str
    decline_code: str | None
    message: str
    advice_code: str | None = "try_again_later"
    network_decline_code: str | None = "01"
    param: str | None = None


DECLINES: dict[str, Decline] = {
    "generic_decline": Decline("card_declined", "generic_decline", "Your card was declined."),
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later", "51"
    ),
    "lost_card": Decline("card_declined", "lost_card", "Your card was declined.", "do_not_try_again", "41"),
    "stolen_card": Decline("card_declined", "stolen_card", "Your card was declined.", "do_not_try_again", "43"),
    "fraudulent": Decline("card_declined", "fraudulent", "Your card was declined.", "do_not_try_again", None),
    "card_velocity_exceeded": Decline(
        "card_declined",
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        "try_again_later",
        "65",
    ),
    "expired_card": Decline(
        "expired_card", "expired_card", "Your card has expired.", "do_not_try_again", "54", "exp_month"
    ),
    "incorrect_cvc": Decline(
        "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "try_again_later", "82", "cvc"
    ),
    "incorrect_zip": Decline(
        "incorrect_zip", "incorrect_zip", "Your card's zip code failed validation.", None, None, "address_zip"
    ),
    "processing_error": Decline(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "try_again_later",
        "96",
    ),
    "incorrect_number": Decline("incorrect_number", None, "Your card number is incorrect.", None, None, "number"),
    "authentication_required": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
        "confirm_card_data",
        "1A",
    ),
    "test_mode_live_card": Decline(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
        None,
        None,
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """A test card.

    names: of `pm_card_*` and `tok_*`. decline: a key of DECLINES. attaches: whether it can be saved although it
    declines. authentication: "none", "frictionless", "always", "unless_set_up", "on_session", "optional" (only when
    asked for) or "broken" (it is asked for and goes wrong). after_authentication: a decline once the challenge was
    passed. dispute: the reason of the dispute that follows; inquiry: as an inquiry. fraud_record: the issuer reports
    the charge as fraud.
    refund: "succeeded", "pending" or "failed". available: funds at once.
    cvc_check, line1_check, postal_check: results when these were given. risk: "normal", "elevated", "highest".
    three_d_secure: whether the card knows 3-D Secure at all. co_brand: the other network of a card that has two.
    evidence: the network's own rules that evidence against the dispute can follow.
    """

    number: str
    brand: str
    names: tuple[str, ...] = ()
    funding: str = "credit"
    country: str = "US"
    decline: str | None = None
    attaches: bool = False
    authentication: str = "none"
    after_authentication: str | None = None
    dispute: str | None = None
    inquiry: bool = False
    fraud_record: bool = False
    refund: str = "succeeded"
    available: bool = False
    cvc_check: str = "pass"
    line1_check: str = "pass"
    postal_check: str = "pass"
    risk: str = "normal"
    three_d_secure: bool = True
    co_brand: str | None = None
    evidence: str | None = None

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]

    @property
    def name(self) -> str | None:
        """The first of its names."""
        return self.names[0] if self.names else None

    @property
    def fingerprint(self) -> str:
        """The same for the same number."""
        return hashlib.sha256(self.number.encode()).hexdigest()[:16]


def _visa(number: str, *names: str, **more: object) -> Card:
    both = tuple(dict.fromkeys(n for name in names for n in (name, f"visa_{name}")))
    return Card(number, "visa", both, **more)  # type: ignore[arg-type] - the callers' names are Card's


_COUNTRIES = {
    "us": "4242424242424242", "ae": "4000007840000001", "ar": "4000000320000021", "br": "4000000760000002", "ca": "4000001240000000",
    "cl": "4000001520000001", "co": "4000001700000003", "mx": "4000004840008001", "at": "4000000400000008",
    "be": "4000000560000004", "bg": "4000001000000000", "hr": "4000001910000009", "cy": "4000001960000008",
    "cz": "4000002030000002", "dk": "4000002080000001", "ee": "4000002330000009", "fi": "4000002460000001",
    "fr": "4000002500000003", "de": "4000002760000016", "gr": "4000003000000030", "hu": "4000003480000005",
    "ie": "4000003720000005", "it": "4000003800000008", "lv": "4000004280000005", "lt": "4000004400000000",
    "lu": "4000004420000006", "mt": "4000004700000007", "nl": "4000005280000002", "no": "4000005780000007",
    "pl": "4000006160000005", "pt": "4000006200000007", "ro": "4000006420000001", "es": "4000007240000007",
    "se": "4000007520000008", "ch": "4000007560000009", "gb": "4000008260000000", "au": "4000000360000006",
    "cn": "4000001560000002", "hk": "4000003440000004", "in": "4000003560000008", "jp": "4000003920000003",
    "my": "4000004580000002", "nz": "4000005540000008", "sg": "4000007020000003", "th_credit": "4000007640000003",
    "cr": "4000001880000005", "ec": "4000002180000000", "pa": "4000005910000000", "py": "4000006000000066",
    "pe": "4000006040000068", "uy": "4000008580000003", "by": "4000001120000005", "gi": "4000002920000005",
    "li": "4000004380000004", "sa": "4000006820000007", "si": "4000007050000006", "sk": "4000007030000001",
    "tw": "4000001580000008",
}  # fmt: skip

_CARDS: tuple[Card, ...] = (
    Card("4242424242424242", "visa", ("visa", "us")),
    Card("4000056655665556", "visa", ("visa_debit",), "debit"),
    Card("5555555555554444", "mastercard", ("mastercard",)),
    Card("2223003122003222", "mastercard", ("mastercard_2series",)),
    Card("5200828282828210", "mastercard", ("mastercard_debit",), "debit"),
    Card("5105105105105100", "mastercard", ("mastercard_prepaid",), "prepaid"),
    Card("378282246310005", "amex", ("amex",)),
    Card("371449635398431", "amex", ()),
    Card("6011111111111117", "discover", ("discover",)),
    Card("6011000990139424", "discover", ()),
    Card("6011981111111113", "discover", ("discover_debit",), "debit"),
    Card("3056930009020004", "diners", ("diners",)),
    Card("36227206271667", "diners", ()),
    Card("6555900000604105", "discover", ("bccard",)),
    Card("3566002020360505", "jcb", ("jcb",)),
    Card("6200000000000005", "unionpay", ("unionpay",)),
    *(
        Card(number, "visa", (code,), country=code[:2].upper())
        for code, number in _COUNTRIES.items()
        if code != "us"
    ),
    Card("5200007840000022", "mastercard", ("ae_mastercard",), country="AE"),
    Card("4000058260000005", "visa", ("gb_debit",), "debit", "GB"),
    Card("5555558265554449", "mastercard", ("gb_mastercard",), country="GB"),
    Card("4000057640000008", "visa", ("th_debit",), "debit", "TH"),
    Card("3530111333300000", "jcb", (), country="JP"),
    Card("5062210000000009", "unknown", (), country="MX"),
    Card("6200000000000047", "unionpay", (), "debit"),
    Card("6205500000000000004", "unionpay", ()),
    Card("4000002500001001", "visa", ("visa_cartesBancaires",), country="FR", co_brand="cartes_bancaires"),
    Card("5555552500001001", "mastercard", ("mastercard_cartesBancaires",), country="FR", co_brand="cartes_bancaires"),
    Card("4000050360000001", "visa", ("visa_debit_eftposAuCoBranded",), "debit", "AU", co_brand="eftpos_au"),
    Card("5555050360000080", "mastercard", ("mastercard_debit_eftposAuCoBranded",), "debit", "AU", co_brand="eftpos_au"),
    Card("4000051230000072", "visa", ("debit_visaFsaProductCode", "debit_visaHsaProductCode"), "debit"),
    Card("5200828282828897", "mastercard", ("mastercard_debit_mastercardFsaProductCode",), "debit"),
    _visa("4000000000000002", "chargeDeclined", decline="generic_decline"),
    _visa("4000000000009995", "chargeDeclinedInsufficientFunds", decline="insufficient_funds"),
    _visa("4000000000009987", "chargeDeclinedLostCard", decline="lost_card"),
    _visa("4000000000009979", "chargeDeclinedStolenCard", decline="stolen_card"),
    _visa("4000000000000069", "chargeDeclinedExpiredCard", decline="expired_card"),
    _visa("4000000000000127", "chargeDeclinedIncorrectCvc", decline="incorrect_cvc", cvc_check="fail"),
    _visa("4000000000000119", "chargeDeclinedProcessingError", decline="processing_error"),
    _visa("4000000000006975", "chargeDeclinedVelocityLimitExceeded", decline="card_velocity_exceeded"),
    Card("4000000000009995", "visa", ("visa_debit_chargeDeclinedInsufficientFunds",), "debit", decline="insufficient_funds"),
    _visa("4100000000000019", "chargeDeclinedFraudulent", "radarBlock", decline="fraudulent", risk="highest"),
    _visa("4000000000009235", "riskLevelElevated", risk="elevated"),
    _visa("4000000000004954", "riskLevelHighest", attaches=True, decline="fraudulent", risk="highest"),
    _visa("4000000000000341", "chargeCustomerFail", decline="generic_decline", attaches=True),
    _visa("4000000000000341", "chargeCustomerFailLostCard", decline="lost_card", attaches=True),
    _visa("4000000000000341", "chargeCustomerFailStolenCard", decline="stolen_card", attaches=True),
    # Radar acts on these only in an account that turned the rule on.
    _visa("4000008400000407", "highFraudDisputeScore"),
    _visa("4000008400000159", "highEfwScore"),
    _visa("4000008400001017", "radarDynamicRiskThreshold"),
    _visa("4000008405600003", "adaptive3dsChallenge"),
    _visa("4001858821843804", "freeTrialAbuseBlock"),
    Card("4000000000001208", "visa"),
    Card("4000000000003725", "visa"),
    _visa("4000000000000101", "cvcCheckFail", cvc_check="fail"),
    _visa("4000058400307872", "cvcCheckFailElevatedRisk", funding="debit", cvc_check="fail", risk="elevated"),
    _visa("4000058400306072", "avsZipFailElevatedRisk", funding="debit", postal_check="fail", risk="elevated"),
    _visa("4000000000000010", "avsFail", line1_check="fail", postal_check="fail"),
    _visa("4000000000000036", "avsZipFail", postal_check="fail"),
    _visa("4000000000000028", "avsLine1Fail", line1_check="fail"),
    _visa("4000000000000044", "avsUnchecked", line1_check="unavailable", postal_check="unavailable"),
    _visa("4000002500003155", "authenticationRequiredOnSetup", authentication="unless_set_up"),
    _visa("4000002760003184", "authenticationRequired", authentication="always"),
    _visa("4000003800000446", "authenticationRequiredSetupForOffSession", authentication="on_session"),
    _visa("4000008260003178", "authenticationRequiredChargeDeclinedInsufficientFunds", authentication="on_session", decline="insufficient_funds", attaches=True),
    _visa("4000000000003220", "threeDSecure2Required", authentication="always"),
    _visa("4000000000003063", "threeDSecureRequired", authentication="always"),
    _visa("4000008400001629", "threeDSecureRequiredChargeDeclined", authentication="always", after_authentication="generic_decline"),
    _visa("4000008400001280", "threeDSecureRequiredProcessingError", authentication="broken"),
    Card("4000008400000027", "visa", authentication="always"),
    Card("4000000032200000", "visa", authentication="frictionless"),
    *(
        Card(number, "visa", authentication="always")
        for number in ("4000582600000094", "4000582600000045", "4000582600000102", "4000582600000110")
    ),
    _visa("4000000000003055", "threeDSecureOptional", authentication="optional"),
    _visa("4000000000003097", "threeDSecureOptionalProcessingError", authentication="optional", after_authentication="processing_error"),
    Card("378282246310005", "amex", ("amex_threeDSecureNotSupported",), three_d_secure=False),
    _visa("4000000000000259", "createDispute", dispute="fraudulent"),
    _visa("4000000000002685", "createDisputeProductNotReceived", dispute="product_not_received"),
    _visa("4000000000001976", "createDisputeInquiry", dispute="fraudulent", inquiry=True),
    _visa("4000000000005423", "createIssuerFraudRecord", fraud_record=True),
    _visa("4000000404000079", "createMultipleDisputes", dispute="fraudulent"),
    _visa("4000000404000038", "createCe3EligibleDispute", dispute="fraudulent", evidence="visa_compelling_evidence_3"),
    _visa("4000008400000779", "createComplianceDispute", dispute="noncompliant", evidence="visa_compliance"),
    Card("5105008400000002", "mastercard", ("createMastercardComplianceDispute",), dispute="noncompliant", evidence="mastercard_compliance"),
    _visa("4000000001000043", "createAutoRepresentmentEligibleDispute", dispute="fraudulent"),
    # The networks prevent these disputes only for an account that enrolled; no account here did.
    _visa("4000000404004816", "createRapidDisputeResolutionDispute", dispute="fraudulent"),
    _visa("4000000404005649", "createCe3BlockDispute", dispute="fraudulent"),
    Card("5105000300000018", "mastercard", ("createEthocaAlert",), dispute="fraudulent"),
    _visa("4000000000007726", "pendingRefund", refund="pending"),
    _visa("4000000000005126", "refundFail", refund="failed"),
    _visa("4000000000000077", "bypassPending", available=True),
    Card("4000003720000278", "visa", ("bypassPendingInternational",), country="IE", available=True),
)  # fmt: skip

BY_NUMBER: dict[str, Card] = {}
BY_NAME: dict[str, Card] = {}


def add(card: Card) -> None:
    """Add a row; a later one with the same number or name wins for names, the first for numbers."""
    BY_NUMBER.setdefault(card.number, card)
    for name in card.names:
        BY_NAME[name] = card


for _row in _CARDS:
    add(_row)


def luhn(number: str) -> bool:
    """Return whether the digits satisfy the check every card number does."""
    digits = [int(c) for c in reversed(number)]
    return sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0


# How each kind of payment method pays. debit: confirmed at once, settles later; redirect: the customer authorises on
# another page; delayed: a redirect that settles later; cash: from the cash balance, which bank transfers fill.
KINDS: dict[str, str] = {
    "card": "card",
    "link": "instant",
    "us_bank_account": "debit",
    "sepa_debit": "debit",
    "bacs_debit": "debit",
    "au_becs_debit": "debit",
    "acss_debit": "debit",
    "nz_bank_account": "debit",
    **dict.fromkeys(
        [
            "affirm",
            "afterpay_clearpay",
            "alipay",
            "alma",
            "amazon_pay",
            "bancontact",
            "billie",
            "blik",
            "cashapp",
            "eps",
            "fpx",
            "giropay",
            "grabpay",
            "ideal",
            "kakao_pay",
            "klarna",
            "kr_card",
            "mb_way",
            "mobilepay",
            "naver_pay",
            "p24",
            "pay_by_bank",
            "payco",
            "paynow",
            "paypal",
            "pix",
            "promptpay",
            "revolut_pay",
            "samsung_pay",
            "satispay",
            "sunbit",
            "swish",
            "twint",
            "wechat_pay",
            "zip",
        ],
        "redirect",
    ),
    "sofort": "redirect_delayed",
    "multibanco": "redirect_delayed",
    "boleto": "voucher",
    "oxxo": "voucher",
    "konbini": "voucher",
    "customer_balance": "cash",
}
REUSABLE = frozenset(
    {
        "card",
        "link",
        "us_bank_account",
        "sepa_debit",
        "bacs_debit",
        "au_becs_debit",
        "acss_debit",
        "nz_bank_account",
        "cashapp",
        "paypal",
        "amazon_pay",
        "revolut_pay",
    }
)
MICRODEPOSITS = ((32, 45), "SM11AA")
