"""What may be asked of an intent at create, update and confirm, by which key and in which version."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, cast

from payloom_emulator.connect import fees
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import SHIPPING, overlay
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import authentication, descriptors
from payloom_emulator.payments.attempts import pay
from payloom_emulator.payments.capture_cancel import unexpected
from payloom_emulator.payments.methods import (
    card_sources,
    configurations,
    confirmation_tokens,
    payment_methods,
    purchase_details,
)
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import is_object, members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import (
        PaymentIntent,
        PaymentIntentPaymentMethodOptions,
        SetupIntent,
    )
    from payloom_emulator.objects.params.payment_intents import (
        PaymentIntentConfirmParams,
        PaymentIntentCreateParams,
        PaymentIntentUpdateParams,
    )
    from payloom_emulator.objects.params.shared import AutomaticPaymentMethodsParams
    from payloom_emulator.objects.payment_methods import PaymentMethod

    IntentParams = PaymentIntentConfirmParams | PaymentIntentCreateParams | PaymentIntentUpdateParams

UNPAID = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


PREFIX, ID_LENGTH = "pi_3", 23


_AUTOMATIC_SINCE = "2023-08-16"


_ASYNC_CAPTURE_SINCE = "2024-04-10"


_SUFFIX_ONLY_SINCE = "2024-04-10"


def identity(unit: UnitOfWork) -> tuple[str, str]:
    """Return a new intent's id and client secret."""
    intent_id = unit.environment.ids.new(PREFIX, ID_LENGTH)
    return intent_id, f"{intent_id}_secret_{unit.environment.ids.new('', 25)}"


def creating(call: RequestContext[PaymentIntentCreateParams], draft: PaymentIntent) -> None:
    """Complete the draft of a new intent, or refuse."""
    params, unit = call.params, call.unit
    draft["currency"] = money.currency(params["currency"])
    money.chargeable(params["amount"], draft["currency"])
    automatic: AutomaticPaymentMethodsParams | None = params.get("automatic_payment_methods")
    if automatic is None and not params.get("payment_method_types") and not call.before(_AUTOMATIC_SINCE):
        automatic = {"enabled": True}
    if automatic and automatic["enabled"]:
        if params.get("payment_method_types"):
            raise invalid(
                "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
                "payment_method_types",
            )
        redirects = automatic.get("allow_redirects", "always")
        draft["automatic_payment_methods"] = {"allow_redirects": redirects, "enabled": True}
    else:
        draft["automatic_payment_methods"] = None
    draft["payment_method_types"] = authentication.types_for(params, automatic=bool(draft["automatic_payment_methods"]))
    if not params.get("capture_method"):
        draft["capture_method"] = "automatic" if call.before(_ASYNC_CAPTURE_SINCE) else "automatic_async"
    draft["payment_method_options"] = _options(draft, params.get("payment_method_options"))
    if draft["automatic_payment_methods"] and not call.before("2023-11"):
        configuration = configurations.chosen(unit, params)
        draft.update(
            cast("PaymentIntent", {"payment_method_configuration_details": configurations.details(configuration)})
        )
        draft["payment_method_types"] = configurations.offered(
            configuration, params, draft["currency"], draft["payment_method_types"]
        )
    _refuse_confirm_only(call)
    _check_descriptors(call, draft)
    method = _given_method(call, draft)
    if method is not None:
        _check_owner(draft, method)
        authentication.check_type(draft, method, "PaymentIntent")
        draft["payment_method"] = method["id"]
    draft["status"] = "requires_confirmation" if draft["payment_method"] else "requires_payment_method"
    draft["id"], draft["client_secret"] = identity(unit)
    fees.check(
        unit,
        params.get("application_fee_amount"),
        params.get("transfer_data"),
        param="application_fee_amount",
        payment="payment_intent",
    )
    _set(draft, purchase_details.said(unit, params, {}))


def _set(draft: PaymentIntent, values: Mapping[str, object]) -> None:
    cast("dict[str, object]", draft).update(values)


def _check_descriptors(
    call: RequestContext[PaymentIntentCreateParams | PaymentIntentUpdateParams], intent: PaymentIntent
) -> None:
    """Check the text on the statement. Cards take a suffix only, since the descriptor itself is the account's."""
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        descriptors.check(call.params.get(name), name)
    by_card = intent["payment_method_types"] == ["card"] or intent.get("automatic_payment_methods")
    if provided(call.params.get("statement_descriptor")) and by_card and not call.before(_SUFFIX_ONLY_SINCE):
        raise invalid(
            "Starting with API version 2024-04-10, the parameter `statement_descriptor` is not supported for PaymentIntents that can be paid by card. Use `statement_descriptor_suffix` instead.",
            "statement_descriptor",
        )


_OPTIONS: dict[str, dict[str, object]] = {
    "acss_debit": {"verification_method": "automatic"},
    "afterpay_clearpay": {"reference": None},
    "bancontact": {"preferred_language": "en"},
    "boleto": {"expires_after_days": 3},
    "card": {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"},
    "klarna": {"preferred_locale": None},
    "link": {"persistent_token": None},
    "oxxo": {"expires_after_days": 3},
    "us_bank_account": {
        "financial_connections": {"permissions": ["payment_method"], "prefetch": []},
        "mandate_options": {},
        "transaction_purpose": "unspecified",
        "verification_method": "automatic",
    },
    "wechat_pay": {"app_id": None, "client": None},
}


def default_options(kinds_of_method: list[str]) -> dict[str, dict[str, object]]:
    """Return the `payment_method_options` of an intent whose request has none."""
    return {kind: _options_of(kind) for kind in kinds_of_method}


def _options_of(kind: str) -> dict[str, object]:
    return copy.deepcopy(_OPTIONS.get(kind, {}))


def _options(
    intent: PaymentIntent, new_options: JsonMapping | str | None, current: JsonMapping | None = None
) -> PaymentIntentPaymentMethodOptions:
    options: dict[str, dict[str, object]] = {kind: {**members(values)} for kind, values in (current or {}).items()}
    for kind in intent["payment_method_types"]:
        options.setdefault(kind, _options_of(kind))
    for kind, values in new_options.items() if is_object(new_options) else ():
        if is_object(values):
            options[kind] = {**(options.get(kind) or _options_of(kind)), **values}
    # By the names of the payment methods, which are the members of the type.
    return cast("PaymentIntentPaymentMethodOptions", options)


def _refuse_confirm_only(call: RequestContext[PaymentIntentCreateParams]) -> None:
    if call.params.get("confirm"):
        return
    for name in ("return_url", "off_session", "error_on_requires_action", "mandate_data"):
        if call.params.get(name):
            raise invalid(
                f"The parameter {name} cannot be passed when creating a PaymentIntent unless confirm is set to true.",
                name,
            )


def _given_method(call: RequestContext[IntentParams], intent: PaymentIntent | SetupIntent) -> PaymentMethod | None:
    """Return the payment method the parameters name, make or carry."""
    params, unit = call.params, call.unit
    if token_id := params.get("confirmation_token"):
        return confirmation_tokens.use(unit, token_id, intent["object"], intent["id"])
    if data := params.get("payment_method_data"):
        return payment_methods.make(unit, data)
    if method_id := params.get("payment_method"):
        return _method(unit, method_id)
    source = params.get("source")
    return card_sources.method_of(unit, str(source), "source") if source else None


def _method(unit: UnitOfWork, method_id: str) -> PaymentMethod:
    if method_id.startswith(("card_", "src_", "ba_", "tok_")):
        return card_sources.method_of(unit, method_id, "payment_method")
    return unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method")


def _check_owner(intent: PaymentIntent, method: PaymentMethod) -> None:
    owner, customer = method["customer"], intent.get("customer")
    if owner and not customer:
        raise StripeError(
            f"The `payment_method` parameter supplied {method['id']} belongs to the Customer {owner}. Please include the Customer in the `customer` parameter on the PaymentIntent.",
            code="parameter_missing",
            param="source",
            payment_intent=intent if intent.get("id") else None,
        )
    if owner and owner != customer:
        raise StripeError(
            f"The PaymentMethod {method['id']} does not belong to the Customer you supplied {customer}. Please use this PaymentMethod with the Customer that it belongs to instead.",
            param="payment_method",
            payment_intent=intent if intent.get("id") else None,
        )
    payment_methods.refuse_spent(method)


def created(call: RequestContext[PaymentIntentCreateParams], intent: PaymentIntent) -> PaymentIntent:
    """Confirm at once when asked to."""
    if call.params.get("confirm"):
        return confirm(call, intent, made_now=True)
    return intent


def updating(
    call: RequestContext[PaymentIntentUpdateParams], intent: PaymentIntent, changes: dict[str, object]
) -> None:
    """Check an update and complete it."""
    if intent["status"] not in UNPAID:
        allowed = {"metadata", "description", "receipt_email", "shipping"}
        wrong = next((n for n in call.params if n not in allowed), None)
        if wrong is not None:
            raise unexpected(
                intent,
                f"This PaymentIntent's {wrong} could not be updated because it has a status of {intent['status']}. You may only update the {wrong} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.",
                wrong,
            )
    _check_descriptors(call, intent)
    if "currency" in call.params:
        changes["currency"] = money.currency(call.params["currency"])
    if "amount" in call.params:
        code = money.currency(call.params["currency"]) if "currency" in call.params else intent["currency"]
        money.chargeable(call.params["amount"], code)
    if "payment_method_options" in call.params:
        changes["payment_method_options"] = _options(
            intent, call.params["payment_method_options"], intent["payment_method_options"]
        )
    changes.update(_everywhere(call, intent))
    transfer = {**members(intent["transfer_data"]), **members(call.params.get("transfer_data"))}
    fee = call.params.get("application_fee_amount")
    fees.check(call.unit, fee, transfer, param="application_fee_amount", payment="payment_intent")
    if "transfer_data" in changes:
        changes["transfer_data"] = transfer
    customer = call.params.get("customer")
    if customer and intent["customer"] and customer != intent["customer"]:
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


def updated(call: RequestContext[PaymentIntentUpdateParams], intent: PaymentIntent) -> None:
    """Move to the state that fits the payment method."""
    given_method = provided(call.params.get("payment_method")) or call.params.get("payment_method_data")
    if given_method and intent["status"] == "requires_payment_method":
        call.unit.transition(intent, "attach_method", {"last_payment_error": None})
    elif given_method and intent["status"] == "requires_action":
        call.unit.transition(intent, "attach_method", {"next_action": None})
    elif call.params.get("payment_method") == "" and intent["status"] in UNPAID - {"requires_payment_method"}:
        call.unit.transition(intent, "detach_method", {"payment_method": None})


def confirm(call: RequestContext[IntentParams], intent: PaymentIntent, *, made_now: bool = False) -> PaymentIntent:
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
        return_url=provided(call.params.get("return_url")),
        use_sdk=bool(params.get("use_stripe_sdk")) or call.caller.kind == "publishable",
        mandate_data=params.get("mandate_data") or None,
        mandate=provided(call.params.get("mandate")),
        error_on_requires_action=bool(params.get("error_on_requires_action")),
    )


def _late_changes(call: RequestContext[IntentParams], intent: PaymentIntent) -> dict[str, object]:
    params = call.params
    names = ("receipt_email", "setup_future_usage", "capture_method")
    changes: dict[str, object] = {name: params.get(name) for name in names if provided(params.get(name)) is not None}
    shipping = params.get("shipping")
    if shipping:
        changes["shipping"] = overlay(SHIPPING, shipping)
    if params.get("payment_method_options"):
        changes["payment_method_options"] = _options(
            intent, params.get("payment_method_options"), intent["payment_method_options"]
        )
    changes.update(_everywhere(call, intent))
    amount = params.get("amount_to_confirm")
    if amount is not None and amount != intent["amount"]:
        raise invalid(
            f"The `amount_to_confirm` ({amount}) does not match the amount of this PaymentIntent ({intent['amount']}).",
            "amount_to_confirm",
        )
    merged = cast("PaymentIntent", {**intent, **changes})
    method = _given_method(call, merged)
    if method is not None:
        _check_owner(merged, method)
        authentication.check_type(merged, method, "PaymentIntent")
        changes["payment_method"] = method["id"]
        if method.get("_future_usage") and not merged.get("setup_future_usage"):
            changes["setup_future_usage"] = method["_future_usage"]
    return changes


def _everywhere(call: RequestContext[IntentParams], intent: PaymentIntent) -> dict[str, object]:
    """Return what an update and a confirmation change in the same way."""
    params = call.params
    changes = purchase_details.said(call.unit, params, cast("Mapping[str, object]", intent))
    for name in ("payment_method_types", "allowed_payment_method_types", "excluded_payment_method_types"):
        if provided(params.get(name)):
            changes[name] = params.get(name)
    if params.get("payment_method_configuration"):
        configuration = configurations.chosen(call.unit, params)
        changes["payment_method_configuration_details"] = configurations.details(configuration)
    return changes


def _need_return_url(call: RequestContext[IntentParams], intent: PaymentIntent) -> None:
    automatic = intent["automatic_payment_methods"]
    if not automatic or automatic["allow_redirects"] == "never" or provided(call.params.get("return_url")):
        return
    if call.params.get("use_stripe_sdk") or call.caller.kind == "publishable" or call.params.get("off_session"):
        return
    if provided(call.params.get("confirmation_token")):
        return
    narrowed = set(intent.get("allowed_payment_method_types") or ())
    if narrowed and not narrowed & authentication.REDIRECTS:
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
