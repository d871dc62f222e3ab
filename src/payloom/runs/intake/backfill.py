"""Backfill: lists Stripe's events since the last check and ingests those that never arrived.

Webhooks are delivered at least once for three days; an endpoint that was away longer, or was disabled, learns of the
rest here. Taking an event in twice changes nothing, so an overlap is harmless and asked for on purpose.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from payloom.connectors.port import StepFailed
from payloom.connectors.stripe.connector import StripeConnector
from payloom.db.database import Database
from payloom.inbox.errors import EventRefused
from payloom.inbox.service import Inbox, InboxEvent
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.errors import PayloomError
from payloom.runs.intake.intake import IntakeResult
from payloom.runs.models import cursors

log = structlog.get_logger("payloom.runs.intake.backfill")

FIRST = 20.0
EVERY = 15 * 60.0
"""Seconds between two looks while the server runs."""
OVERLAP = dt.timedelta(hours=1)
"""How far before the last look the next one begins: events are made known late and in any order."""
LONGEST = dt.timedelta(days=29)
"""Stripe lists events for 30 days."""
MOST = 10_000
"""How many events are read at once."""
_SECOND = dt.timedelta(seconds=1)
CURSOR = "catch_up"


class EventIngester(Protocol):
    """Stores an event and starts its runs; see RunService."""

    async def ingest(self, event: InboxEvent) -> IntakeResult:
        """Store the event and start its runs."""
        ...


class EventBackfill:
    """Ingests missed events."""

    def __init__(
        self,
        stripe: StripeConnector,
        inbox: Inbox,
        runs: EventIngester,
        database: Database,
        clock: Clock,
        *,
        most: int = MOST,
    ) -> None:
        """Nothing happens before the first look. most: how many events are read at once."""
        self._most = most
        self._stripe = stripe
        self._inbox = inbox
        self._runs = runs
        self._database = database
        self._clock = clock
        self._looking = asyncio.Lock()

    async def run_once(self, *, since: dt.datetime | None = None) -> Mapping[str, Any]:
        """Ask once; returns `{seen, stored, refused, since}`. since: else an hour before the last look began.

        The first look asks for the last hour only: what happened before the project began is not its.
        Raises StepFailed when Stripe does not answer.
        """
        async with self._looking:
            started = self._clock.now()
            start_run = since or await self._begin(started)
            seen = stored = refused = 0
            async for payload in self._listed(start_run, started):
                seen += 1
                try:
                    event = self._inbox.parse(payload, source="catch_up")
                except EventRefused as error:
                    refused += 1
                    log.warning("event_not_taken", reason=error.reason)
                    continue
                stored += (await self._runs.ingest(event)).new
            await self._database.write(lambda tx: _remember(tx, started, {"seen": seen, "stored": stored}))
            if stored:
                log.warning("events_had_not_arrived", stored=stored, seen=seen)
            return {"seen": seen, "stored": stored, "refused": refused, "since": start_run}

    async def _listed(self, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the events since then, the oldest first.

        Stripe lists the newest first: a window that holds more events than are read at once is halved.
        """
        begin, window = since, max(until - since, _SECOND)
        while begin <= until:
            end = begin + window
            created = {"gte": to_epoch(begin)} | ({"lte": to_epoch(end)} if end < until else {})
            listed = await self._stripe.perform("events.list", {"created": created, "all": True, "limit": self._most})
            if listed.get("has_more") and window > _SECOND:
                window = max(window / 2, _SECOND)
                continue
            for payload in sorted(listed["data"], key=lambda event: event.get("created", 0)):
                yield payload
            begin, window = end + _SECOND, 2 * window

    async def _begin(self, now: dt.datetime) -> dt.datetime:
        query = sa.select(cursors.c.at).where(cursors.c.name == CURSOR)
        last = await self._database.read(lambda tx: tx.execute(query).scalar())
        return max((last or now) - OVERLAP, now - LONGEST)

    async def run_forever(self) -> None:
        """Check soon and then every 15 minutes, until canceled. Failures are logged and retried.

        Not at once: what Stripe is about to deliver need not be fetched.
        """
        await asyncio.sleep(FIRST)
        while True:
            try:
                await self.run_once()
            except (StepFailed, PayloomError, OSError) as error:
                log.warning("catch_up_failed", error=str(error), again_in=EVERY)
            await asyncio.sleep(EVERY)


def _remember(tx: sa.Connection, at: dt.datetime, report: Mapping[str, Any]) -> None:
    changed = tx.execute(sa.update(cursors).where(cursors.c.name == CURSOR).values(at=at, value=dict(report)))
    if changed.rowcount == 0:
        tx.execute(sa.insert(cursors).values(name=CURSOR, at=at, value=dict(report)))
