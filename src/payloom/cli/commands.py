"""All commands under one name."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from payloom import __version__
from payloom.cli import check, demo, dev, emulator, init, migrate

app = typer.Typer(
    name="payloom",
    help="Payment workflows you can read, run and trust.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"payloom {__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


app.command()(init.init)
app.command()(dev.dev)
app.command()(demo.demo)
app.command()(check.check)
app.command()(migrate.migrate)
app.command()(emulator.emulator)


def run() -> None:
    """Parse the command line and do what it says."""
    app()
