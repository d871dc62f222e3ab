"""Where a shop collects tax: registrations, settings, and places of performance. https://docs.stripe.com/api/tax/registrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.catalog import tax_places, taxation
from payloom_emulator.catalog.taxation import REGISTRATION
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import ADDRESS, Schema, create_only, overlay, read_only
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer, is_object, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping


def _shown(unit: UnitOfWork, registration: JsonMapping) -> dict[str, object]:
    """Return a registration with its status of now: time alone moves it on."""
    return {**registration, "status": taxation.registration_status(unit, registration)}


def _moment(unit: UnitOfWork, value: object) -> int | None:
    return unit.now if value == "now" else integer(value)


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    country = required(text(params.get("country")), "country").upper()
    options = members(params.get("country_options"))
    if list(options) != [country.lower()]:
        raise invalid(
            f"`country_options` must have the options of {country}, and of no other country.",
            f"country_options[{country.lower()}]",
            "parameter_missing",
        )
    chosen = members(options[country.lower()])
    state = text(chosen.get("state")) or text(members(chosen.get("province_standard")).get("province"))
    if state and tax_places.state_of(country, state, None) is None:
        raise invalid(f"{state} is no state of {country}.", f"country_options[{country.lower()}][state]")
    starts = required(_moment(unit, params.get("active_from")), "active_from")
    expires = _moment(unit, params.get("expires_at"))
    if expires is not None and expires <= starts:
        raise invalid("A registration must expire after it becomes active.", "expires_at")
    for other in unit.list(REGISTRATION, country=country):
        if members(other["country_options"]) == options and taxation.registration_status(unit, other) != "expired":
            raise invalid(f"There is a registration like this one already: {other['id']}.", "country_options")
    values: dict[str, object] = {
        "active_from": starts,
        "country": country,
        "country_options": dict(options),
        "expires_at": expires,
    }
    status = taxation.registration_status(unit, values)
    return _shown(unit, unit.create(REGISTRATION, {**values, "status": status}))


def _update(call: ActionContext[Params, dict[str, object]]) -> Mapping[str, object]:
    registration, params = call.target, call.params
    if taxation.registration_status(call.unit, registration) == "expired":
        raise invalid("An expired registration cannot be changed.")
    changes: dict[str, object] = {}
    if "active_from" in params:
        if taxation.registration_status(call.unit, registration) == "active":
            raise invalid("The registration is active already.", "active_from")
        changes["active_from"] = _moment(call.unit, params["active_from"])
    if "expires_at" in params:
        changes["expires_at"] = _moment(call.unit, params["expires_at"])
    values = {**registration, **changes}
    end = integer(values["expires_at"])
    if end is not None and (end < call.unit.now or end < (integer(values["active_from"]) or 0)):
        raise invalid("A registration cannot expire before it begins, nor in the past.", "expires_at")
    return _shown(call.unit, call.unit.change(registration, changes))


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    status = call.params.get("status", "all")
    rows = [_shown(call.unit, row) for row in call.unit.list(REGISTRATION)]
    return list_of([r for r in rows if status in {"all", r["status"]}], call.path, {"limit": 10, **call.params})


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    return _shown(call.unit, call.unit.get(REGISTRATION, call.ids["id"]))


def _update_by_id(call: RequestContext[Params]) -> Mapping[str, object]:
    return _update(call.with_target(call.unit.get(REGISTRATION, call.ids["id"])))


def _without_id(settings: JsonMapping) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name != "id"}


def _update_settings(call: RequestContext[Params]) -> Mapping[str, object]:
    settings, changes = taxation.settings(call.unit), dict[str, object]()
    defaults, office = call.params.get("defaults"), call.params.get("head_office")
    if is_object(defaults):
        changes["defaults"] = overlay(members(settings["defaults"]), defaults)
    if is_object(office):
        changes["head_office"] = {"address": overlay(ADDRESS, members(office.get("address")))}
        changes.update(taxation.status_of(members(office.get("address"))))
    return _without_id(call.unit.change(settings, changes))


def _locating(call: RequestContext[Params], draft: dict[str, object]) -> None:
    draft["address"] = {**ADDRESS, **members(call.params.get("address"))}


RESOURCES = (
    Resource(
        schema=Schema(
            object="tax.registration",
            prefix="taxreg_",
            id_length=14,
            fields=(
                read_only("active_from"),
                read_only("country"),
                read_only("country_options"),
                read_only("created"),
                read_only("expires_at"),
                read_only("livemode", False),
                read_only("status"),
            ),
            filters=("country",),
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", "/v1/tax/registrations", _create),
                Operation("GET", "/v1/tax/registrations", _list),
                Operation("GET", "/v1/tax/registrations/{id}", _retrieve),
                Operation("POST", "/v1/tax/registrations/{id}", _update_by_id),
            ),
        ),
    ),
    Resource(
        schema=Schema(
            object="tax.settings",
            prefix="taxset_1",
            id_length=23,
            fields=(
                read_only("defaults", {"provider": "stripe", "tax_behavior": None, "tax_code": None}),
                read_only("head_office"),
                read_only("livemode", False),
                read_only("status"),
                read_only("status_details"),
            ),
            on_update=("tax.settings.updated",),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("GET", "/v1/tax/settings", lambda call: _without_id(taxation.settings(call.unit))),
                Operation("POST", "/v1/tax/settings", _update_settings),
            ),
        ),
    ),
    Resource(
        schema=Schema(
            object="tax.location",
            prefix="taxloc_",
            id_length=14,
            path="/v1/tax/locations",
            fields=(
                read_only("address"),
                create_only("description"),
                read_only("livemode", False),
                create_only("type"),
            ),
            filters=("type",),
            has_created=False,
        ),
        endpoints=Endpoints(can=("create", "retrieve", "list"), creating=_locating),
    ),
)
