"""Fields of Stripe's objects that hold an id or, expanded, the object itself."""

from __future__ import annotations

from typing import Any, TypeVar

import stripe

Expanded = TypeVar("Expanded", bound=stripe.StripeObject)


def id_of(field: str | stripe.StripeObject | None) -> str:
    """Return the id that the field holds; an expanded object, or none, fails the test."""
    assert isinstance(field, str)
    return field


def expanded(field: str | Expanded | None) -> Expanded:
    """Return the object that the field holds; an id, or none, fails the test."""
    assert field is not None
    assert not isinstance(field, str)
    return field


def error_of(error: stripe.StripeError) -> dict[str, Any]:
    """Return the `error` object of Stripe's answer."""
    body = error.json_body
    assert isinstance(body, dict)
    return body["error"]
