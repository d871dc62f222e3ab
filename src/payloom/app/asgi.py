"""The ASGI application of a project, and its migration.

    app = create_app(load_project(root, settings), settings)

Nothing is opened, started or written before the application's lifespan begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Collection

import sqlalchemy as sa
from starlette.applications import Starlette

from payloom.api.limits.connection_limiter import ConnectionLimiter
from payloom.api.server import Server
from payloom.app.composition import Services
from payloom.app.lifespan import lifespan
from payloom.app.logging import configure_logs
from payloom.kit.clock import Clock, SystemClock
from payloom.project.loader import Project, run_actions
from payloom.settings.model import Settings
from payloom.tables.migration.plan import MigrationPlan


def create_app(project: Project, settings: Settings, *, work: bool = True, clock: Clock | None = None) -> Starlette:
    """Return the server of a project. Raises ProjectHasErrors.

    work: advance runs in this process, which imports the project's actions/; without it runs are only put on the queue,
    no code of the project runs, and a project with errors can still be inspected.
    """
    if work:
        project = run_actions(project).ensure_valid()
    configure_logs(settings)
    services = Services(project, settings, clock or SystemClock())

    def app_lifespan(_app: Starlette) -> contextlib.AbstractAsyncContextManager[None]:
        return lifespan(services, work=work)

    app = Server(services.server_dependencies(), app_lifespan)
    app.state.studio_link = services.studio_link
    app.state.leave = services.leave
    app.state.share_metrics = services.share_metrics
    app.state.stop_listening = services.changes.close
    app.state.connection_limiter = ConnectionLimiter(
        settings.connections, services.metrics.registry, strict_transport=settings.strict_transport
    )
    return app


async def migrate_project(
    project: Project, settings: Settings, *, allow_drop: Collection[str] = (), finish_renames: bool = False
) -> list[str]:
    """Migrate the database to what the project needs, and return a description of each change.

    allow_drop: tables and columns whose values may be deleted, such as `coupons` and `orders.coupon`.
    finish_renames: give what was renamed its name in the database, too; no server may run then.
    """
    services = Services(project.ensure_valid(), settings, SystemClock())
    try:
        return await services.migrate(allow_drop=allow_drop, finish_renames=finish_renames)
    finally:
        await services.close()


async def plan_migration(
    project: Project, settings: Settings, *, allow_drop: Collection[str] = (), finish_renames: bool = False
) -> MigrationPlan:
    """Return what a migration would do to the project's tables; change nothing. Raises MigrationRefused."""
    with tempfile.TemporaryDirectory(prefix="payloom-plan-") as folder:
        address = sa.make_url(settings.database_url)
        if address.get_backend_name() == "sqlite" and not await asyncio.to_thread(
            os.path.exists, address.database or ""
        ):
            # Opening a database makes its file.
            settings = dataclasses.replace(settings, database_url=f"sqlite:///{folder}/empty.sqlite")
        services = Services(project.ensure_valid(), settings, SystemClock())
        try:
            return await services.plan_migration(allow_drop, finish_renames=finish_renames)
        finally:
            await services.close()


async def pending_losses(project: Project, settings: Settings) -> dict[str, str]:
    """Return the stored values that a migration would have to delete, by the name that allows it."""
    services = Services(project.ensure_valid(), settings, SystemClock())
    try:
        return await services.pending_losses()
    finally:
        await services.close()
