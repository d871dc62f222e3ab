"""Checkout Sessions: Stripe's own payment page. https://docs.stripe.com/api/checkout/sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from payloom_emulator.checkout import complete_session, create_session, lines
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.facts import INTENT_RESUMED
from payloom_emulator.core.schemas.schema import (
    Schema,
    StateMachine,
    Transition,
    create_only,
    read_only,
    settable,
)
from payloom_emulator.objects import kinds
from payloom_emulator.protocol import api_versions
from payloom_emulator.protocol.errors import StripeError, invalid, missing
from payloom_emulator.protocol.json_shapes import integer, is_object, members

if TYPE_CHECKING:
    from payloom_emulator.checkout.confirm_params import ConfirmParams
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.checkout import CheckoutSession
    from payloom_emulator.objects.params.checkout import (
        CheckoutSessionListParams,
        CheckoutSessionUpdateParams,
        CheckoutSessionUpdateParamsLineItem,
    )
    from payloom_emulator.objects.params.shared import CheckoutSessionLineItemListParams
    from payloom_emulator.objects.state import SoldLine
    from payloom_emulator.protocol.param_types import Ref

intent_changed = complete_session.intent_changed


def _created(call: RequestContext[Params], session: CheckoutSession) -> None:
    call.unit.schedule("expire", session, session["expires_at"])
    if call.before("2022-08-01"):
        complete_session.prepare(call.unit, session)


def _expire(call: ActionContext[Params, CheckoutSession]) -> Mapping[str, object]:
    if call.target["status"] != "open":
        raise StripeError(
            f"""Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of {call.target["status"]}.""",
        )
    call.unit.unschedule("expire", call.target)
    return call.unit.transition(call.target, "expire", {"url": None})


def _lapse(unit: UnitOfWork, session: CheckoutSession) -> None:
    if session["status"] == "open":
        unit.transition(session, "expire", {"url": None})


def _list_lines(call: RequestContext[CheckoutSessionLineItemListParams]) -> Mapping[str, object]:
    session = call.unit.get(kinds.CHECKOUT_SESSION, call.ids["session"])
    return list_of(lines.line_items(call.unit, session), call.path, {"limit": 10, **call.params})


def _include_lines(unit: UnitOfWork, session: CheckoutSession) -> Mapping[str, object]:
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return list_of(lines.line_items(unit, session), url, {"limit": 10})


def _updating(
    call: RequestContext[CheckoutSessionUpdateParams], session: CheckoutSession, changes: dict[str, object]
) -> None:
    params = call.params
    if session["status"] != "open" and set(params) - {"metadata"}:
        raise invalid("Only the metadata of a Checkout Session that is not open can be updated.")
    if collected := params.get("collected_information"):
        before = session["collected_information"] or {
            "business_name": None,
            "individual_name": None,
            "shipping_details": None,
        }
        changes["collected_information"] = {**before, **collected}
    if (data := params.get("payment_intent_data")) and session["mode"] != "payment":
        raise invalid("You can only update `payment_intent_data` in `payment` mode.", "payment_intent_data")
    if data:
        changes["_payment_intent_data"] = {**session["_payment_intent_data"], **data}
    if "shipping_options" in params:
        options = create_session.shipping_options(call.unit, params["shipping_options"] or [], str(session["currency"]))
        changes["shipping_options"] = options
        before = session["shipping_cost"]
        remaining = before and any(o["shipping_rate"] == before["shipping_rate"] for o in options)
        if not remaining:
            changes["shipping_cost"] = create_session.first_cost(options)
            _price_again(call.unit, session, changes)
    if line_items := params.get("line_items"):
        changes["_lines"] = _merged(call, session, line_items)
        _price_again(call.unit, session, changes)


def _merged(
    call: RequestContext[Params], session: CheckoutSession, changed_lines: Sequence[CheckoutSessionUpdateParamsLineItem]
) -> list[SoldLine]:
    known = {line["id"]: line for line in session["_lines"]}
    merged: list[SoldLine] = []
    for item in changed_lines:
        if line_id := item.get("id"):
            if line_id not in known:
                raise missing("line_item", line_id, param="line_items", status=400)
            line = known[line_id]
            merged.append({**line, "quantity": item.get("quantity", line["quantity"])})
        else:
            merged += lines.read(call.unit, [item], session["mode"])
    return merged


def _price_again(unit: UnitOfWork, session: CheckoutSession, changes: dict[str, object]) -> None:
    changes.update(create_session.public_totals(lines.totals(unit, cast("CheckoutSession", {**session, **changes}))))


# --- what Stripe's own page calls -----------------------------------------------------------------


def _open(call: RequestContext[Params]) -> Mapping[str, object]:
    """The session for Stripe's page: the object, and what only the page needs."""
    session = call.unit.get(kinds.CHECKOUT_SESSION, call.ids["session"])
    return _page(call.unit, session)


def _page(unit: UnitOfWork, session: CheckoutSession) -> dict[str, object]:
    data = session["_subscription_data"]
    view: dict[str, object] = {
        **session,
        "subscription_data": {
            k: data.get(k) for k in ("trial_period_days", "trial_end", "description", "trial_settings")
        },
        "line_items": _include_lines(unit, session),
        "total_details": {**(session["total_details"] or {}), "breakdown": _breakdown(unit, session)},
    }
    intent = unit.find(kinds.PAYMENT_INTENT, session["payment_intent"])
    if intent is None and session["mode"] == "subscription":
        intents = unit.list(kinds.PAYMENT_INTENT, _session=session["id"], limit=1)
        intent = intents[0] if intents else None
    view["payment_intent"] = unit.snapshot(intent) if intent else None
    setup = unit.find(kinds.SETUP_INTENT, session["setup_intent"])
    view["setup_intent"] = unit.snapshot(setup) if setup else None
    return view


def _breakdown(unit: UnitOfWork, session: CheckoutSession) -> dict[str, object]:
    discounts: list[object] = []
    for reduction in session.get("_taken") or []:
        coupon = unit.find(kinds.COUPON, reduction["coupon"], deleted=True)
        source = {"coupon": unit.snapshot(coupon) if coupon else reduction["coupon"], "type": "coupon"}
        discount = {
            "object": "discount",
            "id": "di_" + session["id"][-14:],
            "source": source,
            "coupon": source["coupon"],
            "promotion_code": reduction["promotion_code"],
        }
        discounts.append(
            {"amount": reduction["amount"], "discount": {k: v for k, v in discount.items() if k != "object"}}
        )
    rows = lines.totals(unit, session)["_items"] if session.get("_lines") else []
    taxes = [tax for row in rows for tax in row["_taxes"]]
    return {"discounts": discounts, "taxes": taxes}


def _confirm_page(call: RequestContext[Params]) -> Mapping[str, object]:
    session = call.unit.get(kinds.CHECKOUT_SESSION, call.ids["session"])
    call.unit.use_clock_of(session)
    return _page(call.unit, complete_session.confirm(call.unit, session, cast("ConfirmParams", _typed(call.params))))


def _update_page(call: RequestContext[Params]) -> Mapping[str, object]:
    """A promotion code was entered (or removed with ""), a quantity or the shipping changed."""
    session = call.unit.get(kinds.CHECKOUT_SESSION, call.ids["session"])
    if session["status"] != "open":
        raise invalid("This Checkout Session is no longer active.", code="checkout_session_not_open")
    changes: dict[str, object] = {}
    if "promotion_code" in call.params:
        changes["_discounts"] = _promotion(call, session, str(call.params["promotion_code"]))
    update = call.params.get("updated_line_item_quantity")
    if is_object(update):
        changes["_lines"] = _quantity(session, update.get("line_item_id"), integer(update.get("quantity")) or 1)
    if rate_id := call.params.get("shipping_rate"):
        changes["shipping_cost"] = create_session.shipping_cost(session, str(rate_id))
    _price_again(call.unit, session, changes)
    call.unit.change(session, changes, emits=())
    return _page(call.unit, session)


def _promotion(call: RequestContext[Params], session: CheckoutSession, code: str) -> list[dict[str, str]]:
    if not code:
        return []
    if not session["allow_promotion_codes"]:
        raise invalid("This Checkout Session takes no promotion codes.", "promotion_code")
    active = call.unit.list(kinds.PROMOTION_CODE, active=True)
    matching = [promotion for promotion in active if promotion["code"].lower() == code.strip().lower()]
    if not matching:
        raise invalid("This code is invalid.", "promotion_code", "promotion_code_invalid")
    return [{"promotion_code": matching[0]["id"]}]


def _quantity(session: CheckoutSession, line_id: object, quantity: int) -> list[JsonMapping]:
    changed: list[JsonMapping] = []
    for line in session["_lines"]:
        if line["id"] == line_id:
            rule = line["adjustable_quantity"]
            low, high = (rule["minimum"] or 0, rule["maximum"] or 99) if rule else (0, 99)
            if not rule or not rule["enabled"] or not low <= quantity <= high:
                raise invalid(f"The quantity must be between {low} and {high}.", "updated_line_item_quantity")
            changed.append({**line, "quantity": quantity})
        else:
            changed.append(line)
    return changed


def _typed(params: JsonMapping) -> dict[str, object]:
    """The page's parameters are in no specification; card dates come as text."""
    data = params.get("payment_method_data")
    card = data.get("card") if is_object(data) else None
    if not is_object(data) or not is_object(card):
        return dict(params)
    numbers = {name: integer(str(card.get(name, ""))) for name in ("exp_month", "exp_year")}
    dates = {name: number for name, number in numbers.items() if number is not None}
    return {**params, "payment_method_data": {**data, "card": {**card, **dates}}}


_UI = {"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom", "form": "custom"}


def _older_ui(unit: UnitOfWork, view: dict[str, object], stored: CheckoutSession) -> None:
    del unit
    view["ui_mode"] = _UI.get(stored["ui_mode"] or "", stored["ui_mode"])


def _shipping_on_top(unit: UnitOfWork, view: dict[str, object], stored: CheckoutSession) -> None:
    del unit
    collected = members(stored["collected_information"])
    view["shipping_details"] = collected.get("shipping_details")


def _shipping_at_first(unit: UnitOfWork, view: dict[str, object], stored: CheckoutSession) -> None:
    """Until 2022-11-15 the address was called shipping."""
    del unit
    collected = members(stored["collected_information"])
    view["shipping"] = view.pop("shipping_details", collected.get("shipping_details"))


_OLD_LINE: dict[str, Ref] = {
    "name": ["s"],
    "amount": ["i"],
    "currency": ["s"],
    "description": ["s"],
    "images": ["a", ["s"]],
}


def _listing(call: RequestContext[CheckoutSessionListParams]) -> Mapping[str, object]:
    details = call.params.get("customer_details")
    return {"customer_details.email": details["email"] if details else None}


SESSION = Resource(
    schema=Schema(
        object="checkout.session",
        prefix="cs_test_a1",
        id_length=56,
        path="/v1/checkout/sessions",
        fields=(
            create_only("adaptive_pricing", {"enabled": True}),
            create_only("after_expiration"),
            create_only("allow_promotion_codes"),
            create_only("allowed_payment_method_types"),
            read_only("amount_subtotal"),
            read_only("amount_total"),
            read_only("automatic_tax"),
            create_only("billing_address_collection"),
            create_only("branding_settings"),
            create_only("cancel_url"),
            create_only("client_reference_id"),
            read_only("client_secret"),
            read_only(
                "collected_information", {"business_name": None, "individual_name": None, "shipping_details": None}
            ),
            read_only("consent"),
            create_only("consent_collection"),
            read_only("created"),
            read_only("currency"),
            read_only("currency_conversion"),
            read_only("custom_fields", []),
            read_only(
                "custom_text",
                {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None},
            ),
            create_only("customer", ref="customer"),
            read_only("customer_account"),
            read_only("customer_creation"),
            read_only("customer_details"),
            create_only("customer_email"),
            read_only("discounts", []),
            create_only("excluded_payment_method_types"),
            read_only("expires_at"),
            read_only("integration_identifier"),
            read_only("invoice"),
            read_only("invoice_creation"),
            read_only("livemode", False),
            read_only("managed_payments", {"enabled": False}),
            read_only("optional_items"),
            create_only("locale"),
            settable("metadata", {}),
            create_only("mode", emptyable=False),
            create_only("origin_context"),
            read_only("payment_intent"),
            read_only("payment_link"),
            read_only("payment_method_collection"),
            read_only("payment_method_configuration_details"),
            read_only("payment_method_options", {}),
            read_only("payment_method_types", ["card"]),
            read_only("payment_status"),
            create_only("permissions"),
            create_only("phone_number_collection", {"enabled": False}),
            read_only("recovered_from"),
            create_only("return_url"),
            read_only("saved_payment_method_options"),
            read_only("setup_intent"),
            create_only("shipping_address_collection"),
            read_only("shipping_cost"),
            read_only("shipping_options", []),
            read_only("status"),
            create_only("submit_type"),
            read_only("subscription"),
            create_only("success_url"),
            create_only("tax_id_collection"),
            read_only("total_details"),
            read_only("ui_mode"),
            read_only("url"),
            create_only("wallet_options"),
        ),
        machine=StateMachine(
            initial=("open",),
            transitions=(
                Transition("complete", {"open"}, "complete", (complete_session.COMPLETED,)),
                Transition("expire", {"open"}, "expired", ("checkout.session.expired",)),
            ),
            terminal={"complete", "expired"},
        ),
        filters=(
            "customer",
            "payment_intent",
            "payment_link",
            "subscription",
            "status",
            ("customer_details.email", "customer_details.email"),
        ),
    ),
    endpoints=Endpoints(
        creating=create_session.fill,
        created=_created,
        updating=_updating,
        listing=_listing,
        actions={"expire": _expire},
        operations=(
            Operation("GET", "/v1/checkout/sessions/{session}/line_items", _list_lines),
            Operation("GET", "/v1/payment_pages/{session}", _open, private=True),
            Operation("POST", "/v1/payment_pages/{session}", _update_page, private=True),
            Operation("POST", "/v1/payment_pages/{session}/init", _open, private=True),
            Operation("POST", "/v1/payment_pages/{session}/confirm", _confirm_page, private=True),
        ),
    ),
    includes={"line_items": _include_lines, "total_details.breakdown": _breakdown},
    timers={"expire": _lapse},
    versions=(
        Change("2022-11-15", _shipping_at_first),
        Accepted(
            "2022-08-01",
            "POST",
            "/v1/checkout/sessions",
            {f"line_items[].{name}": node for name, node in _OLD_LINE.items()},
        ),
        Change(api_versions.DAHLIA, _older_ui),
        Change("2025-03-31", _shipping_on_top),
        Accepted(
            api_versions.DAHLIA, "POST", "/v1/checkout/sessions", {"ui_mode": ["e", "hosted", "embedded", "custom"]}
        ),
    ),
    reacts={INTENT_RESUMED: (complete_session.intent_changed,)},
)


RESOURCES = (SESSION,)
