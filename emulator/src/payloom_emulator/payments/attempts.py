"""One attempt to pay: what the card or the bank says, and everything that follows from it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.schemas import facts
from payloom_emulator.objects import kinds
from payloom_emulator.payments import authentication, charges, test_cards
from payloom_emulator.payments.methods import cash_balances, debited_accounts, mandates, payment_methods
from payloom_emulator.protocol.errors import CardError, parameter_missing
from payloom_emulator.protocol.json_shapes import text

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import PaymentIntent, SetupIntent
    from payloom_emulator.objects.payment_methods import PaymentMethod


def pay(
    unit: UnitOfWork,
    intent: PaymentIntent,
    method: PaymentMethod,
    *,
    off_session: bool = False,
    return_url: str | None = None,
    use_sdk: bool = False,
    mandate_data: JsonMapping | None = None,
    mandate: str | None = None,
    error_on_requires_action: bool = False,
    authenticated: bool = False,
) -> PaymentIntent:
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
    how = test_cards.KINDS[method["type"]]
    if how == "card":
        if authenticated or not _must_ask(
            unit, intent, method, off_session=off_session, refuse=error_on_requires_action
        ):
            return _charge_card(unit, intent, method, authenticated=authenticated)
        action = authentication.next_action(unit, intent, return_url, use_sdk=use_sdk)
        return unit.transition(intent, "require_action", {"next_action": action, "last_payment_error": None})
    if how == "debit":
        return pay_by_debit(
            unit, intent, method, mandate_data=mandate_data, mandate=mandate, authenticated=authenticated
        )
    if how == "cash":
        return _ask_for_cash(unit, intent, method, arrived=authenticated)
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
    action = authentication.next_action(unit, intent, return_url or unit.environment.base_url, use_sdk=False)
    return unit.transition(intent, "require_action", {"next_action": action})


def _card_options(intent: PaymentIntent) -> JsonMapping:
    return cast("JsonMapping", (intent["payment_method_options"] or {}).get("card") or {})


def _must_ask(
    unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, *, off_session: bool, refuse: bool
) -> bool:
    """Return whether the cardholder must be asked first; declines off session, or when a challenge is an error."""
    verdict = authentication.verdict(
        method,
        off_session=off_session,
        requested=text(_card_options(intent).get("request_three_d_secure")),
        saving=bool(intent["setup_future_usage"]) and method["customer"] is None,
    )
    if verdict == "decline":
        _decline(unit, intent, method, test_cards.DECLINES["generic_decline"])
    if verdict == "refuse" or (verdict == "challenge" and refuse):
        _decline(unit, intent, method, test_cards.DECLINES["authentication_required"])
    return verdict == "challenge"


def _charge_card(
    unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, *, authenticated: bool
) -> PaymentIntent:
    card = payment_methods.card_of(method)
    secure = _THREE_D_SECURE if authenticated else None
    if card.authentication == "frictionless":
        secure = {**_THREE_D_SECURE, "authentication_flow": "frictionless"}
    decline = card.after_authentication if authenticated and card.after_authentication else card.decline
    if decline:
        return _decline(unit, intent, method, test_cards.DECLINES[decline], secure)
    if "manual" in {intent["capture_method"], _card_options(intent).get("capture_method")}:
        return _authorize(unit, intent, method, secure)
    return _succeed(unit, intent, method, secure)


_THREE_D_SECURE: dict[str, object] = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "exemption_indicator_applied": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": "d3a2a1ab-0e1c-4b5e-9b1c-2c7c1b0a7f10",
    "version": "2.2.0",
}


def _decline(
    unit: UnitOfWork,
    intent: PaymentIntent,
    method: PaymentMethod,
    why: test_cards.Decline,
    secure: JsonMapping | None = None,
) -> PaymentIntent:
    """Record the failed attempt and raise. What is recorded stays."""
    charge = charges.make(unit, intent, method, outcome="failed", why=why, three_d_secure=secure)
    error: dict[str, object] = {
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
        unit.transition(intent, "attach_method", emits=())
    unit.transition(
        intent,
        "fail",
        {"last_payment_error": error, "latest_charge": charge["id"], "next_action": None, "payment_method": None},
    )
    unit.publish(facts.INTENT_CHANGED, intent)
    raise payment_methods.decline(
        why,
        param="payment_method" if why.code == "authentication_required" else None,
        charge=charge["id"],
        payment_intent=intent,
        payment_method=method,
    )


def _succeed(
    unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, secure: JsonMapping | None
) -> PaymentIntent:
    charge = charges.make(unit, intent, method, outcome="succeeded", three_d_secure=secure)
    _save(unit, intent, method, authenticated=secure is not None)
    changes: dict[str, object] = {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "processing": None,
    }
    if method["type"] not in intent["payment_method_types"]:
        changes["payment_method_types"] = [*intent["payment_method_types"], method["type"]]
    unit.transition(intent, "succeed", changes)
    unit.publish(facts.INTENT_CHANGED, intent)
    return intent


def _authorize(
    unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, secure: JsonMapping | None
) -> PaymentIntent:
    charge = charges.make(unit, intent, method, outcome="succeeded", captured=False, three_d_secure=secure)
    _save(unit, intent, method, authenticated=secure is not None)
    unit.transition(
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


def _save(unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, *, authenticated: bool) -> None:
    if intent["setup_future_usage"] or method.get("_future_usage"):
        if intent["customer"]:
            payment_methods.keep(unit, method, intent["customer"])
        if authenticated or payment_methods.card_of(method).authentication in {"none", "frictionless"}:
            unit.change(method, {"_set_up": True}, emits=())
    elif not method["customer"]:
        unit.change(method, {"_spent": True}, emits=())


def pay_by_debit(
    unit: UnitOfWork,
    intent: PaymentIntent,
    method: PaymentMethod,
    *,
    mandate_data: JsonMapping | None = None,
    mandate: str | None = None,
    authenticated: bool = False,
) -> PaymentIntent:
    """Debit a bank account: processing at once, settled later; an unverified US account is verified first."""
    if method["type"] in debited_accounts.BY_DEPOSITS and not method.get("_verified") and not authenticated:
        return unit.transition(intent, "require_action", {"next_action": microdeposits(unit, intent)})
    if mandate is None and method["type"] in mandates.KINDS:
        single = None if intent["setup_future_usage"] else {"amount": intent["amount"], "currency": intent["currency"]}
        mandate = mandates.make(unit, method, mandate_data, single_use=single)["id"]
    return _process(unit, intent, method, mandate)


def microdeposits(unit: UnitOfWork, intent: PaymentIntent | SetupIntent) -> dict[str, object]:
    """Return the `next_action` that asks for the amounts of two small deposits (32 and 45) or the code SM11AA."""
    return {
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": unit.now + 86400,
            "hosted_verification_url": f"{unit.environment.base_url}/_emulator/microdeposits/{intent['id']}",
            "microdeposit_type": "descriptor_code",
        },
    }


def _process(unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, mandate: str | None) -> PaymentIntent:
    charge = charges.make(unit, intent, method, outcome="pending", mandate=mandate)
    _save(unit, intent, method, authenticated=True)
    unit.transition(intent, "process", {"latest_charge": charge["id"], "next_action": None, "last_payment_error": None})
    bank = payment_methods.bank_of(method)
    base = unit.environment.config.settle_seconds
    if bank.outcome != "processing":
        unit.schedule_real_time("settle", intent, base * 60 if bank.slow else base)
    return intent


def _ask_for_cash(unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod, *, arrived: bool) -> PaymentIntent:
    """Pay from the customer's cash balance, or ask for a transfer of the rest. arrived: the page says it came."""
    if arrived and intent["customer"]:
        customer = unit.get(kinds.CUSTOMER, intent["customer"])
        rest = intent["amount"] - (intent.get("_applied") or 0)
        cash_balances.receive(unit, customer, intent["currency"], rest, None)
    drawn, left = cash_balances.draw(unit, intent)
    if not left:
        return _succeed(unit, intent, method, None)
    action = cash_balances.instructions(unit, intent, left)
    unit.transition(intent, "require_action", {"next_action": action, "last_payment_error": None})
    if drawn:
        unit.emit("payment_intent.partially_funded", intent)
    return intent


def apply_cash(unit: UnitOfWork, intent: PaymentIntent, most: int | None = None) -> PaymentIntent:
    """Pay an intent that waits for a bank transfer from the cash balance, all or a part of it (`most`)."""
    drawn, left = cash_balances.draw(unit, intent, most)
    if not drawn:
        return intent
    if left:
        changes = {"next_action": cash_balances.instructions(unit, intent, left)}
        return unit.change(intent, changes, emits=("payment_intent.partially_funded",))
    _succeed(unit, intent, unit.get(kinds.PAYMENT_METHOD, intent["payment_method"]), None)
    unit.publish(facts.INTENT_RESUMED, intent)
    return intent


_KONBINI_STORES = ("familymart", "lawson", "ministop", "seicomart")


def _voucher(unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod) -> PaymentIntent:
    kind = f"{method['type']}_display_details"
    page = f"{unit.environment.base_url}/_emulator/3ds/{intent['id']}?client_secret={intent['client_secret']}"
    expires, number = unit.now + 3 * 86400, "01010101010101"
    details: dict[str, object] = {"hosted_voucher_url": page}
    if method["type"] == "konbini":
        store = {"confirmation_number": number[:11], "payment_code": number[:6]}
        details |= {"expires_at": expires, "stores": dict.fromkeys(_KONBINI_STORES, store)}
    elif method["type"] == "oxxo":
        details |= {"expires_after": expires, "number": number}
    else:
        details |= {"expires_at": expires, "number": number, "pdf": f"{page}&pdf"}
    return unit.transition(intent, "require_action", {"next_action": {"type": kind, kind: details}})


_DEBIT_CODES = frozenset(
    {
        "account_closed",
        "charge_exceeds_source_limit",
        "charge_exceeds_transaction_limit",
        "debit_not_authorized",
        "insufficient_funds",
        "no_account",
        "payment_method_microdeposit_failed",
        "refer_to_customer",
    }
)


def settle(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """A debit's money arrives, or the bank says no."""
    if intent["status"] != "processing":
        return
    method = unit.get(kinds.PAYMENT_METHOD, intent["payment_method"])
    charge = unit.get(kinds.CHARGE, intent["latest_charge"])
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
        unit.transition(intent, "fail", {"last_payment_error": error, "payment_method": None, "processing": None})
        if bank.mandate_ends == "with_the_debit":
            mandates.end(unit, method)
    else:
        unit.transition(intent, "succeed", {"amount_received": intent["amount"], "processing": None})
    unit.publish(facts.INTENT_CHANGED, intent)
    unit.publish(facts.INTENT_RESUMED, intent)


def challenged(unit: UnitOfWork, intent: PaymentIntent, *, passed: bool) -> None:
    """The challenge of an intent in `requires_action` ended. A decline after it is recorded, not raised."""
    method = unit.get(kinds.PAYMENT_METHOD, intent["payment_method"])
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
    unit.publish(facts.INTENT_RESUMED, intent)


def _authentication_failed(unit: UnitOfWork, intent: PaymentIntent, method: PaymentMethod) -> None:
    code = "payment_intent_authentication_failure"
    error = {
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again."
        if test_cards.KINDS[method["type"]] == "card"
        else "The customer did not approve the PaymentIntent. Provide a new payment method to attempt to fulfill this PaymentIntent again.",
        "payment_method": unit.snapshot(method),
        "type": "invalid_request_error",
    }
    unit.transition(intent, "fail", {"last_payment_error": error, "next_action": None, "payment_method": None})
    unit.publish(facts.INTENT_CHANGED, intent)
