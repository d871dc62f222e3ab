"""Does `stripe` steps for the driver so that their effect happens once, however often a step is tried.

Within a day the idempotency key sees to that. When it may be forgotten, or has a fault of Stripe's as its saved answer,
the object is looked for before anything is sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from payloom.connectors.port import Attempt
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.catalog.stripe_catalog import action as catalog_action
from payloom.connectors.stripe.connector import StripeConnector, resolve
from payloom.connectors.stripe.failures import StripeStepFailed, refused
from payloom.connectors.stripe.lookup import find_existing
from payloom.workflows.program.commands import Do

KEY_LIFETIME = dt.timedelta(hours=23)
"""Stripe may forget a key after 24 hours; one hour is left for clocks and slow calls."""
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
        forgotten = self.connector.clock.now() - attempt.first_at > KEY_LIFETIME
        # Stripe keeps no keys for DELETE: the second one would say that there is nothing to delete.
        if attempt.in_doubt and (forgotten or operation.method == "delete"):
            earlier = await self._before_resending(do, operation, args, account, attempt)
            if earlier is not None:
                return earlier
        return await self._send(do, args, account, attempt)

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
    ) -> Any:
        """Return what an earlier attempt made; None if it is safe to send; raises when that cannot be known."""
        lookup = await find_existing(self.connector, do.action, args, do.key, since=attempt.first_at, account=account)
        if lookup.found is not None or lookup.certain:
            return lookup.found
        known = catalog_action(do.action)
        if known is not None and known.moves_money and operation.function != "update":
            raise refused(
                "outcome_unknown",
                f"whether {operation.name} happened on {attempt.first_at:%Y-%m-%d %H:%M} UTC is no longer known",
                status=502,
                hint="look in Stripe's dashboard; then skip the step or start the run again",
                action=operation.name,
                key=do.key,
            )
        return None
