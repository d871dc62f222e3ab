"""Stripe's test bank accounts and what becomes of a debit of each, as tables. https://docs.stripe.com/testing."""

from __future__ import annotations

import dataclasses
from typing import Literal

from payloom_emulator.kit.digits import iban

Outcome = Literal["succeeded", "failed", "disputed", "processing"]
Ending = Literal["never", "with_the_debit", "at_once"]


@dataclasses.dataclass(frozen=True, slots=True)
class Bank:
    """A test bank account.

    kind: payment method type. account: number or IBAN. outcome: what a debit comes to; "processing" never ends.
    slow: takes minutes. failure: code and message when it fails. mandate_ends: when the mandate becomes inactive.
    """

    kind: str
    account: str
    outcome: Outcome = "succeeded"
    slow: bool = False
    failure: tuple[str, str] | None = None
    mandate_ends: Ending = "never"


_FAILURES = {
    "account_closed": "The customer's bank account has been closed.",
    "charge_exceeds_source_limit": "This payment exceeds the weekly volume limit for this payment method type.",
    "charge_exceeds_transaction_limit": "This payment exceeds the transaction limit for this payment method type.",
    "charge_exceeds_weekly_limit": "This payment exceeds the weekly limit for this payment method type.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
    "generic_could_not_process": "The payment could not be processed.",
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "invalid_currency": "The bank was unable to process this payment because of its currency.",
    "no_account": "The customer's bank account could not be located.",
    "payment_method_microdeposit_failed": "The microdeposits could not be sent to the customer's bank account.",
    "processing_error": "The payment could not be processed.",
    "refer_to_customer": "The customer's bank could not process this payment: refer to the customer.",
}
# After these failures the mandate is inactive.
_ENDS_MANDATE = frozenset({"account_closed", "debit_not_authorized", "no_account"})

_OUTCOMES: dict[str, Outcome] = {"success": "succeeded", "dispute": "disputed", "processing": "processing"}

BANKS: dict[tuple[str, str], Bank] = {}
BANK_NAMES: dict[str, Bank] = {}


def _row(kind: str, account: str, ending: str, *names: str) -> None:
    """Add a row. ending: an outcome or a failure's code, with ` slow` behind it where it takes minutes."""
    word, slow = ending.removesuffix(" slow"), ending.endswith(" slow")
    if word in _FAILURES:
        mandate_ends: Ending = "with_the_debit" if word in _ENDS_MANDATE else "never"
        bank = Bank(kind, account, "failed", slow, (word, _FAILURES[word]), mandate_ends)
    else:
        bank = Bank(kind, account, _OUTCOMES[word], slow)
    _add(bank, *names)


def _add(bank: Bank, *names: str) -> None:
    BANKS.setdefault((bank.kind, bank.account), bank)
    BANK_NAMES.update(dict.fromkeys(names, bank))


_NUMBERED = {
    "us_bank_account": (
        ("000123456789", "success", "success"),
        ("000111111113", "account_closed", "accountClosed"),
        ("000111111116", "no_account", "noAccount"),
        ("000222222227", "insufficient_funds", "insufficientFunds"),
        ("000333333335", "debit_not_authorized", "debitNotAuthorized"),
        ("000444444440", "invalid_currency", "invalidCurrency"),
        ("000555555559", "dispute", "dispute"),
        ("000666666661", "payment_method_microdeposit_failed", "failMicrodeposits"),
        ("000777777771", "charge_exceeds_source_limit", "weeklyLimitExceeded"),
        ("000888888885", "account_closed", ""),
        ("000000004954", "generic_could_not_process", "riskLevelHighest"),
        ("000000000009", "processing", "processing"),
    ),
    "bacs_debit": (
        ("00012345", "success", "success"),
        ("90012345", "success slow", "successDelayed"),
        ("33333335", "debit_not_authorized", "debitNotAuthorized"),
        ("93333335", "debit_not_authorized slow", "debitNotAuthorizedDelayed"),
        ("22222227", "insufficient_funds", "insufficientFunds"),
        ("92222227", "insufficient_funds slow", "insufficientFundsDelayed"),
        ("55555559", "dispute slow", "dispute"),
        ("34343434", "charge_exceeds_source_limit", "exceedsWeeklyLimit"),
        ("12121212", "charge_exceeds_transaction_limit", "exceedsTransactionLimit"),
    ),
    "au_becs_debit": (
        ("000123456", "success", "success"),
        ("900123456", "success slow", "successDelayed"),
        ("111111113", "account_closed", "accountClosed"),
        ("111111116", "no_account", "noAccount"),
        ("222222227", "refer_to_customer", "referToCustomer"),
        ("922222227", "refer_to_customer slow", "referToCustomerDelayed"),
        ("333333335", "debit_not_authorized", "debitNotAuthorized"),
        ("666666660", "dispute", "dispute"),
        ("343434343", "charge_exceeds_source_limit", "exceedsWeeklyLimit"),
        ("121212121", "charge_exceeds_transaction_limit", "exceedsTransactionLimit"),
    ),
    "acss_debit": (
        ("000123456789", "success", "success"),
        ("900123456789", "success slow", ""),
        ("000222222227", "insufficient_funds", "insufficientFunds"),
        ("900222222227", "insufficient_funds slow", ""),
        ("000666666661", "payment_method_microdeposit_failed", ""),
        ("000777777771", "charge_exceeds_source_limit", ""),
        ("000888888881", "charge_exceeds_transaction_limit", ""),
        ("000111111113", "account_closed", "accountClosed"),
        ("000111111116", "no_account", "noAccount"),
        ("000333333335", "debit_not_authorized", "debitNotAuthorized"),
        ("000555555559", "dispute", "dispute"),
    ),
    "nz_bank_account": (
        ("0000000", "success", "success"),
        ("2222222", "insufficient_funds", "insufficientFunds"),
        ("8888888", "refer_to_customer", "referToCustomer"),
        ("1111111", "no_account", "noAccount"),
        ("5555555", "debit_not_authorized", "debitNotAuthorized"),
        ("9999999", "processing", "processing"),
    ),
}
# Each kind's word in the names of its payment methods: `pm_usBankAccount_success`.
_WORDS = {
    "us_bank_account": "usBankAccount",
    "bacs_debit": "bacsDebit",
    "au_becs_debit": "auBecsDebit",
    "acss_debit": "acssDebit",
    "nz_bank_account": "nzBankAccount",
}
for _kind, _rows in _NUMBERED.items():
    for _account, _what, _name in _rows:
        _row(_kind, _account, _what, *([f"{_WORDS[_kind]}_{_name}"] if _name else []))
BANK_NAMES["usBankAccount"] = BANK_NAMES["usBankAccount_success"]
_REFUSED = ("debit_not_authorized", _FAILURES["debit_not_authorized"])
_add(Bank("bacs_debit", "00033333", "failed", False, _REFUSED, "at_once"), "bacsDebit_mandateRefused")

REFUSED_ACCOUNTS = {("bacs_debit", "00044444"): "bank_account_unusable"}
"""The accounts with which no payment method can be made, with the error's code."""

# By country: the digits of the bank, then the accounts of a success and a failure, each at once and after minutes, and
# of a dispute.
_IBANS = {
    "at": ("19043", "AT611904300234573201", "AT321904300235473204", "AT861904300235473202", "AT051904300235473205", "AT591904300235473203"),
    "be": ("5100", "BE62510007547061", "BE78510007547064", "BE68539007547034", "BE51510007547065", "BE08510007547063"),
    "ch": ("00762", "CH9300762011623852957", "CH8656663438253651553", "CH5362200119938136497", "CH1843597160341964438", "CH1260378413965193069"),
    "de": ("37040044", "DE89370400440532013000", "DE08370400440532013003", "DE62370400440532013001", "DE78370400440532013004", "DE35370400440532013002"),
    "ee": ("2200", "EE382200221020145685", "EE222200221020145682", "EE762200221020145680", "EE922200221020145683", "EE492200221020145681"),
    "es": ("00120345", "ES0700120345030000067890", "ES2300120345030000067893", "ES9121000418450200051332", "ES9300120345030000067894", "ES5000120345030000067892"),
    "fi": ("123456", "FI2112345600000785", "FI3712345600000788", "FI9112345600000786", "FI1012345600000789", "FI6412345600000787"),
    "fr": ("2004101005", "FR1420041010050500013M02606", "FR3020041010050500013M02609", "FR8420041010050500013M02607", "FR7920041010050500013M02600", "FR5720041010050500013M02608"),
    "gb": ("WEST123456", "GB82WEST12345698765432", "GB98WEST12345698765435", "GB55WEST12345698765433", "GB71WEST12345698765436", "GB28WEST12345698765434"),
    "gi": ("NWBK", "GI60MPFS599327643783385", "GI08RRNW626436291644533", "GI41SAFA461293238477751", "GI50LROG772261344693297", "GI26KJBC361883934534696"),
    "hr": ("2402006", "HR7624020064583467589", "HR6323600002337876649", "HR2725000096983499248", "HR6723600004878117427", "HR8724840081455523553"),
    "ie": ("AIBK931152", "IE29AIBK93115212345678", "IE24AIBK93115212345671", "IE02AIBK93115212345679", "IE94AIBK93115212345672", "IE51AIBK93115212345670"),
    "it": ("X0542811101", "IT40S0542811101000000123456", "IT60X0542811101000000123456"),
    "li": ("08800", "LI0508800636123378777", "LI4408800387787111369", "LI1208800143823175626", "LI4908800356441975566", "LI7708800125525347723"),
    "lt": ("10000", "LT121000011101001000", "LT281000011101001003", "LT821000011101001001", "LT981000011101001004", "LT551000011101001002"),
    "lu": ("001", "LU280019400644750000", "LU440019400644750003", "LU980019400644750001", "LU170019400644750004", "LU710019400644750002"),
    "nl": ("RABO", "NL39RABO0300065264", "NL55RABO0300065267", "NL91ABNA0417164300", "NL28RABO0300065268", "NL82RABO0300065266"),
    "no": ("8601", "NO9386011117947", "NO8886011117940", "NO6686011117948", "NO6186011117941", "NO3986011117949"),
    "pt": ("00020123", "PT50000201231234567890154", "PT66000201231234567890157", "PT23000201231234567890155", "PT39000201231234567890158", "PT93000201231234567890156"),
    "se": ("500", "SE3550000000054910000003", "SE5150000000054910000006", "SE0850000000054910000004", "SE2450000000054910000007", "SE7850000000054910000005"),
}  # fmt: skip
_IBAN_NAMES = (
    ("success", "success"),
    ("successDelayed", "success slow"),
    ("failed", "generic_could_not_process"),
    ("failedDelayed", "generic_could_not_process slow"),
    ("disputed", "dispute"),
)
# The last digits of the accounts that fail for a reason.
_IBAN_ENDS = (
    ("343434", "exceedsWeeklyVolumeLimit", "charge_exceeds_source_limit"),
    ("121212", "exceedsWeeklyTransactionLimit", "charge_exceeds_weekly_limit"),
    ("2222227", "insufficientFunds", "insufficient_funds"),
)
for _country, (_bank, *_ibans) in _IBANS.items():
    for _iban, (_name, _what) in zip(_ibans, _IBAN_NAMES, strict=False):
        _row("sepa_debit", _iban, _what, f"sepaDebit_{_name}_{_country}", f"{_name}_{_country}")
    for _end, _name, _what in _IBAN_ENDS:
        _digits = _bank + _end.zfill(len(_ibans[0]) - 4 - len(_bank))
        _row("sepa_debit", iban(_country, _digits), _what, f"sepaDebit_{_name}_{_country}")


def bank(kind: str, account: str) -> Bank:
    """Return the test account, or one that succeeds."""
    return BANKS.get((kind, account), Bank(kind, account))
