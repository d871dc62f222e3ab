"""SetupIntents: one attempt to save a payment method, and what follows from it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from payloom_emulator.core.schemas import facts
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import attempts, authentication, test_cards
from payloom_emulator.payments.methods import debited_accounts, mandates, payment_methods
from payloom_emulator.protocol.errors import CardError

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import SetupAttempt, SetupIntent
    from payloom_emulator.objects.payment_methods import PaymentMethod


def create(
    unit: UnitOfWork, *, customer: str | None, payment_method_types: list[str] | None = None, **more: object
) -> SetupIntent:
    """Make a SetupIntent for another object (a session, a subscription)."""
    intent_id = unit.new_id("setup_intent")
    values: dict[str, object] = {
        "id": intent_id,
        "client_secret": f"{intent_id}_secret_{unit.environment.ids.new('', 30)}",
        "customer": customer,
        "payment_method_types": payment_method_types or ["card"],
        "payment_method_options": {"card": dict(CARD_OPTIONS)},
        "status": "requires_payment_method",
        **more,
    }
    return unit.create(kinds.SETUP_INTENT, values)


CARD_OPTIONS: dict[str, object] = {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}


def set_up(
    unit: UnitOfWork,
    intent: SetupIntent,
    method: PaymentMethod,
    *,
    return_url: str | None = None,
    use_sdk: bool = False,
    mandate_data: JsonMapping | None = None,
    authenticated: bool = False,
) -> SetupIntent:
    """Try to save `method` for `intent`; raises CardError (the attempt is kept) when the bank refuses."""
    unit.change(
        intent, {"payment_method": method["id"], "_return_url": return_url, "_mandate_data": mandate_data}, emits=()
    )
    how = test_cards.KINDS[method["type"]]
    if how == "card":
        card = payment_methods.card_of(method)
        requested = (present(intent["payment_method_options"]).get("card") or {}).get("request_three_d_secure")
        verdict = authentication.verdict(method, off_session=False, requested=requested, saving=True)
        if verdict == "decline":
            _refused(unit, intent, method, test_cards.DECLINES["generic_decline"])
        if verdict == "challenge" and not authenticated:
            action = authentication.next_action(unit, intent, return_url, use_sdk=use_sdk)
            attempt = record_attempt(unit, intent, method, "requires_action")
            return unit.transition(intent, "require_action", {"next_action": action, "latest_attempt": attempt["id"]})
        decline = card.decline if not card.attaches else None
        if decline:
            _refused(unit, intent, method, test_cards.DECLINES[decline])
    elif (
        how == "debit"
        and method["type"] in debited_accounts.BY_DEPOSITS
        and not method.get("_verified")
        and not authenticated
    ):
        return unit.transition(intent, "require_action", {"next_action": attempts.microdeposits(unit, intent)})
    elif how.startswith("redirect") and not authenticated:
        action = authentication.next_action(unit, intent, return_url or unit.environment.base_url, use_sdk=False)
        return unit.transition(intent, "require_action", {"next_action": action})
    return _succeed(unit, intent, method, mandate_data)


def _succeed(
    unit: UnitOfWork, intent: SetupIntent, method: PaymentMethod, mandate_data: JsonMapping | None
) -> SetupIntent:
    changes: dict[str, object] = {"next_action": None, "last_setup_error": None}
    once = intent.get("_single_use")
    if once:
        changes["single_use_mandate"] = mandates.make(unit, method, mandate_data, single_use=once)["id"]
    elif method["type"] in mandates.KINDS:
        changes["mandate"] = mandates.make(unit, method, mandate_data)["id"]
    if intent["customer"] and not once:
        payment_methods.keep(unit, method, intent["customer"])
    unit.change(method, {"_set_up": True}, emits=())
    changes["latest_attempt"] = record_attempt(unit, intent, method, "succeeded")["id"]
    unit.transition(intent, "succeed", changes)
    unit.publish(facts.SETUP_SUCCEEDED, intent)
    return intent


def record_attempt(
    unit: UnitOfWork, intent: SetupIntent, method: PaymentMethod, status: str, error: JsonMapping | None = None
) -> SetupAttempt:
    """Store one attempt of a SetupIntent with its outcome."""
    member: dict[str, object] = {}
    if method["type"] == "card":
        card = method["card"]
        member = {
            n: present(card)[n]
            for n in ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
        }
        member.update(
            {
                "checks": present(card)["checks"],
                "network": present(card)["brand"],
                "three_d_secure": None,
                "wallet": None,
            }
        )
    return unit.create(
        kinds.SETUP_ATTEMPT,
        {
            "customer": intent["customer"],
            "payment_method": method["id"],
            "payment_method_details": {method["type"]: member, "type": method["type"]},
            "setup_error": error,
            "setup_intent": intent["id"],
            "status": status,
            "usage": intent["usage"],
        },
    )


def _refused(unit: UnitOfWork, intent: SetupIntent, method: PaymentMethod, why: test_cards.Decline) -> None:
    error: dict[str, object] = {
        "code": why.code,
        "decline_code": why.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{why.code.replace('_', '-')}",
        "message": why.message,
        "payment_method": unit.snapshot(method),
        "type": "card_error",
    }
    error = {k: v for k, v in error.items() if v is not None}
    attempt = record_attempt(unit, intent, method, "failed", error)
    _fail(unit, intent, error, attempt["id"])
    raise payment_methods.decline(why, setup_intent=intent, payment_method=method)


def _fail(unit: UnitOfWork, intent: SetupIntent, error: JsonMapping, attempt: str | None) -> None:
    if intent["status"] == "requires_payment_method":
        unit.transition(intent, "attach_method", emits=())
    unit.transition(
        intent,
        "fail",
        {
            "last_setup_error": error,
            "latest_attempt": attempt or intent["latest_attempt"],
            "next_action": None,
            "payment_method": None,
        },
    )


def challenged(unit: UnitOfWork, intent: SetupIntent, *, passed: bool) -> None:
    """The challenge of an intent in `requires_action` ended."""
    method = unit.get(kinds.PAYMENT_METHOD, intent["payment_method"])
    if passed:
        with contextlib.suppress(CardError):  # the page that asked shows it from last_setup_error
            set_up(
                unit,
                intent,
                method,
                mandate_data=intent.get("_mandate_data"),
                return_url=intent.get("_return_url"),
                authenticated=True,
            )
    else:
        code = "setup_intent_authentication_failure"
        error = {
            "code": code,
            "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
            "message": "The latest attempt to set up the payment method has failed because authentication failed.",
            "payment_method": unit.snapshot(method),
            "type": "invalid_request_error",
        }
        _fail(unit, intent, error, record_attempt(unit, intent, method, "failed", error)["id"])
    unit.publish(facts.INTENT_RESUMED, intent)
