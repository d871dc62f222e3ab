"""The order in which Stripe lists the values of an enum in a message, where it is not the alphabet's."""

from __future__ import annotations

_ORDERS = (
    ("none", "reverse", "exempt"),
    ("draft", "open", "void", "paid", "uncollectible"),
    ("include", "exclude"),
    ("allow_incomplete", "error_if_incomplete", "pending_if_incomplete", "default_incomplete"),
    (
        "active",
        "past_due",
        "unpaid",
        "canceled",
        "incomplete",
        "incomplete_expired",
        "trialing",
        "paused",
        "all",
        "ended",
    ),
)
_ORDERED = {frozenset(order): list(order) for order in _ORDERS}


def in_stripes_order(values: list[str]) -> list[str]:
    """Return the values of an enum in Stripe's order, or as they are where it is not known."""
    return _ORDERED.get(frozenset(values), values)
