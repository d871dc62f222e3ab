"""What an event and a caller look like to expressions: the roots of a run's scope."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.schemas import TEXT, or_null
from payloom.workflows.expressions.left_out import GROWS, only_changed


def split_type(event_type: str, families: Iterable[str]) -> tuple[str, str]:
    """Return `(family, action)` of a Stripe event type: the longest family it begins with, else all but the last word.

    `checkout.session.completed` → `("checkout.session", "completed")`.
    """
    best = ""
    for family in families:
        if event_type.startswith(family + ".") and len(family) > len(best):
            best = family
    if not best:
        best, _, action = event_type.rpartition(".")
        return (best, action) if best else (event_type, "")
    return best, event_type[len(best) + 1 :]


def _own_name(stripe_object: Mapping[str, Any], family: str) -> str:
    kind = stripe_object.get("object")
    return kind.replace(".", "_") if isinstance(kind, str) and kind else family.rpartition(".")[2]


ANY_ACCOUNT = "*"
"""What `account` says when events of every account count: the key's own and connected ones."""


def account_counts(accounts: Any, account: str | None) -> bool:
    """Return whether an event of `account` (None: the key's own account) is one of those that `accounts` names.

    accounts: None for the key's own account alone, an account's id, `*` for every other one, or a list of these. An
    account that is not named never counts: its owner decides what happens in it, and could pay our orders with payments
    of his own.
    """
    if is_list(accounts):
        return any(account_counts(item, account) for item in accounts)
    return account is not None if accounts == ANY_ACCOUNT else accounts == account


def event_scope(stripe_event: Mapping[str, Any], family: str, action: str) -> dict[str, Any]:
    """Return `{event, object, previous}`.

    `event` is the Stripe event's fields and: family, action, object (`data.object`), previous
    (`data.previous_attributes`, or an
    empty map), status, customer (its id), metadata, and the object again under its own name (`subscription`,
    `checkout_session`, `payment_intent`, …) unless the event has a field of that name.
    """
    data: Mapping[str, Any] = stripe_event.get("data") or {}
    stripe_object: Mapping[str, Any] = data.get("object") or {}
    previous: Mapping[str, Any] = data.get("previous_attributes") or {}
    customer = stripe_object.get("customer")
    if stripe_object.get("object") == "customer":
        customer = stripe_object.get("id")
    event: dict[str, Any] = {
        "account": None,
        **stripe_event,
        "family": family,
        "action": action,
        "object": stripe_object,
        "previous": previous,
        "status": stripe_object.get("status"),
        "customer": customer.get("id") if is_map(customer) else customer,
        "metadata": stripe_object.get("metadata") or {},
    }
    event.setdefault(_own_name(stripe_object, family), stripe_object)
    return {"event": event, "object": stripe_object, "previous": previous}


def names_only_connected(accounts: Any) -> bool:
    """Whether `accounts`, written as a literal, lets only events of connected accounts count."""
    if is_list(accounts):
        return bool(accounts) and all(map(names_only_connected, accounts))
    return isinstance(accounts, str)


def event_types(
    family_name: str, actions: Collection[str], catalog: Catalog, *, connected: bool = False
) -> tuple[Schema | None, Schema | None]:
    """Return the types of what `event_scope` gives for a family: `event`, which stays open, and `object`.

    actions: those that may come; empty for all. connected: only events of connected accounts come.
    """
    family = catalog.family(family_name)
    if family is None:
        return None, None
    schema = family.object_schema
    possible = sorted(actions or family.actions)
    fields: Mapping[str, Any] = (schema or {}).get("properties", {})
    if schema is not None and "id" in fields and not any(family.has_id(action) for action in possible):
        schema = {**schema, "properties": {name: fields[name] for name in fields if name != "id"}}
    event = {
        "type": "object",
        "properties": {
            "id": TEXT,
            "type": {"type": "string", GROWS: True, "enum": [f"{family_name}.{action}" for action in possible]},
            "account": TEXT if connected else or_null(TEXT),
            "family": TEXT,
            "action": {"type": "string", GROWS: True, "enum": possible},
            "created": {"type": "integer"},
            "livemode": {"type": "boolean"},
            "object": schema or {},
            "previous": previous_type(schema),
            "metadata": {"type": "object"},
        },
    }
    return event, schema


def previous_type(object_schema: Schema | None) -> Schema:
    """Return the type of `previous`: of the object's fields those that changed, none if the event is no update."""
    return {"type": "object"} if object_schema is None else only_changed(object_schema)


def build_scope(
    *,
    inputs: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    run: Mapping[str, Any] | None = None,
    row: Mapping[str, Any] | None = None,
    old: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the roots of a run, each again under `context`.

    event: what `event_scope` returns. run: leave out, and the Execution puts in its RunInfo.
    row, old: of a table trigger.
    A root that this kind of start does not have is null.
    """
    roots: dict[str, Any] = {
        "inputs": dict(inputs or {}),
        "event": None,
        "object": None,
        "previous": None,
        "user": user,
        "env": dict(env or {}),
        **(event or {}),
    }
    if row is not None or old is not None:
        roots |= {"row": row, "old": old}
    if run is not None:
        roots["run"] = run
    return {**roots, "context": dict(roots)}
