"""Tax associations: the calculation whose tax a payment collected. https://docs.stripe.com/api/tax/associations.

A PaymentIntent names it in `hooks[inputs][tax][calculation]`; when it succeeds, the calculation becomes a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.facts import INTENT_CHANGED
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import integer, members, text
from payloom_emulator.resources.tax import transactions
from payloom_emulator.resources.tax.calculations import CALCULATION

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.intents import PaymentIntent

ASSOCIATION: Kind[dict[str, object]] = Kind("tax.association")


def calculation_of(intent: Mapping[str, object]) -> str | None:
    """Return the id of the calculation that an intent's hooks name, or None."""
    return text(members(members(members(intent.get("hooks")).get("inputs")).get("tax")).get("calculation"))


def _find(call: RequestContext[Params]) -> Mapping[str, object]:
    intent_id = required(text(call.params.get("payment_intent")), "payment_intent")
    intent = call.unit.get(kinds.PAYMENT_INTENT, intent_id, "payment_intent")
    calculation = calculation_of(intent)
    if calculation is None:
        raise StripeError(
            f"The PaymentIntent {intent_id} has no tax association.",
            status=404,
            code="resource_missing",
            param="payment_intent",
        )
    return _association(call.unit, intent, calculation)


def _association(unit: UnitOfWork, intent: PaymentIntent, calculation: str) -> dict[str, object]:
    existing = unit.list(ASSOCIATION, payment_intent=intent["id"], limit=1)
    if not existing:
        return unit.create(ASSOCIATION, {"calculation": calculation, "payment_intent": intent["id"]})
    return unit.change(existing[0], {"calculation": calculation})


def _intent_changed(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """Commit the tax of an intent that succeeded, or say why it cannot be."""
    calculation_id = calculation_of(intent)
    if calculation_id is None or intent["status"] != "succeeded":
        return
    association = _association(unit, intent, calculation_id)
    if association["tax_transaction_attempts"]:
        return
    calculation = unit.find(CALCULATION, calculation_id)
    reason = _refusal(unit, intent, calculation)
    if calculation is None or reason:
        attempt: dict[str, object] = {"errored": {"reason": reason}, "status": "errored"}
    else:
        transaction = transactions.commit(unit, calculation, intent["id"])
        attempt = {"committed": {"transaction": transaction["id"]}, "status": "committed"}
    unit.change(association, {"tax_transaction_attempts": [{**attempt, "source": intent["latest_charge"]}]})


def _refusal(unit: UnitOfWork, intent: PaymentIntent, calculation: Mapping[str, object] | None) -> str | None:
    if calculation is None or (integer(calculation["expires_at"]) or 0) <= unit.now:
        return "calculation_expired"
    if calculation["currency"] != intent["currency"]:
        return "currency_mismatch"
    others = unit.list(ASSOCIATION, calculation=calculation["id"])
    if any(other["tax_transaction_attempts"] for other in others):
        return "another_payment_associated_with_calculation"
    if unit.list(transactions.TRANSACTION, reference=intent["id"], limit=1):
        return "unique_reference_violation"
    return None


RESOURCES = (
    Resource(
        schema=Schema(
            object="tax.association",
            prefix="taxa_1",
            id_length=23,
            fields=(read_only("calculation"), read_only("payment_intent"), read_only("tax_transaction_attempts")),
            filters=("payment_intent", "calculation"),
            has_created=False,
            has_livemode=False,
        ),
        endpoints=Endpoints(can=(), operations=(Operation("GET", "/v1/tax/associations/find", _find),)),
        reacts={INTENT_CHANGED: (_intent_changed,)},
    ),
)
