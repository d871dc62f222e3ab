"""Payment links: an address that opens a new Checkout Session each time. https://docs.stripe.com/api/payment_links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.checkout import create_session, lines
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.declarations.schema import Schema, create_only, read_only, settable
from payloom_emulator.core.paging import list_of
from payloom_emulator.objects import kinds
from payloom_emulator.objects.checkout import (
    CheckoutSession,
    PaymentLink,
    PaymentLinkAfterCompletion,
    PaymentLinkAutomaticTax,
    PaymentLinkCustomField,
    PaymentLinkPaymentIntentData,
    PaymentLinkSubscriptionData,
)
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.params.checkout import CheckoutSessionCreateParams
    from payloom_emulator.objects.params.payment_links import PaymentLinkCreateParams, PaymentLinkLineItemListParams

_TEXT = {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None}


def _creating(call: RequestContext[PaymentLinkCreateParams], draft: PaymentLink) -> None:
    unit, params = call.unit, call.params
    items = params["line_items"]
    any_recurring = any(_recurring(unit, item) for item in items)
    draft["_mode"] = "subscription" if any_recurring else "payment"
    draft["_lines"] = lines.read(unit, items, draft["_mode"])
    lines.check_terms(unit, draft["_lines"], draft["_mode"])
    draft["currency"] = lines.currency_of(unit, draft["_lines"], params.get("currency"))
    draft["after_completion"] = _after_completion(params.get("after_completion") or {})
    taxed = params["automatic_tax"]["enabled"] if "automatic_tax" in params else False
    liability = {"type": "self"} if taxed else None
    draft["automatic_tax"] = cast("PaymentLinkAutomaticTax", {"enabled": taxed, "liability": liability})
    fields = [create_session.custom_field(field) for field in params.get("custom_fields") or ()]
    draft["custom_fields"] = cast("list[PaymentLinkCustomField]", fields)
    draft["_params"] = dict(params)
    draft["url"] = f"{unit.environment.base_url}/b/test_{unit.environment.ids.new('', 18)}"
    draft["_slug"] = draft["url"].rsplit("/", 1)[1]
    if draft["_mode"] == "payment":
        draft["invoice_creation"] = {"enabled": False, "invoice_data": None}
    data = params.get("payment_intent_data")
    draft["payment_intent_data"] = cast(
        "PaymentLinkPaymentIntentData | None",
        {
            "capture_method": None,
            "description": None,
            "metadata": {},
            "setup_future_usage": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "transfer_group": None,
            **data,
        }
        if data
        else None,
    )
    subscription_data = params.get("subscription_data")
    draft["subscription_data"] = cast(
        "PaymentLinkSubscriptionData | None",
        {
            "description": None,
            "invoice_settings": {"issuer": {"type": "self"}},
            "metadata": {},
            "trial_period_days": None,
            "trial_settings": None,
            **subscription_data,
        }
        if subscription_data
        else None,
    )


def _after_completion(after: JsonMapping) -> PaymentLinkAfterCompletion:
    if after.get("type") == "redirect":
        return cast("PaymentLinkAfterCompletion", {"redirect": after.get("redirect"), "type": "redirect"})
    confirmation = members(after.get("hosted_confirmation"))
    message = {"custom_message": confirmation.get("custom_message")}
    return cast("PaymentLinkAfterCompletion", {"hosted_confirmation": message, "type": "hosted_confirmation"})


def _recurring(unit: UnitOfWork, item: JsonMapping) -> bool:
    if price_data := members(item.get("price_data")):
        return bool(price_data.get("recurring"))
    price = unit.find(kinds.PRICE, text(item.get("price")))
    return bool(price and price["recurring"])


def _list(call: RequestContext[PaymentLinkLineItemListParams]) -> Mapping[str, object]:
    link = call.unit.get(kinds.PAYMENT_LINK, call.ids["payment_link"])
    return list_of(
        lines.line_items(call.unit, cast("CheckoutSession", _as_session(link))), call.path, {"limit": 10, **call.params}
    )


def _include(unit: UnitOfWork, link: PaymentLink) -> Mapping[str, object]:
    return list_of(
        lines.line_items(unit, cast("CheckoutSession", _as_session(link))),
        f"/v1/payment_links/{link['id']}/line_items",
        {"limit": 10},
    )


def _as_session(link: PaymentLink) -> dict[str, object]:
    return {
        "mode": link["_mode"],
        "currency": link["currency"],
        "_lines": link["_lines"],
        "_subscription_data": link["subscription_data"],
        "customer": None,
    }


def visit(call: RequestContext[Params], link: PaymentLink) -> CheckoutSession:
    """Open a new session for a customer who followed the link."""
    if not link["active"]:
        raise StripeError(link["inactive_message"] or "This payment link is no longer active.")
    after = link["after_completion"]
    success = (after.get("redirect") or {}).get("url") or f"{call.unit.environment.base_url}/_emulator/paid"
    items: list[dict[str, object]] = []
    for line in link["_lines"]:
        item: dict[str, object] = {"price": line["price"], "adjustable_quantity": line["adjustable_quantity"]}
        if line["quantity"] is not None:
            item["quantity"] = line["quantity"]
        items.append({k: v for k, v in item.items() if v is not None})
    params: dict[str, object] = {
        "mode": link["_mode"],
        "line_items": items,
        "success_url": success,
        "metadata": dict(link["metadata"]),
    }
    for name in (
        "allow_promotion_codes",
        "billing_address_collection",
        "consent_collection",
        "custom_fields",
        "custom_text",
        "phone_number_collection",
        "shipping_address_collection",
        "payment_intent_data",
        "subscription_data",
        "submit_type",
        "shipping_options",
        "tax_id_collection",
    ):
        if link["_params"].get(name):
            params[name] = link["_params"][name]
    if link["_mode"] == "payment":
        params["customer_creation"] = link["customer_creation"]
    schema = call.unit.environment.schema("checkout.session")
    draft = schema.skeleton()
    for field in schema.fields:
        if field.accepts("create") and field.name in params:
            draft[field.name] = field.value(params[field.name], draft.get(field.name))
    create_session.fill(call.with_params(cast("CheckoutSessionCreateParams", params)), cast("CheckoutSession", draft))
    draft["payment_link"] = link["id"]
    session = call.unit.create(kinds.CHECKOUT_SESSION, draft)
    call.unit.schedule("expire", session, session["expires_at"])
    return session


def _visit(call: RequestContext[Params]) -> CheckoutSession:
    links = call.unit.list(kinds.PAYMENT_LINK, _slug=call.ids["slug"], limit=1)
    if not links:
        raise StripeError("This payment link does not exist.", status=404)
    return visit(call, links[0])


PAYMENT_LINK = Resource(
    schema=Schema(
        object="payment_link",
        prefix="plink_1",
        id_length=23,
        path="/v1/payment_links",
        fields=(
            settable("active", True),
            read_only("after_completion"),
            settable("allow_promotion_codes", False),
            read_only("application"),
            create_only("application_fee_amount"),
            create_only("application_fee_percent"),
            read_only("automatic_tax"),
            settable("billing_address_collection", "auto"),
            create_only("consent_collection"),
            read_only("currency"),
            read_only("custom_fields", []),
            settable("custom_text", _TEXT),
            settable("customer_creation", "if_required"),
            settable("inactive_message"),
            read_only("invoice_creation"),
            read_only("livemode", False),
            settable("metadata", {}),
            create_only("on_behalf_of"),
            read_only("payment_intent_data"),
            settable("payment_method_collection", "always"),
            settable("payment_method_types"),
            settable("phone_number_collection", {"enabled": False}),
            settable("restrictions"),
            settable("shipping_address_collection"),
            read_only("shipping_options", []),
            settable("submit_type", "auto"),
            read_only("subscription_data"),
            settable("tax_id_collection", {"enabled": False, "required": "never"}),
            create_only("transfer_data"),
            read_only("url"),
        ),
        on_create=("payment_link.created",),
        on_update=("payment_link.updated",),
        filters=("active", "_slug"),
        has_created=False,
    ),
    endpoints=Endpoints(
        creating=_creating,
        operations=(
            Operation("GET", "/v1/payment_links/{payment_link}/line_items", _list),
            Operation("POST", "/v1/payment_links/visits/{slug}", _visit, private=True),
        ),
    ),
    includes={"line_items": _include},
)


RESOURCES = (PAYMENT_LINK,)
