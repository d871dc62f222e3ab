"""Persons of accounts of the v2 API. https://docs.stripe.com/api/v2/core/persons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.connect import accounts_v2
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.presentation.thin_events import timestamp
from payloom_emulator.protocol.errors import missing
from payloom_emulator.protocol.json_shapes import members, text
from payloom_emulator.resources.connect.event_destinations import page_of_v2
from payloom_emulator.resources.v2 import accounts

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext

_PATH = "/v2/core/accounts/{account_id}/persons"
_TOKENS = "/v2/core/accounts/{account_id}/person_tokens"
PERSON: Kind[dict[str, object]] = Kind("v2.core.account_person")
TOKEN: Kind[dict[str, object]] = Kind("v2.core.account_person_token")


def _details(call: RequestContext[Params], before: Mapping[str, object]) -> dict[str, object]:
    """Return the new fields of a person: what the parameters, and the token among them, say."""
    params: dict[str, object] = {k: v for k, v in call.params.items() if k != "person_token"}
    token_id = text(call.params.get("person_token"))
    if token_id:
        token = accounts.use_token(call.unit, TOKEN, token_id, "person_token")
        params = accounts_v2.merged(members(token["_params"]), params)
    if "id_numbers" in params:
        params["id_numbers"] = accounts_v2.numbers_of(params["id_numbers"])
    after = accounts_v2.merged({name: before[name] for name in params if before.get(name) is not None}, params)
    return {name: after.get(name) for name in params} | {"updated": timestamp(call.unit.now)}


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    account = accounts.target(call, "account_id")
    values = {**_details(call, {}), "account": account["id"], "created": timestamp(call.unit.now)}
    return call.unit.create(PERSON, {**values, "metadata": members(call.params.get("metadata"))})


def _one(call: RequestContext[Params]) -> dict[str, object]:
    person = call.unit.get(PERSON, call.ids["id"])
    if person["account"] != call.ids["account_id"]:
        raise missing("person", call.ids["id"])
    return person


def _update(call: RequestContext[Params]) -> Mapping[str, object]:
    person = _one(call)
    changes = _details(call, person)
    if "metadata" in changes:
        changes["metadata"] = members(changes["metadata"])
    return call.unit.change(person, changes)


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    account = accounts.target(call, "account_id")
    rows, page = page_of_v2(call, PERSON, {"account": account["id"]})
    return {"data": rows, **page}


def _token(call: RequestContext[Params]) -> Mapping[str, object]:
    account = accounts.target(call, "account_id")
    return accounts.token_of(call, TOKEN, _account_id=account["id"])


def _one_token(call: RequestContext[Params]) -> Mapping[str, object]:
    token = call.unit.get(TOKEN, call.ids["id"])
    if token["_account_id"] != call.ids["account_id"]:
        raise missing("person_token", call.ids["id"])
    return token


RESOURCES = (
    Resource(
        schema=Schema(
            object="v2.core.account_person",
            prefix="person_test_",
            id_length=40,
            path=_PATH,
            fields=(
                read_only("account"),
                read_only("created"),
                read_only("livemode", False),
                read_only("metadata", {}),
                read_only("updated"),
            ),
            on_create=("v2.core.account_person.created",),
            on_update=("v2.core.account_person.updated",),
            on_delete=("v2.core.account_person.deleted",),
            filters=("account",),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", _PATH, _create),
                Operation("GET", _PATH, _list),
                Operation("GET", f"{_PATH}/{{id}}", _one),
                Operation("POST", f"{_PATH}/{{id}}", _update),
                Operation("DELETE", f"{_PATH}/{{id}}", lambda call: call.unit.delete(_one(call))),
                Operation("POST", _TOKENS, _token),
                Operation("GET", f"{_TOKENS}/{{id}}", _one_token),
            ),
        ),
    ),
    Resource(
        schema=Schema(object="v2.core.account_person_token", prefix="persontok_test_", id_length=40, has_created=False)
    ),
)
