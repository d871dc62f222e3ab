"""Short-lived client sessions: what a browser may see of a customer, or of a connected account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.declarations.schema import Body, Schema
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext

_CUSTOMER_LASTS = 1800


_ACCOUNT_LASTS = 24 * 3600


_ELEMENT_FEATURES: Body = {
    "payment_method_allow_redisplay_filters": ["always"],
    "payment_method_redisplay": "disabled",
    "payment_method_redisplay_limit": 3,
    "payment_method_remove": "disabled",
    "payment_method_save": "disabled",
    "payment_method_save_usage": None,
}


_SHEET_FEATURES: Body = {"payment_method_allow_redisplay_filters": ["always"], "payment_method_remove": "enabled"}


_MOBILE_FEATURES: Body = {
    "payment_method_allow_redisplay_filters": ["always"],
    "payment_method_redisplay": "disabled",
    "payment_method_remove": "disabled",
    "payment_method_save": "disabled",
    "payment_method_save_allow_redisplay_override": None,
}


_WITH_FEATURES = {
    "payment_element": _ELEMENT_FEATURES,
    "customer_sheet": _SHEET_FEATURES,
    "mobile_payment_element": _MOBILE_FEATURES,
}


_PLAIN = ("active_entitlements", "buy_button", "customer_portal", "pricing_table")


def _customer_session(call: RequestContext) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    if not call.get("customer"):
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = unit.get(kinds.CUSTOMER, params["customer"], "customer")
    asked: dict[str, Any] = params["components"]
    components: Body = {name: {"enabled": bool((asked.get(name) or {}).get("enabled"))} for name in _PLAIN}
    for name, defaults in _WITH_FEATURES.items():
        wanted = asked.get(name) or {}
        on = bool(wanted.get("enabled"))
        components[name] = {"enabled": on, "features": {**defaults, **(wanted.get("features") or {})} if on else None}
    return {
        "object": "customer_session",
        "client_secret": unit.environment.ids.new("cuss_secret_", 60),
        "components": components,
        "created": unit.now,
        "customer": customer["id"],
        "customer_account": None,
        "expires_at": unit.now + _CUSTOMER_LASTS,
        "livemode": False,
    }


def _account_session(call: RequestContext) -> Mapping[str, object]:
    unit = call.unit
    account = unit.get(kinds.ACCOUNT, call.params["account"], "account")
    asked = call.params["components"]
    return {
        "object": "account_session",
        "account": account["id"],
        "client_secret": unit.environment.ids.new("accs_secret__", 60),
        "components": {
            name: {"enabled": bool((c or {}).get("enabled")), "features": (c or {}).get("features") or {}}
            for name, c in asked.items()
        },
        "expires_at": unit.now + _ACCOUNT_LASTS,
        "livemode": False,
    }


CUSTOMER_SESSION = Resource(
    schema=Schema(object="customer_session", prefix=""),
    endpoints=Endpoints(operations=(Operation("POST", "/v1/customer_sessions", _customer_session),)),
)


ACCOUNT_SESSION = Resource(
    schema=Schema(object="account_session", prefix=""),
    endpoints=Endpoints(operations=(Operation("POST", "/v1/account_sessions", _account_session),)),
)


RESOURCES = (CUSTOMER_SESSION, ACCOUNT_SESSION)
