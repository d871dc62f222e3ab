"""Persons: who owns, runs and represents a connected account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.connect import accounts
from payloom_emulator.core.schemas.schema import ADDRESS, overlay
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer, is_object, members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.accounts import Account

PERSON: Kind[dict[str, object]] = Kind("person")

RELATIONSHIP: dict[str, object] = {
    "authorizer": False,
    "director": False,
    "executive": False,
    "legal_guardian": False,
    "owner": False,
    "percent_ownership": None,
    "representative": False,
    "title": None,
}
_SCRIPT_ADDRESS: dict[str, object] = {**ADDRESS, "town": None}
_NESTED: dict[str, dict[str, object]] = {
    "address": dict(ADDRESS),
    "address_kana": _SCRIPT_ADDRESS,
    "address_kanji": _SCRIPT_ADDRESS,
    "additional_tos_acceptances": {"account": {"date": None, "ip": None, "user_agent": None}},
    "dob": {"day": None, "month": None, "year": None},
    "registered_address": dict(ADDRESS),
    "relationship": RELATIONSHIP,
    "us_cfpb_data": {"ethnicity_details": None, "race_details": None, "self_identified_gender": None},
}
_PLAIN = (
    *("email", "first_name", "first_name_kana", "first_name_kanji", "full_name_aliases", "gender", "last_name"),
    *("last_name_kana", "last_name_kanji", "maiden_name", "nationality", "phone", "political_exposure"),
)
# Numbers that are kept as "it was given".
_SECRETS = {
    "id_number": "id_number_provided",
    "id_number_secondary": "id_number_secondary_provided",
    "ssn_last_4": "ssn_last_4_provided",
}
_NO_FILE: dict[str, object] = {"back": None, "details": None, "details_code": None, "front": None}
_NEEDED = ("address.line1", "dob.day", "dob.month", "dob.year", "first_name", "last_name")
# What Stripe's test numbers stand for: an identity that cannot be verified.
_UNVERIFIABLE = frozenset({"111111111", "222222222", "1111"})


def create(unit: UnitOfWork, account: Account, params: JsonMapping) -> dict[str, object]:
    """Make a person of an account. Emits person.created, as an event of that account."""
    own = unit if unit.account == account["id"] else unit.at(account["id"])
    blank = own.blank(PERSON)
    values = changes_of(blank, params)
    _check(own, account, values, None)
    person = own.create(PERSON, {**_judged({**blank, **values}), "account": account["id"]})
    own.flush()
    return person


def change(unit: UnitOfWork, account: Account, person_id: str, params: JsonMapping) -> dict[str, object]:
    """Change a person. Emits person.updated."""
    own = unit if unit.account == account["id"] else unit.at(account["id"])
    person = own.get(PERSON, person_id)
    values = changes_of(person, params)
    _check(own, account, values, person_id)
    judged = _judged({**person, **values})
    own.change(person, {name: value for name, value in judged.items() if person.get(name) != value})
    own.flush()
    return person


def changes_of(person: JsonMapping, params: JsonMapping) -> dict[str, object]:
    """Return the new values of the fields that a caller's parameters set."""
    values: dict[str, object] = {name: params[name] or None for name in _PLAIN if name in params}
    for name, shape in _NESTED.items():
        new = params.get(name)
        if new == "":
            values[name] = None
        elif is_object(new):
            values[name] = overlay(overlay(shape, members(person.get(name))), new)
    for name, flag in _SECRETS.items():
        if name in params:
            values[flag] = bool(params[name])
            values["_unverifiable"] = str(params[name]).replace("-", "") in _UNVERIFIABLE
    verification = params.get("verification")
    if is_object(verification):
        values["verification"] = overlay(members(person.get("verification")), verification)
    if "metadata" in params:
        values["metadata"] = merge_metadata(person.get("metadata"), params["metadata"])
    return values


def _check(own: UnitOfWork, account: Account, values: JsonMapping, person_id: str | None) -> None:
    relationship = members(values.get("relationship"))
    share = relationship.get("percent_ownership")
    if share is not None and not 0 <= float(str(share)) <= 100:
        raise invalid("Must be between 0 and 100.", "relationship[percent_ownership]")
    born = members(values.get("dob"))
    for name, most in (("day", 31), ("month", 12)):
        number = integer(born.get(name))
        if number is not None and not 1 <= number <= most:
            raise invalid(f"Must be between 1 and {most}.", f"dob[{name}]")
    if not relationship.get("representative"):
        return
    for other in own.list(PERSON, account=account["id"]):
        if other["id"] != person_id and members(other.get("relationship")).get("representative"):
            raise invalid(
                "There is already a representative for this account. You must first change that person's relationship before you make another person the representative.",
                "relationship[representative]",
            )


def _judged(person: dict[str, object]) -> dict[str, object]:
    """Return the person with what is still required of it, and whether it is verified."""
    due = [name for name in _NEEDED if not _inside(person, name)]
    if not (person.get("id_number_provided") or person.get("ssn_last_4_provided")):
        due.append("ssn_last_4")
    verification = members(person.get("verification"))
    has_document = bool(members(verification.get("document")).get("front"))
    refused = bool(person.get("_unverifiable")) and not has_document
    if refused:
        due.append("verification.document")
    status = "verified" if (not due or has_document) and not refused else "unverified"
    details = ("The identity could not be verified.", "failed_keyed_identity") if refused else (None, None)
    return {
        **person,
        "requirements": {
            **{name: value for name, value in accounts.REQUIREMENTS.items() if name not in _ONLY_ACCOUNTS},
            "currently_due": due,
            "eventually_due": due,
        },
        "verification": {
            "additional_document": dict(_NO_FILE),
            "document": dict(_NO_FILE),
            **verification,
            "details": details[0],
            "details_code": details[1],
            "status": status,
        },
    }


_ONLY_ACCOUNTS = frozenset({"current_deadline", "disabled_reason"})


def _inside(person: JsonMapping, path: str) -> object:
    value: object = person
    for part in path.split("."):
        value = members(value).get(part)
    return value


def individual(unit: UnitOfWork, account: Account, params: JsonMapping) -> None:
    """Keep what an account says of the individual behind it as a person, and show it on the account."""
    own = unit if unit.account == account["id"] else unit.at(account["id"])
    existing = text(members(account.get("individual")).get("id"))
    new = {**params, "relationship": {**members(params.get("relationship")), "representative": True}}
    person = change(unit, account, existing, new) if existing else create(unit, account, new)
    accounts.change(unit, account, {"individual": own.snapshot(person)})
