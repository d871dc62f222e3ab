"""Opening a session: what may be asked for, and what the new session looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.catalog import shipping_rates
from payloom_emulator.checkout import lines
from payloom_emulator.objects import kinds
from payloom_emulator.objects.checkout import CheckoutSession
from payloom_emulator.payments import authentication
from payloom_emulator.protocol.errors import StripeError, invalid, not_emulated, parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

HOUR = 3600


_ONLY_IN = {
    "payment_intent_data": ("payment",),
    "submit_type": ("payment", "subscription"),
    "invoice_creation": ("payment",),
    "shipping_options": ("payment", "subscription"),
    "subscription_data": ("subscription",),
    "setup_intent_data": ("setup",),
    "payment_method_collection": ("subscription", "payment"),
    "customer_creation": ("payment", "setup"),
    "discounts": ("payment", "subscription"),
    "allow_promotion_codes": ("payment", "subscription"),
}


_HOSTED, _EMBEDDED = {"hosted_page"}, {"embedded_page", "elements", "form"}


_OLD_UI = {"hosted": "hosted_page", "embedded": "embedded_page", "custom": "elements"}


def fill(call: RequestContext, draft: Body) -> None:
    """Complete the draft of a new session, or refuse."""
    params, unit = call.params, call.unit
    call.need("mode")
    mode = params["mode"]
    draft["ui_mode"] = _OLD_UI.get(params.get("ui_mode", "hosted_page"), params.get("ui_mode", "hosted_page"))
    _check_combinations(params, mode)
    _urls(params, draft)
    draft["id"] = unit.environment.ids.new("cs_test_a1" if draft["ui_mode"] == "hosted_page" else "cs_test_b1", 56)
    draft["status"], draft["payment_status"] = "open", "unpaid" if mode != "setup" else "no_payment_required"
    draft["expires_at"] = _expiry(params, unit.now)
    _sell(call, draft, mode)
    _who(unit, params, draft, mode, older=call.before("2022-08-01"))
    _how(call, params, draft, mode)
    draft["_subscription_data"] = params.get("subscription_data") or {}
    draft["_payment_intent_data"] = params.get("payment_intent_data") or {}
    draft["_setup_intent_data"] = params.get("setup_intent_data") or {}
    _ship(unit, params, draft)
    if mode != "setup":
        draft.update(public_totals(lines.totals(unit, cast("CheckoutSession", draft))))
        if mode == "payment" and not draft["amount_total"]:
            draft["payment_status"] = "no_payment_required"
    if draft["ui_mode"] == "hosted_page":
        draft["url"] = f"{unit.environment.base_url}/c/pay/{draft['id']}#{_FRAGMENT}{unit.environment.ids.new('', 40)}"
    else:
        draft["client_secret"] = f"{draft['id']}_secret_{unit.environment.ids.new('', 40)}"


_FRAGMENT = "fidkdWxOYHwnPyd1blpxYHZxWjA0"


def public_totals(made: Body) -> Body:
    """Return the totals a session shows, of what `lines.totals` made."""
    shown = {n: made[n] for n in ("amount_subtotal", "amount_total", "total_details")}
    shown["_taken"] = made["_taken"]
    shown["discounts"] = [
        {"coupon": t["coupon"] if not t["promotion_code"] else None, "promotion_code": t["promotion_code"]}
        for t in made["_taken"]
    ]
    return shown


def _check_combinations(params: Body, mode: str) -> None:
    for name, modes in _ONLY_IN.items():
        if name in params and mode not in modes and params[name] not in ("", None):
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
    if params.get("customer") and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
    if params.get("customer") and params.get("customer_creation"):
        raise invalid("You may only specify one of these parameters: customer, customer_creation.", "customer_creation")
    if params.get("discounts") and "allow_promotion_codes" in params:
        raise invalid("You may only specify one of these parameters: allow_promotion_codes, discounts.", "discounts")
    if len(params.get("discounts") or []) > 1:
        raise invalid("You may only specify one discount.", "discounts")


def _urls(params: Body, draft: Body) -> None:
    if draft["ui_mode"] in _HOSTED:
        if not params.get("success_url"):
            raise parameter_missing("success_url")
        if params.get("return_url"):
            raise invalid(
                "`return_url` is only supported for embedded and custom UI modes; use `success_url`.", "return_url"
            )
        for name in ("success_url", "cancel_url"):
            if params.get(name) and "://" not in params[name]:
                raise invalid("Not a valid URL", name, "url_invalid")
        draft["return_url"] = None
        return
    for name in ("success_url", "cancel_url"):
        if params.get(name):
            raise invalid(f"`{name}` is only supported when `ui_mode` is `hosted_page`; use `return_url`.", name)
    draft["redirect_on_completion"] = params.get("redirect_on_completion", "always")
    if not params.get("return_url") and draft["redirect_on_completion"] != "never" and draft["ui_mode"] != "elements":
        raise parameter_missing("return_url")


def _expiry(params: Body, now: int) -> int:
    wanted = params.get("expires_at")
    if wanted is None:
        return now + 24 * HOUR
    if wanted < now + HOUR // 2 - 10:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", "expires_at"
        )
    if wanted > now + 24 * HOUR + 60:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", "expires_at"
        )
    return wanted


def _sell(call: RequestContext, draft: Body, mode: str) -> None:
    params, unit = call.params, call.unit
    draft["_lines"] = lines.read(unit, [lines.modern(i) for i in params.get("line_items") or []], mode)
    if mode == "setup":
        if not params.get("currency") and not params.get("payment_method_types"):
            raise parameter_missing("currency")
        draft["currency"] = params.get("currency")
        draft["amount_subtotal"] = draft["amount_total"] = draft["total_details"] = None
        return
    lines.check_terms(unit, draft["_lines"], mode)
    draft["currency"] = lines.currency_of(unit, draft["_lines"], params.get("currency"))
    draft["_discounts"] = [{k: v for k, v in d.items() if v} for d in params.get("discounts") or []]
    if params.get("optional_items"):
        raise not_emulated("POST /v1/checkout/sessions with optional_items")


def _who(unit: UnitOfWork, params: Body, draft: Body, mode: str, *, older: bool) -> None:
    if mode == "subscription":
        draft["customer_creation"] = None if draft["customer"] else "always"
    elif not draft["customer"]:
        draft["customer_creation"] = params.get("customer_creation", "if_required")
        if older and mode == "payment" and "customer_creation" not in params:
            draft["customer_creation"] = "always"
    email = params.get("customer_email")
    name = phone = None
    exempt = "none"
    if draft["customer"]:
        customer = unit.get(kinds.CUSTOMER, draft["customer"], "customer")
        email, name, phone, exempt = customer["email"], customer["name"], customer["phone"], customer["tax_exempt"]
        draft["customer_creation"] = None
    if email or draft["customer"]:
        draft["customer_details"] = details(
            email=email, name=name if draft["customer"] else None, phone=phone, exempt=str(exempt)
        )


def details(
    *, email: Any = None, name: Any = None, phone: Any = None, address: Any = None, exempt: str = "none"
) -> Body:
    """Return a session's `customer_details`."""
    return {
        "address": address,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": phone,
        "tax_exempt": exempt,
        "tax_ids": [],
    }


def _how(call: RequestContext, params: Body, draft: Body, mode: str) -> None:
    explicit = bool(params.get("payment_method_types"))
    draft["payment_method_types"] = authentication.types_for(params, automatic=False)
    if not explicit and not call.before("2023-08-16"):
        draft["payment_method_configuration_details"] = {"id": "pmc_1LocalStripeDefault00000", "parent": None}
    options: dict[str, Body] = {"card": {"request_three_d_secure": "automatic"}}
    for kind, values in (params.get("payment_method_options") or {}).items():
        options[kind] = {**options.get(kind, {}), **values}
    draft["payment_method_options"] = options
    draft["payment_method_collection"] = (
        params.get("payment_method_collection", "always")
        if mode == "subscription"
        else ("if_required" if mode == "payment" else "always")
    )
    draft["saved_payment_method_options"] = params.get("saved_payment_method_options") or (
        {"allow_redisplay_filters": ["always"], "payment_method_remove": "disabled", "payment_method_save": None}
        if mode != "setup"
        else None
    )
    if mode == "payment":
        wanted: Body = params.get("invoice_creation") or {"enabled": False}
        data = {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": None,
            "metadata": {},
            "rendering_options": None,
            **(wanted.get("invoice_data") or {}),
        }
        draft["invoice_creation"] = {"enabled": bool(wanted.get("enabled")), "invoice_data": data}
    tax = params.get("automatic_tax") or {}
    draft["automatic_tax"] = {
        "enabled": bool(tax.get("enabled")),
        "liability": {"type": "self"} if tax.get("enabled") else None,
        "provider": "stripe" if tax.get("enabled") else None,
        "status": "requires_location_inputs" if tax.get("enabled") else None,
    }
    draft["custom_fields"] = [custom_field(f) for f in params.get("custom_fields") or []]
    draft["custom_text"] = {
        **draft["custom_text"],
        **{k: v or None for k, v in (params.get("custom_text") or {}).items()},
    }
    business = call.unit.environment.config.business["name"]
    if draft["ui_mode"] == "hosted_page" and not draft["branding_settings"]:
        draft["branding_settings"] = {
            "background_color": "#ffffff",
            "border_style": "rounded",
            "button_color": "#0074d4",
            "display_name": business,
            "font_family": "default",
            "icon": None,
            "logo": None,
        }


def custom_field(given: Body) -> Body:
    """Return a custom field as a session or link shows it."""
    kind = given["type"]
    member = {**(given.get(kind) or {}), "value": None}
    if kind in {"text", "numeric"}:
        member = {"default_value": None, "maximum_length": None, "minimum_length": None, **member}
    else:
        member = {"default_value": None, **member}
    return {
        "key": given["key"],
        "label": {"custom": None, **given["label"]},
        "optional": bool(given.get("optional")),
        "type": kind,
        kind: member,
    }


def _ship(unit: UnitOfWork, params: Body, draft: Body) -> None:
    options = []
    for index, option in enumerate(params.get("shipping_options") or []):
        where = f"shipping_options[{index}]"
        if option.get("shipping_rate_data"):
            rate = shipping_rates.make(unit, option["shipping_rate_data"], f"{where}[shipping_rate_data]")
        else:
            rate = unit.get(kinds.SHIPPING_RATE, option.get("shipping_rate", ""), f"{where}[shipping_rate]")
        options.append(
            {"shipping_amount": shipping_rates.amount_of(rate, draft["currency"]), "shipping_rate": rate["id"]}
        )
    draft["shipping_options"] = options
    if options:
        choose_shipping(draft, options[0]["shipping_rate"])


def choose_shipping(session: Body, rate_id: str) -> Body:
    """Set the chosen shipping rate on a draft; returns the `shipping_cost`."""
    option = next((o for o in session["shipping_options"] if o["shipping_rate"] == rate_id), None)
    if option is None:
        raise StripeError("The shipping rate is not one of the session's options.", param="shipping_rate")
    amount = option["shipping_amount"]
    session["shipping_cost"] = {
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "shipping_rate": rate_id,
    }
    return session["shipping_cost"]
