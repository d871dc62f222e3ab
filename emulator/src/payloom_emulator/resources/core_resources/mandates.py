"""Mandates: a customer's permission to debit them. https://docs.stripe.com/api/mandates."""

from __future__ import annotations

from payloom_emulator.core.resource import Endpoints, Resource
from payloom_emulator.core.schema import Schema, fixed

MANDATE = Resource(
    schema=Schema(
        object="mandate",
        prefix="mandate_1",
        id_length=23,
        path="/v1/mandates",
        fields=(
            fixed("customer_acceptance"),
            fixed("livemode", False),
            fixed("payment_method"),
            fixed("payment_method_details"),
            fixed("status", "active"),
            fixed("type", "multi_use"),
        ),
        has_created=False,
    ),
    endpoints=Endpoints(can=("retrieve",)),
)


RESOURCES = (MANDATE,)
