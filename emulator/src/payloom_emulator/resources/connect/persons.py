"""Persons of connected accounts. https://docs.stripe.com/api/persons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.connect import persons
from payloom_emulator.connect.persons import PERSON
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.accounts import Account

_PATH = "/v1/accounts/{account}/persons"


def _account(call: RequestContext[Params]) -> tuple[Account, UnitOfWork]:
    account = call.unit.get(kinds.ACCOUNT, call.ids["account"])
    return account, call.unit if call.unit.account == account["id"] else call.unit.at(account["id"])


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    account, _ = _account(call)
    if account["business_type"] == "individual":
        raise invalid(
            "You cannot create a person on an account with a `business_type` of `individual`: use the `individual` hash of the account instead.",
        )
    return persons.create(call.unit, account, call.params)


def _one(call: RequestContext[Params]) -> tuple[Account, UnitOfWork, dict[str, object]]:
    account, own = _account(call)
    person = own.get(PERSON, call.ids["person"])
    if person["account"] != account["id"]:
        raise missing("person", call.ids["person"])
    return account, own, person


def _update(call: RequestContext[Params]) -> Mapping[str, object]:
    account, _, person = _one(call)
    return persons.change(call.unit, account, str(person["id"]), call.params)


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    _, own, person = _one(call)
    removed = own.delete(person)
    own.flush()
    return removed


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    account, own = _account(call)
    relationship = members(call.params.get("relationship"))
    rows = [
        row
        for row in own.list(PERSON, account=account["id"])
        if all(members(row["relationship"]).get(name) == value for name, value in relationship.items())
    ]
    return list_of(rows, call.path, {"limit": 10, **call.params})


PERSONS = Resource(
    schema=Schema(
        object="person",
        prefix="person_1",
        id_length=23,
        fields=(
            read_only("account"),
            read_only("additional_tos_acceptances", {"account": {"date": None, "ip": None, "user_agent": None}}),
            read_only("address"),
            read_only("created"),
            read_only("dob", {"day": None, "month": None, "year": None}),
            read_only("email"),
            read_only("first_name"),
            read_only("future_requirements"),
            read_only("id_number_provided", False),
            read_only("last_name"),
            read_only("metadata", {}),
            read_only("phone"),
            read_only("relationship", dict(persons.RELATIONSHIP)),
            read_only("requirements"),
            read_only("ssn_last_4_provided", False),
            read_only("verification", {}),
        ),
        on_create=("person.created",),
        on_update=("person.updated",),
        on_delete=("person.deleted",),
        filters=("account",),
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=(),
        operations=(
            Operation("POST", _PATH, _create),
            Operation("GET", _PATH, _list),
            Operation("GET", f"{_PATH}/{{person}}", lambda call: _one(call)[2]),
            Operation("POST", f"{_PATH}/{{person}}", _update),
            Operation("DELETE", f"{_PATH}/{{person}}", _delete),
        ),
    ),
)


RESOURCES = (PERSONS,)
