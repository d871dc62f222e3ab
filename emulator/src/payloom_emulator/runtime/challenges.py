"""Ends a challenge: the cardholder (or a test) completed or failed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.kit.kind import Kind
from payloom_emulator.payments import attempts, authentication, setup_intents
from payloom_emulator.protocol.errors import StripeError, invalid, missing
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from payloom_emulator.objects.intents import PaymentIntent, SetupIntent
    from payloom_emulator.runtime.emulator import Emulator


def complete_challenge(emulator: Emulator, intent_id: str, outcome: str, client_secret: str) -> dict[str, object]:
    """Settle the intent's challenge; `outcome` is "complete" or "fail".

    Returns `{id, object, status, return_url}`: return_url is where the browser goes on, with what Stripe adds to it, or
    None when the page that asked goes on by itself. Raises Stripe's errors.
    """
    if outcome not in {"complete", "fail"}:
        raise StripeError(f"A challenge ends with complete or fail, not {outcome}.", status=404)
    account = _account_of(emulator, intent_id)
    with emulator.store.transaction():
        unit = emulator.unit(account)
        intent = unit.find_any(intent_id)
        if intent is None or intent["object"] not in {"payment_intent", "setup_intent"}:
            raise missing("payment_intent", intent_id)
        if client_secret != intent["client_secret"]:
            raise invalid("The client_secret does not belong to this intent.", "client_secret")
        unit.use_clock_of(intent)
        if intent["status"] != "requires_action":
            raise invalid(
                f"This intent is {intent['status']}; no challenge is open.", code="payment_intent_unexpected_state"
            )
        return_url = text(intent.get("_return_url"))
        if intent["object"] == "payment_intent":
            attempts.challenged(unit, cast("PaymentIntent", intent), passed=outcome == "complete")
        else:
            setup_intents.challenged(unit, cast("SetupIntent", intent), passed=outcome == "complete")
        unit.flush()
    emulator.delivery.wake()
    emulator.timers.run_due_unserved()
    ok = intent["status"] in {"succeeded", "processing", "requires_capture"}
    return {
        "id": intent["id"],
        "object": intent["object"],
        "status": intent["status"],
        "return_url": authentication.returned(cast("PaymentIntent", intent), return_url, ok=ok),
    }


def end_authentication(emulator: Emulator, authentication_id: str, *, passed: bool) -> str:
    """End the challenge of a 3-D Secure authentication without a payment; returns its new status."""
    account = _account_of(emulator, authentication_id)
    with emulator.store.transaction():
        unit = emulator.unit(account)
        authentication = unit.get(_AUTHENTICATION, authentication_id)
        if authentication["status"] != "requires_challenge":
            raise invalid(f"This authentication is {authentication['status']}; no challenge is open.")
        changes: dict[str, object] = {"challenge_url": None, "outcome": "authenticated" if passed else "denied"}
        answer = {
            "ares_trans_status": "C",
            "rreq_trans_status": "Y" if passed else "N",
            "eci": "05" if passed else None,
        }
        changes["outcome_details"] = {**members(authentication["outcome_details"]), **answer}
        unit.transition(authentication, "succeed" if passed else "fail", changes)
        unit.flush()
    emulator.delivery.wake()
    return str(authentication["status"])


_AUTHENTICATION: Kind[dict[str, object]] = Kind("three_d_secure.authentication")


def _account_of(emulator: Emulator, intent_id: str) -> str:
    rows = emulator.store.query("SELECT account FROM objects WHERE id = ?", (intent_id,))
    if not rows:
        raise missing("payment_intent", intent_id)
    return rows[0][0]
