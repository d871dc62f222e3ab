"""One model per trigger: what starts a run."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from payloom.kit.durations import parse_rate
from payloom.kit.json_types import is_dict, is_list
from payloom.workflows.syntax.filemodel.values import LIST, TAG, WORD, Condition, Names, Strict, Template, by_type

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ENDPOINT = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}|/)*)")


OFF = Tag(TAG + "off")


def _off_or_text(value: Any) -> str:
    return TAG + ("off" if isinstance(value, bool) else "word")


def _endpoint(text: str) -> str:
    match = _ENDPOINT.fullmatch(text)
    if match is None or "//" in match[2]:
        raise PydanticCustomError(
            "endpoint",
            "write a method and a path, e.g. POST /orders/{order_id}/refund (methods: {methods})",
            {"methods": ", ".join(METHODS)},
        )
    names = re.findall(r"\{(\w+)\}", text)
    if len(set(names)) != len(names):
        raise PydanticCustomError("endpoint", "the path has a name twice")
    return text


def _rate(text: str) -> str:
    try:
        count, seconds = parse_rate(text)
    except ValueError as error:
        raise PydanticCustomError("rate", "{text}", {"text": str(error)}) from None
    if not count or not seconds:
        raise PydanticCustomError("rate", "the rate must be greater than zero")
    return text


def _cron(text: str) -> str:
    import datetime as dt  # noqa: PLC0415 - only where a cron line is read

    try:
        CronSim(text, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    except CronSimError:
        raise PydanticCustomError(
            "cron", "not a cron line: minute hour day month weekday, e.g. 0 3 * * 1 for Mondays at 03:00"
        ) from None
    return text


def _timezone(text: str) -> str:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only where a time zone is named

    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise PydanticCustomError("timezone", "unknown time zone: write e.g. Europe/Berlin or UTC") from None
    return text


def _auth(value: Any) -> Any:
    return value if is_list(value) or value in {"none", "optional", "user"} else [value]


Auth = Annotated[
    Annotated[Literal["none", "optional", "user"], WORD] | Annotated[Annotated[list[str], Field(min_length=1)], LIST],
    Discriminator(by_type),
    BeforeValidator(_auth),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
            "description": "none | optional | user | role name(s)",
        }
    ),
]


class TriggerHead(Strict):
    """The base of every trigger."""

    kind: ClassVar[str] = ""


class Api(TriggerHead):
    """A request to an endpoint."""

    kind: ClassVar[str] = "api"
    api: Annotated[str, AfterValidator(_endpoint)]
    auth: Auth
    dedupe: Template | None = Field(
        None, description="The same value and inputs from the same user within 24 hours get the same run and response."
    )
    rate_limit: Annotated[str, AfterValidator(_rate)] | None = Field(
        None, description="The most calls of one user or address, e.g. 10/m, over all servers."
    )
    cors: Names | None = Field(None, description="Origins whose pages can call it from a browser.")


class StripeEvent(TriggerHead):
    """A Stripe event of a family."""

    kind: ClassVar[str] = "stripe"
    stripe: str = Field(description="The family, e.g. `checkout.session`.")
    actions: Names | None = Field(None, description="Only these actions, e.g. [completed, expired].")
    match: Condition | None = Field(None, description="Only events for which this is true.")
    fresh: bool | None = Field(
        None, description="Re-read the object from Stripe first. Default: on for state families."
    )
    queue: Annotated[Annotated[Template, WORD] | Annotated[Literal[False], OFF], Discriminator(_off_or_text)] | None = (
        Field(None, description="One run at a time per value.")
    )
    account: Template | None = Field(
        None,
        description="Events of this connected account; `*` for any, but not your own. Default: only your own account's.",
    )
    livemode: bool | None = None


class Schedule(TriggerHead):
    """A cron schedule."""

    kind: ClassVar[str] = "schedule"
    schedule: Annotated[str, AfterValidator(_cron)]
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    catch_up: Literal["none", "last", "all"] = Field(
        "last", description="The scheduled times that passed while no worker ran, and still start a run."
    )


class Manual(TriggerHead):
    """A user in the studio or on the command line."""

    kind: ClassVar[str] = "manual"
    manual: Literal[True]
    auth: Auth = "user"


class Called(TriggerHead):
    """Another workflow, by `call`."""

    kind: ClassVar[str] = "called"
    called: Literal[True]


class TableChange(TriggerHead):
    """A change to a row."""

    kind: ClassVar[str] = "table"
    table: str
    on: Annotated[
        list[Literal["insert", "update", "delete"]],
        BeforeValidator(lambda v: v if is_list(v) else [v]),
        Field(min_length=1),
    ]
    match: Condition | None = Field(
        None, description="Only changes for which this is true. It can read `row` and `old`."
    )


TRIGGER_MODELS: tuple[type[TriggerHead], ...] = (Api, StripeEvent, Schedule, Manual, Called, TableChange)
TRIGGERS: dict[str, type[TriggerHead]] = {model.kind: model for model in TRIGGER_MODELS}


def kind_of(value: Any) -> str | None:
    """Return the kind of a raw trigger or of its model; None when it has none."""
    if isinstance(value, TriggerHead):
        return value.kind
    return next((key for key in value if key in TRIGGERS), None) if is_dict(value) else None


Trigger = Annotated[
    Annotated[Api, Tag(TAG + "api")] | Annotated[StripeEvent, Tag(TAG + "stripe")]
    | Annotated[Schedule, Tag(TAG + "schedule")]
    | Annotated[Manual, Tag(TAG + "manual")] | Annotated[Called, Tag(TAG + "called")] | Annotated[TableChange, Tag(TAG
    + "table")],
    Discriminator(lambda value: TAG + kind if (kind := kind_of(value)) else None),
]  # fmt: skip
