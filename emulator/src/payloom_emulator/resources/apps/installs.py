"""Installs of Stripe Apps on an account. https://docs.stripe.com/api/apps/install."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, create_only, read_only
from payloom_emulator.protocol.errors import invalid, parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

_NO_POLICY: dict[str, object] = {"connect_src": [], "image_src": []}


def _creating(call: RequestContext[Params], draft: dict[str, object]) -> None:
    if bool(call.params.get("code_challenge")) != bool(call.params.get("code_challenge_method")):
        absent = "code_challenge_method" if call.params.get("code_challenge") else "code_challenge"
        raise parameter_missing(absent)
    draft["account"] = call.unit.account
    draft["channel"] = draft["channel"] or "public"
    if call.params.get("code_challenge"):
        draft["auth_code"] = call.unit.environment.ids.new("ac_", 32)


def _created(call: RequestContext[Params], install: dict[str, object]) -> None:
    call.unit.schedule_last("finish", install)


def _finish(unit: UnitOfWork, install: dict[str, object]) -> None:
    if install["status"] == "installing":
        unit.transition(install, "finish")


def _uninstall(call: ActionContext[Params, dict[str, object]]) -> Mapping[str, object]:
    if call.target["status"] != "installed":
        raise invalid(f"This app is {call.target['status']}: it cannot be uninstalled now.")
    call.unit.transition(call.target, "uninstall")
    call.unit.schedule_last("remove", call.target)
    return dict(call.target)


def _remove(unit: UnitOfWork, install: dict[str, object]) -> None:
    if install["status"] == "uninstalling":
        unit.delete(install)


RESOURCES = (
    Resource(
        schema=Schema(
            object="apps.install",
            prefix="appinst_1",
            id_length=23,
            path="/v1/apps/installs",
            fields=(
                read_only("account"),
                create_only("app", emptyable=False),
                read_only("approval_required", False),
                read_only("auth_code"),
                create_only("channel"),
                read_only("content_security_policy_granted", _NO_POLICY),
                read_only("content_security_policy_pending", _NO_POLICY),
                read_only("created"),
                read_only("created_by"),
                read_only("endpoints_granted", []),
                read_only("endpoints_pending", []),
                read_only("livemode", False),
                read_only("permissions_granted", []),
                read_only("permissions_pending", []),
                read_only("status", "installing"),
            ),
            machine=StateMachine(
                initial=("installing",),
                transitions=(
                    Transition("finish", {"installing"}, "installed", ("apps.install.updated",)),
                    Transition("uninstall", {"installed"}, "uninstalling", ("apps.install.updated",)),
                ),
                terminal={"uninstalling"},
            ),
            on_create=("apps.install.created",),
            on_delete=("apps.install.deleted",),
            filters=("account", "app", "approval_required", "channel", "created_by", "status"),
        ),
        endpoints=Endpoints(
            can=("create", "retrieve", "update", "list"),
            creating=_creating,
            created=_created,
            actions={"uninstall": _uninstall},
        ),
        timers={"finish": _finish, "remove": _remove},
    ),
)
