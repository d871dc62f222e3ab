"""External accounts of connected accounts. https://docs.stripe.com/api/external_accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import external_accounts
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.accounts import Account
    from payloom_emulator.objects.params.accounts import (
        AccountExternalAccountCreateParams,
        AccountExternalAccountListParams,
        AccountExternalAccountUpdateParams,
    )
    from payloom_emulator.payments.methods.external_accounts import ExternalAccount

_PATH = "/v1/accounts/{account}/external_accounts"
# What older SDKs call the same lists.
_OLDER_PATHS = ("/v1/accounts/{account}/bank_accounts", "/v1/account/external_accounts", "/v1/account/bank_accounts")

_OF_BANKS = ("account_holder_name", "account_holder_type", "account_type")
_OF_CARDS = (
    *("address_city", "address_country", "address_line1", "address_line2", "address_state", "address_zip"),
    *("exp_month", "exp_year", "name"),
)


def _account(call: RequestContext[Params]) -> Account:
    return call.unit.get(kinds.ACCOUNT, call.ids.get("account", call.unit.account))


def _create(call: RequestContext[AccountExternalAccountCreateParams]) -> ExternalAccount:
    return external_accounts.add(
        call.unit,
        _account(call),
        required(call.params.get("external_account"), "external_account"),
        default=bool(call.params.get("default_for_currency")),
        metadata=call.params.get("metadata"),
    )


def _list(call: RequestContext[AccountExternalAccountListParams]) -> Mapping[str, object]:
    only = call.params.get("object")
    rows = external_accounts.listed(call.unit, _account(call)["id"])
    return list_of([r for r in rows if only in {None, r["object"]}], call.path, {"limit": 10, **call.params})


def _retrieve(call: RequestContext[Params]) -> ExternalAccount:
    return external_accounts.find(call.unit, _account(call)["id"], call.ids["id"])


def _update(call: RequestContext[AccountExternalAccountUpdateParams]) -> ExternalAccount:
    account, params = _account(call), call.params
    external = external_accounts.find(call.unit, account["id"], call.ids["id"])
    fitting, others = (_OF_CARDS, _OF_BANKS) if external["object"] == "card" else (_OF_BANKS, _OF_CARDS)
    for name in others:
        if name in params:
            kind = external["object"].replace("_", " ")
            raise invalid(f"You cannot set `{name}` of a {kind}.", name, "parameter_unknown")
    changes: dict[str, object] = {name: params.get(name) or None for name in fitting if name in params}
    for name in ("exp_month", "exp_year"):
        if name in changes:
            changes[name] = integer(str(changes[name]))
            if changes[name] is None:
                raise invalid("Your card's expiration date is invalid.", name, f"invalid_expiry_{name[4:]}")
    if params.get("default_for_currency") is False and external["default_for_currency"]:
        raise invalid(
            "You cannot unset the default of a currency: make another external account the default.",
            "default_for_currency",
        )
    if params.get("default_for_currency"):
        changes["default_for_currency"] = True
    if "metadata" in params:
        changes["metadata"] = merge_metadata(external["metadata"], params["metadata"])
    return external_accounts.change(call.unit, account, external, changes)


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    return external_accounts.remove(call.unit, _account(call), call.ids["id"])


def _routes(path: str) -> tuple[Operation, ...]:
    like = None if path == _PATH else _PATH
    like_one = None if like is None else f"{like}/{{id}}"
    return (
        Operation("POST", path, _create, like=like),
        Operation("GET", path, _list, like=like),
        Operation("GET", f"{path}/{{id}}", _retrieve, like=like_one),
        Operation("POST", f"{path}/{{id}}", _update, like=like_one),
        Operation("DELETE", f"{path}/{{id}}", _delete, like=like_one),
    )


EXTERNAL_ACCOUNTS = Resource(
    schema=Schema(object="external_account", prefix="", has_created=False, has_livemode=False),
    endpoints=Endpoints(can=(), operations=tuple(route for path in (_PATH, *_OLDER_PATHS) for route in _routes(path))),
)


RESOURCES = (EXTERNAL_ACCOUNTS,)
