"""Accounts: the one the keys open, and connected ones, which keep their own objects. https://docs.stripe.com/api/accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.connect import accounts, persons
from payloom_emulator.connect.accounts import PROFILE, REQUIREMENTS
from payloom_emulator.core.declarations.api_changes import Accepted
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import ADDRESS, Schema, create_only, overlay, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import external_accounts
from payloom_emulator.protocol.errors import StripeError, invalid, missing
from payloom_emulator.protocol.param_types import fields_of, type_of

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.accounts import Account
    from payloom_emulator.objects.params.account_links import AccountLinkCreateParams
    from payloom_emulator.objects.params.accounts import (
        AccountCapabilityUpdateParams,
        AccountCreateParams,
        AccountRejectParams,
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

# What an account that is made by `type` shows of the dashboard that it has.
_DASHBOARDS = {"custom": "none", "express": "express", "standard": "full"}


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
                "stripe_dashboard": {
                    "type": _DASHBOARDS.get(params.get("type", "none" if controller else "standard"), "full")
                },
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


def _created(call: RequestContext[AccountCreateParams], account: Account) -> None:
    # The account is an object of the platform and the owner of its own objects: it is found from both sides.
    own = call.unit.at(account["id"])
    own.create(kinds.ACCOUNT, dict(account), emits=())
    own.flush()
    _take_details(call, account)
    _maybe_enable(call.unit, account)


def _take_details(
    call: RequestContext[AccountCreateParams] | RequestContext[AccountUpdateParams], account: Account
) -> None:
    """Keep what the parameters say of the company, the individual, and where to pay out to."""
    unit, params = call.unit, call.params
    company, individual = params.get("company"), params.get("individual")
    if company:
        accounts.change(unit, account, {"company": _company(account, cast("JsonMapping", company))})
    if individual:
        if account["business_type"] not in {None, "individual"}:
            raise invalid(
                f"Cannot set `individual` on an account with a `business_type` of `{account['business_type']}`.",
                "individual",
            )
        persons.individual(unit, account, cast("JsonMapping", individual))
    if source := params.get("external_account"):
        external_accounts.add(unit, account, source, default=True)


# Numbers of a company that are kept as "it was given".
_COMPANY_SECRETS = {"tax_id": "tax_id_provided", "vat_id": "vat_id_provided"}


def _company(account: Account, params: JsonMapping) -> dict[str, object]:
    """Return what an account shows of its company."""
    before = cast("JsonMapping", account.get("company") or {"address": ADDRESS, "name": None, "phone": None})
    rendered = {_COMPANY_SECRETS.get(name, name): value for name, value in params.items()}
    rendered.update({name: bool(value) for name, value in rendered.items() if name in _COMPANY_SECRETS.values()})
    defaults = {
        "directors_provided": True,
        "executives_provided": True,
        "owners_provided": True,
        "tax_id_provided": False,
        "verification": {"document": {"back": None, "details": None, "details_code": None, "front": None}},
    }
    return overlay({**defaults, **before}, rendered)


def _maybe_enable(unit: UnitOfWork, account: Account) -> None:
    """A connected account that accepted the terms has given all the local Stripe asks for."""
    rejected = str(present(account["requirements"])["disabled_reason"]).startswith("rejected")
    if account["charges_enabled"] or rejected or not present(account["tos_acceptance"]).get("date"):
        return
    active = dict.fromkeys(present(account["capabilities"]), "active")
    accounts.change(unit, account, {**accounts.account_status(enabled=True), "capabilities": active})


def _updating(call: RequestContext[AccountUpdateParams], account: Account, changes: dict[str, object]) -> None:
    for name in ("business_profile", "settings", "tos_acceptance"):
        if members := call.params.get(name):
            changes[name] = overlay(account[name] or {}, members)
    if "capabilities" in call.params:
        capabilities = cast("Mapping[str, JsonMapping]", call.params["capabilities"])
        status = "active" if account["charges_enabled"] else "inactive"
        requested = {name: status for name, capability in capabilities.items() if capability.get("requested")}
        changes["capabilities"] = {**present(account["capabilities"]), **requested}


def _updated(call: RequestContext[AccountUpdateParams], account: Account) -> None:
    accounts.mirror(call.unit, account)
    _take_details(call, account)
    _maybe_enable(call.unit, account)


def _retrieve(call: RequestContext[Params]) -> Account:
    if call.ids["account"] == call.unit.account:
        return accounts.home(call.unit)
    return call.unit.get(kinds.ACCOUNT, call.ids["account"])


def _deleting(call: RequestContext[Params], account: Account) -> None:
    if account["id"] == call.unit.environment.config.account:
        raise StripeError("You cannot delete the account your key belongs to.", status=403)
    application = {"id": "ca_local", "object": "application", "name": call.unit.environment.config.business["name"]}
    call.unit.at(account["id"]).emit("account.application.deauthorized", application)


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
    _know(call.ids["capability"])
    return _capability(account, call.ids["capability"])


def _know(capability: str) -> None:
    if capability not in type_of(fields_of("POST", "/v1/accounts")["capabilities"]).fields:
        raise missing("capability", capability)


def _request_capability(call: RequestContext[AccountCapabilityUpdateParams]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    _know(call.ids["capability"])
    capabilities: dict[str, object] = {**present(account["capabilities"])}
    if call.params.get("requested"):
        capabilities[call.ids["capability"]] = "active" if account["charges_enabled"] else "inactive"
    elif call.params.get("requested") is False:
        capabilities.pop(call.ids["capability"], None)
    before = present(account["capabilities"]).get(call.ids["capability"])
    accounts.change(call.unit, account, {"capabilities": capabilities})
    rendered = _capability(account, call.ids["capability"])
    if before != capabilities.get(call.ids["capability"]):
        own = call.unit if call.unit.account == account["id"] else call.unit.at(account["id"])
        own.emit("capability.updated", rendered, {"status": before or "unrequested"})
    return rendered


_REJECTED = {"credit": "other", "other": "other", "terms_of_service": "terms_of_service"}


def _reject(call: RequestContext[AccountRejectParams]) -> Account:
    account = _other(call)
    reason = str(call.params["reason"])
    if reason not in _REJECTED and not reason.startswith("fraud"):
        raise invalid("Invalid reason: must be one of fraud, terms_of_service, or other.", "reason")
    needed = {
        **present(account["requirements"]),
        "currently_due": [],
        "disabled_reason": f"rejected.{_REJECTED.get(reason, 'fraud')}",
        "past_due": [],
    }
    inactive = dict.fromkeys(present(account["capabilities"]), "inactive")
    stopped = {"charges_enabled": False, "payouts_enabled": False, "capabilities": inactive}
    return accounts.change(call.unit, account, {**stopped, "requirements": needed})


def _unreject(call: RequestContext[Params]) -> Account:
    account = _other(call)
    if not str(present(account["requirements"])["disabled_reason"]).startswith("rejected"):
        raise invalid("This account is not rejected.")
    terms = bool(present(account["tos_acceptance"]).get("date"))
    status = "active" if terms else "inactive"
    capabilities = dict.fromkeys(present(account["capabilities"]), status)
    return accounts.change(call.unit, account, {**accounts.account_status(enabled=terms), "capabilities": capabilities})


def _other(call: RequestContext[Params]) -> Account:
    """Return the connected account that the URL names: nobody rejects their own."""
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    if account["id"] == call.unit.account:
        raise StripeError("You cannot reject your own account.", status=403)
    return account


def _login_link(call: RequestContext[Params]) -> Mapping[str, object]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    dashboard = present(account["controller"]).get("stripe_dashboard")
    if dashboard is None or dashboard["type"] != "express":
        raise invalid("Cannot create a login link for an account that is not an Express account.")
    if not account["details_submitted"]:
        raise invalid("Cannot create a login link for an account that has not completed onboarding.")
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
            Operation("POST", "/v1/accounts/{account}/reject", _reject),
            Operation("POST", "/v1/accounts/{account}/unreject", _unreject),
        ),
    ),
    versions=(Accepted("2026-10-28", "POST", "/v1/accounts/{}/reject", {"reason": ["s"]}),),
)


RESOURCES = (ACCOUNT,)
