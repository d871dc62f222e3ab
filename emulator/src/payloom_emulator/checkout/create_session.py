"""Opening a session: what may be asked for, and what the new session looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, cast

from payloom_emulator.billing import customer_currency
from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.catalog import shipping_rates
from payloom_emulator.checkout import lines
from payloom_emulator.connect import liability
from payloom_emulator.core.differences import with_changes
from payloom_emulator.core.request_context import required
from payloom_emulator.kit.named_members import with_filled
from payloom_emulator.kit.present import present
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.objects.state import DiscountChoice
from payloom_emulator.payments import authentication
from payloom_emulator.payments.methods import configurations
from payloom_emulator.protocol.errors import StripeError, invalid, not_emulated, parameter_missing
from payloom_emulator.protocol.json_shapes import elements, is_object, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.checkout import (
        CheckoutSession,
        CheckoutSessionCustomerDetails,
        CheckoutSessionDiscount,
        CheckoutSessionShippingCost,
        CheckoutSessionShippingOption,
        CheckoutSessionTotalDetails,
    )
    from payloom_emulator.objects.params.checkout import (
        CheckoutSessionCreateParams,
        CheckoutSessionCreateParamsInvoiceCreation,
    )
    from payloom_emulator.objects.params.shared import CustomFieldParams, ShippingRateDataParams
    from payloom_emulator.objects.state import TakenDiscount

HOUR = 3600


_ONLY_IN = {
    "payment_intent_data": ("payment",),
    "submit_type": ("payment", "subscription"),
    "invoice_creation": ("payment",),
    "shipping_options": ("payment", "subscription"),
    "subscription_data": ("subscription",),
    "setup_intent_data": ("setup",),
    "payment_method_collection": ("subscription",),
    "customer_creation": ("payment", "setup"),
    "discounts": ("payment", "subscription"),
    "allow_promotion_codes": ("payment", "subscription"),
}


_HOSTED, _EMBEDDED = {"hosted_page"}, {"embedded_page", "elements", "form"}


_OLD_UI = {"hosted": "hosted_page", "embedded": "embedded_page", "custom": "elements"}


def fill(call: RequestContext[CheckoutSessionCreateParams], draft: CheckoutSession) -> None:
    """Complete the draft of a new session, or refuse."""
    params, unit = call.params, call.unit
    mode = required(params.get("mode"), "mode")
    ui_mode = params.get("ui_mode", "hosted_page")
    draft["ui_mode"] = ui_mode = _OLD_UI.get(ui_mode, ui_mode)
    _check_combinations(params, mode)
    _urls(params, draft)
    draft["id"] = unit.environment.ids.new("cs_test_a1" if ui_mode == "hosted_page" else "cs_test_b1", 56)
    draft["status"], draft["payment_status"] = "open", "unpaid" if mode != "setup" else "no_payment_required"
    draft["expires_at"] = _expiry(params, unit.now)
    _sell(unit, params, draft, mode)
    _who(unit, params, draft, mode, older=call.before("2022-08-01"))
    _how(call, draft, mode)
    draft["_subscription_data"] = params.get("subscription_data") or {}
    tax_rates(unit, draft["_subscription_data"].get("default_tax_rates"), "subscription_data[default_tax_rates]")
    draft["_payment_intent_data"] = params.get("payment_intent_data") or {}
    draft["_setup_intent_data"] = params.get("setup_intent_data") or {}
    draft["_customer_update"] = params.get("customer_update") or {}
    if draft["_customer_update"] and not params.get("customer"):
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    _ship(unit, params, draft)
    lines.place(unit, draft)
    if mode != "setup":
        draft.update(with_changes(draft, public_totals(lines.totals(unit, draft))))
        if mode == "payment" and not draft["amount_total"]:
            draft["payment_status"] = "no_payment_required"
        elif mode == "payment":
            require_chargeable(present(draft["amount_total"]), present(draft["currency"]))
    if ui_mode == "hosted_page":
        draft["url"] = f"{unit.environment.base_url}/c/pay/{draft['id']}#{_FRAGMENT}{unit.environment.ids.new('', 40)}"
    else:
        draft["client_secret"] = f"{draft['id']}_secret_{unit.environment.ids.new('', 40)}"


def tax_anew(unit: UnitOfWork, session: CheckoutSession) -> None:
    """Bring the totals up to date with the address that the customer entered. Raises when it does not say enough."""
    if not session["automatic_tax"]["enabled"] or session["mode"] == "setup":
        return
    if lines.location(unit, session) is None:
        raise parameter_missing("address[country]")
    unit.change(session, public_totals(lines.totals(unit, session)), emits=())


def require_chargeable(total: int, code: str) -> None:
    """Refuse a total that no payment can have: it would fail at the customer, not at the shop."""
    smallest = money.MINIMUM.get(code, 1)
    if total < smallest:
        due = f"must add up to at least {money.shown(smallest, code)}"
        raise invalid(f"The Checkout Session's total amount due {due}.", "line_items", "amount_too_small")
    money.chargeable(total, code, "line_items")


_FRAGMENT = "fidkdWxOYHwnPyd1blpxYHZxWjA0"


class PublicTotals(TypedDict):
    """The fields of a session that follow from its lines, in minor units."""

    amount_subtotal: int
    amount_total: int
    total_details: CheckoutSessionTotalDetails
    _taken: list[TakenDiscount]
    discounts: list[CheckoutSessionDiscount]


def public_totals(totals: lines.Totals) -> PublicTotals:
    """Return the totals a session shows, of what `lines.totals` worked out."""
    return {
        "amount_subtotal": totals["amount_subtotal"],
        "amount_total": totals["amount_total"],
        "total_details": totals["total_details"],
        "_taken": totals["_taken"],
        "discounts": [
            {"coupon": t["coupon"] if not t["promotion_code"] else None, "promotion_code": t["promotion_code"]}
            for t in totals["_taken"]
        ],
    }


def _check_combinations(params: CheckoutSessionCreateParams, mode: str) -> None:
    for name, modes in _ONLY_IN.items():
        if mode not in modes and params.get(name) not in ("", None):
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
    if params.get("customer") and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
    if params.get("customer") and params.get("customer_creation"):
        raise invalid("You may only specify one of these parameters: customer, customer_creation.", "customer_creation")
    if params.get("discounts") and "allow_promotion_codes" in params:
        raise invalid("You may only specify one of these parameters: allow_promotion_codes, discounts.", "discounts")


def _urls(params: CheckoutSessionCreateParams, draft: CheckoutSession) -> None:
    if draft["ui_mode"] in _HOSTED:
        if not params.get("success_url"):
            raise parameter_missing("success_url")
        if params.get("return_url"):
            raise invalid(
                "`return_url` is only supported for embedded and custom UI modes; use `success_url`.", "return_url"
            )
        for name in ("success_url", "cancel_url"):
            if params.get(name) and "://" not in str(params.get(name)):
                raise invalid("Not a valid URL", name, "url_invalid")
        draft["return_url"] = None
        return
    for name in ("success_url", "cancel_url"):
        if params.get(name):
            raise invalid(f"`{name}` is only supported when `ui_mode` is `hosted_page`; use `return_url`.", name)
    draft["redirect_on_completion"] = redirect = params.get("redirect_on_completion", "always")
    if not params.get("return_url") and redirect != "never" and draft["ui_mode"] != "elements":
        raise parameter_missing("return_url")


def _expiry(params: CheckoutSessionCreateParams, now: int) -> int:
    expires_at = params.get("expires_at")
    if expires_at is None:
        return now + 24 * HOUR
    if expires_at < now + HOUR // 2 - 10:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", "expires_at"
        )
    if expires_at > now + 24 * HOUR + 60:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", "expires_at"
        )
    return expires_at


def _sell(unit: UnitOfWork, params: CheckoutSessionCreateParams, draft: CheckoutSession, mode: str) -> None:
    draft["_lines"] = lines.read(unit, [lines.modern(i) for i in params.get("line_items") or []], mode)
    if mode == "setup":
        if not params.get("currency") and not params.get("payment_method_types"):
            raise parameter_missing("currency")
        draft["currency"] = params.get("currency")
        draft["amount_subtotal"] = draft["amount_total"] = draft["total_details"] = None
        return
    lines.check_terms(unit, draft["_lines"], mode)
    draft["currency"] = lines.currency_of(unit, draft["_lines"], params.get("currency"))
    customer = unit.find(kinds.CUSTOMER, params.get("customer"))
    if customer is not None and (mode == "subscription" or (params.get("invoice_creation") or {}).get("enabled")):
        customer_currency.check(unit, customer, draft["currency"])
    draft["_discounts"] = [
        with_filled(DiscountChoice(), choice, "coupon", "promotion_code") for choice in params.get("discounts") or []
    ]
    if params.get("optional_items"):
        raise not_emulated("POST /v1/checkout/sessions with optional_items")


def _who(
    unit: UnitOfWork, params: CheckoutSessionCreateParams, draft: CheckoutSession, mode: str, *, older: bool
) -> None:
    if mode == "subscription":
        draft["customer_creation"] = None if draft["customer"] else "always"
    elif not draft["customer"]:
        draft["customer_creation"] = params.get("customer_creation", "if_required")
        if older and mode == "payment" and "customer_creation" not in params:
            draft["customer_creation"] = "always"
    email = params.get("customer_email")
    exempt = "none"
    if draft["customer"]:
        customer = unit.get(kinds.CUSTOMER, draft["customer"], "customer")
        email, exempt = customer["email"], customer["tax_exempt"]
        draft["customer_creation"] = None
    if email or draft["customer"]:
        draft["customer_details"] = details(email=email, exempt=str(exempt))


def details(
    *,
    email: str | None = None,
    exempt: str = "none",
) -> CheckoutSessionCustomerDetails:
    """Return a session's `customer_details` until the page collects more: who pays is not looked up."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": exempt,
        "tax_ids": None,
    }


def _how(call: RequestContext[CheckoutSessionCreateParams], draft: CheckoutSession, mode: str) -> None:
    params = call.params
    explicit = bool(params.get("payment_method_types"))
    changes: dict[str, object] = {"payment_method_types": authentication.types_for({**params}, automatic=False)}
    if not explicit and not call.before("2023-08-16"):
        configuration = configurations.chosen(call.unit, params)
        changes["payment_method_configuration_details"] = configurations.details(configuration)
        if params.get("payment_method_configuration"):
            named = {"payment_method_types": params.get("payment_method_types")}
            changes["payment_method_types"] = configurations.offered(configuration, named, draft["currency"], ["card"])
    changes["payment_method_options"] = _method_options(params.get("payment_method_options") or {})
    changes["payment_method_collection"] = (
        params.get("payment_method_collection", "always")
        if mode == "subscription"
        else ("if_required" if mode == "payment" else "always")
    )
    changes["saved_payment_method_options"] = params.get("saved_payment_method_options") or (
        {"allow_redisplay_filters": ["always"], "payment_method_remove": "disabled", "payment_method_save": None}
        if mode != "setup"
        else None
    )
    if mode == "payment":
        changes["invoice_creation"] = invoice_creation(call.unit, params.get("invoice_creation"))
    tax = params.get("automatic_tax")
    automatic = bool(tax and tax["enabled"])
    changes["automatic_tax"] = {
        "enabled": automatic,
        "liability": liability.of_taxes(call.unit, tax),
        "provider": "stripe" if automatic else None,
        "status": "requires_location_inputs" if automatic else None,
    }
    changes["custom_fields"] = [custom_field(f) for f in params.get("custom_fields") or []]
    texts = params.get("custom_text") or {}
    changes["custom_text"] = {**draft["custom_text"], **{name: text or None for name, text in texts.items()}}
    business = call.unit.environment.config.business["name"]
    if draft["ui_mode"] == "hosted_page" and not draft["branding_settings"]:
        changes["branding_settings"] = {
            "background_color": "#ffffff",
            "border_style": "rounded",
            "button_color": "#0074d4",
            "display_name": business,
            "font_family": "default",
            "icon": None,
            "logo": None,
        }
    draft.update(with_changes(draft, changes))


def _method_options(params: Mapping[str, object]) -> dict[str, object]:
    options: dict[str, object] = {"card": {"request_three_d_secure": "automatic"}}
    for kind, values in params.items():
        base = options.get(kind)
        options[kind] = {**base, **values} if is_object(base) and is_object(values) else values
    return options


def invoice_creation(unit: UnitOfWork, params: CheckoutSessionCreateParamsInvoiceCreation | None) -> dict[str, object]:
    """Return whether a session makes an invoice, and what that says."""
    data = (params.get("invoice_data") if params else None) or {}
    defaults: dict[str, object] = {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    }
    fields: dict[str, object] = {**defaults, **data}
    if issuer := fields["issuer"]:
        fields["issuer"] = liability.owner_of(unit, issuer, "invoice_creation[invoice_data][issuer]")
    return {"enabled": bool(params and params["enabled"]), "invoice_data": fields}


def name_collection(params: JsonMapping) -> dict[str, object]:
    """Return which names a page asks for."""
    asked_for = {name: members(value) for name, value in params.items()}
    return {
        name: {"enabled": bool(v.get("enabled")), "optional": bool(v.get("optional"))} for name, v in asked_for.items()
    }


def custom_field(params: CustomFieldParams) -> dict[str, object]:
    """Return a custom field as a session or link shows it."""
    kind = params["type"]
    lengths = {"maximum_length": None, "minimum_length": None} if kind in {"text", "numeric"} else {}
    return {
        "key": params["key"],
        "label": {"custom": None, **params["label"]},
        "optional": bool(params.get("optional")),
        "type": kind,
        kind: {"default_value": None, **lengths, **(params.get(kind) or {}), "value": None},
    }


def _ship(unit: UnitOfWork, params: CheckoutSessionCreateParams, draft: CheckoutSession) -> None:
    options = shipping_options(unit, params.get("shipping_options") or [], str(draft["currency"]))
    draft["shipping_options"] = options
    if options:
        draft["shipping_cost"] = first_cost(options)


def first_cost(options: Sequence[CheckoutSessionShippingOption]) -> CheckoutSessionShippingCost | None:
    """Return the `shipping_cost` of a session whose customer has not chosen yet."""
    return _cost(options[0]) if options else None


def shipping_options(unit: UnitOfWork, params: object, currency: str) -> list[CheckoutSessionShippingOption]:
    """Return the ways to ship that a session offers, in its currency."""
    options: list[CheckoutSessionShippingOption] = []
    for index, sent_value in enumerate(elements(params)):
        option = members(sent_value)
        where = f"shipping_options[{index}]"
        rate_data = option.get("shipping_rate_data")
        if rate_data:
            rate = shipping_rates.make(unit, cast("ShippingRateDataParams", rate_data), f"{where}[shipping_rate_data]")
        else:
            rate = unit.get(kinds.SHIPPING_RATE, text(option.get("shipping_rate")) or "", f"{where}[shipping_rate]")
        amount = shipping_rates.amount_of(rate, currency)
        options.append({"shipping_amount": amount, "shipping_rate": rate["id"]})
    return options


def shipping_cost(session: CheckoutSession, rate_id: str) -> CheckoutSessionShippingCost:
    """Return the `shipping_cost` of a session for which the customer chose this rate, or raise."""
    option = next((o for o in session["shipping_options"] if o["shipping_rate"] == rate_id), None)
    if option is None:
        raise StripeError("The shipping rate is not one of the session's options.", param="shipping_rate")
    return _cost(option)


def _cost(option: CheckoutSessionShippingOption) -> CheckoutSessionShippingCost:
    amount = option["shipping_amount"]
    return {
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "shipping_rate": str(option["shipping_rate"]),
    }
