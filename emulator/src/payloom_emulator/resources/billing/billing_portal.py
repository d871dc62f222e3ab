"""The customer portal: its configurations and sessions. https://docs.stripe.com/api/customer_portal/sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import (
    Schema,
    create_only,
    overlay,
    read_only,
    settable,
    update_only,
)
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError, invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import elements, is_object, members, text, texts

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.params.billing_portal import (
        PortalConfigurationCreateParams,
        PortalConfigurationUpdateParams,
        PortalSessionCreateParams,
    )
    from payloom_emulator.objects.webhooks import (
        PortalConfiguration,
        PortalConfigurationFeatures,
        PortalConfigurationLoginPage,
        PortalSession,
        PortalSessionFlow,
    )

    ConfigurationParams = PortalConfigurationCreateParams | PortalConfigurationUpdateParams

REASONS = [
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
]


FEATURES: dict[str, object] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


PROFILE = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}


_ALL_ON: dict[str, object] = {
    "customer_update": {"allowed_updates": ["email", "name", "address", "phone"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "cancellation_reason": {"enabled": True}},
}


def _features(call: RequestContext[ConfigurationParams], current: JsonMapping) -> dict[str, object]:
    features = members(call.params.get("features"))
    merged = overlay(current, {name: _lists(members(feature)) for name, feature in features.items()})
    update = members(merged["subscription_update"])
    if update["enabled"]:
        if not update["default_allowed_updates"]:
            raise parameter_missing("features[subscription_update][default_allowed_updates]")
        if not update["products"]:
            raise parameter_missing("features[subscription_update][products]")
    products = [_product(call, members(entry), i) for i, entry in enumerate(elements(update["products"]))]
    merged["subscription_update"] = {**update, "products": products}
    return merged


def _lists(feature: JsonMapping) -> dict[str, object]:
    """Return a feature in which "" for a list means an empty one."""
    names = {"allowed_updates", "default_allowed_updates", "products", "options", "interval_options"}
    return {k: [] if v == "" and k in names else _lists(v) if is_object(v) else v for k, v in feature.items()}


def _product(call: RequestContext[Params], entry: JsonMapping, index: int) -> dict[str, object]:
    where = f"features[subscription_update][products][{index}]"
    call.unit.get(kinds.PRODUCT, text(entry["product"]), f"{where}[product]")
    for number, price in enumerate(texts(entry["prices"])):
        call.unit.get(kinds.PRICE, price, f"{where}[prices][{number}]")
    adjustable: JsonMapping = {
        "enabled": False,
        "maximum": None,
        "minimum": 1,
        **members(entry.get("adjustable_quantity")),
    }
    return {"adjustable_quantity": adjustable, "prices": entry["prices"], "product": entry["product"]}


def _creating(call: RequestContext[PortalConfigurationCreateParams], draft: PortalConfiguration) -> None:
    draft["features"] = cast("PortalConfigurationFeatures", _features(call, FEATURES))
    draft["updated"] = call.unit.now
    draft["login_page"] = _login_page(call)


def _updating(
    call: RequestContext[PortalConfigurationUpdateParams],
    configuration: PortalConfiguration,
    changes: dict[str, object],
) -> None:
    if configuration["is_default"] and call.params.get("active") is False:
        raise invalid("The default configuration cannot be deactivated.", "active")
    if "features" in call.params:
        changes["features"] = _features(call, configuration["features"])
    if "login_page" in call.params:
        changes["login_page"] = _login_page(call)
    changes["updated"] = call.unit.now


def _login_page(call: RequestContext[ConfigurationParams]) -> PortalConfigurationLoginPage:
    login_page: JsonMapping = call.params.get("login_page") or {}
    on = bool(login_page.get("enabled"))
    token = call.unit.environment.ids.new("test_", 24)
    return {"enabled": on, "url": f"{call.unit.environment.base_url}/p/login/{token}" if on else None}


def default_configuration(unit: UnitOfWork) -> PortalConfiguration:
    """Return the account's default configuration, made when it is first needed."""
    configurations = unit.list(kinds.BILLING_PORTAL_CONFIGURATION, is_default="true", limit=1)
    if configurations:
        return configurations[0]
    return unit.create(
        kinds.BILLING_PORTAL_CONFIGURATION,
        {
            "features": overlay(FEATURES, _ALL_ON),
            "is_default": True,
            "login_page": {"enabled": False, "url": None},
            "updated": unit.now,
        },
        emits=(),
    )


_AFTER = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}


_FLOWS = {
    "subscription_cancel": ("canceled", "subscription cancellation"),
    "subscription_pause": ("paused", "subscription pause"),
    "subscription_update": ("updated", "subscription update"),
    "subscription_update_confirm": ("updated", "subscription update"),
}
"""The flows of one subscription: what a flow does to it, and what Stripe calls the configuration's feature."""


_FLOW = {
    "after_completion": _AFTER,
    "customer_update": None,
    **dict.fromkeys(_FLOWS),
    "type": None,
}


def _creating_session(call: RequestContext[PortalSessionCreateParams], draft: PortalSession) -> None:
    params, unit = call.params, call.unit
    customer = unit.get(kinds.CUSTOMER, required(params.get("customer"), "customer"), "customer")
    if configuration_id := params.get("configuration"):
        configuration = unit.get(kinds.BILLING_PORTAL_CONFIGURATION, configuration_id, "configuration")
        if not configuration["active"]:
            raise invalid("This configuration is not active.", "configuration")
    else:
        configuration = default_configuration(unit)
    draft["configuration"] = configuration["id"]
    draft["return_url"] = params.get("return_url") or configuration["default_return_url"]
    draft["flow"] = cast("PortalSessionFlow | None", _flow(call, customer, configuration))
    path = f"/p/session/{unit.environment.ids.new('test_', 60)}"
    draft["url"] = f"{unit.environment.base_url}{path}"


def _flow(
    call: RequestContext[PortalSessionCreateParams], customer: Customer, configuration: PortalConfiguration
) -> dict[str, object] | None:
    flow_data = cast("JsonMapping | None", call.params.get("flow_data"))
    if not flow_data:
        return None
    kind = str(flow_data["type"])
    after = members(flow_data.get("after_completion"))
    flow: dict[str, object] = {**_FLOW, "type": kind, "after_completion": {**_AFTER, **after}}
    if kind not in _FLOWS:
        return flow
    if not flow_data.get(kind):
        raise parameter_missing(f"flow_data[{kind}]")
    details = members(flow_data[kind])
    name = f"flow_data[{kind}][subscription]"
    subscription = call.unit.get(kinds.SUBSCRIPTION, text(details["subscription"]), name)
    if subscription["customer"] != customer["id"]:
        raise invalid("The subscription belongs to another customer.", name)
    feature = kind.removesuffix("_confirm")
    if not members(members(configuration["features"])[feature])["enabled"]:
        done, words = _FLOWS[kind]
        raise StripeError(
            f"This subscription cannot be {done} because the {words} feature in the portal configuration is disabled.",
            param="flow_data[type]",
        )
    flow_details: dict[str, object] = dict(details)
    if kind == "subscription_cancel":
        flow_details = {"retention": None, **details}
    elif kind == "subscription_update_confirm":
        defaults = {"id": None, "price": None, "quantity": None}
        items = [{**defaults, **members(item)} for item in elements(details["items"])]
        flow_details = {"discounts": None, **details, "items": items}
    flow[kind] = flow_details
    return flow


CONFIGURATION = Resource(
    schema=Schema(
        object="billing_portal.configuration",
        prefix="bpc_1",
        id_length=23,
        path="/v1/billing_portal/configurations",
        fields=(
            update_only("active", True),
            read_only("application"),
            settable("business_profile", PROFILE),
            read_only("created"),
            settable("default_return_url"),
            read_only("features"),
            read_only("is_default", False),
            read_only("livemode", False),
            read_only("login_page"),
            settable("metadata", {}),
            settable("name"),
            read_only("updated"),
        ),
        on_create=("billing_portal.configuration.created",),
        on_update=("billing_portal.configuration.updated",),
        filters=("active", "is_default"),
    ),
    endpoints=Endpoints(creating=_creating, updating=_updating),
)


SESSION = Resource(
    schema=Schema(
        object="billing_portal.session",
        prefix="bps_1",
        id_length=23,
        path="/v1/billing_portal/sessions",
        fields=(
            create_only("after_expiration"),
            read_only("configuration"),
            read_only("created"),
            create_only("customer", ref="customer"),
            read_only("customer_account"),
            read_only("flow"),
            read_only("livemode", False),
            create_only("locale"),
            create_only("on_behalf_of"),
            read_only("return_url"),
            read_only("url"),
        ),
        on_create=("billing_portal.session.created",),
    ),
    endpoints=Endpoints(can=("create",), creating=_creating_session),
)


RESOURCES = (CONFIGURATION, SESSION)
