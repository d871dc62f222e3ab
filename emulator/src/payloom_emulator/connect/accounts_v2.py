"""Accounts as the v2 API shows them: one account with configurations, of which v1 shows the capabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.kit.kind import Kind
from payloom_emulator.kit.present import present
from payloom_emulator.presentation.thin_events import timestamp
from payloom_emulator.protocol.json_shapes import elements, is_object, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.accounts import Account

ACCOUNT_V2: Kind[dict[str, object]] = Kind("v2.core.account")
CONFIGURATIONS = ("customer", "merchant", "recipient")
# What v1 calls a capability of the v2 API.
_V1_NAMES = {"stripe_balance.stripe_transfers": "transfers", "stripe_balance.payouts": None}
_INCLUDABLE = ("defaults", "future_requirements", "identity", "requirements")
_TERMS = "identity.attestations.terms_of_service.account"


def merged(base: JsonMapping, new: JsonMapping) -> dict[str, object]:
    """Return `base` with the members of `new` over it, nested ones likewise; null takes a member away."""
    result: dict[str, object] = dict(base)
    for name, value in new.items():
        inner = result.get(name)
        if value is None:
            result.pop(name, None)
        elif is_object(value):
            result[name] = merged(inner if is_object(inner) else {}, value)
        else:
            result[name] = value
    return result


def capabilities(configuration: JsonMapping) -> Iterator[tuple[tuple[str, ...], JsonMapping]]:
    """Yield the path and the members of each capability that a configuration asks for."""
    yield from _leaves(members(configuration.get("capabilities")), ())


def _leaves(node: JsonMapping, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], JsonMapping]]:
    for name, value in node.items():
        inner = members(value)
        if "requested" in inner:
            yield (*path, name), inner
        elif inner:
            yield from _leaves(inner, (*path, name))


def v1_capabilities(body: JsonMapping) -> list[str]:
    """Return what the configurations ask for by the names of v1."""
    names: list[str] = []
    for kind in ("merchant", "recipient"):
        for path, leaf in capabilities(members(members(body.get("configuration")).get(kind))):
            name = _V1_NAMES.get(".".join(path), ".".join(path))
            if leaf.get("requested") and name is not None:
                names.append(name)
    return names


def shown(unit: UnitOfWork, account: Account, include: list[str]) -> dict[str, object]:
    """Return the account as v2 shows it. What may be included and is not is null."""
    del unit
    body = members(account.get("_view"))
    configuration = members(body.get("configuration"))
    enabled = bool(account["charges_enabled"])
    applied = [name for name in CONFIGURATIONS if members(configuration.get(name)).get("applied")]
    parts: dict[str, object] = {
        "defaults": _defaults(account, body),
        "future_requirements": {"entries": [], "summary": None},
        "identity": _identity(body),
        "requirements": _requirements(configuration, enabled=enabled),
    }
    asked_for = [name for name in CONFIGURATIONS if f"configuration.{name}" in include]
    return {
        "id": account["id"],
        "object": "v2.core.account",
        "applied_configurations": applied,
        "closed": bool(body.get("closed")),
        "configuration": {
            name: _configuration(members(configuration.get(name)), name, enabled=enabled)
            if name in asked_for and name in applied
            else None
            for name in CONFIGURATIONS
        }
        if asked_for
        else None,
        "contact_email": body.get("contact_email"),
        "contact_phone": body.get("contact_phone"),
        "created": timestamp(account["created"] or 0),
        "dashboard": body.get("dashboard"),
        **{name: parts[name] if name in include else None for name in _INCLUDABLE},
        "display_name": body.get("display_name"),
        "livemode": False,
        "metadata": present(account["metadata"]),
    }


def _defaults(account: Account, body: JsonMapping) -> dict[str, object]:
    defaults = members(body.get("defaults"))
    responsibilities = members(defaults.get("responsibilities"))
    return {
        "currency": defaults.get("currency") or account["default_currency"],
        "locales": defaults.get("locales"),
        "payout_methods": defaults.get("payout_methods"),
        "profile": {
            "business_url": None,
            "doing_business_as": None,
            "product_description": None,
            **members(defaults.get("profile")),
        },
        "responsibilities": {
            "fees_collector": responsibilities.get("fees_collector", "stripe"),
            "losses_collector": responsibilities.get("losses_collector", "stripe"),
            "requirements_collector": "stripe",
        },
    }


def _identity(body: JsonMapping) -> dict[str, object]:
    identity = members(body.get("identity"))
    return {
        "attestations": identity.get("attestations"),
        "business_details": _without_numbers(identity.get("business_details")),
        "country": identity.get("country"),
        "entity_type": identity.get("entity_type"),
        "individual": _without_numbers(identity.get("individual")),
    }


def _without_numbers(details: object) -> dict[str, object] | None:
    """Return details that name the kinds of their numbers, and no number."""
    if not is_object(details):
        return None
    return {**details, "id_numbers": numbers_of(details.get("id_numbers"))} if "id_numbers" in details else details


def numbers_of(numbers: object) -> list[dict[str, object]]:
    """Return identity numbers as they are shown: by their kinds."""
    return [{"type": members(row).get("type")} for row in elements(numbers)]


def _configuration(configuration: JsonMapping, kind: str, *, enabled: bool) -> dict[str, object]:
    """Return one configuration with the status of its capabilities."""
    rest = {name: value for name, value in configuration.items() if name != "capabilities"}
    tree: dict[str, object] = {}
    for path, leaf in capabilities(configuration):
        if leaf.get("requested"):
            _put(tree, path, _status(active=enabled or kind == "customer"))
    return {**rest, "capabilities": tree or None}


def _put(tree: dict[str, object], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        inner = tree.setdefault(name, {})
        assert is_object(inner)
        tree = inner
    tree[path[-1]] = value


def _status(*, active: bool) -> dict[str, object]:
    if active:
        return {"status": "active", "status_details": []}
    return {
        "status": "restricted",
        "status_details": [{"code": "requirements_past_due", "resolution": "provide_info"}],
    }


def _requirements(configuration: JsonMapping, *, enabled: bool) -> dict[str, object]:
    """Return what the account still has to give: the local Stripe asks for consent to the terms."""
    names = [
        (".".join(path), kind)
        for kind in ("merchant", "recipient")
        for path, leaf in capabilities(members(configuration.get(kind)))
        if leaf.get("requested")
    ]
    if enabled or not names:
        return {"entries": [], "summary": None}
    restricted = [
        {"capability": name, "configuration": kind, "deadline": {"status": "past_due"}} for name, kind in names
    ]
    entry: dict[str, object] = {
        "awaiting_action_from": "user",
        "description": _TERMS,
        "errors": [],
        "impact": {"restricts_capabilities": restricted},
        "minimum_deadline": {"status": "past_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }
    return {"entries": [entry], "summary": {"minimum_deadline": {"status": "past_due", "time": None}}}


def terms_of(body: JsonMapping, now: int) -> JsonMapping:
    """Return the consent to Stripe's terms that the identity holds. One that came by a token is of `now`."""
    attestations = members(members(body.get("identity")).get("attestations"))
    terms = members(members(attestations.get("terms_of_service")).get("account"))
    return {"date": timestamp(now), "ip": "127.0.0.1"} if terms.get("shown_and_accepted") else terms


def changed_parts(params: Mapping[str, object]) -> list[str]:
    """Return the parts of an account that an update touches, as event types name them."""
    parts = [f"[{name}]" for name in ("defaults", "identity") if name in params]
    configuration = members(params.get("configuration"))
    parts += [f"[configuration.{name}]" for name in CONFIGURATIONS if name in configuration]
    return parts
