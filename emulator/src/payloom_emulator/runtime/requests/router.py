"""Turns the declarations into a table of URLs, with the standard operations every resource shares."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Operation
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import is_array, is_object
from payloom_emulator.protocol.metadata import merge_metadata
from payloom_emulator.protocol.param_types import anonymous
from payloom_emulator.runtime.requests import search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from payloom_emulator.core.declarations.resource import Action, Handler, Resource
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.schemas.schema import Field

    # The router reads the parameters that a declaration names.
    AnyRequest = RequestContext[dict[str, object]]
    AnyAction = ActionContext[dict[str, object], dict[str, object]]


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One URL and what it does."""

    operation: Operation
    template: str
    resource: Resource


class _Branch:
    """What the paths with one beginning go on with. children: by their next part, "{}" for a placeholder."""

    def __init__(self) -> None:
        self.children: dict[str, _Branch] = {}
        self.routes: dict[str, Route] = {}


class Router:
    """Finds the route of a method and a path; fixed words win over placeholders."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Build the table."""
        self._root = _Branch()
        self.routes: dict[tuple[str, str], Route] = {}
        for resource in resources:
            for operation in [*resource.endpoints.operations, *_actions(resource), *_standard(resource)]:
                self._add(operation, resource)

    def _add(self, operation: Operation, resource: Resource) -> None:
        route = Route(_below_parent(operation), anonymous(operation.path), resource)
        if (operation.method, route.template) in self.routes:
            return  # a resource's own operation wins over the standard one
        self.routes[operation.method, route.template] = route
        node = self._root
        for part in operation.path.strip("/").split("/"):
            node = node.children.setdefault("{}" if part.startswith("{") else part, _Branch())
        node.routes[operation.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and the ids in the path, or None."""
        parts = path.strip("/").split("/")
        values: list[str] = []
        node = _descend(self._root, parts, 0, values)
        route = node.routes.get(method) if node else None
        if route is None:
            return None
        names = [p[1:-1] for p in route.operation.path.strip("/").split("/") if p.startswith("{")]
        return route, dict(zip(names, values, strict=True))


_PARENTS = {
    "application_fees": "application_fee",
    "customers": "customer",
    "products": "product",
    "transfers": "transfer",
}
"""What the first id of a longer path names, by the word before it: it is missed before anything below it is."""


def _below_parent(operation: Operation) -> Operation:
    words = operation.path.strip("/").split("/")
    if len(words) < 4 or words[1] not in _PARENTS or not words[2].startswith("{"):
        return operation
    kind, name = _kind(_PARENTS[words[1]]), words[2][1:-1]

    def run(call: AnyRequest) -> object:
        if call.unit.find(kind, call.ids[name]) is None:
            raise missing(kind, call.ids[name])
        return operation.handler(call)

    return dataclasses.replace(operation, handler=run)


def _descend(node: _Branch, parts: list[str], index: int, values: list[str]) -> _Branch | None:
    """Return the branch that has the routes of a path; `values` gets what stands where a placeholder is."""
    if index == len(parts):
        return node if node.routes else None
    fixed = node.children.get(parts[index])
    if fixed is not None:
        below = _descend(fixed, parts, index + 1, values)
        if below is not None:
            return below
    placeholder = node.children.get("{}")
    if placeholder is not None and parts[index]:
        values.append(parts[index])
        below = _descend(placeholder, parts, index + 1, values)
        if below is not None:
            return below
        values.pop()
    return None


def _actions(resource: Resource) -> list[Operation]:
    return [
        Operation("POST", f"{resource.schema.path}/{{id}}/{name}", _on_target(resource, handler))
        for name, handler in resource.endpoints.actions.items()
    ]


def _standard(resource: Resource) -> list[Operation]:
    if resource.schema.path is None:
        return []
    object_path = f"{resource.schema.path}/{{id}}"
    table: dict[str, Operation] = {
        "create": Operation("POST", resource.schema.path, _create(resource)),
        "retrieve": Operation("GET", object_path, _retrieve(resource)),
        "update": Operation("POST", object_path, _on_target(resource, _update(resource))),
        "list": Operation("GET", resource.schema.path, _list(resource)),
        "delete": Operation("DELETE", object_path, _on_target(resource, _delete(resource))),
        "search": Operation("GET", f"{resource.schema.path}/search", search.handler(resource)),
    }
    return [table[name] for name in resource.endpoints.can]


def _on_target(resource: Resource, handler: Action) -> Handler:
    def run(call: AnyRequest) -> object:
        target = call.unit.get(_kind(resource.schema.object), call.ids["id"], None)
        check_secret(call, target)
        call.unit.use_clock_of(target)
        return handler(call.with_target(target))

    return run


def check_secret(call: RequestContext[Params], obj: dict[str, object]) -> None:
    """Raise unless a publishable key comes with the object's client_secret (a secret key needs none)."""
    secret = call.params.get("client_secret")
    if "client_secret" not in obj or (call.caller.kind != "publishable" and secret is None):
        return
    if secret is None:
        raise invalid("Missing required param: client_secret.", "client_secret", "parameter_missing")
    if secret != obj["client_secret"]:
        name = str(obj["object"])
        noun = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}.get(name, name)
        raise invalid(
            f"The client_secret provided does not match any associated {noun} on this account. Ensure the publishable key used belongs to the same account that created the {noun}.",
            "client_secret",
        )


def _create(resource: Resource) -> Handler:
    def run(call: AnyRequest) -> object:
        draft = resource.schema.skeleton()
        _follow_customer(call)
        for field in resource.schema.fields:
            if field.accepts("create") and field.name in call.params:
                draft[field.name] = _taken(call, field, draft.get(field.name))
        if "metadata" in call.params and is_object(draft.get("metadata")):
            draft["metadata"] = merge_metadata({}, call.params["metadata"])
        if resource.endpoints.creating is not None:
            resource.endpoints.creating(call, draft)
        obj = call.unit.create(_kind(resource.schema.object), draft)
        result = resource.endpoints.created(call, obj) if resource.endpoints.created is not None else None
        return obj if result is None else result

    return run


def _follow_customer(call: AnyRequest) -> None:
    """A customer on a test clock takes what is made for it to that clock's time."""
    for object_name, param in (("customer", "customer"), ("test_helpers.test_clock", "test_clock")):
        value = call.params.get(param)
        if isinstance(value, str) and value:
            clock_owner = call.unit.find(_kind(object_name), value)
            if clock_owner is not None:
                call.unit.use_clock_of(clock_owner if object_name == "customer" else {"test_clock": value})


def _taken(call: AnyRequest, field: Field, current: object) -> object:
    value = call.params[field.name]
    if value == "" and not field.emptyable:
        raise invalid(
            f"You passed an empty string for '{field.name}'. We assume empty values are an attempt to unset a parameter; however '{field.name}' cannot be unset. You should remove '{field.name}' from your request or supply a non-empty value.",
            field.name,
            "parameter_invalid_empty",
        )
    if field.ref is not None and value != "":
        values = value if is_array(value) else [value]
        ids = [call.unit.get(_kind(field.ref), str(v), field.name)["id"] for v in values]
        return ids if is_array(value) else ids[0]
    return field.value(value, current)


def _retrieve(resource: Resource) -> Handler:
    def run(call: AnyRequest) -> object:
        obj = call.unit.find(_kind(resource.schema.object), call.ids["id"], deleted=resource.schema.tombstone)
        if obj is None:
            obj = call.unit.get(_kind(resource.schema.object), call.ids["id"])
        if call.unit.is_deleted(str(obj["id"])):
            return {"id": obj["id"], "object": obj["object"], "deleted": True}
        check_secret(call, obj)
        return obj

    return run


def _update(resource: Resource) -> Action:
    def run(call: AnyAction) -> object:
        obj = call.target
        changes: dict[str, object] = {}
        for field in resource.schema.fields:
            if field.accepts("update") and field.name in call.params:
                changes[field.name] = _taken(call, field, obj.get(field.name))
        if "metadata" in changes:
            changes["metadata"] = merge_metadata(obj.get("metadata"), call.params["metadata"])
        if resource.endpoints.updating is not None:
            resource.endpoints.updating(call, obj, changes)
        call.unit.change(obj, changes)
        result = resource.endpoints.updated(call, obj) if resource.endpoints.updated is not None else None
        return obj if result is None else result

    return run


def _list(resource: Resource) -> Handler:
    names = [f[0] if isinstance(f, tuple) else f for f in resource.schema.filters]

    def run(call: AnyRequest) -> object:
        filters = {n: call.params[n] for n in names if call.params.get(n) not in (None, "")} if names else {}
        if resource.endpoints.listing is not None:
            filters.update(resource.endpoints.listing(call))
        return call.page(_kind(resource.schema.object), **filters)

    return run


def _delete(resource: Resource) -> Action:
    def run(call: AnyAction) -> object:
        if resource.endpoints.deleting is not None:
            resource.endpoints.deleting(call, call.target)
        return call.unit.delete(call.target)

    return run


def _kind(object_name: str) -> Kind[dict[str, object]]:
    """Return the kind of an object that only its declaration describes."""
    return Kind(object_name)
