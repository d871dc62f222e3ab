"""Ephemeral keys: what a mobile app uses to act for one customer. https://docs.stripe.com/api/ephemeral_keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.params.ephemeral_keys import EphemeralKeyCreateParams

LASTS = 3600


def _create(call: RequestContext[EphemeralKeyCreateParams]) -> Mapping[str, object]:
    unit = call.unit
    customer_id = call.params.get("customer")
    if not customer_id:
        raise invalid("You must provide a customer to create an ephemeral key.", "customer", "parameter_missing")
    customer = unit.get(kinds.CUSTOMER, customer_id, "customer")
    secret = unit.environment.ids.new("ek_test_", 60)
    key = unit.create(
        kinds.EPHEMERAL_KEY,
        {
            "associated_objects": [{"id": customer["id"], "type": "customer"}],
            "expires": unit.now + LASTS,
            "_secret": secret,
        },
    )
    return {**key, "secret": secret}


EPHEMERAL_KEY = Resource(
    schema=Schema(
        object="ephemeral_key",
        prefix="ephkey_1",
        id_length=23,
        path="/v1/ephemeral_keys",
        fields=(
            read_only("associated_objects", []),
            read_only("created"),
            read_only("expires"),
            read_only("livemode", False),
        ),
    ),
    endpoints=Endpoints(can=("delete",), operations=(Operation("POST", "/v1/ephemeral_keys", _create),)),
)


RESOURCES = (EPHEMERAL_KEY,)
