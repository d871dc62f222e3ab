"""Radar's value lists: what rules look payments up in. https://docs.stripe.com/api/radar/value_lists."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

VALUE_LIST: Kind[dict[str, object]] = Kind("radar.value_list")
ITEM: Kind[dict[str, object]] = Kind("radar.value_list_item")
# What an item of each type looks like, where that is checked.
_PATTERNS = {
    "card_bin": re.compile(r"\d{6,8}"),
    "country": re.compile(r"[A-Z]{2}"),
    "customer_id": re.compile(r"cus_\w+"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
}


def _creating(call: RequestContext[Params], draft: dict[str, object]) -> None:
    _check_alias(call.unit, str(draft["alias"]), None)
    draft["item_type"] = draft["item_type"] or "string"
    draft["created_by"] = call.unit.environment.config.business["email"]


def _created(call: RequestContext[Params], value_list: dict[str, object]) -> None:
    call.unit.change(value_list, {"list_items": _items(call.unit, value_list)}, emits=())


def _updating(
    call: ActionContext[Params, dict[str, object]], value_list: dict[str, object], changes: dict[str, object]
) -> None:
    if "alias" in changes:
        _check_alias(call.unit, str(changes["alias"]), str(value_list["id"]))


def _check_alias(unit: UnitOfWork, alias: str, own_id: str | None) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_]+", alias):
        raise invalid("An alias has letters, digits and underscores only.", "alias")
    if any(row["id"] != own_id for row in unit.list(VALUE_LIST, alias=alias)):
        raise invalid(f"A value list with the alias `{alias}` exists already.", "alias", "resource_already_exists")


def _items(unit: UnitOfWork, value_list: Mapping[str, object]) -> Mapping[str, object]:
    rows = unit.list(ITEM, value_list=value_list["id"])
    return list_of(rows[:10], f"/v1/radar/value_list_items?value_list={value_list['id']}")


def _deleting(call: RequestContext[Params], value_list: dict[str, object]) -> None:
    for item in call.unit.list(ITEM, value_list=value_list["id"]):
        call.unit.delete(item)


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    contains, alias = text(call.params.get("contains")), text(call.params.get("alias"))
    if not contains:
        return call.page(VALUE_LIST, **({"alias": alias} if alias else {}))
    holders = {row["value_list"] for row in call.unit.list(ITEM, value=contains)}
    lists = call.unit.list(VALUE_LIST)
    rows = [row for row in lists if row["id"] in holders and alias in {None, row["alias"]}]
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _adding(call: RequestContext[Params], draft: dict[str, object]) -> None:
    value_list = call.unit.get(VALUE_LIST, text(call.params.get("value_list")), "value_list")
    value = _normal(call.unit, str(value_list["item_type"]), str(draft["value"]))
    if call.unit.list(ITEM, value_list=value_list["id"], value=value, limit=1):
        raise invalid(f"The value `{value}` is in the list already.", "value", "resource_already_exists")
    draft["value"] = value
    draft["created_by"] = call.unit.environment.config.business["email"]


def _normal(unit: UnitOfWork, item_type: str, value: str) -> str:
    """Return a value as lists of this type keep it, or raise if it is none of them."""
    if item_type == "ip_address":
        try:
            return str(ipaddress.ip_address(value))
        except ValueError as error:
            raise invalid(f"`{value}` is no IP address.", "value") from error
    normal = value.upper() if item_type == "country" else value
    pattern = _PATTERNS.get(item_type)
    if pattern is not None and not pattern.fullmatch(normal):
        raise invalid(f"`{value}` is no value of the type {item_type}.", "value")
    if item_type == "customer_id":
        unit.get(kinds.CUSTOMER, normal, "value")
    return normal.lower() if item_type in {"email", "string"} else normal


def _added(call: RequestContext[Params], item: dict[str, object]) -> None:
    value_list = call.unit.get(VALUE_LIST, str(item["value_list"]))
    call.unit.change(value_list, {"list_items": _items(call.unit, value_list)}, emits=())


def _remove(call: RequestContext[Params]) -> Mapping[str, object]:
    item = call.unit.get(ITEM, call.ids["item"])
    value_list = call.unit.get(VALUE_LIST, str(item["value_list"]))
    removed = call.unit.delete(item)
    call.unit.flush()
    call.unit.change(value_list, {"list_items": _items(call.unit, value_list)}, emits=())
    return removed


def _list_items(call: RequestContext[Params]) -> Mapping[str, object]:
    list_id = required(text(call.params.get("value_list")), "value_list")
    value_list = call.unit.get(VALUE_LIST, list_id, "value_list")
    value = text(call.params.get("value"))
    return call.page(ITEM, value_list=value_list["id"], **({"value": value} if value else {}))


RESOURCES = (
    Resource(
        schema=Schema(
            object="radar.value_list",
            prefix="rsl_1",
            id_length=23,
            path="/v1/radar/value_lists",
            fields=(
                settable("alias", emptyable=False),
                read_only("created"),
                read_only("created_by"),
                create_only("item_type", "string"),
                read_only("list_items"),
                read_only("livemode", False),
                settable("metadata", {}),
                settable("name", emptyable=False),
            ),
            filters=("alias",),
        ),
        endpoints=Endpoints(
            can=("create", "retrieve", "update", "delete"),
            creating=_creating,
            created=_created,
            updating=_updating,
            deleting=_deleting,
            operations=(Operation("GET", "/v1/radar/value_lists", _list),),
        ),
    ),
    Resource(
        schema=Schema(
            object="radar.value_list_item",
            prefix="rsli_1",
            id_length=23,
            path="/v1/radar/value_list_items",
            fields=(
                read_only("created"),
                read_only("created_by"),
                read_only("livemode", False),
                create_only("value", emptyable=False),
                create_only("value_list", emptyable=False),
            ),
            filters=("value_list", "value"),
        ),
        endpoints=Endpoints(
            can=("create", "retrieve"),
            creating=_adding,
            created=_added,
            operations=(
                Operation("GET", "/v1/radar/value_list_items", _list_items),
                Operation("DELETE", "/v1/radar/value_list_items/{item}", _remove),
            ),
        ),
    ),
)
