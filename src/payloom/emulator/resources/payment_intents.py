"""PaymentIntents: one payment from first idea to money. https://docs.stripe.com/api/payment_intents."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from payloom.emulator import cards, money
from payloom.emulator.resource import SHIPPING, Body, Machine, Move, Operation, Resource, fixed, given, once
from payloom.emulator.resources import authentication, charges, mandates, payment_methods, seams
from payloom.emulator.wire import versions
from payloom.emulator.wire.errors import CardError, StripeError, invalid, parameter_missing
from payloom.emulator.wire.versions import Change

if TYPE_CHECKING:
    from payloom.emulator.call import Call
    from payloom.emulator.unit import Unit

UNPAID = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_AUTOMATIC_SINCE = "2023-08-16"
_ASYNC_CAPTURE_SINCE = "2024-04-10"


# --- making ---------------------------------------------------------------------------------------


def create(
    unit: Unit,
    *,
    amount: int,
    currency: str,
    customer: str | None = None,
    payment_method: str | None = None,
    invoice: str | None = None,
    **more: Any,
) -> Body:
    """Make a PaymentIntent for another object (an invoice, a session). `more`: further fields in their newest shape."""
    values: Body = {
        "amount": amount,
        "currency": currency,
        "customer": customer,
        "payment_method": payment_method,
        "payment_method_types": ["card"],
        "status": "requires_confirmation" if payment_method else "requires_payment_method",
        "_invoice": invoice,
        **more,
    }
    return _store(unit, values)


def _store(unit: Unit, values: Body) -> Body:
    intent_id = unit.emulator.ids.new(PAYMENT_INTENT.prefix, PAYMENT_INTENT.id_length)
    secret = f"{intent_id}_secret_{unit.emulator.ids.new('', 25)}"
    return unit.create(PAYMENT_INTENT, {"id": intent_id, "client_secret": secret, **values})


def _creating(call: Call, draft: Body) -> None:
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
    draft["payment_method_options"] = _options(draft, params.get("payment_method_options"))
    if draft["automatic_payment_methods"] and not call.before("2023-11"):
        draft["payment_method_configuration_details"] = {"id": "pmc_1LocalStripeDefault00000", "parent": None}
    _refuse_confirm_only(call)
    method = _given_method(call, draft)
    if method is not None:
        _check_owner(draft, method)
        authentication.check_type(draft, method, "PaymentIntent")
        draft["payment_method"] = method["id"]
    draft["status"] = "requires_confirmation" if draft["payment_method"] else "requires_payment_method"
    intent_id = unit.emulator.ids.new(PAYMENT_INTENT.prefix, PAYMENT_INTENT.id_length)
    draft["id"] = intent_id
    draft["client_secret"] = f"{intent_id}_secret_{unit.emulator.ids.new('', 25)}"
    _amount_details(params, draft)


def _amount_details(params: Body, draft: Body) -> None:
    details = params.get("amount_details")
    draft["amount_details"] = {"tip": {}, **(details if isinstance(details, dict) else {})}


def _options(intent: Body, wanted: Any, current: Body | None = None) -> Body:
    options: Body = {k: dict(v) for k, v in (current or {}).items()}
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


def _refuse_confirm_only(call: Call) -> None:
    if call.params.get("confirm"):
        return
    for name in ("return_url", "off_session", "error_on_requires_action", "mandate_data"):
        if name in call.params:
            raise invalid(
                f"The parameter {name} cannot be passed when creating a PaymentIntent unless confirm is set to true.",
                name,
            )


def _given_method(call: Call, intent: Body) -> Body | None:
    """Return the payment method the parameters name, make or carry."""
    params, unit = call.params, call.unit
    if call.get("confirmation_token"):
        from payloom.emulator.resources import confirmation_tokens  # noqa: PLC0415 - tokens come back to intents

        return confirmation_tokens.use(unit, params["confirmation_token"], intent)
    if params.get("payment_method_data"):
        return payment_methods.make(unit, params["payment_method_data"])
    if call.get("payment_method"):
        return _method(unit, params["payment_method"])
    if call.get("source"):
        from payloom.emulator.resources import sources  # noqa: PLC0415 - sources make payment methods of tokens

        return sources.method_of(unit, params["source"], "source")
    return None


def _method(unit: Unit, method_id: str) -> Body:
    if method_id.startswith(("card_", "src_", "ba_", "tok_")):
        from payloom.emulator.resources import sources  # noqa: PLC0415 - sources make payment methods of tokens

        return sources.method_of(unit, method_id, "payment_method")
    return unit.get("payment_method", method_id, "payment_method")


def _check_owner(intent: Body, method: Body) -> None:
    owner, customer = method["customer"], intent.get("customer")
    if owner and not customer:
        raise invalid(
            "The PaymentMethod supplied belongs to a Customer. Please include the Customer in the "
            "`customer` parameter on "
            f"the PaymentIntent. PaymentMethod: {method['id']}, Customer: {owner}",
            "payment_method",
        )
    if owner and owner != customer:
        raise invalid(
            f"The PaymentMethod {method['id']} does not belong to the Customer {customer}. Check to make "
            "sure you have the "
            "right PaymentMethod.",
            "payment_method",
        )
    payment_methods.refuse_spent(method)


def _created(call: Call, intent: Body) -> Body:
    if call.params.get("confirm"):
        return _confirm(call, intent)
    return intent


def _updating(call: Call, intent: Body, changes: Body) -> None:
    if intent["status"] not in UNPAID:
        allowed = {"metadata", "description", "receipt_email", "shipping"}
        wrong = next((n for n in call.params if n not in allowed), None)
        if wrong is not None:
            raise _unexpected(
                intent,
                f"This PaymentIntent's {wrong} could not be updated because it has a status of "
                f"{intent['status']}. You may "
                "only update the "
                f"{wrong} of a PaymentIntent with one of the following statuses: requires_payment_method, "
                "requires_confirmation, requires_action.",
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
            "You cannot modify `customer` on a PaymentIntent once it already has been set. To fulfill a "
            "payment with a "
            "different Customer, cancel this PaymentIntent and create a new one.",
            "customer",
        )
    merged = {**intent, **changes}
    method = _given_method(call, merged)
    if method is not None:
        _check_owner(merged, method)
        authentication.check_type(merged, method, "PaymentIntent")
        changes["payment_method"] = method["id"]


def _updated(call: Call, intent: Body) -> None:
    given_method = call.get("payment_method") or call.params.get("payment_method_data")
    if given_method and intent["status"] == "requires_payment_method":
        call.unit.move(intent, "provide", {"last_payment_error": None})
    elif given_method and intent["status"] == "requires_action":
        call.unit.move(intent, "provide", {"next_action": None})
    elif call.params.get("payment_method") == "" and intent["status"] in UNPAID - {"requires_payment_method"}:
        call.unit.move(intent, "withdraw", {"payment_method": None})


# --- confirming -----------------------------------------------------------------------------------


def _confirm(call: Call, intent: Body | None = None) -> Body:
    made_now = intent is not None
    intent = intent or call.target
    unit, params = call.unit, call.params
    if intent["status"] not in UNPAID:
        noun = {
            "succeeded": "You cannot confirm this PaymentIntent because it has already succeeded after being "
            "previously confirmed."
        }
        raise _unexpected(
            intent,
            noun.get(
                intent["status"],
                f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. "
                "Only a PaymentIntent "
                "with one of the following statuses may be confirmed: requires_confirmation, "
                "requires_action.",
            ),
        )
    if call.caller.kind == "publishable" and intent["confirmation_method"] == "manual":
        raise invalid(
            "This PaymentIntent cannot be confirmed using your publishable key because its "
            "`confirmation_method` is set to "
            "`manual`. Please use your secret key instead, or create a PaymentIntent with "
            "`confirmation_method` set to "
            "`automatic`.",
        )
    if not made_now:
        changes = _late_changes(call, intent)
        if changes:
            unit.change(intent, changes, emits=())
    method = unit.find("payment_method", intent["payment_method"])
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


def _late_changes(call: Call, intent: Body) -> Body:
    params = call.params
    changes: Body = {
        n: params[n]
        for n in ("receipt_email", "setup_future_usage", "capture_method")
        if params.get(n) not in {None, ""}
    }
    if isinstance(params.get("shipping"), dict):
        from payloom.emulator.resource import overlay  # noqa: PLC0415 - beside its only use

        changes["shipping"] = overlay(SHIPPING, params["shipping"])
    if params.get("payment_method_options"):
        changes["payment_method_options"] = _options(
            intent, params["payment_method_options"], intent["payment_method_options"]
        )
    if params.get("payment_method_types"):
        changes["payment_method_types"] = params["payment_method_types"]
    merged = {**intent, **changes}
    method = _given_method(call, merged)
    if method is not None:
        _check_owner(merged, method)
        authentication.check_type(merged, method, "PaymentIntent")
        changes["payment_method"] = method["id"]
        if method.get("_future_usage") and not merged.get("setup_future_usage"):
            changes["setup_future_usage"] = method["_future_usage"]
    return changes


def _need_return_url(call: Call, intent: Body) -> None:
    automatic = intent["automatic_payment_methods"]
    if not automatic or automatic["allow_redirects"] == "never" or call.get("return_url"):
        return
    if call.params.get("use_stripe_sdk") or call.caller.kind == "publishable" or call.params.get("off_session"):
        return
    if call.get("confirmation_token"):
        return
    raise invalid(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because "
        "some of these payment "
        "methods might redirect your customer off of your page, you must provide a `return_url`. If you "
        "don't want to accept "
        "redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
        "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment "
        "Intents.",
        "return_url",
    )


def _no_method(intent: Body) -> StripeError:
    return StripeError(
        "You cannot confirm this PaymentIntent because it's missing a payment method. "
        + (
            f"To confirm the PaymentIntent with {intent['customer']}, specify a payment method attached to "
            "this customer "
            "along with the customer ID."
            if intent["customer"]
            else "You can either update the PaymentIntent with a payment method and then confirm it again, or confirm "
            "it again directly with a payment method or ConfirmationToken."
        ),
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def pay(
    unit: Unit,
    intent: Body,
    method: Body,
    *,
    off_session: bool = False,
    return_url: str | None = None,
    use_sdk: bool = False,
    mandate_data: Body | None = None,
    mandate: str | None = None,
    error_on_requires_action: bool = False,
    authenticated: bool = False,
) -> Body:
    """Try to pay `intent` with `method` and return it in its new state.

    Raises CardError (402; the attempt is kept) when declined. The intent then is in `requires_payment_method` with
    `last_payment_error`. States after a normal return: succeeded, processing, requires_capture, requires_action.
    """
    unit.change(
        intent,
        {
            "payment_method": method["id"],
            "_return_url": return_url,
            "_off_session": off_session,
            "_mandate_data": mandate_data,
        },
        emits=(),
    )
    how = cards.KINDS[method["type"]]
    if how == "card":
        if authenticated or not _must_ask(
            unit, intent, method, off_session=off_session, refuse=error_on_requires_action
        ):
            return _charge_card(unit, intent, method, authenticated=authenticated)
        action = authentication.next_action(unit, intent, return_url, use_sdk=use_sdk)
        return unit.move(intent, "challenge", {"next_action": action, "last_payment_error": None})
    if how == "debit":
        return _pay_by_debit(
            unit, intent, method, mandate_data=mandate_data, mandate=mandate, authenticated=authenticated
        )
    if how == "instant":
        return _succeed(unit, intent, method, None)
    if authenticated:
        return (
            _process(unit, intent, method, None) if how == "redirect_delayed" else _succeed(unit, intent, method, None)
        )
    if how == "voucher":
        return _voucher(unit, intent, method)
    if not return_url and not use_sdk:
        raise parameter_missing("return_url")
    action = authentication.next_action(unit, intent, return_url or unit.emulator.base_url, use_sdk=False)
    return unit.move(intent, "challenge", {"next_action": action})


def _card_options(intent: Body) -> Body:
    return (intent["payment_method_options"] or {}).get("card") or {}


def _must_ask(unit: Unit, intent: Body, method: Body, *, off_session: bool, refuse: bool) -> bool:
    """Return whether the cardholder must be asked first; declines when nobody is there or a challenge is an error."""
    verdict = authentication.verdict(
        method,
        off_session=off_session,
        wanted=_card_options(intent).get("request_three_d_secure"),
        saving=bool(intent["setup_future_usage"]) and method["customer"] is None,
    )
    if verdict == "refuse" or (verdict == "challenge" and refuse):
        _decline(unit, intent, method, cards.DECLINES["authentication_required"])
    return verdict == "challenge"


def _charge_card(unit: Unit, intent: Body, method: Body, *, authenticated: bool) -> Body:
    card = payment_methods.card_of(method)
    secure = _THREE_D_SECURE if authenticated else None
    decline = card.after_authentication if authenticated and card.after_authentication else card.decline
    if decline:
        return _decline(unit, intent, method, cards.DECLINES[decline], secure)
    if "manual" in {intent["capture_method"], _card_options(intent).get("capture_method")}:
        return _authorize(unit, intent, method, secure)
    return _succeed(unit, intent, method, secure)


_THREE_D_SECURE: Body = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "exemption_indicator_applied": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": "d3a2a1ab-0e1c-4b5e-9b1c-2c7c1b0a7f10",
    "version": "2.2.0",
}


def _decline(unit: Unit, intent: Body, method: Body, why: cards.Decline, secure: Body | None = None) -> Body:
    """Record the failed attempt and raise. What is recorded stays."""
    charge = charges.make(unit, intent, method, outcome="failed", why=why, three_d_secure=secure)
    error: Body = {
        "advice_code": why.advice_code,
        "charge": charge["id"],
        "code": why.code,
        "decline_code": why.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{why.code.replace('_', '-')}",
        "message": why.message,
        "network_decline_code": why.network_decline_code,
        "param": "payment_method" if why.code == "authentication_required" else None,
        "payment_method": unit.snapshot(method),
        "type": "card_error",
    }
    error = {k: v for k, v in error.items() if v is not None}
    if intent["status"] == "requires_payment_method":
        unit.move(intent, "provide", emits=())
    unit.move(
        intent,
        "fail",
        {"last_payment_error": error, "latest_charge": charge["id"], "next_action": None, "payment_method": None},
    )
    _tell_billing(unit, intent)
    raise payment_methods.decline(
        why,
        param="payment_method" if why.code == "authentication_required" else None,
        charge=charge["id"],
        payment_intent=intent,
        payment_method=method,
    )


def _succeed(unit: Unit, intent: Body, method: Body, secure: Body | None) -> Body:
    charge = charges.make(unit, intent, method, outcome="succeeded", three_d_secure=secure)
    _save(unit, intent, method, authenticated=secure is not None)
    changes: Body = {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "processing": None,
    }
    if method["type"] not in intent["payment_method_types"]:
        changes["payment_method_types"] = [*intent["payment_method_types"], method["type"]]
    unit.move(intent, "succeed", changes)
    _tell_billing(unit, intent)
    return intent


def _authorize(unit: Unit, intent: Body, method: Body, secure: Body | None) -> Body:
    charge = charges.make(unit, intent, method, outcome="succeeded", captured=False, three_d_secure=secure)
    _save(unit, intent, method, authenticated=secure is not None)
    unit.move(
        intent,
        "authorize",
        {
            "amount_capturable": intent["amount"],
            "latest_charge": charge["id"],
            "next_action": None,
            "last_payment_error": None,
        },
    )
    unit.schedule("lapse", intent, unit.now + charges.AUTHORIZED_SECONDS)
    return intent


def _save(unit: Unit, intent: Body, method: Body, *, authenticated: bool) -> None:
    if intent["setup_future_usage"] or method.get("_future_usage"):
        if intent["customer"]:
            payment_methods.keep(unit, method, intent["customer"])
        if authenticated or payment_methods.card_of(method).authentication == "none":
            unit.change(method, {"_set_up": True}, emits=())
    elif not method["customer"]:
        unit.change(method, {"_spent": True}, emits=())


def _pay_by_debit(
    unit: Unit,
    intent: Body,
    method: Body,
    *,
    mandate_data: Body | None = None,
    mandate: str | None = None,
    authenticated: bool = False,
) -> Body:
    if method["type"] == "us_bank_account" and not method.get("_verified") and not authenticated:
        return unit.move(intent, "challenge", {"next_action": microdeposits(unit, intent)})
    if mandate is None and method["type"] in mandates.KINDS:
        single = None if intent["setup_future_usage"] else {"amount": intent["amount"], "currency": intent["currency"]}
        mandate = mandates.make(unit, method, mandate_data, single_use=single)["id"]
    return _process(unit, intent, method, mandate)


def microdeposits(unit: Unit, intent: Body) -> Body:
    """Return the `next_action` that asks for the amounts of two small deposits (32 and 45) or the code SM11AA."""
    return {
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": unit.now + 86400,
            "hosted_verification_url": f"{unit.emulator.base_url}/_emulator/microdeposits/{intent['id']}",
            "microdeposit_type": "descriptor_code",
        },
    }


def _process(unit: Unit, intent: Body, method: Body, mandate: str | None) -> Body:
    charge = charges.make(unit, intent, method, outcome="pending", mandate=mandate)
    _save(unit, intent, method, authenticated=True)
    unit.move(intent, "process", {"latest_charge": charge["id"], "next_action": None, "last_payment_error": None})
    bank = payment_methods.bank_of(method)
    base = unit.emulator.config.settle_seconds
    unit.soon("settle", intent, base * 60 if bank.slow else base)
    return intent


def _voucher(unit: Unit, intent: Body, method: Body) -> Body:
    kind = f"{method['type']}_display_details"
    page = f"{unit.emulator.base_url}/_emulator/3ds/{intent['id']}?client_secret={intent['client_secret']}"
    details = {"expires_at": unit.now + 3 * 86400, "hosted_voucher_url": page, "number": "01010101010101"}
    return unit.move(intent, "challenge", {"next_action": {"type": kind, kind: details}})


_DEBIT_CODES = frozenset({"account_closed", "no_account", "insufficient_funds", "debit_not_authorized"})


def _settle(unit: Unit, intent: Body) -> None:
    """A debit's money arrives, or the bank says no."""
    if intent["status"] != "processing":
        return
    method = unit.get("payment_method", intent["payment_method"])
    charge = unit.get("charge", intent["latest_charge"])
    bank = payment_methods.bank_of(method)
    charges.settle(unit, charge, bank)
    if bank.outcome == "failed":
        message = charge["failure_message"]
        code = (
            charge["failure_code"]
            if charge["failure_code"] in _DEBIT_CODES
            else "payment_intent_payment_attempt_failed"
        )
        error = {
            "charge": charge["id"],
            "code": code,
            "message": message,
            "payment_method": unit.snapshot(method),
            "type": "invalid_request_error",
        }
        unit.move(intent, "fail", {"last_payment_error": error, "payment_method": None, "processing": None})
    else:
        unit.move(intent, "succeed", {"amount_received": intent["amount"], "processing": None})
    _tell_billing(unit, intent)
    _tell_session(unit, intent)


def challenged(unit: Unit, intent: Body, *, passed: bool) -> None:
    """The challenge of an intent in `requires_action` ended. A decline after it is recorded, not raised."""
    method = unit.get("payment_method", intent["payment_method"])
    if not passed:
        _authentication_failed(unit, intent, method)
    else:
        with contextlib.suppress(CardError):  # the page that asked shows it from last_payment_error
            pay(
                unit,
                intent,
                method,
                return_url=intent.get("_return_url"),
                mandate_data=intent.get("_mandate_data"),
                authenticated=True,
            )
    _tell_session(unit, intent)


def _authentication_failed(unit: Unit, intent: Body, method: Body) -> None:
    code = "payment_intent_authentication_failure"
    error = {
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
        "PaymentMethod to attempt to fulfill this PaymentIntent again."
        if cards.KINDS[method["type"]] == "card"
        else "The customer did not approve the PaymentIntent. Provide a new payment method to attempt to fulfill this "
        "PaymentIntent again.",
        "payment_method": unit.snapshot(method),
        "type": "invalid_request_error",
    }
    unit.move(intent, "fail", {"last_payment_error": error, "next_action": None, "payment_method": None})
    _tell_billing(unit, intent)


def _tell_billing(unit: Unit, intent: Body) -> None:
    if intent.get("_invoice") and seams.has_billing():
        seams.billing().intent_changed(unit, intent)


def _tell_session(unit: Unit, intent: Body) -> None:
    if intent.get("_session"):
        from payloom.emulator.resources import checkout_sessions  # noqa: PLC0415 - sessions own intents, rarely the reverse

        checkout_sessions.intent_changed(unit, intent)


# --- capturing, cancelling, verifying -------------------------------------------------------------


def capture(unit: Unit, intent: Body, amount: int | None = None) -> Body:
    """Take an authorised amount, or a part of it (the rest is released)."""
    if intent["status"] != "requires_capture":
        raise _unexpected(
            intent,
            "This PaymentIntent could not be captured because it has already been captured."
            if intent["status"] == "succeeded"
            else f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    wanted: int = intent["amount_capturable"] if amount is None else amount
    if wanted > intent["amount_capturable"]:
        raise invalid(
            "The provided `amount_to_capture` is greater than the amount capturable on this PaymentIntent.",
            "amount_to_capture",
            "amount_too_large",
        )
    if wanted < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", "amount_to_capture", "parameter_invalid_integer"
        )
    charges.capture(unit, unit.get("charge", intent["latest_charge"]), wanted)
    unit.unschedule("lapse", intent)
    unit.move(intent, "succeed", {"amount_capturable": 0, "amount_received": wanted})
    _tell_billing(unit, intent)
    return intent


def _capture(call: Call) -> Body:
    metadata = call.params.get("metadata")
    if metadata:
        call.unit.change(call.target, {"metadata": {**call.target["metadata"], **metadata}}, emits=())
    return capture(call.unit, call.target, call.params.get("amount_to_capture"))


def close(unit: Unit, intent: Body, move: str, reason: str | None) -> Body:
    """Cancel the intent by a move of its machine."""
    unit.unschedule("lapse", intent)
    unit.move(
        intent,
        move,
        {"amount_capturable": 0, "canceled_at": unit.now, "cancellation_reason": reason, "next_action": None},
    )
    _tell_billing(unit, intent)
    return intent


def _cancel(call: Call) -> Body:
    return cancel(call.unit, call.target, call.get("cancellation_reason"))


def cancel(unit: Unit, intent: Body, reason: str | None = None) -> Body:
    """Cancel an intent that has not succeeded; an authorisation is let go."""
    machine = PAYMENT_INTENT.machine
    assert machine is not None
    if not machine.allows("cancel", intent["status"]):
        raise _unexpected(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a "
            "PaymentIntent with "
            "one of the following statuses may be canceled: requires_payment_method, requires_capture, "
            "requires_confirmation, requires_action, processing.",
        )
    held = unit.find("charge", intent["latest_charge"]) if intent["status"] == "requires_capture" else None
    if held is not None:
        charges.release(unit, held, expired=False)
    return close(unit, intent, "cancel", reason)


def _lapse(unit: Unit, intent: Body) -> None:
    """Seven days after it was authorised, an uncaptured payment is let go."""
    if intent["status"] == "requires_capture":
        charges.release(unit, unit.get("charge", intent["latest_charge"]), expired=True)
        close(unit, intent, "cancel", "automatic")


def _increment(call: Call) -> Body:
    intent = call.target
    call.need("amount")
    if intent["status"] != "requires_capture":
        raise _unexpected(
            intent, "Only a PaymentIntent with a status of requires_capture can have its authorization incremented."
        )
    if call.params["amount"] <= intent["amount"]:
        raise invalid("The amount must be greater than the currently authorized amount.", "amount")
    money.chargeable(call.params["amount"], intent["currency"])
    charge = call.unit.get("charge", intent["latest_charge"])
    call.unit.change(charge, {"amount": call.params["amount"]}, emits=("charge.updated",))
    changes = {"amount": call.params["amount"], "amount_capturable": call.params["amount"]}
    return call.unit.change(intent, changes, emits=("payment_intent.amount_capturable_updated",))


def _verify(call: Call) -> Body:
    intent = call.target
    if (intent["next_action"] or {}).get("type") != "verify_with_microdeposits":
        raise _unexpected(intent, "This PaymentIntent is not waiting for microdeposits.")
    check_microdeposits(call)
    method = call.unit.get("payment_method", intent["payment_method"])
    call.unit.change(method, {"_verified": True}, emits=())
    return _pay_by_debit(call.unit, intent, method, mandate_data=intent.get("_mandate_data"), authenticated=True)


def check_microdeposits(call: Call) -> None:
    """Raise unless the amounts or the descriptor code are those of the test deposits."""
    amounts, code = cards.MICRODEPOSITS
    if call.params.get("amounts") in (list(amounts), list(reversed(amounts))) or call.get("descriptor_code") == code:
        return
    raise invalid(
        "The amounts provided do not match the amounts that were sent to the bank account.",
        "amounts",
        "payment_method_microdeposit_verification_amounts_mismatch",
    )


def _unexpected(intent: Body, message: str) -> StripeError:
    return StripeError(message, code="payment_intent_unexpected_state", payment_intent=intent)


def _apply_balance(call: Call) -> Body:
    raise _unexpected(call.target, "This customer has no cash balance to apply.")


_PUBLIC = [
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_configuration_details",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
    "allowed_payment_method_types",
    "excluded_payment_method_types",
]

PAYMENT_INTENT = Resource(
    object="payment_intent",
    prefix="pi_3",
    id_length=23,
    path="/v1/payment_intents",
    can=("create", "retrieve", "update", "list", "search"),
    fields=(
        given("allowed_payment_method_types"),
        given("amount", 0),
        fixed("amount_capturable", 0),
        fixed("amount_details", {"tip": {}}),
        fixed("amount_received", 0),
        fixed("application"),
        given("application_fee_amount"),
        fixed("automatic_payment_methods"),
        fixed("canceled_at"),
        fixed("cancellation_reason"),
        given("capture_method", "automatic_async"),
        fixed("client_secret"),
        once("confirmation_method", "automatic"),
        fixed("created"),
        fixed("currency"),
        given("customer", ref="customer"),
        fixed("customer_account"),
        given("description"),
        given("excluded_payment_method_types"),
        fixed("last_payment_error"),
        fixed("latest_charge"),
        fixed("livemode", False),
        given("metadata", {}),
        fixed("next_action"),
        once("on_behalf_of"),
        fixed("payment_method"),
        fixed("payment_method_configuration_details"),
        fixed("payment_method_options", {}),
        fixed("payment_method_types", ["card"]),
        fixed("processing"),
        given("receipt_email"),
        fixed("review"),
        given("setup_future_usage"),
        given("shipping", shape=SHIPPING),
        fixed("source"),
        given("statement_descriptor"),
        given("statement_descriptor_suffix"),
        fixed("status"),
        given("transfer_data"),
        given("transfer_group"),
    ),
    machine=Machine(
        initial=("requires_payment_method", "requires_confirmation"),
        moves=(
            Move("provide", {"requires_payment_method", "requires_action"}, "requires_confirmation"),
            Move("withdraw", {"requires_confirmation", "requires_action"}, "requires_payment_method"),
            Move("challenge", set(UNPAID), "requires_action", ("payment_intent.requires_action",)),
            Move("process", set(UNPAID), "processing", ("payment_intent.processing",)),
            Move("authorize", set(UNPAID), "requires_capture", ("payment_intent.amount_capturable_updated",)),
            Move("succeed", {*UNPAID, "processing", "requires_capture"}, "succeeded", ("payment_intent.succeeded",)),
            Move(
                "fail",
                {"requires_confirmation", "requires_action", "processing"},
                "requires_payment_method",
                ("payment_intent.payment_failed",),
            ),
            Move("cancel", {*UNPAID, "requires_capture"}, "canceled", ("payment_intent.canceled",)),
        ),
        terminal={"succeeded", "canceled"},
    ),
    on_create=("payment_intent.created",),
    creating=_creating,
    created=_created,
    updating=_updating,
    updated=_updated,
    filters=("customer", "_session", "_invoice"),
    search=("amount", "currency", "customer", "metadata", "status"),
    public=tuple(_PUBLIC),
    actions={
        "confirm": _confirm,
        "capture": _capture,
        "cancel": _cancel,
        "increment_authorization": _increment,
        "verify_microdeposits": _verify,
        "apply_customer_balance": _apply_balance,
    },
    operations=(
        Operation(
            "GET",
            "/v1/payment_intents/{intent}/amount_details_line_items",
            lambda call: call.page("payment_intent_amount_details_line_item", payment_intent=call.ids["intent"]),
        ),
    ),
    timers={"settle": _settle, "lapse": _lapse},
)

RESOURCES = (PAYMENT_INTENT,)


def _charges_on_intent(unit: Unit, shown: Body, stored: Body) -> None:
    """Until 2022-11-15 an intent came with its charges instead of the latest one's id."""
    rows = unit.list("charge", payment_intent=stored["id"])
    data = []
    for row in rows[:10]:
        charge = unit.snapshot(row)
        versions.down(unit, charge, row, _BEFORE_LATEST_CHARGE)
        data.append(charge)
    url = f"/v1/charges?payment_intent={stored['id']}"
    shown["charges"] = {
        "object": "list",
        "data": data,
        "has_more": len(rows) > 10,
        "total_count": len(rows),
        "url": url,
    }


def _invoice_on_intent(unit: Unit, shown: Body, stored: Body) -> None:
    """Until basil an intent named the invoice it pays."""
    del unit
    shown["invoice"] = stored.get("_invoice")


_BEFORE_LATEST_CHARGE = "2022-08-01"
versions.register(
    Change("2022-11-15", "payment_intent", _charges_on_intent, expandable=("charges",)),
    Change(versions.BASIL, "payment_intent", _invoice_on_intent, expandable=("invoice",)),
)
