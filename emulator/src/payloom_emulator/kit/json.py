"""JSON as it comes and goes, where no type of Stripe's says more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

JsonMapping: TypeAlias = "Mapping[str, object]"
"""A JSON object that is only read: parameters or fields of several types."""

T = TypeVar("T")


class ListOf(TypedDict, Generic[T]):
    """A list inside an object, or a page of one."""

    object: Literal["list"]
    data: list[T]
    has_more: bool
    total_count: NotRequired[int]
    url: str


class CountedListOf(TypedDict, Generic[T]):
    """A list that says how many there are in all."""

    object: Literal["list"]
    data: list[T]
    has_more: bool
    total_count: int
    url: str


class UploadedFile(TypedDict):
    """A file of a form, as `protocol/multipart.py` reads it."""

    filename: str
    type: str
    content: bytes
