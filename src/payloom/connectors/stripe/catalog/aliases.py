"""Other names for operations: the 38 actions people know from visual builders, by display name and in snake_case."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Alias:
    """label: the display name. operation: what it calls. fixed: parameters it always sends."""

    label: str
    operation: str
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """The name in snake_case: `create_checkout_session`."""
        return self.label.lower().replace(" ", "_")


_RESOURCES = {
    "Product": "products",
    "Price": "prices",
    "Customer": "customers",
    "Invoice": "invoices",
    "Subscription": "subscriptions",
    "Payment Intent": "payment_intents",
}
_VERBS = {
    "Product": ("List", "Retrieve", "Create", "Update", "Delete"),
    "Price": ("List", "Retrieve", "Create", "Update"),
    "Customer": ("List", "Retrieve", "Create", "Update", "Delete"),
    "Invoice": ("List", "Retrieve", "Create", "Update", "Delete"),
    "Subscription": ("List", "Retrieve", "Create", "Update", "Cancel"),
    "Payment Intent": ("List", "Retrieve", "Create", "Update", "Cancel"),
}

ALIASES: tuple[Alias, ...] = (
    *(
        Alias(f"{verb} {resource}{'s' if verb == 'List' else ''}", f"{path}.{verb.lower()}")
        for resource, path in _RESOURCES.items()
        for verb in _VERBS[resource]
    ),
    Alias("Deactivate Price", "prices.update", {"active": False}),
    Alias("Create Invoice Item", "invoice_items.create"),
    Alias("Refund Payment", "refunds.create"),
    Alias("Create Checkout Session", "checkout.sessions.create"),
    Alias("Update Checkout Session", "checkout.sessions.update"),
    Alias("Retrieve Checkout Session", "checkout.sessions.retrieve"),
    Alias("List Checkout Sessions", "checkout.sessions.list"),
    Alias("List Checkout Session Line Items", "checkout.sessions.line_items.list"),
    Alias("Expire Checkout Session", "checkout.sessions.expire"),
)


@functools.cache
def by_name() -> Mapping[str, Alias]:
    """Return every alias under its display name and under its name in snake_case."""
    return {name: alias for alias in ALIASES for name in (alias.label, alias.name)}


def of_operation(operation: str) -> tuple[str, ...]:
    """Return the names an operation is also known by; aliases with fixed parameters are actions of their own."""
    return tuple(
        name
        for alias in ALIASES
        if alias.operation == operation and not alias.fixed
        for name in (alias.label, alias.name)
    )
