"""Invoice rendering templates, which Stripe's Dashboard makes. https://docs.stripe.com/api/invoice-rendering-template.

An account here starts with one, called Standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

TEMPLATE: Kind[dict[str, object]] = Kind("invoice_rendering_template")
_STANDARD = "inrtem_1LocalStripeStandard0000"


def _standard(unit: UnitOfWork, object_id: str) -> Mapping[str, object] | None:
    if object_id != _STANDARD:
        return None
    return unit.create(TEMPLATE, {"id": _STANDARD, "nickname": "Standard", "status": "active", "version": 1})


def _listing(call: RequestContext[Params]) -> Mapping[str, object]:
    call.unit.get(TEMPLATE, _STANDARD)
    return {}


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    template = call.unit.get(TEMPLATE, call.ids["template"])
    version = integer(call.params.get("version"))
    if version is not None and version != template["version"]:
        raise invalid(f"The template has no version {version}.", "version")
    return template


def _move(call: ActionContext[Params, dict[str, object]], name: str, status: str) -> Mapping[str, object]:
    if call.target["status"] == status:
        raise invalid(f"This invoice rendering template is {status} already.")
    return call.unit.transition(call.target, name)


RESOURCES = (
    Resource(
        schema=Schema(
            object="invoice_rendering_template",
            prefix="inrtem_1",
            id_length=23,
            path="/v1/invoice_rendering_templates",
            fields=(
                read_only("created"),
                read_only("livemode", False),
                read_only("metadata", {}),
                read_only("nickname"),
                read_only("status", "active"),
                read_only("version", 1),
            ),
            machine=StateMachine(
                initial=("active",),
                transitions=(
                    Transition("archive", {"active"}, "archived"),
                    Transition("unarchive", {"archived"}, "active"),
                ),
            ),
            filters=("status",),
        ),
        endpoints=Endpoints(
            can=("list",),
            listing=_listing,
            actions={
                "archive": lambda call: _move(call, "archive", "archived"),
                "unarchive": lambda call: _move(call, "unarchive", "active"),
            },
            operations=(Operation("GET", "/v1/invoice_rendering_templates/{template}", _retrieve),),
        ),
        builtin=_standard,
    ),
)
