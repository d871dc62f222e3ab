"""Mandates: a customer's permission to debit them. https://docs.stripe.com/api/mandates."""

from __future__ import annotations

from payloom_emulator.core.schema import Resource, fixed

MANDATE = Resource(
    object="mandate",
    prefix="mandate_1",
    id_length=23,
    path="/v1/mandates",
    can=("retrieve",),
    fields=(
        fixed("customer_acceptance"),
        fixed("livemode", False),
        fixed("payment_method"),
        fixed("payment_method_details"),
        fixed("status", "active"),
        fixed("type", "multi_use"),
    ),
    has_created=False,
)


RESOURCES = (MANDATE,)
