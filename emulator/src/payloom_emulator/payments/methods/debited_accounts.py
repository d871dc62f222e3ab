"""The bank accounts that debits take money from: how each kind is named, checked and shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from payloom_emulator.kit.digits import is_digits, is_iban
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import test_banks
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import text

if TYPE_CHECKING:
    from payloom_emulator.kit.json import JsonMapping


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of account is given. number: the parameter that tells the accounts of a bank apart.

    test_bank: the other parameters of Stripe's test accounts. shown: its member of a payment method.
    """

    number: str
    test_bank: Mapping[str, str]
    shown: Callable[[str, JsonMapping], dict[str, object]]


def _same(*names: str) -> Callable[[str, JsonMapping], dict[str, object]]:
    return lambda _number, details: {name: details.get(name) for name in names}


def _us(_number: str, details: JsonMapping) -> dict[str, object]:
    return {
        "account_holder_type": details.get("account_holder_type", "individual"),
        "account_type": details.get("account_type", "checking"),
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": details.get("routing_number"),
        "status_details": {},
    }


def _sepa(number: str, _details: JsonMapping) -> dict[str, object]:
    return {
        "bank_code": number[4:12],
        "branch_code": "",
        "country": number[:2],
        "generated_from": {"charge": None, "setup_attempt": None},
    }


def _acss(_number: str, details: JsonMapping) -> dict[str, object]:
    return {"bank_name": "STRIPE TEST BANK", **_same("institution_number", "transit_number")("", details)}


def _nz(_number: str, details: JsonMapping) -> dict[str, object]:
    names = ("account_holder_name", "bank_code", "branch_code", "suffix")
    return {"bank_name": "STRIPE TEST BANK", **_same(*names)("", details)}


KINDS: dict[str, _Kind] = {
    "us_bank_account": _Kind("account_number", {"routing_number": "110000000"}, _us),
    "sepa_debit": _Kind("iban", {}, _sepa),
    "bacs_debit": _Kind("account_number", {"sort_code": "108800"}, _same("sort_code")),
    "au_becs_debit": _Kind("account_number", {"bsb_number": "000000"}, _same("bsb_number")),
    "acss_debit": _Kind("account_number", {"institution_number": "000", "transit_number": "11000"}, _acss),
    "nz_bank_account": _Kind("account_number", {"bank_code": "11", "branch_code": "0000", "suffix": "000"}, _nz),
}
# Their accounts are verified by two small deposits before the first debit.
BY_DEPOSITS = frozenset({"us_bank_account", "acss_debit"})
_NO_FINGERPRINT = frozenset({"nz_bank_account"})


def number_of(kind: str, details: JsonMapping, below: str) -> str:
    """Return the account's number, or raise for what is missing or wrong. below: where the account is."""
    row = KINDS[kind]
    number = (text(details.get(row.number)) or "").replace(" ", "").upper()
    if not number:
        raise parameter_missing(f"{below}[{row.number}]")
    for name in row.test_bank:
        if not details.get(name):
            raise parameter_missing(f"{below}[{name}]")
    if kind == "us_bank_account":
        check_routing_number(text(details.get("routing_number")), below)
    if kind == "sepa_debit" and not is_iban(number):
        raise invalid("Invalid IBAN.", f"{below}[iban]", "invalid_bank_account_iban")
    if refused := test_banks.REFUSED_ACCOUNTS.get((kind, number)):
        raise invalid("The bank account details are not those of an account.", f"{below}[{row.number}]", refused)
    return number


def check_routing_number(number: str | None, below: str) -> None:
    """Raise unless this is the routing number of a US bank. below: where the account is."""
    if number is None or len(number) != 9 or not is_digits(number):
        raise invalid("Routing number must have 9 digits", f"{below}[routing_number]", "routing_number_invalid")


def fields(kind: str, number: str, details: JsonMapping | None = None) -> dict[str, object]:
    """Return the kind's member of a payment method. Without details it is an account of Stripe's test bank."""
    row = KINDS[kind]
    last4 = number[-4:]
    mark = {} if kind in _NO_FINGERPRINT else {"fingerprint": test_cards.Card(number, "bank").fingerprint}
    return {**row.shown(number, row.test_bank if details is None else details), **mark, "last4": last4}
