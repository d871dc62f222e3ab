"""What may be asked of an intent at create, update and confirm, by which key and in which version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.core.declarations.schema import SHIPPING, Body, overlay
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.objects.intents import PaymentIntent, PaymentIntentPaymentMethodOptions, SetupIntent
from payloom_emulator.objects.payment_methods import PaymentMethod
from payloom_emulator.payments import authentication
from payloom_emulator.payments.attempts import pay
from payloom_emulator.payments.capture_cancel import unexpected
from payloom_emulator.payments.methods import card_sources, confirmation_tokens, payment_methods
from payloom_emulator.protocol.errors import StripeError, invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

UNPAID = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


PREFIX, ID_LENGTH = "pi_3", 23


_AUTOMATIC_SINCE = "2023-08-16"


_ASYNC_CAPTURE_SINCE = "2024-04-10"


def identity(unit: UnitOfWork) -> tuple[str, str]:
    """Return a new intent's id and client secret."""
    intent_id = unit.environment.ids.new(PREFIX, ID_LENGTH)
    return intent_id, f"{intent_id}_secret_{unit.environment.ids.new('', 25)}"


def creating(call: RequestContext, draft: Body) -> None:
    """Complete the draft of a new intent, or refuse."""
    params, unit = call.params, call.unit
    draft["currency"] = money.currency(params["currency"])
    money.chargeable(params["amount"], draft["currency"])
    automatic = params.get("automatic_payment_methods")
    if automatic is None and not params.get("payment_method_types") and not call.before(_AUTOMATIC_SINCE):
        automatic = {"enabled": True}
    if automatic and automatic.get("enabled"):
        if params.get("payment_method_types"):
            raise invalid(
                "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
                "payment_method_types",
            )
        draft["automatic_payment_methods"] = {
            "allow_redirects": automatic.get("allow_redirects", "always"),
            "enabled": True,
        }
    else:
        draft["automatic_payment_methods"] = None
    draft["payment_method_types"] = authentication.types_for(params, automatic=bool(draft["automatic_payment_methods"]))
    if not params.get("capture_method"):
        draft["capture_method"] = "automatic" if call.before(_ASYNC_CAPTURE_SINCE) else "automatic_async"
    draft["payment_method_options"] = _options(cast("PaymentIntent", draft), params.get("payment_method_options"))
    if draft["automatic_payment_methods"] and not call.before("2023-11"):
        draft["payment_method_configuration_details"] = {"id": "pmc_1LocalStripeDefault00000", "parent": None}
    _refuse_confirm_only(call)
    method = _given_method(call, cast("PaymentIntent", draft))
    if method is not None:
        _check_owner(cast("PaymentIntent", draft), method)
        authentication.check_type(cast("PaymentIntent", draft), method, "PaymentIntent")
        draft["payment_method"] = method["id"]
    draft["status"] = "requires_confirmation" if draft["payment_method"] else "requires_payment_method"
    draft["id"], draft["client_secret"] = identity(unit)
    _amount_details(params, draft)


def _amount_details(params: Body, draft: Body) -> None:
    details = params.get("amount_details")
    draft["amount_details"] = {"tip": {}, **(details if isinstance(details, dict) else {})}


def _options(intent: PaymentIntent, wanted: Any, current: PaymentIntentPaymentMethodOptions | None = None) -> Body:
    options: Body = {k: {**v} for k, v in cast("dict[str, Body]", current or {}).items()}
    defaults: dict[str, Body] = {
        "card": {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"},
        "link": {"persistent_token": None},
        "us_bank_account": {"mandate_options": {}, "verification_method": "automatic"},
        "sepa_debit": {},
        "bacs_debit": {},
    }
    for kind in intent["payment_method_types"]:
        options.setdefault(kind, dict(defaults.get(kind, {})))
    for kind, values in (wanted or {}).items():
        if isinstance(values, dict):
            options[kind] = {**options.get(kind, defaults.get(kind, {})), **values}
    return options


def _refuse_confirm_only(call: RequestContext) -> None:
    if call.params.get("confirm"):
        return
    for name in ("return_url", "off_session", "error_on_requires_action", "mandate_data"):
        if name in call.params:
            raise invalid(
                f"The parameter {name} cannot be passed when creating a PaymentIntent unless confirm is set to true.",
                name,
            )


def _given_method(call: RequestContext, intent: PaymentIntent | SetupIntent) -> PaymentMethod | None:
    """Return the payment method the parameters name, make or carry."""
    params, unit = call.params, call.unit
    if call.get("confirmation_token"):
        return confirmation_tokens.use(unit, params["confirmation_token"], intent["object"], intent["id"])
    if params.get("payment_method_data"):
        return payment_methods.make(unit, params["payment_method_data"])
    if call.get("payment_method"):
        return _method(unit, params["payment_method"])
    if call.get("source"):
        return card_sources.method_of(unit, params["source"], "source")
    return None


def _method(unit: UnitOfWork, method_id: str) -> PaymentMethod:
    if method_id.startswith(("card_", "src_", "ba_", "tok_")):
        return card_sources.method_of(unit, method_id, "payment_method")
    return unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method")


def _check_owner(intent: PaymentIntent, method: PaymentMethod) -> None:
    owner, customer = method["customer"], intent.get("customer")
    if owner and not customer:
        raise invalid(
            f"The PaymentMethod supplied belongs to a Customer. Please include the Customer in the `customer` parameter on the PaymentIntent. PaymentMethod: {method['id']}, Customer: {owner}",
            "payment_method",
        )
    if owner and owner != customer:
        raise invalid(
            f"The PaymentMethod {method['id']} does not belong to the Customer {customer}. Check to make sure you have the right PaymentMethod.",
            "payment_method",
        )
    payment_methods.refuse_spent(method)


def created(call: RequestContext, intent: PaymentIntent) -> PaymentIntent:
    """Confirm at once when asked to."""
    if call.params.get("confirm"):
        return confirm(call, intent, made_now=True)
    return intent


def updating(call: RequestContext, intent: PaymentIntent, changes: Body) -> None:
    """Check an update and complete it."""
    if intent["status"] not in UNPAID:
        allowed = {"metadata", "description", "receipt_email", "shipping"}
        wrong = next((n for n in call.params if n not in allowed), None)
        if wrong is not None:
            raise unexpected(
                intent,
                f"This PaymentIntent's {wrong} could not be updated because it has a status of {intent['status']}. You may only update the {wrong} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.",
            )
    if "currency" in call.params:
        changes["currency"] = money.currency(call.params["currency"])
    if "amount" in call.params:
        money.chargeable(call.params["amount"], changes.get("currency", intent["currency"]))
    if "payment_method_options" in call.params:
        changes["payment_method_options"] = _options(
            intent, call.params["payment_method_options"], intent["payment_method_options"]
        )
    if call.params.get("payment_method_types"):
        changes["payment_method_types"] = call.params["payment_method_types"]
    if call.params.get("customer") and intent["customer"] and call.params["customer"] != intent["customer"]:
        raise invalid(
            "You cannot modify `customer` on a PaymentIntent once it already has been set. To fulfill a payment with a different Customer, cancel this PaymentIntent and create a new one.",
            "customer",
        )
    merged = cast("PaymentIntent", {**intent, **changes})
    method = _given_method(call, merged)
    if method is not None:
        _check_owner(merged, method)
        authentication.check_type(merged, method, "PaymentIntent")
        changes["payment_method"] = method["id"]


def updated(call: RequestContext, intent: PaymentIntent) -> None:
    """Move to the state that fits the payment method."""
    given_method = call.get("payment_method") or call.params.get("payment_method_data")
    if given_method and intent["status"] == "requires_payment_method":
        call.unit.transition(intent, "attach_method", {"last_payment_error": None})
    elif given_method and intent["status"] == "requires_action":
        call.unit.transition(intent, "attach_method", {"next_action": None})
    elif call.params.get("payment_method") == "" and intent["status"] in UNPAID - {"requires_payment_method"}:
        call.unit.transition(intent, "detach_method", {"payment_method": None})


def confirm(call: RequestContext, intent: PaymentIntent, *, made_now: bool = False) -> PaymentIntent:
    """Confirm an intent with what the caller sent. made_now: the same request makes the intent."""
    unit, params = call.unit, call.params
    if intent["status"] not in UNPAID:
        noun = {
            "succeeded": "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        }
        raise unexpected(
            intent,
            noun.get(
                intent["status"],
                f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.",
            ),
        )
    if call.caller.kind == "publishable" and intent["confirmation_method"] == "manual":
        raise invalid(
            "This PaymentIntent cannot be confirmed using your publishable key because its `confirmation_method` is set to `manual`. Please use your secret key instead, or create a PaymentIntent with `confirmation_method` set to `automatic`.",
        )
    if not made_now:
        changes = _late_changes(call, intent)
        if changes:
            unit.change(intent, changes, emits=())
    method = unit.find(kinds.PAYMENT_METHOD, intent["payment_method"])
    if method is None:
        raise _no_method(intent)
    _need_return_url(call, intent)
    return pay(
        unit,
        intent,
        method,
        off_session=bool(params.get("off_session")),
        return_url=call.get("return_url"),
        use_sdk=bool(params.get("use_stripe_sdk")) or call.caller.kind == "publishable",
        mandate_data=params.get("mandate_data") or None,
        mandate=call.get("mandate"),
        error_on_requires_action=bool(params.get("error_on_requires_action")),
    )


def _late_changes(call: RequestContext, intent: PaymentIntent) -> Body:
    params = call.params
    changes: dict[str, object] = {
        n: params[n]
        for n in ("receipt_email", "setup_future_usage", "capture_method")
        if params.get(n) not in {None, ""}
    }
    if isinstance(params.get("shipping"), dict):
        changes["shipping"] = overlay(SHIPPING, params["shipping"])
    if params.get("payment_method_options"):
        changes["payment_method_options"] = _options(
            intent, params["payment_method_options"], intent["payment_method_options"]
        )
    if params.get("payment_method_types"):
        changes["payment_method_types"] = params["payment_method_types"]
    merged = cast("PaymentIntent", {**intent, **changes})
    method = _given_method(call, merged)
    if method is not None:
        _check_owner(merged, method)
        authentication.check_type(merged, method, "PaymentIntent")
        changes["payment_method"] = method["id"]
        if method.get("_future_usage") and not merged.get("setup_future_usage"):
            changes["setup_future_usage"] = method["_future_usage"]
    return changes


def _need_return_url(call: RequestContext, intent: PaymentIntent) -> None:
    automatic = intent["automatic_payment_methods"]
    if not automatic or automatic["allow_redirects"] == "never" or call.get("return_url"):
        return
    if call.params.get("use_stripe_sdk") or call.caller.kind == "publishable" or call.params.get("off_session"):
        return
    if call.get("confirmation_token"):
        return
    raise invalid(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
        "return_url",
    )


def _no_method(intent: PaymentIntent) -> StripeError:
    return StripeError(
        "You cannot confirm this PaymentIntent because it's missing a payment method. "
        + (
            f"To confirm the PaymentIntent with {intent['customer']}, specify a payment method attached to this customer along with the customer ID."
            if intent["customer"]
            else "You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken."
        ),
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )
