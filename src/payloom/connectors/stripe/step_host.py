"""Does `stripe` steps for the driver so that their effect happens once, however often a step is tried.

Within a day the idempotency key sees to that. When it may be forgotten, or has a fault of Stripe's as its saved answer,
the object is lookup for before anything is sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from payloom.connectors.port import Attempt
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.connector import StripeConnector, resolve
from payloom.connectors.stripe.failures import StripeStepFailed, refused
from payloom.connectors.stripe.lookup import LookupResult, find_existing
from payloom.kit.json_types import is_map
from payloom.workflows.program.commands import Do

KEY_LIFETIME = dt.timedelta(hours=23)
"""Stripe may forget a key after 24 hours; one hour is left for clocks and slow calls."""
V2_KEY_LIFETIME = dt.timedelta(days=29)
"""API v2 keeps keys for 30 days, those of DELETE as well."""
_GENERATIONS = 5
MOST_ITEMS = 100_000
"""How many objects `all: true` reads."""


class StripeHost:
    """Performs the commands of verb `stripe`."""

    def __init__(self, connector: StripeConnector) -> None:
        self.connector = connector

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do one step and return Stripe's object; raises StripeStepFailed (a StepFailed)."""
        args: Mapping[str, Any] = do.args.get("with") or {}
        account = do.args.get("account")
        operation, _ = resolve(do.action)
        if do.args.get("all"):
            return await self._every(do, args, account, attempt)
        if operation.method == "get":
            return await self.connector.perform(do.action, args, timeout=do.timeout, account=account)
        version_2 = operation.service[0] == "v2"
        lifetime = V2_KEY_LIFETIME if version_2 else KEY_LIFETIME
        forgotten = self.connector.clock.now() - attempt.first_at > lifetime
        # API v1 keeps no keys for DELETE: the second one would say that there is nothing to delete.
        lookup = None
        if attempt.in_doubt and (forgotten or (operation.method == "delete" and not version_2)):
            lookup = await self._before_resending(do, operation, args, account, attempt)
            if lookup.found is not None:
                return lookup.found
        try:
            return await self._send(do, args, account, attempt)
        except StripeStepFailed as error:
            if lookup is None or lookup.if_missing is None or error.failure.kind != "resource_missing":
                raise
            return lookup.if_missing

    async def _every(self, do: Do, args: Mapping[str, Any], account: str | None, attempt: Attempt) -> list[Any]:
        """Read page after page and return the objects as one list, each with what the workflow reads of it.

        `limit` is the size of a page, as at Stripe. Without `max` the list is whole, or the step fails.
        """
        most = do.args.get("max")
        items: list[Any] = []
        async for page in self.connector.pages(do.action, args, timeout=do.timeout, account=account):
            items += page if attempt.fields is None else [_kept(item, attempt.fields) for item in page]
            if most is not None and len(items) >= most:
                return items[:most]
            if len(items) > MOST_ITEMS:
                message = f"{do.action} has more than {MOST_ITEMS:,} objects"
                hint = "narrow the list by its parameters, or set `max` to read the first ones only"
                raise refused("too_many_items", message, status=422, hint=hint, limit=MOST_ITEMS)
        return items

    async def _send(self, do: Do, args: Mapping[str, Any], account: str | None, attempt: Attempt) -> Any:
        """Call under the step's key.

        A fault saved under it is no answer: once the look-up proves that nothing happened, the next key of a fixed
        sequence is used, the same at every attempt.
        """
        key = do.key
        generation = 1
        while True:
            try:
                return await self.connector.perform(
                    do.action, args, key=key, stamp=do.key, timeout=do.timeout, account=account
                )
            except StripeStepFailed as error:
                if error.outcome != "unknown" or not error.replayed:
                    raise
                lookup = await find_existing(
                    self.connector, do.action, args, do.key, since=attempt.first_at, account=account
                )
                if lookup.found is not None:
                    return lookup.found
                generation += 1
                if not lookup.certain or generation > _GENERATIONS:
                    raise
                key = f"{do.key}~{generation}"

    async def _before_resending(
        self, do: Do, operation: Operation, args: Mapping[str, Any], account: str | None, attempt: Attempt
    ) -> LookupResult:
        """Look for what an earlier attempt did; raises when it is neither found nor safe to send the call again."""
        lookup = await find_existing(self.connector, do.action, args, do.key, since=attempt.first_at, account=account)
        if lookup.found is not None or lookup.certain:
            return lookup
        raise refused(
            "outcome_unknown",
            f"whether {operation.name} happened on {attempt.first_at:%Y-%m-%d %H:%M} UTC is no longer known",
            status=502,
            hint="look in Stripe's dashboard; if it did not happen, retry the run, which makes the call again",
            action=operation.name,
            key=do.key,
        )


def _kept(item: Any, fields: frozenset[str]) -> Any:
    """Return an object with its id and the fields that are read."""
    return {name: value for name, value in item.items() if name == "id" or name in fields} if is_map(item) else item
