"""Secrets that Stripe Apps keep for an account or a user. https://docs.stripe.com/api/apps/secret_store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid, missing, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

SECRET: Kind[dict[str, object]] = Kind("apps.secret")
_MOST = 10
_LONGEST_NAME, _LONGEST_PAYLOAD = 255, 64 * 1024


def _scope(params: Params) -> dict[str, object]:
    scope = members(params.get("scope"))
    kind, user = required(text(scope.get("type")), "scope[type]"), text(scope.get("user"))
    if kind == "user" and not user:
        raise parameter_missing("scope[user]")
    if kind == "account" and user:
        raise invalid("A secret of the account has no user.", "scope[user]")
    return {"type": kind, **({"user": user} if user else {})}


def _of_scope(unit: UnitOfWork, scope: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the secrets of a scope that have not expired."""
    rows = unit.list(SECRET, _owner=str(scope.get("user") or "account"))
    return [row for row in rows if row["expires_at"] is None or (integer(row["expires_at"]) or 0) > unit.now]


def _named(call: RequestContext[Params]) -> dict[str, object]:
    name = required(text(call.params.get("name")), "name")
    row = next((r for r in _of_scope(call.unit, _scope(call.params)) if r["name"] == name), None)
    if row is None:
        raise missing("secret", name, param="name")
    return row


def _set(call: RequestContext[Params]) -> Mapping[str, object]:
    """Store a secret, in place of the one that has this name."""
    unit, params = call.unit, call.params
    scope, name = _scope(params), required(text(params.get("name")), "name")
    payload, expires = required(text(params.get("payload")), "payload"), integer(params.get("expires_at"))
    for value, most, param in ((name, _LONGEST_NAME, "name"), (payload, _LONGEST_PAYLOAD, "payload")):
        if len(value.encode()) > most:
            raise invalid(f"The {param} must be at most {most} bytes long.", param, "parameter_invalid_string_long")
    if expires is not None and expires <= unit.now:
        raise invalid("The time of expiry must be in the future.", "expires_at")
    rows = _of_scope(unit, scope)
    former = next((row for row in rows if row["name"] == name), None)
    values = {"expires_at": expires, "payload": payload}
    if former is not None:
        return unit.change(former, values)
    if len(rows) >= _MOST:
        raise invalid(f"A scope holds at most {_MOST} secrets.", "scope")
    return unit.create(SECRET, {**values, "name": name, "scope": scope, "_owner": str(scope.get("user") or "account")})


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    secret = _named(call)
    call.unit.delete(secret)
    return {**{k: v for k, v in secret.items() if k != "payload"}, "deleted": True}


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    return list_of(_of_scope(call.unit, _scope(call.params)), call.path, {"limit": 10, **call.params})


RESOURCES = (
    Resource(
        schema=Schema(
            object="apps.secret",
            prefix="appsecret_1",
            id_length=23,
            fields=(
                read_only("created"),
                read_only("expires_at"),
                read_only("livemode", False),
                read_only("name"),
                read_only("payload"),
                read_only("scope"),
            ),
            hidden=("payload",),
            filters=("_owner",),
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", "/v1/apps/secrets", _set),
                Operation("GET", "/v1/apps/secrets", _list),
                Operation("GET", "/v1/apps/secrets/find", _named),
                Operation("POST", "/v1/apps/secrets/delete", _delete),
            ),
        ),
    ),
)
