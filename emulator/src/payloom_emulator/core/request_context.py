"""What a handler is given: the checked parameters, the ids in the URL, who calls, and the unit of work.

A handler names the types of its parameters and of its object: `def cancel(call: ActionContext[RefundCancelParams,
Refund])`. One that looks at no parameter writes `RequestContext[Params]`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from payloom_emulator.protocol.errors import parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import ListOf
    from payloom_emulator.kit.kind import Kind
    from payloom_emulator.protocol.auth import Caller

Params: TypeAlias = Mapping[str, object]
"""Parameters of which a handler reads none by name."""

P = TypeVar("P", bound=Mapping[str, object])
P_co = TypeVar("P_co", bound=Mapping[str, object], covariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclasses.dataclass(frozen=True, slots=True)
class RequestContext(Generic[P_co]):
    """One request on its way through a handler.

    params: checked and converted, only what was given. ids: the URL's placeholders. version: the API version the
    caller speaks. path: the URL as called.
    """

    unit: UnitOfWork
    params: P_co
    ids: dict[str, str]
    caller: Caller
    version: str
    path: str

    def before(self, version: str) -> bool:
        """Return whether the caller speaks a version older than `version`, e.g. `call.before("2025-03-31")`."""
        return self.version[:10] < version[:10]

    def page(self, kind: Kind[T], **filters: object) -> ListOf[T]:
        """Return the page of a list that the caller's limit, starting_after, ending_before and created ask for."""
        return self.unit.page(kind, filters, self.params, url=self.path)

    def with_params(self, params: P) -> RequestContext[P]:
        """Return the same request with other parameters."""
        return RequestContext(self.unit, params, self.ids, self.caller, self.version, self.path)

    def with_target(self, target: T) -> ActionContext[P_co, T]:
        """Return the same request about the object that its URL names."""
        return ActionContext(self.unit, self.params, self.ids, self.caller, self.version, self.path, target)


@dataclasses.dataclass(frozen=True, slots=True)
class ActionContext(RequestContext[P_co], Generic[P_co, T_co]):
    """A request about one object. target: that object, of the kind whose resource declares the URL."""

    target: T_co


@dataclasses.dataclass(frozen=True, slots=True)
class Download:
    """An answer that is a file and no JSON."""

    content: bytes
    media_type: str
    filename: str


def provided(value: T | Literal[""] | None) -> T | None:
    """Return the value of a parameter, "" counting as not given: `provided(call.params.get("customer"))`."""
    return None if value is None or value == "" else value


def required(value: T | Literal[""] | None, name: str) -> T:
    """Return the value of a parameter that must be given. Raises `parameter_missing` naming it."""
    if value is None or value == "":
        raise parameter_missing(name)
    return value
