"""ConfirmationTokens: what the payment form collected, for the server to confirm with. https://docs.stripe.com/api/confirmation_tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import SHIPPING, Schema, overlay, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.intents import ConfirmationToken
    from payloom_emulator.objects.params.test_helpers import TestHelpersConfirmationTokenCreateParams

LASTS = 12 * 3600


def _create(call: RequestContext[TestHelpersConfirmationTokenCreateParams]) -> ConfirmationToken:
    """Made by Stripe.js with a publishable key, or by a test helper with a secret one."""
    params, unit = call.params, call.unit
    if data := params.get("payment_method_data"):
        method = payment_methods.make(unit, data)
    elif method_id := params.get("payment_method"):
        method = unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method")
    else:
        raise invalid(
            "You must provide payment_method_data or payment_method.", "payment_method_data", "parameter_missing"
        )
    preview = {
        k: v
        for k, v in method.items()
        if k not in {"id", "object", "created", "livemode", "metadata"} and not k.startswith("_")
    }
    shipping = params.get("shipping")
    return unit.create(
        kinds.CONFIRMATION_TOKEN,
        {
            "expires_at": unit.now + LASTS,
            "payment_method_preview": {**preview, "customer": method["customer"]},
            "return_url": provided(call.params.get("return_url")),
            "setup_future_usage": provided(call.params.get("setup_future_usage")),
            "shipping": overlay(SHIPPING, shipping) if isinstance(shipping, dict) else None,
            "mandate_data": params.get("mandate_data") or None,
            "_method": method["id"],
        },
    )


CONFIRMATION_TOKEN = Resource(
    schema=Schema(
        object="confirmation_token",
        prefix="ctoken_1",
        id_length=23,
        path="/v1/confirmation_tokens",
        fields=(
            read_only("metadata"),
            read_only("created"),
            read_only("expires_at"),
            read_only("livemode", False),
            read_only("mandate_data"),
            read_only("payment_intent"),
            read_only("payment_method_options"),
            read_only("payment_method_preview"),
            read_only("return_url"),
            read_only("setup_future_usage"),
            read_only("setup_intent"),
            read_only("shipping"),
            read_only("use_stripe_sdk", True),
        ),
    ),
    endpoints=Endpoints(
        can=("retrieve",),
        operations=(
            Operation("POST", "/v1/confirmation_tokens", _create, private=True),
            Operation("POST", "/v1/test_helpers/confirmation_tokens", _create),
        ),
    ),
)


RESOURCES = (CONFIRMATION_TOKEN,)
