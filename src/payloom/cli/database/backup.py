"""`payloom backup` and `payloom restore`: a consistent copy of the database in one file, and the way back."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.cli.support.client import running_server
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.db.errors import DatabaseInUse
from payloom.kit.clock import SystemClock
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from payloom.db.backups.archive import Manifest

LISTED_BY_STRIPE = dt.timedelta(days=29)
"""Stripe lists events for 30 days."""


@report_errors
def backup(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where to write the file. Default: data/backups in the project.", show_default=False),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, metavar="N", help="Delete the project's other backups there but the newest N."),
    ] = None,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Write the database into one file, while the server runs. The sealing key is not in it."""
    from payloom.app.backups import back_up, prune_backups

    settings = load_settings(find_project(project))
    target = folder or settings.data_dir / "backups"
    path, manifest = asyncio.run(back_up(settings, target.resolve(), SystemClock()))
    deleted = prune_backups(settings, target.resolve(), keep) if keep else []
    if as_json:
        print_json({"file": str(path), **manifest.to_json(), "deleted": [str(old) for old in deleted]})
        return
    print_data(str(path))
    print_message(
        f"{sum(manifest.rows.values()):,} rows of {len(manifest.rows)} tables, {path.stat().st_size:,} bytes."
    )
    for old in deleted:
        print_message(f"Deleted {old.name}.")
    if manifest.sealing_keys:
        print_message(f"Keep the sealing key {', '.join(manifest.sealing_keys)} somewhere else: it is not in the file.")
    else:
        print_message("No sealing key is here. Whoever restores the file needs the key of the server.")
    if folder is None:
        print_message("Copy the file to another machine: here it is lost together with the database.")


@report_errors
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `payloom backup` wrote.")],
    check: Annotated[
        bool, typer.Option("--check", help="Read all of the file and compare it with the settings. Change nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move a SQLite database that is there aside, and keep it.")
    ] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Make the database of a backup. The next start fetches the events since then from Stripe."""
    from payloom.app import backups

    settings = load_settings(find_project(project))
    if check:
        checked = asyncio.run(backups.check(settings, file))
        if as_json:
            print_json({"fits": not checked.problems, "problems": checked.problems, **checked.manifest.to_json()})
        else:
            _describe(checked.manifest)
            for problem in checked.problems:
                print_data(f"  ✗ {problem}")
            print_message("The backup can be restored here." if not checked.problems else "The backup does not fit.")
        sys.exit(1 if checked.problems else 0)
    if (url := running_server(settings)) is not None:
        raise DatabaseInUse(f"the project's server runs, at {url}", hint="Stop it, and all workers, first.")
    checked = asyncio.run(backups.restore(settings, file, SystemClock(), replace=replace))
    if as_json:
        print_json({"restored": True, **checked.manifest.to_json()})
        return
    _describe(checked.manifest)
    _say_next(checked.manifest)


def _describe(manifest: Manifest) -> None:
    facts: dict[str, Any] = {
        "taken": f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC by Payloom {manifest.payloom}",
        "project": f"{manifest.project}, {manifest.environment}, Stripe in {manifest.stripe_mode} mode",
        "database": f"{manifest.dialect}, migration {manifest.revision}, {sum(manifest.rows.values()):,} rows",
        "sealed by": ", ".join(manifest.sealing_keys) or "unknown",
    }
    for name, value in facts.items():
        print_data(f"  {name:<10} {value}")


def _say_next(manifest: Manifest) -> None:
    print_message("The database is restored. Start the server now.")
    print_message(f"It fetches Stripe's events since {manifest.taken_at:%Y-%m-%d %H:%M} UTC, and runs what is missing.")
    print_message("`payloom events catch-up` does so at once. What callers wrote in that time is lost.")
    if SystemClock().now() - manifest.taken_at > LISTED_BY_STRIPE:
        print_message("The backup is older than 29 days, and Stripe lists events for 30: older ones can't be fetched.")
