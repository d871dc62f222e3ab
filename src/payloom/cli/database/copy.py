"""`payloom db copy`: from SQLite to Postgres."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.settings.load import load_settings

app = typer.Typer(help="Move the project's database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `copy` a command of a group."""


@app.command("copy")
@report_errors
def copy(
    source: Annotated[Path, typer.Argument(help="The project's SQLite file. It stays as it is.")],
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Copy a SQLite database into the empty Postgres database that PAYLOOM_DATABASE_URL names."""
    from payloom.app.database_copy import copy_database
    from payloom.project.loader import load_project

    if ":/" in str(source):
        raise CommandError(
            "the argument is the address of a database, and the command reads a SQLite file",
            hint="Set PAYLOOM_DATABASE_URL to the Postgres database, and name the project's SQLite file here.",
        )
    settings = load_settings(find_project(project))
    rows = asyncio.run(copy_database(load_project(settings.root, settings), settings, source.resolve()))
    if as_json:
        print_json({"copied": rows})
        return
    for name, count in rows.items():
        if count:
            print_data(f"{count:>10,}  {name}")
    print_message(f"Copied {sum(rows.values()):,} rows of {len(rows)} tables, and compared each count.")
    print_message("Start the server with this PAYLOOM_DATABASE_URL. Keep the SQLite file until you have looked around.")
