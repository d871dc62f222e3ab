"""Short-lived client sessions: what a browser may see of a customer, or of a connected account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.params.account_sessions import AccountSessionCreateParams
    from payloom_emulator.objects.params.customer_sessions import CustomerSessionCreateParams

_CUSTOMER_LASTS = 1800


_ACCOUNT_LASTS = 24 * 3600


_ELEMENT_FEATURES: dict[str, object] = {
    "payment_method_allow_redisplay_filters": ["always"],
    "payment_method_redisplay": "disabled",
    "payment_method_redisplay_limit": 3,
    "payment_method_remove": "disabled",
    "payment_method_save": "disabled",
    "payment_method_save_usage": None,
}


_SHEET_FEATURES: dict[str, object] = {
    "payment_method_allow_redisplay_filters": ["always"],
    "payment_method_remove": "enabled",
}


_MOBILE_FEATURES: dict[str, object] = {
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


def _customer_session(call: RequestContext[CustomerSessionCreateParams]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    customer_id = params.get("customer")
    if not customer_id:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = unit.get(kinds.CUSTOMER, customer_id, "customer")
    component_params = cast("Mapping[str, JsonMapping]", params["components"])
    components: dict[str, object] = {
        name: {"enabled": bool((component_params.get(name) or {}).get("enabled"))} for name in _PLAIN
    }
    for name, defaults in _WITH_FEATURES.items():
        component: JsonMapping = component_params.get(name) or {}
        on = bool(component.get("enabled"))
        components[name] = {
            "enabled": on,
            "features": {**defaults, **members(component.get("features"))} if on else None,
        }
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


def _account_session(call: RequestContext[AccountSessionCreateParams]) -> Mapping[str, object]:
    unit = call.unit
    account = unit.get(kinds.ACCOUNT, call.params["account"], "account")
    component_params = cast("Mapping[str, JsonMapping]", call.params["components"])
    components: dict[str, object] = {
        name: {"enabled": bool(component.get("enabled")), "features": component.get("features") or {}}
        for name, component in component_params.items()
    }
    return {
        "object": "account_session",
        "account": account["id"],
        "client_secret": unit.environment.ids.new("accs_secret__", 60),
        "components": components,
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
