"""PaymentIntents: one payment from first idea to money. https://docs.stripe.com/api/payment_intents.

Declared here; the rules are in `payments/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import older_shapes
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import provided, required
from payloom_emulator.core.schemas.schema import (
    SHIPPING,
    Schema,
    StateMachine,
    Transition,
    create_only,
    read_only,
    settable,
)
from payloom_emulator.kit.kind import Kind
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import attempts, capture_cancel, intent_requests, payment_intents
from payloom_emulator.payments.capture_cancel import cancel, capture
from payloom_emulator.payments.methods import cash_balances, purchase_details
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.params.payment_intents import (
        PaymentIntentApplyCustomerBalanceParams,
        PaymentIntentCancelParams,
        PaymentIntentCaptureParams,
        PaymentIntentCreateParams,
        PaymentIntentIncrementAuthorizationParams,
        PaymentIntentUpdateParams,
    )
    from payloom_emulator.objects.params.shared import PaymentIntentVerifyMicrodepositsParams
    from payloom_emulator.protocol.param_types import Ref


def _capture(call: ActionContext[PaymentIntentCaptureParams, PaymentIntent]) -> PaymentIntent:
    metadata = call.params.get("metadata")
    if metadata:
        call.unit.change(call.target, {"metadata": {**call.target["metadata"], **metadata}}, emits=())
    changes = {
        **capture_cancel.said(call.params, call.target),
        **purchase_details.said(call.unit, call.params, call.target),
    }
    return capture(call.unit, call.target, call.params.get("amount_to_capture"), changes)


def _cancel(call: ActionContext[PaymentIntentCancelParams, PaymentIntent]) -> PaymentIntent:
    return cancel(call.unit, call.target, provided(call.params.get("cancellation_reason")))


def _increment(call: ActionContext[PaymentIntentIncrementAuthorizationParams, PaymentIntent]) -> Mapping[str, object]:
    intent = call.target
    amount = required(call.params.get("amount"), "amount")
    if intent["status"] != "requires_capture":
        raise capture_cancel.unexpected(
            intent, "Only a PaymentIntent with a status of requires_capture can have its authorization incremented."
        )
    if amount <= intent["amount"]:
        raise invalid("The amount must be greater than the currently authorized amount.", "amount")
    money.chargeable(call.params["amount"], intent["currency"])
    charge = call.unit.get(kinds.CHARGE, intent["latest_charge"])
    anew = capture_cancel.said(call.params, intent)
    if metadata := provided(call.params.get("metadata")):
        anew["metadata"] = merge_metadata(intent["metadata"], metadata)
    call.unit.change(charge, {**anew, "amount": amount}, emits=("charge.updated",))
    parts = purchase_details.said(call.unit, call.params, intent)
    changes = {**anew, **parts, "amount": amount, "amount_capturable": amount}
    return call.unit.change(intent, changes, emits=("payment_intent.amount_capturable_updated",))


def _verify(call: ActionContext[PaymentIntentVerifyMicrodepositsParams, PaymentIntent]) -> PaymentIntent:
    intent = call.target
    if (intent["next_action"] or {}).get("type") != "verify_with_microdeposits":
        raise payment_intents.not_waiting(intent, "PaymentIntent")
    payment_intents.check_microdeposits(call)
    method = call.unit.get(kinds.PAYMENT_METHOD, intent["payment_method"])
    call.unit.change(method, {"_verified": True}, emits=())
    return attempts.pay_by_debit(
        call.unit, intent, method, mandate_data=intent.get("_mandate_data"), authenticated=True
    )


def _creating(call: RequestContext[PaymentIntentCreateParams], draft: PaymentIntent) -> None:
    intent_requests.creating(call, draft)
    if hooks := call.params.get("hooks"):
        draft.update(cast("PaymentIntent", {"hooks": _hooks(call.unit, hooks)}))


def _updating(
    call: ActionContext[PaymentIntentUpdateParams, PaymentIntent], intent: PaymentIntent, changes: dict[str, object]
) -> None:
    intent_requests.updating(call, intent, changes)
    if hooks := call.params.get("hooks"):
        changes["hooks"] = _hooks(call.unit, hooks)


def _hooks(unit: UnitOfWork, hooks: object) -> dict[str, object] | None:
    """Return the hooks of an intent: the tax calculation that it collects."""
    param = "hooks[inputs][tax][calculation]"
    calculation = text(members(members(members(hooks).get("inputs")).get("tax")).get("calculation"))
    if not calculation:
        return None
    return {"inputs": {"tax": {"calculation": unit.get(_CALCULATION, calculation, param)["id"]}}}


_CALCULATION: Kind[dict[str, str]] = Kind("tax.calculation")


def _apply_balance(call: ActionContext[PaymentIntentApplyCustomerBalanceParams, PaymentIntent]) -> PaymentIntent:
    """Pay from the customer's cash balance by hand."""
    intent = call.target
    if (intent["next_action"] or {}).get("type") != "display_bank_transfer_instructions":
        raise capture_cancel.unexpected(
            intent, "Only a PaymentIntent that waits for a bank transfer takes a cash balance."
        )
    amount, currency = call.params.get("amount"), call.params.get("currency")
    if currency and currency != intent["currency"]:
        raise invalid("The currency must be the PaymentIntent's.", "currency")
    needed = intent["amount"] - (intent.get("_applied") or 0)
    if amount is not None and not 1 <= amount <= needed:
        raise invalid("The amount must be positive, and not more than remains to be paid.", "amount")
    if cash_balances.available(call.unit, str(intent["customer"]), intent["currency"]) < (amount or 1):
        raise invalid("The customer's cash balance has not enough funds.", "amount", "cash_balance_insufficient")
    return attempts.apply_cash(call.unit, intent, amount)


def _amount_lines(call: RequestContext[Params]) -> Mapping[str, object]:
    intent = call.unit.get(kinds.PAYMENT_INTENT, call.ids["intent"])
    return list_of(intent.get("_amount_lines") or [], call.path, {"limit": 10, **call.params})


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


def _charges_on_intent(unit: UnitOfWork, view: dict[str, object], stored: PaymentIntent) -> None:
    """Until 2022-11-15 an intent came with its charges instead of the latest one's id."""
    rows = unit.list(kinds.CHARGE, payment_intent=stored["id"])
    data: list[dict[str, object]] = []
    for row in rows[:10]:
        charge = unit.snapshot(row)
        unit.environment.history.down(unit, charge, cast("dict[str, object]", row), _BEFORE_LATEST_CHARGE)
        data.append(charge)
    url = f"/v1/charges?payment_intent={stored['id']}"
    view["charges"] = {
        "object": "list",
        "data": data,
        "has_more": len(rows) > 10,
        "total_count": len(rows),
        "url": url,
    }


_BEFORE_LATEST_CHARGE = "2022-08-01"


_TRANSFER_TYPES: list[object] = ["e", *cash_balances.TRANSFERS.values(), *cash_balances.OLDER_NAMES]
_OLD_TRANSFER: dict[str, Ref] = {"payment_method_options.customer_balance.bank_transfer.type": _TRANSFER_TYPES}


PAYMENT_INTENT = Resource(
    schema=Schema(
        object="payment_intent",
        prefix=intent_requests.PREFIX,
        id_length=intent_requests.ID_LENGTH,
        path="/v1/payment_intents",
        fields=(
            settable("allowed_payment_method_types"),
            settable("amount", 0),
            read_only("amount_capturable", 0),
            read_only("amount_details", {"tip": {}}),
            read_only("amount_received", 0),
            read_only("application"),
            settable("application_fee_amount"),
            read_only("automatic_payment_methods"),
            read_only("canceled_at"),
            read_only("cancellation_reason"),
            settable("capture_method", "automatic_async"),
            read_only("client_secret"),
            create_only("confirmation_method", "automatic"),
            read_only("created"),
            read_only("currency"),
            settable("customer", ref="customer"),
            read_only("customer_account"),
            settable("description"),
            settable("excluded_payment_method_types"),
            read_only("last_payment_error"),
            read_only("latest_charge"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("next_action"),
            read_only("managed_payments", {"enabled": False}),
            read_only("payment_record"),
            create_only("on_behalf_of"),
            read_only("payment_details"),
            read_only("payment_method"),
            read_only("payment_method_configuration_details"),
            read_only("payment_method_options", {}),
            read_only("payment_method_types", ["card"]),
            read_only("processing"),
            settable("receipt_email"),
            read_only("review"),
            settable("setup_future_usage"),
            settable("shipping", shape=SHIPPING),
            read_only("shared_payment_granted_token"),
            read_only("source"),
            settable("statement_descriptor"),
            settable("statement_descriptor_suffix"),
            read_only("status"),
            settable("transfer_data"),
            settable("transfer_group"),
        ),
        machine=StateMachine(
            initial=("requires_payment_method", "requires_confirmation"),
            transitions=(
                Transition("attach_method", {"requires_payment_method", "requires_action"}, "requires_confirmation"),
                Transition("detach_method", {"requires_confirmation", "requires_action"}, "requires_payment_method"),
                Transition(
                    "require_action",
                    set(intent_requests.UNPAID),
                    "requires_action",
                    ("payment_intent.requires_action",),
                ),
                Transition("process", set(intent_requests.UNPAID), "processing", ("payment_intent.processing",)),
                Transition(
                    "authorize",
                    set(intent_requests.UNPAID),
                    "requires_capture",
                    ("payment_intent.amount_capturable_updated",),
                ),
                Transition(
                    "succeed",
                    {*intent_requests.UNPAID, "processing", "requires_capture"},
                    "succeeded",
                    ("payment_intent.succeeded",),
                ),
                Transition(
                    "fail",
                    {"requires_confirmation", "requires_action", "processing"},
                    "requires_payment_method",
                    ("payment_intent.payment_failed",),
                ),
                Transition(
                    "cancel", {*intent_requests.UNPAID, "requires_capture"}, "canceled", ("payment_intent.canceled",)
                ),
            ),
            terminal={"succeeded", "canceled"},
        ),
        on_create=("payment_intent.created",),
        filters=("customer", "_session", "_invoice"),
        search=("amount", "currency", "customer", "metadata", "status"),
        public=tuple(_PUBLIC),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "search"),
        creating=_creating,
        created=intent_requests.created,
        updating=_updating,
        updated=intent_requests.updated,
        actions={
            "confirm": lambda call: intent_requests.confirm(call, call.target),
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
                _amount_lines,
            ),
        ),
    ),
    timers={"settle": attempts.settle, "lapse": capture_cancel.lapse},
    versions=(
        Change("2022-11-15", _charges_on_intent, expandable=("charges",)),
        Change(BASIL, older_shapes.payment_intent_before_basil, expandable=("invoice",)),
        *(
            Accepted(BASIL, "POST", path, _OLD_TRANSFER)
            for path in ("/v1/payment_intents", "/v1/payment_intents/{}/confirm")
        ),
    ),
)


RESOURCES = (PAYMENT_INTENT,)
