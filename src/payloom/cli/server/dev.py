"""`payloom dev`: the project's server for development."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from payloom.cli.server.processes.servers import Servers, open_browser, run_until_stopped, servers
from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import PROJECT
from payloom.cli.support.output import print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.settings.load import load_settings
from payloom.settings.model import DemoAccount, Settings


@report_errors
def dev(
    project: PROJECT = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")] = None,
    stripe_port: Annotated[int | None, typer.Option(min=0, max=65535, help="The local Stripe's port.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the shop in a browser.")] = False,
) -> None:
    """Serve the project: pages, endpoints, webhooks, and the local Stripe unless Stripe keys are set.

    Executes the project's Python.
    """
    settings = load_settings(find_project(project), port=port, local_stripe_port=stripe_port)
    if not settings.is_dev:
        raise CommandError(
            f"`payloom dev` is for development, and this is {settings.environment}",
            hint="Use `payloom serve`, or set PAYLOOM_ENV=dev.",
        )
    serve(settings, browser=browser)


def serve(settings: Settings, *, browser: bool) -> None:
    """Serve until Ctrl-C. Print the addresses as soon as everything answers."""
    with servers(settings) as running:

        def started(studio: str) -> None:
            announce(running, studio)
            if browser:
                open_browser(settings.site_url)

        run_until_stopped(lambda: running.run(started))
    print_message("Stopped. Unfinished runs resume on the next start.")


def announce(running: Servers, studio: str) -> None:
    """Print where everything is and what to try."""
    settings = running.settings
    print_message()
    print_message(f"  {settings.name:<12}  {settings.site_url}")
    print_message(f"  Studio        {studio}")
    if running.stripe_url:
        print_message(f"  Local Stripe  {running.stripe_url}   no account, no network, no money")
    else:
        print_message(
            f"  Stripe        {settings.stripe.mode} mode at {settings.stripe.address}; webhooks to {settings.webhook_url}"
        )
    print_message(f"  Mails         {_mails(settings)}")
    print_message(f"  Data          {_short(settings.database_url)}")
    if settings.accounts:
        print_message()
        for account in settings.accounts:
            print_message(f"  {account.email} / {account.password}   {_rights(account)}")
    print_message()
    print_message(f"  Try: {_to_try(settings)}")
    print_message("  Ctrl-C stops everything.")
    print_message()


def _rights(account: DemoAccount) -> str:
    return ", ".join([*account.roles, *([f"studio {account.studio}"] if account.studio else [])]) or "customer"


def _to_try(settings: Settings) -> str:
    if (settings.root / "workflows" / "create-checkout.yaml").is_file():
        return "put something into the cart, pay with 4242 4242 4242 4242, any future date, any CVC, any ZIP code."
    return (
        "open the studio, or change a file in workflows/, pages/ or tables.yaml: it is in use as soon as you save it."
    )


def _mails(settings: Settings) -> str:
    if settings.email.transport == "smtp":
        return "are sent by SMTP"
    here = Path.cwd()
    inside = settings.root == here or settings.root in here.parents
    command = "payloom mails" if inside else f"payloom mails -C {_from_here(settings.root)}"
    return f"stay in the outbox: `{command}`"


def _short(url: str) -> str:
    if not url.startswith("sqlite:///"):
        return url.rsplit("@", maxsplit=1)[-1]
    return _from_here(Path(url.removeprefix("sqlite:///")))


def _from_here(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
