"""The ASGI application: /v1 and /v2, the control API, and the pages."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from payloom_emulator.http import control_api
from payloom_emulator.http.asgi import WireApp
from payloom_emulator.http.own_hosts import OwnHosts
from payloom_emulator.http.pages.routing import routes as page_routes
from payloom_emulator.http.web_sockets import stripe_cli
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from payloom_emulator.core.config import EmulatorConfig


def create_app(config: EmulatorConfig | None = None, *, emulator: Emulator | None = None) -> Starlette:
    """Return the application: /v1 and /v2, /_emulator, and the pages. `app.state.emulator` is the Emulator."""
    local = emulator or Emulator(config)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        tasks = [asyncio.create_task(local.delivery.run()), asyncio.create_task(local.timers.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            local.store.close()

    wire = WireApp(local)
    routes: list[BaseRoute] = [
        *stripe_cli.routes(wire),
        Mount("/v1", app=wire),
        Mount("/v2", app=wire),
        *control_api.routes(),
        *page_routes,
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_middleware(
        OwnHosts,
        base_url=local.base_url,
        more=local.config.allowed_hosts,
        every_address=local.config.every_address,
    )
    app.state.emulator = local
    return app
