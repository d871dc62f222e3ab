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
from payloom.workflows.program.commands import Do

KEY_LIFETIME = dt.timedelta(hours=23)
"""Stripe may forget a key after 24 hours; one hour is left for clocks and slow calls."""
V2_KEY_LIFETIME = dt.timedelta(days=29)
"""API v2 keeps keys for 30 days, those of DELETE as well."""
_GENERATIONS = 5


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
            return await self._every(do, args, account)
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

    async def _every(self, do: Do, args: Mapping[str, Any], account: str | None) -> Any:
        """Read every page, at most `max` objects, and return them as one list."""
        most = do.args.get("max")
        parameters = {**args, "all": True, **({"limit": most} if most else {})}
        page = await self.connector.perform(do.action, parameters, timeout=do.timeout, account=account)
        return page["data"]

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
