"""The name of a kind of object, which carries the type of its objects."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Kind(str, Generic[T]):
    """An object's name at Stripe, e.g. "payment_intent"; `T` is what an object of this kind holds."""

    __slots__ = ()
