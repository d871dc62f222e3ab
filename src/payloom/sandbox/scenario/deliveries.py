"""What happens to a project in a scenario, from outside: deliveries of events, calls, decisions, time that passes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map, is_sequence
from payloom.runs.intake.callers import RunResponse
from payloom.runs.start_rights import auth_allows

_NEW_ROW = re.compile(r"[a-z]\w*#[0-9]{1,4}")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class EventDelivery:
    """A delivery of a webhook event. payload: as Stripe sends it."""

    payload: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.payload["id"])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class WorkflowCall:
    """A caller starts a workflow. user: as the language sees the caller, or None."""

    workflow: str
    inputs: Mapping[str, Any]
    user: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class AdvanceTime:
    """Time passes."""

    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class DecideApproval:
    """A user decides the approval that waits."""

    approved: bool
    by: str = "somebody"
    roles: tuple[str, ...] = ()
    note: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ScheduleTick:
    """The next moment of a workflow's schedule comes."""

    workflow: str


Delivery = EventDelivery | WorkflowCall | AdvanceTime | DecideApproval | ScheduleTick


@dataclasses.dataclass(frozen=True, slots=True)
class CallResult:
    """What a caller got. body: the answer, or the error."""

    status: int
    body: Any
    error: Mapping[str, Any] | None = None


def replace_names(value: Any, names: Mapping[str, str]) -> Any:
    """Return a copy of the value in which each text that is a made-up name stands for its real id."""
    if isinstance(value, str):
        return names.get(value, value)
    if is_map(value):
        return {key: replace_names(item, names) for key, item in value.items()}
    return [replace_names(item, names) for item in value] if is_list(value) else value


def refused_call(auth: Any, user: Mapping[str, Any] | None) -> CallResult | None:
    """Return the answer to a caller who may not call this endpoint (401 or 403), or None if they may."""
    if auth_allows(auth, user):
        return None
    if user is None:
        return CallResult(401, None, {"code": "not_signed_in", "message": "Sign in first."})
    return CallResult(403, None, {"code": "not_allowed", "message": f"this needs the role {' or '.join(auth)}"})


def call_result(answer: RunResponse) -> CallResult:
    """Return a run's answer as the caller of the endpoint sees it."""
    if answer.state == "failed":
        failure = answer.failure
        error = None
        if failure is not None:
            error = {"code": failure.kind, "message": failure.message, "hint": failure.hint, "where": failure.where}
        return CallResult(answer.status, answer.body, error)
    return CallResult(answer.status, answer.body)


def deletes(event_type: str, stripe_object: Mapping[str, Any]) -> bool:
    """Tell whether an event says that its object is gone. A canceled subscription can still be read."""
    return event_type.endswith(".deleted") and stripe_object.get("object") != "subscription"


def names_of_new_rows(value: Any) -> set[str]:
    """Return the strings in a value that name a row which a run inserted: `orders#1`."""
    return {scalar for scalar in scalars(value) if isinstance(scalar, str) and _NEW_ROW.fullmatch(scalar)}


def scalars(value: Any) -> Iterator[Any]:
    """Yield every scalar inside a value."""
    if is_map(value):
        for item in value.values():
            yield from scalars(item)
    elif is_sequence(value):
        for item in value:
            yield from scalars(item)
    else:
        yield value
