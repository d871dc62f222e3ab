"""What a person does to an object from the front page: the calls of the API that do it, and what only banks can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.objects import kinds
from payloom_emulator.payments import disputes
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.runtime.emulator import Emulator


class Action(NamedTuple):
    """A button. call: METHOD and path, `{id}` for the object; None for what a bank does. when: in which statuses."""

    name: str
    label: str
    call: str | None
    when: frozenset[str] | None = None
    params: Mapping[str, object] | None = None


def _in(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


ACTIONS: dict[str, tuple[Action, ...]] = {
    "payment_intent": (
        Action("refund", "Refund", "POST /v1/refunds", _in("succeeded"), {"payment_intent": "{id}"}),
        Action("dispute", "Dispute", None, _in("succeeded")),
        Action("capture", "Capture", "POST /v1/payment_intents/{id}/capture", _in("requires_capture")),
        Action(
            "cancel",
            "Cancel",
            "POST /v1/payment_intents/{id}/cancel",
            _in("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"),
        ),
    ),
    "charge": (
        Action("refund", "Refund", "POST /v1/refunds", _in("succeeded"), {"charge": "{id}"}),
        Action("dispute", "Dispute", None, _in("succeeded")),
    ),
    "dispute": (
        Action(
            "win",
            "Win",
            "POST /v1/disputes/{id}",
            _in("needs_response", "warning_needs_response"),
            {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": "true"},
        ),
        Action("lose", "Lose", "POST /v1/disputes/{id}/close", _in("needs_response", "warning_needs_response")),
    ),
    "subscription": (
        Action(
            "cancel",
            "Cancel now",
            "DELETE /v1/subscriptions/{id}",
            _in("trialing", "active", "past_due", "unpaid", "paused", "incomplete"),
        ),
        Action(
            "end_later",
            "Cancel at the period’s end",
            "POST /v1/subscriptions/{id}",
            _in("trialing", "active"),
            {"cancel_at_period_end": "true"},
        ),
    ),
    "invoice": (
        Action("finalize", "Finalize", "POST /v1/invoices/{id}/finalize", _in("draft")),
        Action("pay", "Pay", "POST /v1/invoices/{id}/pay", _in("open", "uncollectible")),
        Action("pay_outside", "Mark as paid", "POST /v1/invoices/{id}/pay", _in("open"), {"paid_out_of_band": "true"}),
        Action("void", "Void", "POST /v1/invoices/{id}/void", _in("open", "uncollectible")),
    ),
    "customer": (Action("delete", "Delete", "DELETE /v1/customers/{id}"),),
}
"""The buttons by the kind of object."""


def actions_for(kind: str, status: str | None) -> list[Action]:
    """Return what can be done to an object of a kind in a status."""
    return [action for action in ACTIONS.get(kind, ()) if action.when is None or status in action.when]


def act(emulator: Emulator, object_id: str, name: str) -> dict[str, object]:
    """Do it. Raises EmulatorError, with Stripe's own words when the API refuses."""
    rows = emulator.store.query("SELECT account, object FROM objects WHERE id = ? AND deleted = 0", (object_id,))
    if not rows:
        raise EmulatorError(f"There is no object {object_id!r}.")
    account, kind = rows[0]
    action = next((action for action in ACTIONS.get(kind, ()) if action.name == name), None)
    if action is None:
        known = ", ".join(action.name for action in ACTIONS.get(kind, ()))
        raise EmulatorError(f"Nothing is called {name!r} for a {kind}.", hint=f"There are: {known or 'none'}.")
    if action.call is None:
        return {"done": action.label, "result": _dispute(emulator, account, object_id)}
    method, _, path = action.call.replace("{id}", object_id).partition(" ")
    params = {key: object_id if value == "{id}" else value for key, value in (action.params or {}).items()}
    connected = account if account != emulator.config.account else None
    status, body = emulator.call(method, path, params, account=connected, source="DASHBOARD")
    if status != 200:
        raise EmulatorError(text(members(body.get("error")).get("message")) or f"The call was answered {status}.")
    return {"done": action.label, "result": body["id"]}


def _dispute(emulator: Emulator, account: str, object_id: str) -> str:
    """Let the cardholder dispute a payment, as a bank would report it."""
    with emulator.store.transaction():
        unit = emulator.unit(account)
        intent = unit.find(kinds.PAYMENT_INTENT, object_id)
        charge = unit.find(kinds.CHARGE, intent["latest_charge"] if intent else object_id)
        if charge is None or charge["disputed"]:
            raise EmulatorError("There is nothing to dispute, or it is disputed already.")
        dispute = disputes.open_for(unit, charge, "fraudulent", inquiry=False)
        unit.finish()
    emulator.delivery.wake()
    return str(dispute["id"])
