"""`payloom accounts`: who can sign in, with which roles, and ending what must end."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args
from urllib.parse import quote

import typer

from payloom.auth.accounts import AccountStatus
from payloom.cli.support.client import with_client
from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import (
    ask_to_confirm,
    moment,
    print_data,
    print_json,
    print_message,
    print_no_rows,
    print_table,
    report_errors,
)
from payloom.cli.support.paths import find_project
from payloom.settings.studio_roles import STUDIO_ROLES

app = typer.Typer(
    help="List accounts, set their roles, end their sessions, disable and delete them.", no_args_is_help=True
)

if TYPE_CHECKING:

    class StatusName(enum.StrEnum):
        """One of the names that the line below lists."""

    class StudioRoleName(enum.StrEnum):
        """One of the names that the line below lists."""

else:
    StatusName = enum.StrEnum("StatusName", {name: name for name in get_args(AccountStatus)})
    StudioRoleName = enum.StrEnum("StudioRoleName", {name: name for name in (*STUDIO_ROLES, "none")})
ACCOUNT = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's email address or ID.")]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]


@app.command("list")
@report_errors
def list_accounts(
    search: Annotated[str | None, typer.Argument(help="Part of an email address or a name.")] = None,
    status: Annotated[StatusName | None, typer.Option("--status", help="Only accounts in this state.")] = None,
    limit: LIMIT = 50,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List accounts by email address."""
    query = {"search": search, "status": None if status is None else str(status), "limit": min(limit, 200)}
    page = with_client(find_project(project), lambda api: api.get("/accounts", **query))
    if as_json:
        print_json(page["data"])
        return
    if not page["data"]:
        print_no_rows("accounts", search, status)
        return
    columns = ("email", "name", "state", "studio", "roles", "created_at", "id")
    print_table(None, columns, [[_facts(account)[column] for column in columns] for account in page["data"]])


@app.command()
@report_errors
def show(account: ACCOUNT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Show an account."""
    _print(_call(project, "GET", account), as_json)


@app.command()
@report_errors
def verify(account: ACCOUNT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Note that the email address is proved, so that roles count. Be sure that its owner made the account."""
    _print(_call(project, "POST", account, "/verify"), as_json)


@app.command()
@report_errors
def disable(account: ACCOUNT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Disable an account: its sessions end, and nobody can sign in. Nothing is deleted."""
    _print(_call(project, "POST", account, "/disable"), as_json)


@app.command()
@report_errors
def enable(account: ACCOUNT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Enable a disabled account again, with the roles that it had."""
    _print(_call(project, "POST", account, "/enable"), as_json)


@app.command()
@report_errors
def delete(account: ACCOUNT, yes: YES = False, project: PROJECT = None, as_json: JSON = False) -> None:
    """Delete an account and its personal data for good. Orders and runs stay."""
    if not yes:
        ask_to_confirm(f"Delete {account} and its personal data for good?", "nothing was deleted")
    deleted = _call(project, "DELETE", account)
    if as_json:
        print_json(deleted)
    else:
        print_message(f"Deleted {deleted['email']}.")


@app.command()
@report_errors
def sessions(account: ACCOUNT, project: PROJECT = None, as_json: JSON = False) -> None:
    """List an account's open sessions."""
    page = _call(project, "GET", account, "/sessions")
    if as_json:
        print_json(page["data"])
        return
    if not page["data"]:
        print_message("No open sessions.")
        return
    columns = ("id", "agent", "address", "created_at", "last_seen_at")
    print_table(None, columns, [[session[column] or "" for column in columns] for session in page["data"]])


@app.command("end-sessions")
@report_errors
def end_sessions(
    account: ACCOUNT,
    session: Annotated[str | None, typer.Option("--session", help="Only the session with this ID.")] = None,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """End an account's sessions."""
    ended = _call(project, "DELETE", account, f"/sessions/{quote(session, safe='')}" if session else "/sessions")
    if as_json:
        print_json(ended)
    else:
        print_message(f"Ended {ended['ended']} session{'' if ended['ended'] == 1 else 's'}.")


@app.command("reset-password")
@report_errors
def reset_password(
    account: ACCOUNT,
    link: Annotated[bool, typer.Option("--link", help="Print the link, and send no email.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Send the owner a link to choose a new password, within 30 minutes."""
    sent = _call(project, "POST", account, "/reset-password", {"link": link})
    if as_json:
        print_json(sent)
    elif link:
        print_data(sent["url"])
    else:
        print_message(f"The email is on its way. The link works until {moment(sent['expires_at'])} UTC.")


@app.command("reset-factor")
@report_errors
def reset_factor(account: ACCOUNT, yes: YES = False, project: PROJECT = None, as_json: JSON = False) -> None:
    """Remove the second factor of somebody who lost it, and end their sessions. Be sure who asks for it."""
    if not yes:
        ask_to_confirm(f"Remove the second factor of {account}, and end their sessions?", "nothing was changed")
    changed = _call(project, "DELETE", account, "/second-factor")
    if as_json:
        print_json(changed)
    else:
        print_message(f"{changed['email']} has no second factor now.")


@app.command()
@report_errors
def roles(  # noqa: PLR0917 - typer fills them in by name
    account: ACCOUNT,
    studio: Annotated[StudioRoleName | None, typer.Option("--studio", help="The role in the studio.")] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="A role of the project; repeat it. Replaces the list.")
    ] = None,
    no_roles: Annotated[bool, typer.Option("--no-roles", help="Take all roles of the project away.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Show or set an account's roles: the one in the studio, and the project's own."""
    if role and no_roles:
        raise CommandError("--role and --no-roles exclude each other", hint="Give one of them.")
    changed = _call(project, "GET", account)
    if studio is not None:
        chosen = str(studio)
        body = {"role": None if chosen == "none" else chosen}
        changed = _call(project, "PUT", account, "/role", body)
    if role or no_roles:
        changed = _call(project, "PUT", account, "/roles", {"roles": role or []})
    _print(changed, as_json)


def _call(
    project: Path | None, method: str, account: str, path: str = "", body: Mapping[str, Any] | None = None
) -> Any:
    address = f"/accounts/{quote(account, safe='@')}{path}"
    return with_client(find_project(project), lambda api: api.call(method, address, body))


def _facts(account: Mapping[str, Any]) -> dict[str, Any]:
    state = "disabled" if account["disabled"] else "verified" if account["verified"] else "unverified"
    return {
        **account,
        "state": state,
        "studio": account["role"] or "",
        "roles": ", ".join(account["roles"]),
        "name": account["name"] or "",
    }


def _print(account: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(account)
        return
    facts = _facts(account)
    for name in ("email", "name", "id", "state", "studio", "roles", "created_at"):
        print_data(f"{name + ':':<12}{facts[name]}")
