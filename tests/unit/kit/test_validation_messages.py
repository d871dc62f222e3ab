"""Whatever the validator finds, nobody reads its own words."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal, get_args

import pytest
from annotated_types import Len
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError, field_validator
from pydantic_core import core_schema

from payloom.kit.validation.messages import message


class Named(BaseModel, extra="forbid"):
    """A map with rules of its own."""

    name: str

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 3:
            raise ValueError("write a shorter one")
        return name


PROBLEMS: list[tuple[Any, Any, str]] = [
    (int, "abc", "must be a whole number"),
    (int, 1.5, "must be a whole number"),
    (float, "x", "must be a number"),
    (bool, "maybe", "must be true or false"),
    (str, 3, "must be text"),
    (list[int], 3, "must be a list"),
    (dict[str, int], 3, "must be a map"),
    (Named, 3, "must be a map"),
    (Named, {}, "is required"),
    (Named, {"name": "ada", "age": 3}, "is not known here"),
    (Named, {"name": "grace"}, "write a shorter one"),
    (Literal["dev", "staging", "production"], "prod", "must be 'dev', 'staging' or 'production'"),
    (Annotated[int, Field(ge=0)], -1, "must be 0 or more"),
    (Annotated[int, Field(gt=0)], 0, "must be more than 0"),
    (Annotated[int, Field(le=9)], 10, "must be 9 or less"),
    (Annotated[int, Field(lt=9)], 9, "must be less than 9"),
    (Annotated[int, Field(multiple_of=2)], 3, "must be a multiple of 2"),
    (Annotated[str, Len(2)], "a", "must have 2 characters or more"),
    (Annotated[str, Len(0, 2)], "abc", "must have 2 characters or fewer"),
    (Annotated[list[int], Len(1)], [], "must have 1 items or more"),
    (Annotated[str, Field(pattern="^a")], "b", "has the wrong form"),
    (dt.datetime, "soon", "must be a date and time, such as 2026-12-01T09:30:00Z"),
    (AwareDatetime, "2026-12-01T09:30:00", "must be a date and time with a time zone, such as 2026-12-01T09:30:00Z"),
    (dt.date, "soon", "must be a date, such as 2026-12-01"),
    (uuid.UUID, "1", "must be a UUID"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), PROBLEMS)
def test_a_wrong_value_is_described_in_plain_words(kind: Any, value: Any, expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert [message(problem) for problem in caught.value.errors()] == [expected]


def test_every_kind_of_problem_has_words_that_are_not_for_programmers() -> None:
    kinds = get_args(core_schema.ErrorType)
    assert len(kinds) > 100
    for kind in kinds:
        described = message({"type": kind, "msg": "Input should be a valid thing", "ctx": {}})
        assert not described.startswith(("Input", "Value error")), kind
