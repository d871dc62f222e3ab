"""What the management API adds to the local Stripe's own objects."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from payloom.api.management.models.answers import Shape
from payloom.views.payment_state import STATES


class LocalPayment(Shape):
    """A payment of the local Stripe."""

    intent: dict[str, Any] = Field(description="The PaymentIntent, with its latest charge expanded.")
    state: str | None = Field(
        description="What became of it, as in `GET /overview`.", json_schema_extra={"x-states": [*STATES]}
    )


class LocalPayments(Shape):
    """A page of the local Stripe's payments."""

    data: list[LocalPayment]
    has_more: bool
