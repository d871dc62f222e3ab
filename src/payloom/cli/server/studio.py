"""`payloom studio`: a one-time link into the studio of a project that is being served."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from payloom.cli.server.processes.servers import open_browser
from payloom.cli.support.client import running_server
from payloom.cli.support.errors import NothingFound
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.settings.load import load_settings
from payloom.settings.model import Settings


@report_errors
def studio(
    project: PROJECT = None,
    email: Annotated[str | None, typer.Option(help="Sign in as this account instead of the first admin.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = False,
    as_json: JSON = False,
) -> None:
    """Print a link that signs you into the studio once, within 15 minutes."""
    settings = load_settings(find_project(project))
    served_at = running_server(settings)
    # On a server, the link is opened on another machine, through the proxy.
    address = (served_at if settings.is_dev else None) or settings.site_url
    link = asyncio.run(_link(settings, email, address))
    if as_json:
        print_json({"link": link})
    else:
        print_data(link)
    if served_at is None and settings.is_dev:
        print_message("The server is not running. Start it with `payloom dev`.")
    elif browser:
        open_browser(link)


async def _link(settings: Settings, email: str | None, address: str) -> str:
    from payloom.api.management.lazy_app import SIGN_IN_PATH
    from payloom.auth.service import AccountService
    from payloom.auth.studio_users import StudioUsers
    from payloom.db.database import open_database
    from payloom.db.migrate import migrate
    from payloom.db.sealing.source import sealer_for
    from payloom.kit.clock import SystemClock

    database, clock = open_database(settings.database_url, sealer_for(settings.sealing)), SystemClock()
    try:
        await migrate(database)
        account = await AccountService(database, clock).find(email=email) if email else None
        if email and account is None:
            raise NothingFound(f"there is no account {email!r}", hint="Make one at /sign-up.")
        token = await StudioUsers(database, clock).link(account_id=account.id if account else None)
        return f"{address}{SIGN_IN_PATH}?token={token}"
    finally:
        await database.close()
