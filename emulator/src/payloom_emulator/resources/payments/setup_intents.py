"""SetupIntents: saving a payment method for later. https://docs.stripe.com/api/setup_intents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import (
    Schema,
    StateMachine,
    Transition,
    create_only,
    read_only,
    settable,
)
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import authentication, payment_intents, setup_intents, test_cards
from payloom_emulator.payments.methods import configurations, confirmation_tokens, payment_methods
from payloom_emulator.payments.setup_intents import CARD_OPTIONS
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import (
        SetupIntent,
        SetupIntentPaymentMethodOptions,
    )
    from payloom_emulator.objects.params.setup_intents import (
        SetupIntentCancelParams,
        SetupIntentConfirmParams,
        SetupIntentCreateParams,
        SetupIntentUpdateParams,
        SetupIntentVerifyMicrodepositsParams,
    )
    from payloom_emulator.objects.params.shared import AutomaticPaymentMethodsParams
    from payloom_emulator.objects.payment_methods import PaymentMethod

    IntentParams = SetupIntentConfirmParams | SetupIntentCreateParams | SetupIntentUpdateParams

OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


def _creating(call: RequestContext[SetupIntentCreateParams], draft: SetupIntent) -> None:
    params = call.params
    automatic: AutomaticPaymentMethodsParams | None = params.get("automatic_payment_methods")
    if automatic is None and not params.get("payment_method_types") and not call.before("2023-08-16"):
        automatic = {"enabled": True}
    if automatic and automatic["enabled"]:
        redirects = automatic.get("allow_redirects", "always")
        draft["automatic_payment_methods"] = {"allow_redirects": redirects, "enabled": True}
    types = authentication.types_for(params, automatic=bool(draft["automatic_payment_methods"]))
    if draft["automatic_payment_methods"] and not call.before("2023-11"):
        configuration = configurations.chosen(call.unit, params)
        draft.update(
            cast("SetupIntent", {"payment_method_configuration_details": configurations.details(configuration)})
        )
        reusable = [t for t in configurations.offered(configuration, params, None, types) if t in test_cards.REUSABLE]
        types = reusable if configuration is not None else types
    draft["payment_method_types"] = types
    base: dict[str, JsonMapping] = {"card": CARD_OPTIONS} if "card" in draft["payment_method_types"] else {}
    draft["payment_method_options"] = _options(base, params)
    _refuse_confirm_only(params)
    if once := params.get("single_use"):
        amount = money.chargeable(once["amount"], money.currency(once["currency"]), "single_use[amount]")
        draft["_single_use"] = {"amount": amount, "currency": once["currency"].lower()}
    method = _given_method(call)
    if method is not None:
        authentication.check_type(draft, method, "SetupIntent")
        _check_owner(draft, method)
        draft["payment_method"] = method["id"]
    draft["status"] = "requires_confirmation" if draft["payment_method"] else "requires_payment_method"
    draft["id"] = call.unit.new_id("setup_intent")
    draft["client_secret"] = f"{draft['id']}_secret_{call.unit.environment.ids.new('', 30)}"


def _options(base: JsonMapping, params: IntentParams) -> SetupIntentPaymentMethodOptions:
    options: dict[str, object] = {**base}
    for kind, values in members(params.get("payment_method_options")).items():
        options[kind] = {**members(options.get(kind)), **members(values)}
    # By the names of the payment methods, which are the members of the type.
    return cast("SetupIntentPaymentMethodOptions", options)


def _refuse_confirm_only(params: SetupIntentCreateParams) -> None:
    if params.get("confirm"):
        return
    for name in ("mandate_data", "return_url", "single_use", "use_stripe_sdk"):
        if params.get(name):
            raise invalid(
                f"The parameter {name} cannot be passed when creating a SetupIntent unless confirm is set to true.",
                name,
            )


def _anew(call: RequestContext[IntentParams], intent: SetupIntent) -> dict[str, object]:
    """Return what an update and a confirmation change in the same way."""
    params = call.params
    changes: dict[str, object] = {
        name: params.get(name)
        for name in ("payment_method_types", "allowed_payment_method_types", "excluded_payment_method_types")
        if provided(params.get(name))
    }
    if params.get("payment_method_options"):
        changes["payment_method_options"] = _options(members(intent["payment_method_options"]), params)
    if params.get("payment_method_configuration"):
        configuration = configurations.chosen(call.unit, params)
        changes["payment_method_configuration_details"] = configurations.details(configuration)
    return changes


def _given_method(call: RequestContext[IntentParams]) -> PaymentMethod | None:
    if token_id := call.params.get("confirmation_token"):
        return confirmation_tokens.use(call.unit, token_id, kinds.SETUP_INTENT, None)
    if data := call.params.get("payment_method_data"):
        return payment_methods.make(call.unit, data)
    method_id = call.params.get("payment_method")
    return call.unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method") if method_id else None


def _check_owner(intent: SetupIntent, method: PaymentMethod) -> None:
    owner, customer = method["customer"], intent.get("customer")
    if owner and owner != customer:
        raise StripeError(
            f"The PaymentMethod {method['id']} does not belong to the Customer you supplied {customer}. Please use this PaymentMethod with the Customer that it belongs to instead."
            if customer
            else f"The payment method supplied ({method['id']}) belongs to the Customer {owner}. Please include the Customer in the `customer` parameter on the SetupIntent.",
            param="payment_method",
            setup_intent=intent if intent.get("id") else None,
        )
    payment_methods.refuse_spent(method)


def _created(call: RequestContext[SetupIntentCreateParams], intent: SetupIntent) -> SetupIntent:
    return _confirm(call, intent) if call.params.get("confirm") else intent


def _updating(call: RequestContext[SetupIntentUpdateParams], intent: SetupIntent, changes: dict[str, object]) -> None:
    if intent["status"] not in OPEN and set(call.params) - {"metadata", "description"}:
        raise _unexpected(intent, f"You cannot update this SetupIntent because it {_over(intent)}.")
    method = _given_method(call)
    if method is not None:
        _check_owner(cast("SetupIntent", {**intent, **changes}), method)
        changes["payment_method"] = method["id"]
    changes.update(_anew(call, intent))


def _updated(call: RequestContext[Params], intent: SetupIntent) -> None:
    if intent["payment_method"] and intent["status"] == "requires_payment_method":
        call.unit.transition(intent, "attach_method")


def _confirm(
    call: RequestContext[SetupIntentConfirmParams | SetupIntentCreateParams], intent: SetupIntent
) -> SetupIntent:
    unit, params = call.unit, call.params
    if intent["status"] not in OPEN and intent["payment_method"]:
        raise _unexpected(intent, f"You cannot confirm this SetupIntent because it {_over(intent)}.")
    if call.params.get("confirm") is None and (anew := _anew(call, intent)):
        unit.change(intent, anew, emits=())
    method = (
        None
        if intent["payment_method"]
        and not provided(call.params.get("payment_method"))
        and not params.get("payment_method_data")
        and not provided(call.params.get("confirmation_token"))
        else _given_method(call)
    )
    if method is not None:
        authentication.check_type(intent, method, "SetupIntent")
        _check_owner(intent, method)
        unit.change(intent, {"payment_method": method["id"]}, emits=())
    method = unit.find(kinds.PAYMENT_METHOD, intent["payment_method"])
    if method is None:
        raise _unexpected(
            intent,
            "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
        )
    automatic = intent["automatic_payment_methods"]
    if (
        automatic
        and automatic["allow_redirects"] != "never"
        and not provided(call.params.get("return_url"))
        and not params.get("use_stripe_sdk")
        and not provided(call.params.get("confirmation_token"))
        and call.caller.kind != "publishable"
    ):
        raise invalid(
            "This SetupIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
            "return_url",
        )
    return setup_intents.set_up(
        unit,
        intent,
        method,
        return_url=provided(call.params.get("return_url")),
        use_sdk=bool(params.get("use_stripe_sdk")) or call.caller.kind == "publishable",
        mandate_data=params.get("mandate_data") or None,
    )


def _cancel(call: ActionContext[SetupIntentCancelParams, SetupIntent]) -> Mapping[str, object]:
    status = call.target["status"]
    if status not in OPEN:
        raise _unexpected(
            call.target,
            "You cannot cancel this SetupIntent because it is already canceled."
            if status == "canceled"
            else f"You cannot cancel this SetupIntent because it has a status of {status}. Only a SetupIntent with one of the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or `requires_action`.",
        )
    return call.unit.transition(
        call.target,
        "cancel",
        {"cancellation_reason": provided(call.params.get("cancellation_reason")), "next_action": None},
    )


def _verify(call: ActionContext[SetupIntentVerifyMicrodepositsParams, SetupIntent]) -> SetupIntent:
    intent = call.target
    if (intent["next_action"] or {}).get("type") != "verify_with_microdeposits":
        raise payment_intents.not_waiting(intent, "SetupIntent")
    payment_intents.check_microdeposits(call)
    method = call.unit.get(kinds.PAYMENT_METHOD, intent["payment_method"])
    call.unit.change(method, {"_verified": True}, emits=())
    return setup_intents.set_up(call.unit, intent, method, mandate_data=intent.get("_mandate_data"), authenticated=True)


def _over(intent: SetupIntent) -> str:
    return "has already succeeded" if intent["status"] == "succeeded" else f"has been {intent['status']}"


def _unexpected(intent: SetupIntent, message: str) -> StripeError:
    return StripeError(message, code="setup_intent_unexpected_state", setup_intent=intent)


SETUP_INTENT = Resource(
    schema=Schema(
        object="setup_intent",
        prefix="seti_1",
        id_length=23,
        path="/v1/setup_intents",
        fields=(
            settable("allowed_payment_method_types"),
            read_only("application"),
            read_only("automatic_payment_methods"),
            read_only("cancellation_reason"),
            read_only("client_secret"),
            read_only("created"),
            settable("attach_to_self"),
            settable("customer", ref="customer"),
            read_only("customer_account"),
            settable("description"),
            settable("excluded_payment_method_types"),
            settable("flow_directions"),
            read_only("last_setup_error"),
            read_only("latest_attempt"),
            read_only("livemode", False),
            read_only("mandate"),
            read_only("managed_payments", {"enabled": False}),
            settable("metadata", {}),
            read_only("next_action"),
            create_only("on_behalf_of"),
            read_only("payment_method"),
            read_only("payment_method_configuration_details"),
            read_only("payment_method_options", {}),
            read_only("payment_method_types", ["card"]),
            read_only("single_use_mandate"),
            read_only("status"),
            create_only("usage", "off_session"),
        ),
        machine=StateMachine(
            initial=("requires_payment_method", "requires_confirmation"),
            transitions=(
                Transition("attach_method", {"requires_payment_method", "requires_action"}, "requires_confirmation"),
                Transition("require_action", set(OPEN), "requires_action", ("setup_intent.requires_action",)),
                Transition("succeed", {*OPEN, "processing"}, "succeeded", ("setup_intent.succeeded",)),
                Transition(
                    "fail",
                    {"requires_confirmation", "requires_action", "processing"},
                    "requires_payment_method",
                    ("setup_intent.setup_failed",),
                ),
                Transition("cancel", set(OPEN), "canceled", ("setup_intent.canceled",)),
                Transition("process", set(OPEN), "processing"),
            ),
            terminal={"succeeded", "canceled"},
        ),
        on_create=("setup_intent.created",),
        filters=("customer", "payment_method", "attach_to_self"),
        public=(
            "id",
            "object",
            "cancellation_reason",
            "client_secret",
            "created",
            "description",
            "last_setup_error",
            "livemode",
            "next_action",
            "payment_method",
            "payment_method_configuration_details",
            "payment_method_types",
            "status",
            "usage",
            "automatic_payment_methods",
        ),
    ),
    endpoints=Endpoints(
        creating=_creating,
        created=_created,
        updating=_updating,
        updated=_updated,
        actions={
            "confirm": lambda call: _confirm(call, call.target),
            "cancel": _cancel,
            "verify_microdeposits": _verify,
        },
    ),
)


SETUP_ATTEMPT = Resource(
    schema=Schema(
        object="setup_attempt",
        prefix="setatt_1",
        id_length=23,
        path="/v1/setup_attempts",
        fields=(
            read_only("application"),
            read_only("created"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("flow_directions"),
            read_only("livemode", False),
            read_only("on_behalf_of"),
            read_only("payment_method"),
            read_only("payment_method_details"),
            read_only("setup_error"),
            read_only("setup_intent"),
            read_only("status"),
            read_only("usage"),
        ),
        filters=("setup_intent",),
    ),
    endpoints=Endpoints(can=("list",)),
)


RESOURCES = (SETUP_INTENT, SETUP_ATTEMPT)
