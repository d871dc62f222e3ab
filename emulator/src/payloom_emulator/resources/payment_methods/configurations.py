"""Payment method configurations. https://docs.stripe.com/api/payment_method_configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.payments.methods import configurations
from payloom_emulator.payments.methods.configurations import CONFIGURATION, DEFAULT_ID
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork


def _creating(call: RequestContext[Params], draft: dict[str, object]) -> None:
    parent = text(call.params.get("parent"))
    if parent:
        call.unit.get(CONFIGURATION, parent, "parent")
    draft.update(configurations.preferences(call.unit, call.params, {}, parent))
    draft["name"] = draft["name"] or "Untitled"


def _updating(
    call: ActionContext[Params, dict[str, object]], configuration: dict[str, object], changes: dict[str, object]
) -> None:
    if configuration["is_default"] and changes.get("active") is False:
        raise invalid("The default payment method configuration cannot be deactivated.", "active")
    parent = text(configuration["parent"])
    changes.update(configurations.preferences(call.unit, call.params, configuration, parent))


def _listing(call: RequestContext[Params]) -> Mapping[str, object]:
    configurations.default(call.unit)
    return {}


def _default(unit: UnitOfWork, object_id: str) -> Mapping[str, object] | None:
    return configurations.default(unit) if object_id == DEFAULT_ID else None


RESOURCES = (
    Resource(
        schema=Schema(
            object="payment_method_configuration",
            prefix="pmc_1",
            id_length=23,
            path="/v1/payment_method_configurations",
            fields=(
                settable("active", True),
                read_only("application"),
                read_only("is_default", False),
                read_only("livemode", False),
                settable("name"),
                create_only("parent"),
            ),
            filters=("active", "application"),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=("create", "retrieve", "update", "list"), creating=_creating, updating=_updating, listing=_listing
        ),
        builtin=_default,
    ),
)
