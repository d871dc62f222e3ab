"""Small ways to the declared objects, so that rules need not import the files that declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.core.paging import list_of
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.metadata import merge as merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.schema import Resource
    from payloom_emulator.core.unit_of_work import Unit

Body = dict[str, Any]


def make(unit: Unit, object_name: str, values: Body, *, emits: tuple[str, ...] | None = None) -> Body:
    """Store a new object of this kind."""
    return unit.create(declared(unit, object_name), values, emits=emits)


def declared(unit: Unit, object_name: str) -> Resource:
    """Return the declaration of an object."""
    found = unit.emulator.resource(object_name)
    assert found is not None
    return found


def new_id(unit: Unit, prefix: str, length: int = 24) -> str:
    """Return a new identifier."""
    return unit.emulator.ids.new(prefix, length)


def taken(call: Call, resource: Resource, when: str, current: Body | None = None) -> Body:
    """Return the declared fields the caller gave, by name, as the standard create and update would take them."""
    values: Body = {}
    base = current or resource.skeleton()
    for field in resource.fields:
        if not field.accepts(when) or field.name not in call.params or field.name == "metadata":
            continue
        value = call.params[field.name]
        if field.ref is not None and value != "":
            many = value if isinstance(value, list) else [value]
            found = [call.unit.get(field.ref, v, field.name)["id"] for v in many]
            values[field.name] = found if isinstance(value, list) else found[0]
        else:
            values[field.name] = field.value(value, base.get(field.name))
    if "metadata" in call.params:
        values["metadata"] = merge_metadata(base.get("metadata") or {}, call.params["metadata"])
    return values


def embedded(rows: list[Body], url: str, *, shown: int | None = None) -> Body:
    """Return a list object as objects carry it inside."""
    data = rows if shown is None else rows[:shown]
    return {"object": "list", "data": data, "has_more": len(rows) > len(data), "total_count": len(rows), "url": url}


def live_customer(unit: Unit, customer_id: str, param: str = "customer") -> Body:
    """Return the customer, or Stripe's 400 for one that is missing or deleted."""
    return unit.get("customer", customer_id, param)


def tax_rates(unit: Unit, given: Any, param: str) -> list[Body]:
    """Return the tax rates a parameter names ("" and None: none)."""
    if not given:
        return []
    found = [unit.get("tax_rate", rate, f"{param}[{i}]") for i, rate in enumerate(given)]
    inactive = next((r for r in found if not r["active"]), None)
    if inactive is not None:
        raise invalid(f"The tax rate {inactive['id']} is inactive and cannot be used.", param)
    return found


__all__ = ["Body", "declared", "embedded", "list_of", "live_customer", "make", "new_id", "taken", "tax_rates"]
