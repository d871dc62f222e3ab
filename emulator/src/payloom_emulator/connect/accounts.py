"""Accounts: the account of the configuration, and what an account starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.config import DEFAULT_NAME
from payloom_emulator.core.differences import public_fields
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import missing
from payloom_emulator.protocol.json_shapes import elements, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.accounts import Account

REQUIREMENTS: dict[str, object] = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}


PROFILE: dict[str, object] = {
    "annual_revenue": None,
    "estimated_worker_count": None,
    "mcc": None,
    "minority_owned_business_designation": None,
    "name": None,
    "product_description": None,
    "specified_commercial_transactions_act_url": None,
    "support_address": None,
    "support_email": None,
    "support_phone": None,
    "support_url": None,
    "url": None,
}


def settings(name: str) -> dict[str, object]:
    """Return the settings an account of this name starts with."""
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": "offer"},
        "payments": {
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
            "statement_descriptor": name.upper()[:22],
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }


def home(unit: UnitOfWork) -> Account:
    """Return the account the configuration opens, making its object the first time."""
    config = unit.environment.config
    account = unit.find(kinds.ACCOUNT, unit.account)
    if account is not None:
        return account
    if unit.account != config.account:
        raise missing("account", unit.account)
    business = config.business
    return unit.create(
        kinds.ACCOUNT,
        {
            **account_status(enabled=True),
            "id": config.account,
            "business_profile": {**PROFILE, "name": business["name"]},
            "business_type": "company",
            "capabilities": {"card_payments": "active", "link_payments": "active", "transfers": "active"},
            "controller": {"type": "account"},
            "country": business["country"],
            "default_currency": business["currency"],
            "email": business["email"],
            "settings": settings(business["name"]),
            "type": "standard",
        },
        emits=(),
    )


def use_configured_name(unit: UnitOfWork) -> None:
    """Give the account of a store the name that the local Stripe was started with, if it is another than before."""
    config, account = unit.environment.config, home(unit)
    name = config.business["name"]
    if unit.store.meta(_STARTED_AS, DEFAULT_NAME) == name:
        return
    unit.store.set_meta(_STARTED_AS, name)
    profile, own_settings = account["business_profile"], account["settings"]
    dashboard = {**(own_settings or {}).get("dashboard", {}), "display_name": name}
    changes = {
        "business_profile": {**(profile or {}), "name": name},
        "settings": {**(own_settings or {}), "dashboard": dashboard},
    }
    unit.change(account, changes, emits=())


_STARTED_AS = "business_name"


def account_status(*, enabled: bool) -> dict[str, object]:
    """Return what an account can do, and what it still requires. enabled: it has been onboarded."""
    needed: dict[str, object] = dict(REQUIREMENTS)
    if not enabled:
        due = ["business_type", "external_account", "tos_acceptance.date", "tos_acceptance.ip"]
        needed.update(
            {"currently_due": due, "past_due": due, "eventually_due": due, "disabled_reason": "requirements.past_due"}
        )
    return {
        "charges_enabled": enabled,
        "details_submitted": enabled,
        "payouts_enabled": enabled,
        "requirements": needed,
        "future_requirements": dict(REQUIREMENTS),
    }


def change(unit: UnitOfWork, account: Account, changes: Mapping[str, object]) -> Account:
    """Change an account as its platform sees it and as it sees itself. Emits account.updated."""
    unit.change(account, changes)
    mirror(unit, account)
    return account


def mirror(unit: UnitOfWork, account: Account) -> None:
    """Give the other side's copy of a connected account what this side's has."""
    platform = unit.environment.config.account
    if account["id"] == platform:
        return
    other = unit.at(platform if unit.account == account["id"] else account["id"])
    twin = other.find(kinds.ACCOUNT, account["id"])
    if twin is not None:
        other.change(twin, public_fields(account), emits=())
        other.flush()


def settle_requirement(unit: UnitOfWork, account: Account, name: str) -> None:
    """Take what was given off the account's requirements."""
    needed: dict[str, object] = {**present(account["requirements"])}
    rest = {
        part: [entry for entry in texts(value) if entry != name]
        for part, value in needed.items()
        if name in elements(value)
    }
    if rest:
        change(unit, account, {"requirements": {**needed, **rest}})
