"""Mandates: a customer's permission to debit them. https://docs.stripe.com/api/mandates."""

from __future__ import annotations

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only

MANDATE = Resource(
    schema=Schema(
        object="mandate",
        prefix="mandate_1",
        id_length=23,
        path="/v1/mandates",
        fields=(
            read_only("customer_acceptance"),
            read_only("livemode", False),
            read_only("payment_method"),
            read_only("payment_method_details"),
            read_only("status", "active"),
            read_only("type", "multi_use"),
        ),
        has_created=False,
        filters=("payment_method",),
    ),
    endpoints=Endpoints(can=("retrieve",)),
)


RESOURCES = (MANDATE,)
