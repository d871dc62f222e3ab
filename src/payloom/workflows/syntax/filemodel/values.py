"""The small values that recur in a file: conditions, durations, row counts, retry rules."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from payloom.kit.durations import parse_duration
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.yaml.masking import closing

TAG = "\ue000"
"""Begins the name of every member of a union, so that it can be told from a key in pydantic's error locations."""

STEP_ID = r"^[a-z][a-z0-9_]{0,63}$"


class Strict(BaseModel):
    """A map with known keys. No conversions: `"20"` is not a number."""

    # defer_build: only whole files are checked. A validator of each step by itself, which holds all steps that can be
    # within it, would take 7 MB and a tenth of a second.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=False, defer_build=True)


def bare(text: str) -> str:
    """Return the expression in `text`, without a `${{ }}` around all of it."""
    stripped = text.strip()
    if stripped.startswith("${{") and closing(stripped, 0) == len(stripped):
        return stripped[3:-2].strip()
    return stripped


def _condition(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return bare(value) if isinstance(value, str) else value


def _operand(value: Any) -> Any:
    return str(value) if type(value) is int else _condition(value)


Condition = Annotated[
    str,
    BeforeValidator(_condition),
    WithJsonSchema({"type": ["string", "boolean"], "description": "A bare expression: true or false."}),
]
Operand = Annotated[
    str,
    BeforeValidator(_operand),
    WithJsonSchema({"type": ["string", "boolean", "integer"], "description": "A bare expression."}),
]
Template = Annotated[str, Field(description="Text, in which `${{ expression }}` is replaced by its value.")]


def _duration(text: str) -> str:
    if "${{" not in text:
        try:
            parse_duration(text)
        except ValueError as error:
            raise PydanticCustomError("duration", "{text}", {"text": str(error)}) from None
    return text


Duration = Annotated[str, AfterValidator(_duration), Field(description="30s, 15m, 2h, 14d, 1h30m")]
FixedDuration = Annotated[Duration, Field(pattern=r"^[0-9a-z]+$")]

_ROWS = re.compile(r"(\d+)(?:\.\.(\d*))?")


def row_range(value: int | str) -> tuple[int, int | None]:
    """Return the least and the most number of rows; None means no limit. `1`, `0..1`, `1..`, `any`."""
    if value == "any":
        return (0, None)
    match = _ROWS.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is not a number of rows: write 1, 0..1, 1.. or any")
    low = int(match[1])
    if match[2] is None:
        return (low, low)
    return (low, int(match[2]) if match[2] else None)


def _rows(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("rows", "write a number of rows: 1, 0..1, 1.. or any")
    try:
        low, high = row_range(value)
    except ValueError as error:
        raise PydanticCustomError("rows", "{text}", {"text": str(error)}) from None
    if high is not None and high < low:
        raise PydanticCustomError("rows", "the range is upside down: the smaller number comes first")
    return str(value)


Rows = Annotated[
    str,
    BeforeValidator(_rows),
    WithJsonSchema(
        {"type": ["string", "integer"], "description": "The number of rows that must change: 1, 0..1, 1.., any."}
    ),
]


class RetryRule(Strict):
    """How a call is retried after a temporary failure."""

    attempts: int = Field(5, ge=1, le=100, description="The number of attempts, including the first.")
    first: FixedDuration = "1s"
    factor: float | int = Field(2, ge=1, le=10)
    most: FixedDuration = "60s"


def _retry(value: Any) -> Any:
    if value is False:
        return {"attempts": 1}
    return {"attempts": value} if type(value) is int else value


Retrying = Annotated[
    RetryRule,
    BeforeValidator(_retry),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"const": False}, RetryRule.model_json_schema()]},
    ),
]


def as_list(value: Any) -> Any:
    """Return a single value as a list of one."""
    return value if is_list(value) else [value]


Names = Annotated[
    list[str],
    BeforeValidator(as_list),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


def by_type(value: Any) -> str:
    """Tell the members of a union apart by what stands in the file: a list, a map, or a word."""
    return TAG + ("list" if is_list(value) else "map" if is_dict(value) else "word")


WORD, LIST, MAP = Tag(TAG + "word"), Tag(TAG + "list"), Tag(TAG + "map")
