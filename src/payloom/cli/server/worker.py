"""`payloom worker`: advance runs without serving HTTP; with Postgres, as many processes as you like."""

from __future__ import annotations

import asyncio
import contextlib
import signal

from payloom.cli.support.options import PROJECT
from payloom.cli.support.output import print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.settings.load import load_settings


@report_errors
def worker(project: PROJECT = None) -> None:
    """Advance runs until Ctrl-C. Executes the project's Python."""
    from payloom.app.asgi import create_app
    from payloom.project.loader import load_project

    settings = load_settings(find_project(project))
    app = create_app(load_project(settings.root, settings), settings)

    async def work() -> None:
        stop = asyncio.Event()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
        async with app.router.lifespan_context(app):
            print_message("Worker started. Press Ctrl-C to stop; unfinished runs resume on the next start.")
            await stop.wait()

    asyncio.run(work())
