"""Accounts of the v2 API. https://docs.stripe.com/api/v2/core/accounts.

An account is one object with two views: `/v1/accounts` shows what `/v2/core/accounts` made, and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.connect import accounts, accounts_v2
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema
from payloom_emulator.kit.kind import Kind
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.presentation.thin_events import seconds_of, timestamp
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer, members, text, texts
from payloom_emulator.resources.connect.event_destinations import page_of_v2

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.accounts import Account

_PATH = "/v2/core/accounts"
TOKEN: Kind[dict[str, object]] = Kind("v2.core.account_token")
_TOKEN_LASTS = 15 * 60
_NOT_OF_ACCOUNT = frozenset({"account_token", "include", "metadata"})
_CURRENCIES = {"US": "usd", "GB": "gbp", "JP": "jpy", "CH": "chf", "CA": "cad", "AU": "aud"}


def _details(call: RequestContext[Params]) -> dict[str, object]:
    """Return what the parameters, and the token among them, say of the account."""
    params: dict[str, object] = {k: v for k, v in call.params.items() if k not in _NOT_OF_ACCOUNT}
    token_id = text(call.params.get("account_token"))
    if token_id:
        token = use_token(call.unit, TOKEN, token_id, "account_token")
        params = accounts_v2.merged(members(token["_params"]), params)
    configuration = members(params.get("configuration"))
    if configuration:
        params["configuration"] = {
            name: {"applied": True, **members(value)} if value is not None else {"applied": False}
            for name, value in configuration.items()
        }
    return params


def use_token(unit: UnitOfWork, kind: Kind[dict[str, object]], token_id: str, param: str) -> dict[str, object]:
    """Return a token, which is used up by this."""
    token = unit.get(kind, token_id, param)
    if token["used"] or (integer(token["_expires"]) or 0) <= unit.now:
        raise invalid(f"The token {token_id} was used already, or has expired.", param, "token_already_used")
    return unit.change(token, {"used": True}, emits=())


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, body = call.unit, _details(call)
    identity = members(body.get("identity"))
    country = (text(identity.get("country")) or "").upper()
    configuration = members(body.get("configuration"))
    if not country and {"merchant", "recipient"} & set(configuration):
        raise invalid("Missing required param: identity.country.", "identity.country", "parameter_missing")
    country = country or unit.environment.config.business["country"]
    dashboard = text(body.get("dashboard")) or "none"
    name = text(body.get("display_name")) or text(body.get("contact_email")) or "Connected account"
    business_type = text(identity.get("entity_type"))
    account = unit.create(
        kinds.ACCOUNT,
        {
            **accounts.account_status(enabled=False),
            "business_profile": {**accounts.PROFILE, "name": body.get("display_name")},
            "business_type": business_type,
            "capabilities": dict.fromkeys(accounts_v2.v1_capabilities(body), "inactive"),
            "controller": _controller(body, dashboard),
            "country": country,
            "default_currency": text(members(body.get("defaults")).get("currency")) or _CURRENCIES.get(country, "eur"),
            "email": body.get("contact_email"),
            "metadata": dict(members(call.params.get("metadata"))),
            "settings": accounts.settings(name),
            "type": "none",
            "_view": body,
        },
        emits=(),
    )
    own = unit.at(account["id"])
    own.create(kinds.ACCOUNT, dict(account), emits=())
    own.flush()
    _accept_terms(unit, account, body)
    view = _answer(call, account)
    unit.emit("v2.core.account.created", {"id": account["id"], "object": "v2.core.account"})
    return view


def _controller(body: JsonMapping, dashboard: str) -> dict[str, object]:
    responsibilities = members(members(body.get("defaults")).get("responsibilities"))
    by_application = str(responsibilities.get("fees_collector", "stripe")).startswith("application")
    losses = "application" if responsibilities.get("losses_collector") == "application" else "stripe"
    return {
        "fees": {"payer": "application" if by_application else "account"},
        "is_controller": True,
        "losses": {"payments": losses},
        "requirement_collection": "stripe",
        "stripe_dashboard": {"type": dashboard},
        "type": "application",
    }


def _accept_terms(unit: UnitOfWork, account: Account, body: JsonMapping) -> None:
    """An account that accepted the terms has given all the local Stripe asks for."""
    terms = accounts_v2.terms_of(body, unit.now)
    date = text(terms.get("date"))
    if date is None or account["charges_enabled"] or not account["capabilities"]:
        return
    try:
        accepted = {"date": seconds_of(date), "ip": terms.get("ip"), "user_agent": terms.get("user_agent")}
    except ValueError as error:
        param = "identity.attestations.terms_of_service.account.date"
        raise invalid(f"`{date}` is no time in ISO 8601.", param) from error
    active = dict.fromkeys(present(account["capabilities"]), "active")
    changes = {**accounts.account_status(enabled=True), "capabilities": active, "tos_acceptance": accepted}
    accounts.change(unit, account, changes)


def target(call: RequestContext[Params], name: str = "id") -> Account:
    """Return the account that a URL names. Those that v1 made have a v2 view, too."""
    account = call.unit.get(kinds.ACCOUNT, call.ids[name])
    if account.get("_view") is None:
        call.unit.change(account, {"_view": _of_v1(account)}, emits=())
    return account


def _of_v1(account: Account) -> dict[str, object]:
    """Return what v2 shows of an account that v1 made."""
    merchant: dict[str, object] = {}
    configuration: dict[str, object] = {}
    for name in present(account["capabilities"]):
        if name == "transfers":
            configuration["recipient"] = {
                "applied": True,
                "capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}},
            }
        else:
            merchant[name] = {"requested": True}
    if merchant:
        configuration["merchant"] = {"applied": True, "capabilities": merchant}
    dashboard = present(account["controller"]).get("stripe_dashboard")
    return {
        "configuration": configuration,
        "contact_email": account["email"],
        "dashboard": dashboard["type"] if dashboard else None,
        "identity": {"country": (account["country"] or "").lower(), "entity_type": account["business_type"]},
    }


def _answer(call: RequestContext[Params], account: Account) -> dict[str, object]:
    return accounts_v2.shown(call.unit, account, texts(call.params.get("include")))


def _update(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, account, details = call.unit, target(call), _details(call)
    if members(account.get("_view")).get("closed"):
        raise invalid("This account is closed.", code="account_closed")
    body = accounts_v2.merged(members(account.get("_view")), details)
    status = "active" if account["charges_enabled"] else "inactive"
    changes: dict[str, object] = {
        "capabilities": dict.fromkeys(accounts_v2.v1_capabilities(body), status),
        "email": body.get("contact_email"),
        "_view": body,
    }
    if "metadata" in call.params:
        new = {**present(account["metadata"]), **members(call.params["metadata"])}
        changes["metadata"] = {key: value for key, value in new.items() if value is not None}
    accounts.change(unit, account, changes)
    _accept_terms(unit, account, body)
    related: dict[str, object] = {"id": account["id"], "object": "v2.core.account"}
    if set(call.params) - {"configuration", "defaults", "identity", "include"}:
        unit.emit("v2.core.account.updated", related)
    for part in accounts_v2.changed_parts(details):
        unit.emit(f"v2.core.account{part}.updated", related)
    return _answer(call, account)


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    wished = set(texts(call.params.get("applied_configurations")))
    is_closed = bool(call.params.get("closed", False))
    rows, page = page_of_v2(call, kinds.ACCOUNT, {})
    home = call.unit.environment.config.account
    views = [accounts_v2.shown(call.unit, row, []) for row in rows if row["id"] != home and row.get("_view")]
    data = [
        view
        for view in views
        if view["closed"] is is_closed and (not wished or wished & set(texts(view["applied_configurations"])))
    ]
    return {"data": data, **page}


def _close(call: RequestContext[Params]) -> Mapping[str, object]:
    account = target(call)
    body = members(account.get("_view"))
    if body.get("closed"):
        raise invalid("This account is closed already.", code="account_closed")
    stopped = {"charges_enabled": False, "payouts_enabled": False, "_view": {**body, "closed": True}}
    accounts.change(call.unit, account, stopped)
    call.unit.emit("v2.core.account.closed", {"id": account["id"], "object": "v2.core.account"})
    return _answer(call, account)


def _link(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, use_case = call.unit, members(call.params.get("use_case"))
    account_id = required(text(call.params.get("account")), "account")
    account = unit.get(kinds.ACCOUNT, account_id, "account")
    kind = required(text(use_case.get("type")), "use_case.type")
    details = members(use_case.get(kind))
    if not details:
        raise invalid(f"Missing required param: use_case.{kind}.", f"use_case.{kind}", "parameter_missing")
    unit.change(account, {"_return_url": details.get("return_url")}, emits=())
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": timestamp(unit.now),
        "expires_at": timestamp(unit.now + 300),
        "livemode": False,
        "url": f"{unit.environment.base_url}/_emulator/onboarding/{account['id']}",
        "use_case": use_case,
    }


def token_of(call: RequestContext[Params], kind: Kind[dict[str, object]], **more: object) -> dict[str, object]:
    """Make a token that stands for the parameters once."""
    return call.unit.create(
        kind,
        {
            "created": timestamp(call.unit.now),
            "expires_at": timestamp(call.unit.now + _TOKEN_LASTS),
            "used": False,
            "_expires": call.unit.now + _TOKEN_LASTS,
            "_params": dict(call.params),
            **more,
        },
    )


RESOURCES = (
    Resource(
        schema=Schema(object="v2.core.account", prefix="acct_1", path=_PATH, has_created=False),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", _PATH, _create),
                Operation("GET", _PATH, _list),
                Operation("GET", f"{_PATH}/{{id}}", lambda call: _answer(call, target(call))),
                Operation("POST", f"{_PATH}/{{id}}", _update),
                Operation("POST", f"{_PATH}/{{id}}/close", _close),
                Operation("POST", "/v2/core/account_links", _link),
            ),
        ),
    ),
    Resource(
        schema=Schema(
            object="v2.core.account_token",
            prefix="accttok_test_",
            id_length=40,
            path="/v2/core/account_tokens",
            has_created=False,
        ),
        endpoints=Endpoints(
            can=("retrieve",),
            operations=(Operation("POST", "/v2/core/account_tokens", lambda call: token_of(call, TOKEN)),),
        ),
    ),
)
