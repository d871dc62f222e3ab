"""Looks whether a create call already happened: the object carries the step's key in `metadata.payloom_step`.

Needed when the idempotency key may be forgotten (Stripe keeps keys for 24 hours) or has a saved fault as its answer.
Lists are read, not searches: search is up to a minute behind.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from payloom.connectors.stripe import operations
from payloom.connectors.stripe.operations import Operation
from payloom.connectors.stripe.parameters import prepare
from payloom.connectors.stripe.perform import STAMP, StripeConnector, can_be_stamped, resolve, shortened
from payloom.kit.clock import to_epoch

_FILTERS = (
    "account", "charge", "coupon", "credit_note", "customer", "customer_account", "destination", "invoice",
    "payment_intent", "payment_link", "product", "promotion_code", "subscription", "transfer_group",
)  # fmt: skip
_SLACK = dt.timedelta(minutes=5)
"""How far our clock may be ahead of Stripe's."""
_MOST = 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class LookUp:
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
) -> LookUp:
    """Look for the object a create call with `key` made at or after `since`; raises StripeStepFailed."""
    operation, fixed = resolve(action)
    listing = operations.find(".".join((*operation.service, "list")))
    if not can_be_stamped(operation) or listing is None:
        return LookUp(None, certain=False)
    filters = _filters(operation, listing, {**args, **fixed}, since)
    page = await connector.perform(listing.name, {**filters, "all": True, "limit": _MOST}, account=account)
    wanted = shortened(key)
    for item in page["data"]:
        if (item.get("metadata") or {}).get(STAMP) == wanted:
            return LookUp(item, certain=True)
    return LookUp(None, certain=not page["has_more"])


def _filters(operation: Operation, listing: Operation, args: Mapping[str, Any], since: dt.datetime) -> dict[str, Any]:
    """Return the list's parameters that narrow it to where the object must be."""
    prepared = prepare(operation, args)
    known = listing.params_class.fields if listing.params_class else {}
    filters: dict[str, Any] = dict(zip(listing.path_names, prepared.path, strict=False))
    for name in _FILTERS:
        value = prepared.body.get(name)
        if name in known and isinstance(value, str) and value:
            filters[name] = value
    if "created" in known:
        filters["created"] = {"gte": to_epoch(since - _SLACK)}
    if listing.name == "subscriptions.list":
        filters["status"] = "all"
    return filters
