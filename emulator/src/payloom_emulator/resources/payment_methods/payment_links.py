"""Payment links: an address that opens a new Checkout Session each time. https://docs.stripe.com/api/payment_links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.checkout import create_session, lines, payment_links
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.checkout import CheckoutSession, PaymentLink
    from payloom_emulator.objects.params.checkout import CheckoutSessionCreateParams
    from payloom_emulator.objects.params.payment_links import (
        PaymentLinkCreateParams,
        PaymentLinkLineItemListParams,
        PaymentLinkUpdateParams,
    )

_TEXT = {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None}


def _creating(call: RequestContext[PaymentLinkCreateParams], draft: PaymentLink) -> None:
    unit, params = call.unit, call.params
    items = params["line_items"]
    any_recurring = any(_recurring(unit, item) for item in items)
    draft["_mode"] = "subscription" if any_recurring else "payment"
    draft["_lines"] = lines.read(unit, items, draft["_mode"])
    lines.check_terms(unit, draft["_lines"], draft["_mode"])
    draft["currency"] = lines.currency_of(unit, draft["_lines"], params.get("currency"))
    remaining = {"after_completion": {}, "automatic_tax": {"enabled": False}, **params}
    cast("dict[str, object]", draft).update(payment_links.shape(unit, remaining, draft))
    if draft["_mode"] == "payment" and "invoice_creation" not in params:
        draft["invoice_creation"] = {"enabled": False, "invoice_data": None}
    draft["_params"] = dict(params)
    draft["url"] = f"{unit.environment.base_url}/b/test_{unit.environment.ids.new('', 18)}"
    draft["_slug"] = draft["url"].rsplit("/", 1)[1]


def _updating(call: RequestContext[PaymentLinkUpdateParams], link: PaymentLink, changes: dict[str, object]) -> None:
    params = cast("JsonMapping", call.params)
    changes.update(payment_links.shape(call.unit, params, link))
    if "line_items" in params:
        changes["_lines"] = payment_links.changed_lines(call.unit, params["line_items"], link)
    changes["_params"] = {**link["_params"], **params}


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
    params.update(payment_links.session_params(link))
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
            read_only("application_fee_amount"),
            read_only("application_fee_percent"),
            read_only("automatic_tax"),
            settable("billing_address_collection", "auto"),
            read_only("consent_collection"),
            read_only("currency"),
            read_only("custom_fields", []),
            settable("custom_text", _TEXT),
            settable("customer_creation", "if_required"),
            settable("inactive_message"),
            read_only("invoice_creation"),
            read_only("livemode", False),
            read_only("managed_payments"),
            settable("metadata", {}),
            read_only("on_behalf_of"),
            read_only("name_collection"),
            read_only("optional_items"),
            read_only("payment_intent_data"),
            settable("payment_method_collection", "always"),
            read_only("payment_method_options"),
            settable("payment_method_types"),
            settable("phone_number_collection", {"enabled": False}),
            settable("restrictions"),
            settable("shipping_address_collection"),
            read_only("shipping_options", []),
            settable("submit_type", "auto"),
            read_only("subscription_data"),
            read_only("tax_id_collection", {"enabled": False, "required": "never"}),
            read_only("transfer_data"),
            read_only("url"),
        ),
        on_create=("payment_link.created",),
        on_update=("payment_link.updated",),
        filters=("active", "_slug"),
        has_created=False,
    ),
    endpoints=Endpoints(
        creating=_creating,
        updating=_updating,
        operations=(
            Operation("GET", "/v1/payment_links/{payment_link}/line_items", _list),
            Operation("POST", "/v1/payment_links/visits/{slug}", _visit, private=True),
        ),
    ),
    includes={"line_items": _include},
)


RESOURCES = (PAYMENT_LINK,)
