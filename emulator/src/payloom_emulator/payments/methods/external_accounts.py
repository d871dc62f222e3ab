"""External accounts: the bank accounts and debit cards that a connected account is paid out to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.connect import accounts
from payloom_emulator.core.differences import public_fields
from payloom_emulator.core.paging import list_of
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import bank_accounts, card_sources
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import is_object

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.accounts import Account
    from payloom_emulator.objects.payment_methods import BankAccount, Card

ExternalAccount: TypeAlias = "BankAccount | Card"

_EMPTY: dict[str, object] = {"currently_due": [], "errors": [], "past_due": [], "pending_verification": []}
# What a bank answers to a payout to these test numbers.
FAILURES = {
    "000111111116": ("no_account", "The bank account could not be located."),
    "000111111113": ("account_closed", "The bank account has been closed."),
    "000222222227": ("insufficient_funds", "The account has insufficient funds."),
    "000333333335": ("debit_not_authorized", "Debit transactions are not approved on the bank account."),
    "000444444440": ("invalid_currency", "The bank was unable to process this payout because of its currency."),
}


def listed(unit: UnitOfWork, account_id: str) -> list[ExternalAccount]:
    """Return the external accounts of an account, newest first."""
    own = unit if unit.account == account_id else unit.at(account_id)
    rows: list[ExternalAccount] = [*own.list(kinds.BANK_ACCOUNT, account=account_id)]
    return [*rows, *own.list(kinds.CARD, account=account_id)]


def find(unit: UnitOfWork, account_id: str, external_id: str) -> ExternalAccount:
    """Return one external account of an account, or raise `resource_missing`."""
    row = next((r for r in listed(unit, account_id) if r["id"] == external_id), None)
    if row is None:
        raise missing("external account", external_id)
    return row


def add(
    unit: UnitOfWork,
    account: Account,
    source: object,
    *,
    default: bool = False,
    metadata: JsonMapping | None = None,
) -> ExternalAccount:
    """Save where an account is paid out to. The first of a currency is its default.

    Emits account.external_account.created.
    """
    own = unit if unit.account == account["id"] else unit.at(account["id"])
    values = _taken(unit, account, source)
    same = [row for row in listed(unit, account["id"]) if row["currency"] == values["currency"]]
    is_default = default or not same
    if is_default:
        _lower(own, same)
    values |= {
        "account": account["id"],
        "available_payout_methods": ["standard", "instant"] if values["object"] == "card" else ["standard"],
        "customer": None,
        "default_for_currency": is_default,
        "metadata": dict(metadata or {}),
    }
    emits = ("account.external_account.created",)
    if values["object"] == "card":
        saved: ExternalAccount = own.create(kinds.CARD, values, emits=emits)
    else:
        saved = own.create(
            kinds.BANK_ACCOUNT,
            {**values, "future_requirements": dict(_EMPTY), "requirements": dict(_EMPTY)},
            emits=emits,
        )
    own.flush()
    show(unit, account)
    accounts.settle_requirement(unit, account, "external_account")
    return saved


def _taken(unit: UnitOfWork, account: Account, source: object) -> dict[str, object]:
    """Return the fields of what a token or the parameters in full name, checked for payouts."""
    if bank_accounts.names_bank(unit, source):
        values = bank_accounts.take(unit, source, "external_account")
        return values | {"currency": values.get("currency") or account["default_currency"]}
    card, test_card = card_sources.taken_card(unit, source, "external_account")
    if test_card.funding != "debit":
        raise invalid(
            "The card must be a debit card. Other cards cannot receive payouts.",
            "external_account",
            "invalid_card_type",
        )
    currency = source.get("currency") if is_object(source) else None
    return {**card, "currency": currency or account["default_currency"], "_number": test_card.number}


def _lower(own: UnitOfWork, rows: list[ExternalAccount]) -> None:
    """Make the former default of a currency an ordinary one."""
    for row in rows:
        if row["default_for_currency"]:
            own.change(row, {"default_for_currency": False}, emits=("account.external_account.updated",))


def change(
    unit: UnitOfWork, account: Account, external: ExternalAccount, changes: dict[str, object]
) -> ExternalAccount:
    """Change an external account. Emits account.external_account.updated."""
    own = unit if unit.account == account["id"] else unit.at(account["id"])
    external_account = find(own, account["id"], external["id"])
    if changes.get("default_for_currency"):
        _lower(
            own,
            [
                r
                for r in listed(own, account["id"])
                if r["currency"] == external_account["currency"] and r is not external_account
            ],
        )
    own.change(external_account, changes, emits=("account.external_account.updated",))
    own.flush()
    show(unit, account)
    return external_account


def remove(unit: UnitOfWork, account: Account, external_id: str) -> JsonMapping:
    """Delete an external account, unless it is the default one among several of its currency."""
    own = unit if unit.account == account["id"] else unit.at(account["id"])
    external_account = find(own, account["id"], external_id)
    others = [
        r
        for r in listed(own, account["id"])
        if r["currency"] == external_account["currency"] and r["id"] != external_id
    ]
    if external_account["default_for_currency"] and others:
        raise invalid(
            "You cannot delete the default external account for your default currency. Please make another external account the default using the `default_for_currency` param, and then delete this one.",
        )
    removed = own.delete(external_account, emits=("account.external_account.deleted",))
    own.flush()
    show(unit, account)
    return {**removed, "currency": external_account["currency"]} if external_account["object"] == "card" else removed


def show(unit: UnitOfWork, account: Account) -> None:
    """Write the list that the account itself shows. Emits account.updated."""
    rows = [public_fields(row) for row in listed(unit, account["id"])]
    rendered = {**list_of(rows, f"/v1/accounts/{account['id']}/external_accounts"), "total_count": len(rows)}
    if present(account["external_accounts"]) != rendered:
        accounts.change(unit, account, {"external_accounts": rendered})


def for_payout(unit: UnitOfWork, currency: str, named: str | None) -> ExternalAccount | None:
    """Return where a payout of this account goes: what was asked for, or the default of the currency."""
    if named:
        return next((r for r in listed(unit, unit.account) if r["id"] == named), None)
    return next(
        (r for r in listed(unit, unit.account) if r["currency"] == currency and r["default_for_currency"]), None
    )


def failure_of(external: ExternalAccount) -> tuple[str, str] | None:
    """Return the code and the message with which a payout to this account comes back, or None."""
    return FAILURES.get(str(external.get("_account")))
