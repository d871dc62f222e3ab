"""Which fields Stripe leaves out of an object. The SDK's types do not tell them from those that may be null."""

from __future__ import annotations

from collections.abc import Mapping

ONLY_EXPANDED: Mapping[str, frozenset[str]] = {
    "charge": frozenset({"refunds"}),
    "checkout.session": frozenset({"line_items", "total_details.breakdown"}),
    "coupon": frozenset({"applies_to", "currency_options"}),
    "customer": frozenset({"invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"}),
    "file": frozenset({"links"}),
    "invoice": frozenset({"confirmation_secret", "payments"}),
    "payment_link": frozenset({"line_items"}),
    "plan": frozenset({"tiers"}),
    "price": frozenset({"currency_options", "tiers"}),
    "quote": frozenset({"line_items"}),
}
"""By kind of object: the fields that are shown only when they are expanded."""


def left_out(kind: str | None, name: str) -> str | None:
    """Return when a field of a kind of object is there, None if it always is. See `workflows.expressions.left_out`."""
    if kind is None:
        return None
    if name == "deleted":
        return "deleted"
    return "expanded" if name in ONLY_EXPANDED.get(kind, ()) else None
