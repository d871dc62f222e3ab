"""Event families: `checkout.session` with the actions `completed, expired, …`, from the event types the SDK lists."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from payloom.connectors.stripe.catalog import operations, schemas, sdk_source
from payloom.kit.json_types import is_dict
from payloom.workflows.catalog.catalog import Family

STATEFUL = frozenset({"customer.subscription", "invoice"})
"""Families whose objects live long and whose events overtake each other: they are read again by default."""

_NOT_DELETED = frozenset({"customer.subscription.deleted"})
"""A subscription that has ended is not deleted: it can be read as long as its customer."""
_PREVIEWS = frozenset({"invoice.upcoming"})
"""Events about objects that Stripe has not made yet: they have no id."""
_OBJECTS: Mapping[str, str | None] = {
    "account.application": "application",
    "account.external_account": None,
    "application_fee.refund": "fee_refund",
    "charge.dispute": "dispute",
    "charge.refund": "refund",
    "customer.bank_account": "bank_account",
    "customer.card": "card",
    "customer.discount": "discount",
    "customer.source": None,
    "customer.subscription": "subscription",
    "customer.tax_id": "tax_id",
    "sigma.scheduled_query_run": "scheduled_query_run",
    "source.transaction": "source_transaction",
}
"""Families named otherwise than their object; None: the object is one of several."""


@functools.cache
def event_types() -> tuple[str, ...]:
    """Return every event type of the SDK's API version, sorted."""
    params = sdk_source.module("stripe.params._webhook_endpoint_create_params").classes["WebhookEndpointCreateParams"]
    schema = schemas.of_annotation(params.fields["enabled_events"].annotation, params, "params")
    return tuple(sorted(name for name in schema["items"]["enum"] if name != "*"))


@functools.cache
def families() -> Mapping[str, tuple[str, ...]]:
    """Return family → actions."""
    actions_by_family: dict[str, list[str]] = {}
    for name in event_types():
        family, _, action = name.rpartition(".")
        actions_by_family.setdefault(family, []).append(action)
    return {family: tuple(actions) for family, actions in actions_by_family.items()}


def split_type(event_type: str) -> tuple[str, str]:
    """Return the family and the action of an event type: `("checkout.session", "completed")`."""
    family, _, action = event_type.rpartition(".")
    return family, action


def label(name: str) -> str:
    """Return a family's name for people: `On checkout session event`."""
    return f"On {re.sub('[._]', ' ', name)} event"


@functools.cache
def family(name: str) -> Family | None:
    """Return a family with the schema of its object (as webhooks bring it) and the action that reads it again."""
    actions = families().get(name)
    if actions is None:
        return None
    object_class = _object_class(name)
    schema = schemas.of_class(object_class, "event") if object_class else None
    retrieve = _retrieve(object_class) if object_class else None
    no_id = schema is not None and "id" not in schema["properties"]
    return Family(
        name=name,
        label=label(name),
        actions=actions,
        object_schema=schema,
        retrieve=retrieve,
        stateful=name in STATEFUL,
        only_in_event=frozenset(action for action in actions if retrieve is None or _is_gone(f"{name}.{action}")),
        without_id=frozenset(action for action in actions if no_id or f"{name}.{action}" in _PREVIEWS),
    )


def _is_gone(event_type: str) -> bool:
    """Whether the object of an event is not there to be read: not any more, or not yet."""
    return event_type in _PREVIEWS or (event_type.endswith(".deleted") and event_type not in _NOT_DELETED)


@functools.cache
def _classes() -> Mapping[str, tuple[str, str]]:
    table = sdk_source.module("stripe._object_classes").constant("OBJECT_CLASSES")
    return {name: (where, class_name) for name, (where, class_name) in table.items()} if is_dict(table) else {}


def object_kinds() -> frozenset[str]:
    """Return the names of all kinds of objects, as their `object` field has them."""
    return frozenset(_classes())


@functools.cache
def object_schema(kind: str) -> schemas.Schema | None:
    """Return the schema of a kind of object (`payment_intent`) as calls answer with it, None for an unknown kind."""
    if kind not in _classes():
        return None
    where, class_name = _classes()[kind]
    object_class = sdk_source.module(where).find(class_name)
    return schemas.of_class(object_class, "result") if object_class is not None else None


def _object_class(name: str) -> sdk_source.Class | None:
    if name in _OBJECTS and _OBJECTS[name] is None:
        return None
    for candidate in (_OBJECTS.get(name), name, name.replace("_", ".", 1)):
        if candidate and candidate in _classes():
            where, class_name = _classes()[candidate]
            return sdk_source.module(where).find(class_name)
    return None


def _retrieve(object_class: sdk_source.Class) -> str | None:
    name = object_class.object_name or ""
    head, _, last = name.rpartition(".")
    prefix = f"{head}." if head else ""
    for plural in (f"{last}s", f"{last[:-1]}ies", last, "invoice_items" if last == "invoiceitem" else last):
        operation = operations.find(f"{prefix}{plural}.retrieve")
        if operation and len(operation.path_names) == 1:
            schema = operation.result()
            if schema is not None and schema.get("title") == name:
                return operation.name
    return None
