"""The composition root: reads settings, picks implementations, wires them, and gives the ASGI application its life.

    app = create_app(load_project(root, settings), settings)

Nothing is opened, started or written before the application's lifespan begins.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog
from starlette.applications import Starlette

from payloom.api.limits.connection_limiter import ConnectionLimiter
from payloom.api.server import Server
from payloom.app.composition import Services
from payloom.app.logging import configure_logs
from payloom.kit.clock import Clock, SystemClock
from payloom.project.loader import Project
from payloom.settings.model import Settings

log = structlog.get_logger("payloom.app.asgi")


def create_app(project: Project, settings: Settings, *, work: bool = True, clock: Clock | None = None) -> Starlette:
    """Return the server of a project. Raises ProjectHasErrors.

    work: advance runs in this process; without it runs are only put on the queue, and a project with errors can be
    looked at all the same.
    """
    if work:
        project.ensure_valid()
    configure_logs(settings)
    services = Services(project, settings, clock or SystemClock())

    @contextlib.asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[Mapping[str, Any]]:
        async with services.lifespan(work=work):
            yield {}

    app = Server(services.server_dependencies(), lifespan)
    app.state.studio_link = services.studio_link
    app.state.stop_listening = services.live.close
    app.state.connection_limiter = ConnectionLimiter(
        settings.connections, services.metrics.registry, https=settings.secure_cookies
    )
    return app


async def migrate_project(project: Project, settings: Settings) -> list[str]:
    """Bring the database to what the project needs and return what changed, for people."""
    services = Services(project.ensure_valid(), settings, SystemClock())
    try:
        return await services.migrate()
    finally:
        await services.close()
