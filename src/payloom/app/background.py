"""The background tasks of a server, as one table: what each does, and in which processes it runs."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from sqlalchemy import exc

from payloom.app.composition import Services
from payloom.connectors.port import StepFailed
from payloom.email.outbox import sweep_account_mails
from payloom.kit.errors import PayloomError
from payloom.runs.scheduling.retention import Retention

log = structlog.get_logger("payloom.app.asgi")

SWEEP_EVERY = 3600.0
MIRROR_EVERY = 15.0
"""Seconds between two checks for doubtful rows. Resources are listed once a day."""


@dataclasses.dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A coroutine that runs until it is canceled. needed: whether these settings call for it."""

    name: str
    run: Callable[[Services], Coroutine[Any, Any, None]]
    needed: Callable[[Services], bool] = lambda _services: True

    def start(self, services: Services) -> asyncio.Task[None]:
        """Start the task."""
        return asyncio.create_task(self.run(services), name=self.name)


async def refresh_mirror(services: Services) -> None:
    """List the mirrored resources, now and daily, and resolve ambiguous copies. Failures are logged and retried."""
    assert services.mirror is not None
    while True:
        try:
            changed = await services.mirror.refresh()
            if any(changed.values()):
                log.info("mirror_refreshed", **changed)
        except (StepFailed, PayloomError, exc.SQLAlchemyError) as error:
            log.warning("mirror_failed", error=str(error), again_in=MIRROR_EVERY)
        await asyncio.sleep(MIRROR_EVERY)


async def sweep_hourly(services: Services) -> None:
    """Sweep once an hour."""
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        await sweep(services)


async def sweep(services: Services) -> None:
    """Delete old sign-in rows, and what is kept no longer. A failure is logged; the next sweep tries again."""
    with contextlib.suppress(PayloomError):
        await services.accounts.sweep()
        await services.database.write(lambda tx: sweep_account_mails(tx, services.clock.now()))
        await services.audit.prune()
    settings = services.settings
    keep = Retention(
        runs=settings.keep_runs,
        refused=settings.keep_refused,
        failed=settings.keep_failed,
        mails=settings.keep_mails,
    )
    try:
        deleted = await services.runs.prune(keep)
    except (PayloomError, exc.SQLAlchemyError) as error:
        log.warning("prune_failed", error=type(error).__name__, again_in=SWEEP_EVERY)
        return
    if deleted:
        log.info("old_runs_deleted", deleted=deleted, keep_days=keep.by_status())


IN_EVERY_PROCESS = (
    BackgroundTask("payloom-follow", lambda services: services.publisher.poll_publications()),
    BackgroundTask(
        "payloom-alerts",
        lambda services: services.alerts.run_forever(),
        needed=lambda services: services.settings.alerts.has_receiver,
    ),
)
"""Tasks of every process, also of those that only put runs on the queue."""

IN_WORKERS = (
    BackgroundTask("payloom-catch-up", lambda services: services.backfill.run_forever()),
    BackgroundTask(
        "payloom-watch",
        lambda services: services.publisher.watch(),
        needed=lambda services: services.settings.is_dev,
    ),
    BackgroundTask("payloom-timetable", lambda services: services.runs.run_scheduler()),
    BackgroundTask(
        "payloom-references",
        lambda services: services.index.run(lambda: services.engine.is_leader),
    ),
    BackgroundTask("payloom-hourly-sweep", sweep_hourly),
    BackgroundTask("payloom-mirror", refresh_mirror, needed=lambda services: services.mirror is not None),
)
"""Tasks of the processes that advance runs."""
