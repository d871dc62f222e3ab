"""`payloom serve`: the project's server for staging and production."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from typing import Annotated

import structlog
import typer

from payloom.cli.server.processes.servers import PORT_PATIENCE, announced, reachable_address, refuse_second
from payloom.cli.server.processes.supervisor import Supervisor
from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import PROJECT
from payloom.cli.support.output import print_data, report_errors
from payloom.cli.support.paths import find_project, listen, passed_socket
from payloom.db.sealing.source import load_keys
from payloom.settings.load import load_settings
from payloom.settings.model import Settings

log = structlog.get_logger("payloom.serve")


@report_errors
def serve(  # noqa: PLR0917 - typer fills them in by name
    project: PROJECT = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", "-w", min=1, max=256, help="Processes that share the port. More than one needs Postgres."
        ),
    ] = 1,
    work: Annotated[
        bool, typer.Option("--work/--no-work", help="Advance runs here; without, leave them to `payloom worker`.")
    ] = True,
    drain: Annotated[
        float,
        typer.Option(
            min=0, max=600, help="Seconds to serve on after SIGTERM, while /readyz says 503: a proxy turns elsewhere."
        ),
    ] = 0.0,
    check: Annotated[
        bool, typer.Option("--check", help="Start everything but the port, then stop. Migrates the database.")
    ] = False,
) -> None:
    """Serve the project in staging or production. SIGTERM stops it, SIGHUP replaces its processes without a gap.

    Executes the project's Python.
    """
    settings = load_settings(find_project(project), port=port)
    _refuse_unfit(settings, workers=workers, work=work)
    load_keys(settings.sealing)
    if check:
        asyncio.run(_start_and_stop(settings, work=work))
        print_data(f"{settings.name} starts: {settings.environment}, Stripe in {settings.stripe.mode} mode")
        return
    code = _supervise(settings, workers=workers, work=work, drain=drain)
    if code:
        sys.exit(code)


def _refuse_unfit(settings: Settings, *, workers: int, work: bool) -> None:
    if settings.is_dev:
        raise CommandError(
            "`payloom serve` is for staging and production, and this is dev",
            hint="Use `payloom dev` here. On a server, set PAYLOOM_ENV=production.",
        )
    if settings.database_url.startswith("sqlite") and (workers > 1 or not work):
        surplus = f"{workers} processes" if workers > 1 else "a server without a worker"
        raise CommandError(
            f"SQLite takes one process, and {surplus} would be more",
            hint="Leave out --workers and --no-work, or set PAYLOOM_DATABASE_URL to a postgresql:// address.",
        )


async def _start_and_stop(settings: Settings, *, work: bool) -> None:
    from payloom.app.asgi import create_app
    from payloom.project.loader import load_project

    app = create_app(load_project(settings.root, settings).ensure_valid(), settings, work=work)
    async with app.router.lifespan_context(app):
        pass


def _supervise(settings: Settings, *, workers: int, work: bool, drain: float) -> int:
    """Serve until SIGTERM. Returns the exit code."""
    from payloom.app.logging import configure_logs

    configure_logs(settings)
    on_postgres = not settings.database_url.startswith("sqlite")
    if not on_postgres:
        refuse_second(settings)
    with (
        passed_socket(settings.host, settings.port)
        or listen(settings.host, settings.port, "--port", patience=PORT_PATIENCE) as listener,
        tempfile.TemporaryDirectory(prefix="payloom-metrics-") as metrics,
    ):
        port = listener.getsockname()[1]

        def command(ready: int, number: int) -> list[str]:
            words = [
                sys.executable,
                "-m",
                "payloom.cli.server.processes.serve_process",
                str(settings.root),
                str(settings.port),
            ]
            words += [str(listener.fileno()), str(ready), *([] if work else ["--no-work"])]
            return [*words, "--metrics", metrics, "--number", str(number)] if workers > 1 else words

        def started() -> None:
            # No link into the studio: a log is read by others.
            log.info(
                "serving", site=settings.site_url, address=reachable_address(settings.host, port), processes=workers,
                works=work, environment=settings.environment, stripe=settings.stripe.mode, pid=os.getpid(),
            )  # fmt: skip

        async def run() -> int:
            supervisor = Supervisor(command, [listener.fileno()], count=workers, overlap=on_postgres, drain=drain)
            return await supervisor.run(started)

        with announced(settings, reachable_address(settings.host, port)):
            return asyncio.run(run())
