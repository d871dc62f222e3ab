"""Looks whether a call already happened, before it is made again.

Needed when the idempotency key may be forgotten, or has a saved fault as its answer, or when Stripe keeps no keys for
the call (DELETE). What shows it is declared for every operation (`catalog.effects`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.catalog.effects import evidence_of
from payloom.connectors.stripe.catalog.evidence import (
    Caused,
    Gone,
    Hidden,
    Repeatable,
    Stamped,
    State,
    Unique,
    values_at,
)
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.connector import STAMP, StripeConnector, can_be_stamped, resolve, shortened, takes_stamp
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.parameters import prepare
from payloom.kit.clock import to_epoch

_FILTERS = (
    "account", "charge", "coupon", "credit_note", "customer", "customer_account", "destination", "invoice",
    "payment_intent", "payment_link", "product", "promotion_code", "subscription", "transfer_group",
)  # fmt: skip
_SLACK = dt.timedelta(minutes=5)
"""How far our clock may be ahead of Stripe's."""
_EVENTS_KEPT = dt.timedelta(days=29)
"""Stripe lists events for 30 days."""
_MOST = 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class LookupResult:
    """What a look-up tells.

    found: the object, or None. certain: whether None means that the call can be made: it never happened, or may happen
    again. if_missing: the answer if Stripe then says that there is no such object: the earlier call deleted it.
    """

    found: dict[str, Any] | None
    certain: bool
    if_missing: dict[str, Any] | None = None


_UNKNOWN = LookupResult(None, certain=False)
_MAY_BE_SENT = LookupResult(None, certain=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Lookup:
    """One call that is looked for. arguments: with what its alias fixes. since: when it was first made."""

    connector: StripeConnector
    operation: Operation
    arguments: Mapping[str, Any]
    key: str
    since: dt.datetime
    account: str | None

    async def result(self) -> LookupResult:
        listing = operations.find(".".join((*self.operation.service, "list")))
        stamped = can_be_stamped(self.operation) and listing is not None
        match evidence_of(self.operation, stamped=stamped):
            case Stamped() if listing is not None:
                return await self._stamped(listing)
            case Gone():
                return LookupResult(None, certain=True, if_missing=self._deleted())
            case State() as state:
                return await self._state(state)
            case Caused() as caused:
                return await self._caused(caused)
            case Unique() as unique if listing is not None:
                return await self._unique(unique, listing)
            case Repeatable():
                return _MAY_BE_SENT
            case Hidden() | None | _:
                return _UNKNOWN

    async def _stamped(self, listing: Operation) -> LookupResult:
        """Look for the object that carries the step's key. Lists, as search is up to a minute behind."""
        if not takes_stamp(self.arguments):
            return _UNKNOWN
        filters = _filters(self.operation, listing, self.arguments, self.since)
        if not set(listing.params()["required"]) <= filters.keys():
            return _UNKNOWN
        page = await self._list(listing, filters)
        short_key = shortened(self.key)
        for item in page["data"]:
            metadata: dict[str, Any] = item.get("metadata") or {}
            if metadata.get(STAMP) == short_key:
                return LookupResult(item, certain=True)
        return LookupResult(None, certain=not page["has_more"])

    async def _unique(self, unique: Unique, listing: Operation) -> LookupResult:
        prepared = prepare(self.operation, self.arguments)
        known = listing.params_class.fields if listing.params_class else {}
        expected = {field: prepared.body.get(field.removesuffix(".id")) for field in unique.fields}
        filters = dict(zip(listing.path_names, prepared.path, strict=False))
        filters |= {name: value for name, value in expected.items() if name in known}
        page = await self._list(listing, filters)
        for item in page["data"]:
            if all(values_at(item, field) == [value] for field, value in expected.items()):
                return LookupResult(item, certain=True)
        return LookupResult(None, certain=not page["has_more"])

    async def _caused(self, caused: Caused) -> LookupResult:
        """Look for the event that names our key as the request that caused it."""
        connector = self.connector
        if connector.clock.now() - self.since > _EVENTS_KEPT:
            return _UNKNOWN
        listing = operations.find("events.list")
        assert listing is not None
        filters = {"types": list(caused.types), "created": {"gte": to_epoch(self.since - _SLACK)}}
        page = await self._list(listing, filters)
        short_key = shortened(self.key)
        for event in page["data"]:
            request: Mapping[str, Any] = event.get("request") or {}
            if request.get("idempotency_key") == short_key:
                brought = event["data"]["object"]
                return LookupResult(await self._answered_with(brought), certain=True)
        return LookupResult(None, certain=not page["has_more"])

    async def _answered_with(self, brought: dict[str, Any]) -> dict[str, Any]:
        """Return the object that the call answers with; an event may bring the one that it belongs to.

        The ids that a create call takes are those of what the new object belongs to.
        """
        path = prepare(self.operation, self.arguments).path
        if self.operation.function == "create" or brought.get("id") == path[-1]:
            return brought
        return await self._read(".".join((*self.operation.service, "retrieve")))

    async def _state(self, state: State) -> LookupResult:
        """Read the object and tell from its fields whether the operation was done."""
        reading = state.read or ".".join((*self.operation.service, "retrieve"))
        try:
            stripe_object = await self._read(reading, expand=state.expand)
        except StripeStepFailed as error:
            if error.failure.kind != "resource_missing":
                raise
            # Stripe says so itself, in the words of this call.
            return _MAY_BE_SENT
        seen = [sign.seen_in(stripe_object, self.arguments) for sign in state.signs]
        if None in seen:
            return _UNKNOWN
        if not all(seen):
            return _MAY_BE_SENT
        if state.deleted is not None:
            path, placeholder = prepare(self.operation, self.arguments).path, self.operation.path_names[-1]
            owner = {self.operation.object_of(placeholder): path[-1]}
            return LookupResult({"object": state.deleted, "deleted": True, **owner}, certain=True)
        if state.follow is not None:
            stripe_object = await self._perform(reading, {"id": values_at(stripe_object, state.follow)[0]})
        return LookupResult(stripe_object, certain=True)

    def _deleted(self) -> dict[str, Any]:
        """Return what Stripe answers to a deletion."""
        path = prepare(self.operation, self.arguments).path
        kind = (self.operation.result() or {}).get("title")
        answer: dict[str, Any] = {"id": path[-1]} if path else dict(self.arguments)
        return {**answer, **({"object": kind} if kind else {}), "deleted": True}

    async def _read(self, reading: str, *, expand: tuple[str, ...] = ()) -> dict[str, Any]:
        """Read the object that the call is about, with an operation that takes the same ids."""
        operation = operations.find(reading)
        assert operation is not None, reading
        prepared = prepare(self.operation, self.arguments)
        arguments: dict[str, Any] = dict(zip(operation.path_names, prepared.path, strict=True))
        return await self._perform(reading, {**arguments, **({"expand": list(expand)} if expand else {})})

    async def _list(self, listing: Operation, filters: Mapping[str, Any]) -> dict[str, Any]:
        return await self._perform(listing.name, {**filters, "all": True, "limit": _MOST})

    async def _perform(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await self.connector.perform(action, arguments, account=self.account)


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
    return await _Lookup(connector, operation, {**args, **fixed}, key, since, account).result()


def _fields_of_items(listing: Operation) -> Mapping[str, Any]:
    page = listing.result() or {}
    return page.get("properties", {}).get("data", {}).get("items", {}).get("properties", {})


def _filters(operation: Operation, listing: Operation, args: Mapping[str, Any], since: dt.datetime) -> dict[str, Any]:
    """Return the list's parameters that narrow it to where the object must be."""
    prepared = prepare(operation, args)
    known = listing.params_class.fields if listing.params_class else {}
    filters: dict[str, Any] = dict(zip(listing.path_names, prepared.path, strict=False))
    for name in (*_FILTERS, *listing.params()["required"]):
        value = prepared.body.get(name)
        if name in known and isinstance(value, str) and value:
            filters[name] = value
    if "created" in known and "created" in _fields_of_items(listing):
        filters["created"] = {"gte": to_epoch(since - _SLACK)}
    if listing.name == "subscriptions.list":
        filters["status"] = "all"
    return filters
