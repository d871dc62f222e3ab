"""Looks whether a call already happened, before it is made again.

Needed when the idempotency key may be forgotten (Stripe keeps keys for 24 hours) or has a saved fault as its answer.
What a create call made carries the step's key in `metadata.payloom_step`; it is found in lists, as search is up to a
minute behind. What a capture, cancellation, … did shows in the object's state.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.connector import STAMP, StripeConnector, can_be_stamped, resolve, shortened
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.parameters import prepare
from payloom.kit.clock import to_epoch

_FILTERS = (
    "account", "charge", "coupon", "credit_note", "customer", "customer_account", "destination", "invoice",
    "payment_intent", "payment_link", "product", "promotion_code", "subscription", "transfer_group",
)  # fmt: skip
_DONE: Mapping[str, tuple[str, frozenset[Any]]] = {
    "charges.capture": ("captured", frozenset({True})),
    "checkout.sessions.expire": ("status", frozenset({"expired"})),
    "invoices.finalize_invoice": ("status", frozenset({"open", "paid", "uncollectible", "void"})),
    "invoices.mark_uncollectible": ("status", frozenset({"uncollectible"})),
    "invoices.pay": ("status", frozenset({"paid"})),
    "invoices.void_invoice": ("status", frozenset({"void"})),
    "payment_intents.cancel": ("status", frozenset({"canceled"})),
    "payment_intents.capture": ("status", frozenset({"succeeded"})),
    "payment_intents.confirm": ("status", frozenset({"processing", "requires_capture", "succeeded"})),
    "payouts.cancel": ("status", frozenset({"canceled"})),
    "quotes.accept": ("status", frozenset({"accepted"})),
    "quotes.cancel": ("status", frozenset({"canceled"})),
    "refunds.cancel": ("status", frozenset({"canceled"})),
    "setup_intents.cancel": ("status", frozenset({"canceled"})),
    "setup_intents.confirm": ("status", frozenset({"processing", "succeeded"})),
    "subscription_schedules.cancel": ("status", frozenset({"canceled"})),
    "subscription_schedules.release": ("status", frozenset({"released"})),
    "subscriptions.cancel": ("status", frozenset({"canceled"})),
}
"""Operations that change an object's state once: the field and values that show that it happened."""
_SLACK = dt.timedelta(minutes=5)
"""How far our clock may be ahead of Stripe's."""
_MOST = 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class LookupResult:
    """found: the object, or None. certain: whether None means that it never happened."""

    found: dict[str, Any] | None
    certain: bool


async def find_existing(
    connector: StripeConnector,
    action: str,
    args: Mapping[str, Any],
    key: str,
    *,
    since: dt.datetime,
    account: str | None = None,
) -> LookupResult:
    """Look for the object that the call with `key`, first made at `since`, made or changed; raises StripeStepFailed."""
    operation, fixed = resolve(action)
    if operation.name in _DONE or operation.method == "delete":
        return await _state(connector, operation, {**args, **fixed}, account)
    listing = operations.find(".".join((*operation.service, "list")))
    if not can_be_stamped(operation) or listing is None:
        return LookupResult(None, certain=False)
    filters = _filters(operation, listing, {**args, **fixed}, since)
    page = await connector.perform(listing.name, {**filters, "all": True, "limit": _MOST}, account=account)
    short_key = shortened(key)
    for item in page["data"]:
        metadata: dict[str, Any] = item.get("metadata") or {}
        if metadata.get(STAMP) == short_key:
            return LookupResult(item, certain=True)
    return LookupResult(None, certain=not page["has_more"])


async def _state(
    connector: StripeConnector, operation: Operation, args: Mapping[str, Any], account: str | None
) -> LookupResult:
    """Read the object and tell from its state whether the operation was done."""
    reading = operations.find(".".join((*operation.service, "retrieve")))
    if reading is None or len(reading.path_names) != len(operation.path_names):
        return LookupResult(None, certain=False)
    path = prepare(operation, args).path
    try:
        stripe_object = await connector.perform(
            reading.name, dict(zip(reading.path_names, path, strict=True)), account=account
        )
    except StripeStepFailed as error:
        if operation.method == "delete" and error.failure.kind == "resource_missing":
            return LookupResult({"id": path[-1], "deleted": True}, certain=True)
        raise
    if operation.method == "delete":
        return LookupResult(stripe_object if stripe_object.get("deleted") else None, certain=True)
    field, values = _DONE[operation.name]
    return LookupResult(stripe_object if stripe_object.get(field) in values else None, certain=True)


def _fields_of_items(listing: Operation) -> Mapping[str, Any]:
    page = listing.result() or {}
    return page.get("properties", {}).get("data", {}).get("items", {}).get("properties", {})


def _filters(operation: Operation, listing: Operation, args: Mapping[str, Any], since: dt.datetime) -> dict[str, Any]:
    """Return the list's parameters that narrow it to where the object must be."""
    prepared = prepare(operation, args)
    known = listing.params_class.fields if listing.params_class else {}
    filters: dict[str, Any] = dict(zip(listing.path_names, prepared.path, strict=False))
    for name in _FILTERS:
        value = prepared.body.get(name)
        if name in known and isinstance(value, str) and value:
            filters[name] = value
    if "created" in known and "created" in _fields_of_items(listing):
        filters["created"] = {"gte": to_epoch(since - _SLACK)}
    if listing.name == "subscriptions.list":
        filters["status"] = "all"
    return filters
