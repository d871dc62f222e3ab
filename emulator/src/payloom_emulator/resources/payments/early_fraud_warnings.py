"""Early fraud warnings: what a card's issuer reports. https://docs.stripe.com/api/radar/early_fraud_warnings."""

from __future__ import annotations

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only

EARLY_FRAUD_WARNING = Resource(
    schema=Schema(
        object="radar.early_fraud_warning",
        prefix="issfr_1",
        id_length=23,
        path="/v1/radar/early_fraud_warnings",
        fields=(
            read_only("actionable", True),
            read_only("charge"),
            read_only("created"),
            read_only("fraud_type"),
            read_only("livemode", False),
            read_only("payment_intent"),
        ),
        on_create=("radar.early_fraud_warning.created",),
        on_update=("radar.early_fraud_warning.updated",),
        filters=("charge", "payment_intent", "actionable"),
    ),
    endpoints=Endpoints(can=("retrieve", "list")),
)


RESOURCES = (EARLY_FRAUD_WARNING,)
