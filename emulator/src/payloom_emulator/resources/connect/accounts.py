"""Accounts: the one the keys open, and connected ones, which keep their own objects. https://docs.stripe.com/api/accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.connect import accounts
from payloom_emulator.connect.accounts import PROFILE, REQUIREMENTS
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.declarations.schema import Schema, create_only, overlay, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.objects.accounts import Account
from payloom_emulator.protocol.errors import StripeError

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.params.account_links import AccountLinkCreateParams
    from payloom_emulator.objects.params.accounts import (
        AccountCapabilityUpdateParams,
        AccountCreateParams,
        AccountUpdateParams,
    )

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


def _creating(call: RequestContext[AccountCreateParams], draft: Account) -> None:
    params = call.params
    country = params.get("country", call.unit.environment.config.business["country"])
    capabilities = cast("Mapping[str, JsonMapping]", params.get("capabilities") or {})
    controller = params.get("controller")
    values: dict[str, object] = {**accounts.account_status(enabled=False)}
    values.update(
        {
            "business_profile": overlay(PROFILE, params.get("business_profile") or {}),
            "capabilities": {
                name: "inactive" for name, capability in capabilities.items() if capability.get("requested")
            },
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
            "settings": overlay(
                accounts.settings(draft.get("email") or "Connected account"), params.get("settings") or {}
            ),
            "tos_acceptance": {"date": None, "ip": None, "user_agent": None, **(params.get("tos_acceptance") or {})},
            "type": params.get("type", "none" if controller else "standard"),
        }
    )
    draft.update(cast("Account", values))


def _created(call: RequestContext[Params], account: Account) -> None:
    # The account is an object of the platform and the owner of its own objects: it is found from both sides.
    own = call.unit.at(account["id"])
    own.create(kinds.ACCOUNT, dict(account), emits=())
    own.flush()
    _maybe_enable(call.unit, account)


def _maybe_enable(unit: UnitOfWork, account: Account) -> None:
    """A connected account that accepted the terms has given all the local Stripe asks for."""
    if account["charges_enabled"] or not present(account["tos_acceptance"]).get("date"):
        return
    active = dict.fromkeys(present(account["capabilities"]), "active")
    unit.change(account, {**accounts.account_status(enabled=True), "capabilities": active})


def _updating(call: RequestContext[AccountUpdateParams], account: Account, changes: dict[str, object]) -> None:
    for name in ("business_profile", "settings", "tos_acceptance"):
        if members := call.params.get(name):
            changes[name] = overlay(account[name] or {}, members)
    if "capabilities" in call.params:
        capabilities = cast("Mapping[str, JsonMapping]", call.params["capabilities"])
        status = "active" if account["charges_enabled"] else "inactive"
        requested = {name: status for name, capability in capabilities.items() if capability.get("requested")}
        changes["capabilities"] = {**present(account["capabilities"]), **requested}


def _updated(call: RequestContext[Params], account: Account) -> None:
    _maybe_enable(call.unit, account)


def _retrieve(call: RequestContext[Params]) -> Account:
    if call.ids["account"] == call.unit.account:
        return accounts.home(call.unit)
    return call.unit.get(kinds.ACCOUNT, call.ids["account"])


def _deleting(call: RequestContext[Params], account: Account) -> None:
    if account["id"] == call.unit.environment.config.account:
        raise StripeError("You cannot delete the account your key belongs to.", status=403)


def _link(call: RequestContext[AccountLinkCreateParams]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.params["account"], "account")
    url = f"{call.unit.environment.base_url}/_emulator/onboarding/{account['id']}"
    call.unit.change(account, {"_return_url": call.params.get("return_url")}, emits=())
    return {"object": "account_link", "created": call.unit.now, "expires_at": call.unit.now + 300, "url": url}


def _capabilities(call: RequestContext[Params]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    rows = [_capability(account, name) for name in present(account["capabilities"])]
    return {"object": "list", "data": rows, "has_more": False, "url": call.path}


def _capability(account: Account, name: str) -> dict[str, object]:
    capabilities = present(account["capabilities"])
    status = capabilities.get(name, "unrequested")
    return {
        "id": name,
        "object": "capability",
        "account": account["id"],
        "future_requirements": dict(REQUIREMENTS),
        "requested": name in capabilities,
        "requested_at": account["created"] if name in capabilities else None,
        "requirements": dict(REQUIREMENTS),
        "status": status,
    }


def _one_capability(call: RequestContext[Params]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    return _capability(account, call.ids["capability"])


def _request_capability(call: RequestContext[AccountCapabilityUpdateParams]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    capabilities: dict[str, object] = {**present(account["capabilities"])}
    if call.params.get("requested"):
        capabilities[call.ids["capability"]] = "active" if account["charges_enabled"] else "inactive"
    elif call.params.get("requested") is False:
        capabilities.pop(call.ids["capability"], None)
    call.unit.change(account, {"capabilities": capabilities})
    return _capability(account, call.ids["capability"])


def _login_link(call: RequestContext[Params]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    url = f"{call.unit.environment.base_url}/_emulator/express/{account['id']}"
    return {"object": "login_link", "created": call.unit.now, "url": url}


ACCOUNT = Resource(
    schema=Schema(
        object="account",
        prefix="acct_1",
        id_length=15,
        path="/v1/accounts",
        fields=(
            read_only("business_profile"),
            settable("business_type"),
            read_only("capabilities", {}),
            read_only("charges_enabled", False),
            read_only("controller"),
            read_only("country"),
            read_only("created"),
            settable("default_currency"),
            read_only("details_submitted", False),
            settable("email"),
            read_only(
                "external_accounts",
                {
                    "object": "list",
                    "data": [],
                    "has_more": False,
                    "total_count": 0,
                    "url": "/v1/account/external_accounts",
                },
            ),
            read_only("future_requirements"),
            settable("metadata", {}),
            read_only("payouts_enabled", False),
            read_only("requirements"),
            read_only("settings"),
            read_only("tos_acceptance", {"date": None, "ip": None, "user_agent": None}),
            create_only("type"),
        ),
        on_update=("account.updated",),
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "delete"),
        creating=_creating,
        created=_created,
        updating=_updating,
        updated=_updated,
        deleting=_deleting,
        operations=(
            Operation("GET", "/v1/account", lambda call: accounts.home(call.unit)),
            Operation("GET", "/v1/accounts/{account}", _retrieve),
            Operation("POST", "/v1/account_links", _link),
            Operation("GET", "/v1/accounts/{account}/capabilities", _capabilities),
            Operation("GET", "/v1/accounts/{account}/capabilities/{capability}", _one_capability),
            Operation("POST", "/v1/accounts/{account}/capabilities/{capability}", _request_capability),
            Operation("POST", "/v1/accounts/{account}/login_links", _login_link),
        ),
    ),
)


RESOURCES = (ACCOUNT,)
