"""How a resource is declared: its schema, its endpoints, and what else concerns it.

A file in `resources/` reads like Stripe's own page on the object; docs/contribute/add-a-stripe-resource.md shows
how.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from payloom_emulator.core.request_context import ActionContext, RequestContext
from payloom_emulator.core.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.api_changes import Accepted, Change
    from payloom_emulator.core.schemas.schema import Schema

# A declaration holds handlers of many types of parameters and objects: the router gives each what its URL names.
Handler = Callable[[RequestContext[Any]], object]
Action = Callable[[ActionContext[Any, Any]], object]

Rule = Callable[[UnitOfWork, Any], None]
Include = Callable[[UnitOfWork, Any], object]


Reaction = Callable[..., None]
"""Called with the unit of work, the object, and the details of the fact by name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One URL: what happens on METHOD path. Its parameters are checked against Stripe's own types.

    private: Stripe's own pages and CLI use it; it is in no specification, so nothing is checked. like: for a URL that
    the SDKs do not have any more, the path of the operation whose parameters it takes.
    """

    method: str
    path: str
    handler: Handler
    private: bool = False
    like: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoints:
    """What can be called.

    can: which of create, retrieve, update, list, delete, search exist in the standard way.

    Handlers around the standard operations, all optional:
      creating(call, draft)          refuse or complete the draft before it is stored (mutate it)
      created(call, obj)             act after it was stored and its events were made
      updating(call, obj, changes)   refuse or complete `changes` before they are applied (mutate them)
      updated(call, obj)             act afterwards
      deleting(call, obj)            refuse, or act before
      listing(call) -> dict          further filters for the list

    actions: name to handler of `POST {path}/{id}/{name}`, with the object in `call.target`. operations: any other URLs.
    """

    can: tuple[str, ...] = ("create", "retrieve", "update", "list")
    creating: Callable[[RequestContext[Any], Any], None] | None = None
    created: Callable[[RequestContext[Any], Any], object] | None = None
    updating: Callable[[ActionContext[Any, Any], Any, dict[str, object]], None] | None = None
    updated: Callable[[ActionContext[Any, Any], Any], object] | None = None
    deleting: Callable[[ActionContext[Any, Any], Any], None] | None = None
    listing: Callable[[RequestContext[Any]], Mapping[str, object]] | None = None
    actions: Mapping[str, Action] = dataclasses.field(default_factory=dict[str, Action])
    operations: tuple[Operation, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resource:
    """An object of Stripe's API with all that is declared about it.

    timers: name to function(unit, obj) that `unit.schedule` can plan. reacts: fact to functions(unit, obj, **details)
    that run in the transaction of the unit of work that published the fact, in declared order. includes: fields shown
    only when expanded, name to function(unit, obj). builtin: function(unit, id) that makes the objects every account
    has, like `pm_card_visa`. versions: how the object looked, and what its requests took, before an API version.
    """

    schema: Schema
    endpoints: Endpoints = Endpoints(can=())
    timers: Mapping[str, Rule] = dataclasses.field(default_factory=dict[str, Rule])
    reacts: Mapping[str, tuple[Reaction, ...]] = dataclasses.field(default_factory=dict[str, tuple[Reaction, ...]])
    includes: Mapping[str, Include] = dataclasses.field(default_factory=dict[str, Include])
    builtin: Callable[[UnitOfWork, str], Mapping[str, object] | None] | None = None
    versions: tuple[Change | Accepted, ...] = ()
