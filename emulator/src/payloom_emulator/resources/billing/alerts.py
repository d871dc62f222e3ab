"""Billing alerts on usage, and the reasons a customer may give for canceling. https://docs.stripe.com/api/billing/alert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import (
    Schema,
    StateMachine,
    Transition,
    create_only,
    read_only,
    settable,
)
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import elements, integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext


def _creating(call: RequestContext[Params], draft: dict[str, object]) -> None:
    threshold = members(call.params.get("usage_threshold"))
    if not threshold:
        raise parameter_missing("usage_threshold")
    meter = call.unit.get(kinds.BILLING_METER, text(threshold.get("meter")), "usage_threshold[meter]")
    gte = integer(threshold.get("gte"))
    if gte is None or gte < 1:
        raise invalid("The threshold must be greater than 0.", "usage_threshold[gte]", "parameter_invalid_integer")
    filters = [{"type": "customer", "customer": None, **members(row)} for row in elements(threshold.get("filters"))]
    for index, row in enumerate(filters):
        param = f"usage_threshold[filters][{index}][customer]"
        if not row["customer"]:
            raise parameter_missing(param)
        call.unit.get(kinds.CUSTOMER, text(row["customer"]), param)
    draft.update(
        {
            "usage_threshold": {
                "filters": filters or None,
                "gte": gte,
                "meter": meter["id"],
                "recurrence": threshold["recurrence"],
            },
            "_meter": meter["id"],
            "_since": call.unit.now,
            "_triggered": list[str](),
        }
    )


def _move(call: ActionContext[Params, dict[str, object]], name: str) -> Mapping[str, object]:
    if not _MACHINE.allows(name, str(call.target["status"])):
        raise invalid(f"This alert is {call.target['status']}: you cannot {name} it.")
    return call.unit.transition(call.target, name)


def _listing(call: RequestContext[Params]) -> Mapping[str, object]:
    meter = text(call.params.get("meter"))
    return {"_meter": meter} if meter else {}


def _deactivate_option(call: ActionContext[Params, dict[str, object]]) -> Mapping[str, object]:
    if call.target["status"] == "inactive":
        raise invalid("This feedback option is inactive already.")
    return call.unit.transition(call.target, "deactivate", {"status_transitions": {"deactivated_at": call.unit.now}})


def _updating_option(
    call: ActionContext[Params, dict[str, object]], option: dict[str, object], changes: dict[str, object]
) -> None:
    del call, changes
    if option["status"] == "inactive":
        raise invalid("An inactive feedback option cannot be changed.")


_MACHINE = StateMachine(
    initial=("active",),
    transitions=(
        Transition("deactivate", {"active"}, "inactive"),
        Transition("activate", {"inactive"}, "active"),
        Transition("archive", {"active", "inactive"}, "archived"),
    ),
    terminal={"archived"},
)


RESOURCES = (
    Resource(
        schema=Schema(
            object="billing.alert",
            prefix="alrt_test_",
            id_length=30,
            path="/v1/billing/alerts",
            fields=(
                create_only("alert_type"),
                read_only("livemode", False),
                read_only("status", "active"),
                create_only("title", emptyable=False),
                read_only("usage_threshold"),
            ),
            machine=_MACHINE,
            filters=("alert_type", "_meter", "status"),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=("create", "retrieve", "list"),
            creating=_creating,
            listing=_listing,
            actions={
                "activate": lambda call: _move(call, "activate"),
                "archive": lambda call: _move(call, "archive"),
                "deactivate": lambda call: _move(call, "deactivate"),
            },
        ),
    ),
    Resource(
        schema=Schema(
            object="billing.feedback_option",
            prefix="bfo_test_",
            id_length=30,
            path="/v1/billing/feedback_options",
            fields=(
                settable("description", emptyable=False),
                read_only("livemode", False),
                read_only("status", "active"),
                read_only("status_transitions", {"deactivated_at": None}),
            ),
            machine=StateMachine(
                initial=("active",),
                transitions=(Transition("deactivate", {"active"}, "inactive"),),
                terminal={"inactive"},
            ),
            filters=("status",),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=("create", "retrieve", "update", "list"),
            updating=_updating_option,
            actions={"deactivate": _deactivate_option},
        ),
    ),
)
