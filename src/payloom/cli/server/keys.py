"""`payloom keys`: the keys that seal what is stored and secret."""

from __future__ import annotations

import asyncio
import getpass
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from payloom.cli.support.client import running_server
from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, print_table, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.visible_text import count
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.app.composition import Services
    from payloom.db.reseal import Report

T = TypeVar("T")
app = typer.Typer(help="Make, rotate, and look at the keys that seal stored secrets.", no_args_is_help=True)


@app.command("new")
@report_errors
def new(as_json: JSON = False) -> None:
    """Print a new key, for PAYLOOM_SEALING_KEY. Nothing is changed."""
    from payloom.db.sealing.keyring import new_key

    key = new_key()
    if as_json:
        print_json({"key": key})
    else:
        print_data(key)


@app.command("status")
@report_errors
def status(project: PROJECT = None, as_json: JSON = False) -> None:
    """Show the keys by their ids, and how many stored values each one seals."""
    from payloom.db import reseal

    async def work(services: Services) -> dict[str, Any]:
        report = await reseal.count(services.database, services.sealer)
        ids = services.sealer.keyring.ids
        keys = [{"id": name, "seals": at == 0, "values": report.sealed_by[name]} for at, name in enumerate(ids)]
        lost = [{"id": name, "values": values} for name, values in report.sealed_by.items() if name not in ids]
        return {"keys": keys, "unknown": lost}

    uses = _with_services(find_project(project), work)
    if as_json:
        print_json(uses)
        return
    rows = [[key["id"], "seals" if key["seals"] else "opens", str(key["values"])] for key in uses["keys"]]
    rows += [[key["id"], "not here", str(key["values"])] for key in uses["unknown"]]
    print_table(None, ("key", "use", "values"), rows)


@app.command("rotate")
@report_errors
def rotate(project: PROJECT = None, as_json: JSON = False) -> None:
    """Seal everything with a new key. Old keys still open. A server may run meanwhile.

    A key file gets a new key first. With PAYLOOM_SEALING_KEY, set it to `NEW,OLD` before, here and for the server.
    """
    from payloom.db import reseal
    from payloom.db.sealing.keyring import KeyFile

    async def work(services: Services) -> Report:
        sealing = services.settings.sealing
        if sealing.file is not None:
            KeyFile(sealing.file).add()
        report = await reseal.reseal(services.database, services.sealer)
        ids = services.sealer.keyring.ids
        await _note(services, ids[0], before={"keys": ids[1:]}, after={"keys": ids}, changed=report.changed)
        return report

    report = _with_services(find_project(project), work)
    if as_json:
        print_json({"changed": report.changed, "sealed_by": dict(report.sealed_by)})
        return
    print_message(f"Sealed {count(report.changed, 'value')} anew.")
    print_message("Old keys still open. Restart the server, run this again, then drop them: `payloom keys prune`.")


@app.command("prune")
@report_errors
def prune(project: PROJECT = None, as_json: JSON = False) -> None:
    """Remove keys from the key file that seal nothing any more."""
    from payloom.db import reseal
    from payloom.db.sealing.keyring import KeyFile, key_id

    async def work(services: Services) -> tuple[int, int]:
        if services.settings.sealing.file is None:
            raise CommandError(
                "the keys are in the environment", hint="Remove the old ones from PAYLOOM_SEALING_KEY yourself."
            )
        if running_server(services.settings) is not None:
            raise CommandError("the server runs, and may still seal with an old key", hint="Stop it first.")
        file = KeyFile(services.settings.sealing.file)
        report = await reseal.count(services.database, services.sealer)
        keys = file.read()
        if not keys:
            return 0, 0
        used = [key for at, key in enumerate(keys) if at == 0 or report.sealed_by[key_id(key)]]
        file.write(used)
        await _note(
            services,
            key_id(keys[0]),
            before={"keys": [key_id(key) for key in keys]},
            after={"keys": [key_id(key) for key in used]},
        )
        return len(keys) - len(used), len(used) - 1

    removed, left = _with_services(find_project(project), work)
    if as_json:
        print_json({"removed": removed, "left": left})
        return
    print_message(f"Removed {count(removed, 'key')}.")
    if left:
        print_message(f"{count(left, 'old key')} still in use: run `payloom keys rotate` again.")


@app.command("abandon")
@report_errors
def abandon(
    yes: Annotated[bool, typer.Option("--yes", help="The key is lost for good, and so is what it sealed.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Give up what lost keys sealed: it is replaced by `[lost]`. Only if no backup has the key."""
    from payloom.db import reseal

    if not yes:
        raise CommandError(
            "this gives up every secret that a lost key sealed: client secrets, links in mails, keys",
            hint="Look for the key in your backups first. If it is lost for good, add --yes.",
        )

    async def work(services: Services) -> Report:
        report = await reseal.abandon(services.database, services.sealer)
        ids = services.sealer.keyring.ids
        await _note(services, ids[0], after={"keys": ids}, abandoned=report.changed)
        return report

    report = _with_services(find_project(project), work)
    if as_json:
        print_json({"abandoned": report.changed})
        return
    print_message(f"Gave up {count(report.changed, 'value')}. Links that were sent before no longer open anything.")


async def _note(services: Services, key: str, **changes: Any) -> None:
    from payloom.audit.trail import Actor, AuditNote

    try:
        operator = re.sub(r"[^A-Za-z0-9._@-]", "_", getpass.getuser())[:40]
    except (KeyError, OSError):
        operator = "somebody"
    note = AuditNote("keys.rotated", key)
    note.on(**changes)
    await services.audit.write(Actor("operator", operator), note)


def _with_services(root: Path, work: Callable[[Services], Awaitable[T]]) -> T:
    """Do `work` with the project's services. Its Python is not executed, and its server may run."""
    from payloom.app.composition import Services
    from payloom.db.migrate import migrate
    from payloom.kit.clock import SystemClock
    from payloom.project.loader import load_project

    settings = load_settings(root)
    project = load_project(root, settings)

    async def run() -> T:
        services = Services(project, settings, SystemClock())
        try:
            await migrate(services.database)
            return await work(services)
        finally:
            await services.close()

    return asyncio.run(run())
