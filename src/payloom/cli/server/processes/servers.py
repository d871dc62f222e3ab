"""Running a project's server, with the local Stripe beside it when no key is set. `dev` and `demo` share it."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from payloom.cli.server.processes.emulator_process import LocalStripe, local_stripe
from payloom.cli.support.errors import AlreadyServed
from payloom.cli.support.paths import listen
from payloom.settings.local import LocalState
from payloom.settings.model import Settings

log = structlog.get_logger("payloom.serve")

if TYPE_CHECKING:
    import uvicorn

    from payloom.api.limits.uvicorn_protocols import Parser

OTHER_FILES = 200
"""Files that must stay free for the database, mails, calls and the log."""
_GARBAGE = (50_000, 20, 100)
"""When to look for garbage. A run makes thousands of objects that are in no circle: Python's 700 are a few steps."""
PORT_PATIENCE = 3.0
"""Seconds to wait for a port: a server that was killed a moment ago, or its local Stripe, may still hold it."""
Started = Callable[[str], None]
"""Given a one-time link into the studio, or an empty text outside development."""


@dataclasses.dataclass(slots=True)
class Servers:
    """What is running: the project's server (once `run` is called) and, in local mode, the Stripe child."""

    settings: Settings
    socket: socket.socket
    child: LocalStripe | None

    @property
    def stripe_url(self) -> str | None:
        """The local Stripe's address."""
        return self.child.url if self.child else None

    def run(self, started: Started) -> None:
        """Serve until Ctrl-C or SIGTERM. `started` gets a link into the studio once requests are answered."""
        self.server(started).run(sockets=[self.socket])

    def server(self, started: Started) -> uvicorn.Server:
        """Return the HTTP server, not yet running, once the local Stripe answers."""
        server = make_server(self.settings, started)
        if self.child is not None:
            # Only now: our own modules and the project load while the child starts; both take about a second.
            self.child.wait_ready()
        return server


@contextlib.contextmanager
def servers(settings: Settings) -> Generator[Servers, None, None]:
    """Take the ports, start the local Stripe if it is needed, and say in `data/local.json` where everything is."""
    gc.disable()  # until requests are answered: loading makes no garbage worth a fifth of the time to look for
    with contextlib.ExitStack() as stack:
        refuse_second(settings)
        web = stack.enter_context(listen(settings.host, settings.port, "--port", patience=PORT_PATIENCE))
        child = None
        if settings.stripe.mode == "local":
            # Bound and released at once: the child binds it again, and a taken port is told with the way out.
            listen("127.0.0.1", settings.local_stripe_port, "--stripe-port", patience=PORT_PATIENCE).close()
            child = stack.enter_context(
                local_stripe(
                    settings.local_stripe_port,
                    store=settings.data_dir / "stripe.sqlite",
                    webhook_url=f"{reachable_address(settings.host, settings.port)}/api/stripe/webhook",
                    webhook_secrets=[secret.get_secret_value() for secret in settings.stripe.webhook_secrets],
                    log=settings.data_dir / "stripe.log",
                    business=(settings.name, settings.local_stripe_logo),
                    keys=(settings.stripe.secret_key.get_secret_value(), settings.stripe.publishable_key),
                )
            )
        running = Servers(settings, web, child)
        stack.enter_context(announced(settings, settings.site_url, running.stripe_url))
        yield running


@contextlib.contextmanager
def announced(settings: Settings, url: str, stripe_url: str | None = None) -> Generator[None, None, None]:
    """Say in `data/local.json` where this process serves while the block runs, for commands on this machine."""
    state = LocalState(settings.data_dir)
    try:
        state.announce(url, stripe_url)
    except OSError as error:
        # A container may have no place to write; its commands then use the database alone.
        log.warning("data/local.json could not be written", reason=error.strerror)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            state.withdraw()


def refuse_second(settings: Settings) -> None:
    """Raise AlreadyServed if another process serves this project on this machine."""
    from payloom.cli.support.client import running_server

    if url := running_server(settings):
        raise AlreadyServed(f"this project is served already, at {url}", hint="Open that address, or stop it first.")


def make_server(
    settings: Settings,
    started: Started,
    *,
    work: bool = True,
    metrics: tuple[Path, str] | None = None,
    parser: Parser = "auto",
    loop: str = "auto",
) -> uvicorn.Server:
    """Return the HTTP server of a project, not yet running.

    metrics: the folder of the processes that share the port, and this one's number. parser, loop: for tests.
    """
    import uvicorn

    from payloom.api.limits.uvicorn_protocols import limited_protocol, silence_bad_request_logs
    from payloom.app.asgi import create_app
    from payloom.project.loader import load_project

    app = create_app(load_project(settings.root, settings).ensure_valid(), settings, work=work)
    connection_limiter = app.state.connection_limiter
    connection_limiter.most = open_files_for(settings.connections.total)
    silence_bad_request_logs()
    life = contextlib.AsyncExitStack()

    class Server(uvicorn.Server):
        """Lives the application's life itself: what keeps it from starting is reported, not logged as a traceback."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await life.enter_async_context(app.router.lifespan_context(app))
            if metrics is not None:
                await life.enter_async_context(app.state.share_metrics(*metrics))
            await super().startup(sockets=sockets)
            gc.freeze()  # what is loaded now stays; collections need not look at it again
            gc.set_threshold(*_GARBAGE)
            gc.enable()
            if self.started:
                # Outside development the start goes into a log, which is no place for a link that opens the studio.
                started(await app.state.studio_link() if settings.is_dev else "")

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.stop_listening()  # open streams would be waited for
            connection_limiter.close()
            await super().shutdown(sockets=sockets)
            await life.aclose()

    config = uvicorn.Config(
        app,
        http=limited_protocol(connection_limiter, parser),
        loop=loop,
        ws="none",  # there are no web sockets here, and one would be a connection that nobody looks at
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies) or None,
        timeout_graceful_shutdown=10,
    )
    return Server(config)


def open_files_for(connections: int) -> int:
    """Let the process open enough files, as far as the machine allows, and return how many connections that makes."""
    try:
        import resource
    except ImportError:
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return connections
    return min(connections, max(soft - OTHER_FILES, soft // 2))


def open_browser(url: str) -> None:
    """Open the address in a browser if there is a display; never in the way of the server."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    if os.environ.get("CI"):
        return
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def run_until_stopped(work: Callable[[], Any]) -> None:
    """Run `work`; Ctrl-C and SIGTERM end it without a traceback and with exit code 0."""
    if threading.current_thread() is not threading.main_thread():
        work()
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGTERM, previous)


def reachable_address(host: str, port: int) -> str:
    """Return the address by which this machine reaches a server that listens on `host`."""
    return f"http://{_reachable(host)}:{port}"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104 - compared, not bound
