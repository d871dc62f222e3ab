"""Accounts: the one the keys open, and connected ones, which keep their own objects. https://docs.stripe.com/api/accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.schema import Body, Operation, Resource, fixed, given, once, overlay
from payloom_emulator.protocol.errors import StripeError, missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit

_REQUIREMENTS: Body = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}
_PROFILE: Body = {
    "annual_revenue": None,
    "estimated_worker_count": None,
    "mcc": None,
    "minority_owned_business_designation": None,
    "name": None,
    "product_description": None,
    "support_address": None,
    "support_email": None,
    "support_phone": None,
    "support_url": None,
    "url": None,
}
_CURRENCY = {
    "US": "usd",
    "GB": "gbp",
    "JP": "jpy",
    "CH": "chf",
    "CA": "cad",
    "AU": "aud",
    "SE": "sek",
    "DK": "dkk",
    "NO": "nok",
    "PL": "pln",
}


def _settings(name: str) -> Body:
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


def home(unit: Unit) -> Body:
    """Return the account the configuration opens, making its object the first time."""
    config = unit.emulator.config
    found = unit.find("account", unit.account)
    if found is not None:
        return found
    if unit.account != config.account:
        raise missing("account", unit.account)
    business = config.business
    return unit.create(
        "account",
        {
            **_standing(enabled=True),
            "id": config.account,
            "business_profile": {**_PROFILE, "name": business["name"]},
            "business_type": "company",
            "capabilities": {"card_payments": "active", "link_payments": "active", "transfers": "active"},
            "controller": {"type": "account"},
            "country": business["country"],
            "default_currency": business["currency"],
            "email": business["email"],
            "settings": _settings(business["name"]),
            "type": "standard",
        },
        emits=(),
    )


def _standing(*, enabled: bool) -> Body:
    needed: Body = dict(_REQUIREMENTS)
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
        "future_requirements": dict(_REQUIREMENTS),
    }


def _creating(call: Call, draft: Body) -> None:
    params = call.params
    country = params.get("country", call.unit.emulator.config.business["country"])
    wanted = params.get("capabilities") or {}
    controller = params.get("controller")
    draft.update(_standing(enabled=False))
    draft.update(
        {
            "business_profile": overlay(_PROFILE, params.get("business_profile") or {}),
            "capabilities": {name: "inactive" for name, c in wanted.items() if (c or {}).get("requested")},
            "controller": {
                "fees": {"payer": "application" if controller else "account"},
                "is_controller": True,
                "losses": {"payments": "application" if controller else "stripe"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "express"},
                "type": "application",
                **(controller or {}),
            },
            "country": country,
            "default_currency": params.get(
                "default_currency", _CURRENCY.get(country, "eur" if country != "US" else "usd")
            ),
            "settings": overlay(_settings(draft.get("email") or "Connected account"), params.get("settings") or {}),
            "tos_acceptance": {"date": None, "ip": None, "user_agent": None, **(params.get("tos_acceptance") or {})},
            "type": params.get("type", "none" if controller else "standard"),
        }
    )


def _created(call: Call, account: Body) -> None:
    # The account is an object of the platform and the owner of its own objects: it is found from both sides.
    own = call.unit.emulator.unit(account["id"], now=call.unit.now)
    own.create("account", dict(account), emits=())
    own.flush()
    _maybe_enable(call.unit, account)


def _maybe_enable(unit: Unit, account: Body) -> None:
    """A connected account that accepted the terms has given all the local Stripe asks for."""
    if account["charges_enabled"] or not account["tos_acceptance"].get("date"):
        return
    active = dict.fromkeys(account["capabilities"], "active")
    unit.change(account, {**_standing(enabled=True), "capabilities": active})


def _updating(call: Call, account: Body, changes: Body) -> None:
    for name in ("business_profile", "settings", "tos_acceptance"):
        if isinstance(call.params.get(name), dict):
            changes[name] = overlay(account[name] or {}, call.params[name])
    if call.params.get("capabilities"):
        asked = {
            n: "active" if account["charges_enabled"] else "inactive"
            for n, c in call.params["capabilities"].items()
            if c.get("requested")
        }
        changes["capabilities"] = {**account["capabilities"], **asked}


def _updated(call: Call, account: Body) -> None:
    _maybe_enable(call.unit, account)


def _retrieve(call: Call) -> Body:
    if call.ids["account"] == call.unit.account:
        return home(call.unit)
    return call.unit.get("account", call.ids["account"])


def _deleting(call: Call, account: Body) -> None:
    if account["id"] == call.unit.emulator.config.account:
        raise StripeError("You cannot delete the account your key belongs to.", status=403)


def _link(call: Call) -> Body:
    account = call.unit.get("account", call.params["account"], "account")
    url = f"{call.unit.emulator.base_url}/_emulator/onboarding/{account['id']}"
    call.unit.change(account, {"_return_url": call.params.get("return_url")}, emits=())
    return {"object": "account_link", "created": call.unit.now, "expires_at": call.unit.now + 300, "url": url}


def _capabilities(call: Call) -> Body:
    account = call.unit.get("account", call.ids["account"])
    rows = [_capability(account, name) for name in account["capabilities"]]
    return {"object": "list", "data": rows, "has_more": False, "url": call.path}


def _capability(account: Body, name: str) -> Body:
    status = account["capabilities"].get(name, "unrequested")
    return {
        "id": name,
        "object": "capability",
        "account": account["id"],
        "future_requirements": dict(_REQUIREMENTS),
        "requested": name in account["capabilities"],
        "requested_at": account["created"] if name in account["capabilities"] else None,
        "requirements": dict(_REQUIREMENTS),
        "status": status,
    }


def _one_capability(call: Call) -> Body:
    account = call.unit.get("account", call.ids["account"])
    return _capability(account, call.ids["capability"])


def _request_capability(call: Call) -> Body:
    account = call.unit.get("account", call.ids["account"])
    wanted = dict(account["capabilities"])
    if call.params.get("requested"):
        wanted[call.ids["capability"]] = "active" if account["charges_enabled"] else "inactive"
    elif call.params.get("requested") is False:
        wanted.pop(call.ids["capability"], None)
    call.unit.change(account, {"capabilities": wanted})
    return _capability(account, call.ids["capability"])


def _login_link(call: Call) -> Body:
    account = call.unit.get("account", call.ids["account"])
    url = f"{call.unit.emulator.base_url}/_emulator/express/{account['id']}"
    return {"object": "login_link", "created": call.unit.now, "url": url}


ACCOUNT = Resource(
    object="account",
    prefix="acct_1",
    id_length=15,
    path="/v1/accounts",
    can=("create", "retrieve", "update", "list", "delete"),
    fields=(
        fixed("business_profile"),
        given("business_type"),
        fixed("capabilities", {}),
        fixed("charges_enabled", False),
        fixed("controller"),
        fixed("country"),
        fixed("created"),
        given("default_currency"),
        fixed("details_submitted", False),
        given("email"),
        fixed(
            "external_accounts",
            {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": "/v1/account/external_accounts"},
        ),
        fixed("future_requirements"),
        given("metadata", {}),
        fixed("payouts_enabled", False),
        fixed("requirements"),
        fixed("settings"),
        fixed("tos_acceptance", {"date": None, "ip": None, "user_agent": None}),
        once("type"),
    ),
    on_update=("account.updated",),
    creating=_creating,
    created=_created,
    updating=_updating,
    updated=_updated,
    deleting=_deleting,
    has_livemode=False,
    operations=(
        Operation("GET", "/v1/account", lambda call: home(call.unit)),
        Operation("GET", "/v1/accounts/{account}", _retrieve),
        Operation("POST", "/v1/account_links", _link),
        Operation("GET", "/v1/accounts/{account}/capabilities", _capabilities),
        Operation("GET", "/v1/accounts/{account}/capabilities/{capability}", _one_capability),
        Operation("POST", "/v1/accounts/{account}/capabilities/{capability}", _request_capability),
        Operation("POST", "/v1/accounts/{account}/login_links", _login_link),
    ),
)

RESOURCES = (ACCOUNT,)
