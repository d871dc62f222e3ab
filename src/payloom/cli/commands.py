"""All commands under one name."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from payloom import __version__
from payloom.cli.support import output
from payloom.cli.support.errors import CommandError

_USAGE_ERROR = cast("type[Exception]", typer.BadParameter.__base__)
"""What the parser raises for wrong options; Typer exports only the classes below it."""
_COMPLETION = "_PAYLOOM_COMPLETE"
"""The variable by which a shell asks for completions; its words are not in the arguments."""
COMMANDS = {
    "init": "project.init:init",
    "dev": "server.dev:dev",
    "serve": "server.serve:serve",
    "demo": "server.demo:demo",
    "check": "project.check:check",
    "config": "server.config:config",
    "studio": "server.studio:studio",
    "storm": "project.storm:storm",
    "dry-run": "project.dry_run:dry_run",
    "fmt": "project.fmt:fmt",
    "diff": "project.diff:diff",
    "export": "project.convert:export",
    "run": "records.run:run",
    "mails": "records.mails:mails",
    "migrate": "server.migrate:migrate",
    "backup": "database.backup:backup",
    "restore": "database.backup:restore",
    "doctor": "server.doctor:doctor",
    "workflows": "project.workflows:workflows",
    "actions": "project.describe:actions",
    "triggers": "project.describe:triggers",
    "schema": "project.describe:schema",
    "openapi": "project.describe:openapi",
    "explain": "project.explain:explain",
    "worker": "server.worker:worker",
    "import": "project.convert:import_",
    "test": "project.test:run_tests",
    "accounts": "records.accounts:app",
    "alerts": "records.alerts:app",
    "runs": "records.runs:app",
    "events": "records.events:app",
    "keys": "server.keys:app",
    "db": "database.copy:app",
    "audit": "records.audit:app",
    "emulator": "server.emulator:app",
}
"""The commands in the order of `payloom --help`: for each, its module below `payloom.cli` and its name there."""


class _PlainWords(TyperGroup):
    """Says in plain words what is wrong with an option; the parser passes the validator's words on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the line names."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from pydantic import ValidationError

            from payloom.kit.validation.messages import message

            cause = error.__cause__
            error.message = message(cause.errors()[0]) if isinstance(cause, ValidationError) else error.message
            raise


def _version(value: bool) -> None:
    if value:
        output.write_data(f"payloom {__version__}\n")
        raise typer.Exit


def _main(
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print data and errors only, no messages for people.")
    ] = False,
) -> None:
    output.be_quiet(quiet)


def command_line(names: Iterable[str]) -> typer.Typer:
    """Return the command line with these commands. The modules of the others are not loaded."""
    line = typer.Typer(
        name="payloom",
        cls=_PlainWords,
        help="Payment workflows you can read, run and trust.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    line.callback()(_main)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(importlib.import_module(f"payloom.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            line.add_typer(command, name=name)
        else:
            line.command(name)(command)
    return line


def needed(words: Iterable[str]) -> Iterable[str]:
    """Return the names of the commands that a command line with these words needs: one, or all for help and hints."""
    first = next((word for word in words if word not in {"-q", "--quiet"}), None)
    if first == "--version":
        return ()
    return (first,) if first in COMMANDS and _COMPLETION not in os.environ else COMMANDS


def __getattr__(name: str) -> Any:
    """Return all commands as `app`. They are loaded when it is first read."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = command_line(COMMANDS)
    return globals()["app"]


@output.report_errors
def start() -> None:
    """Parse the command line and do what it says. With `--json`, wrong options are reported in JSON, too."""
    output.prepare_streams()
    app = command_line(needed(sys.argv[1:]))
    if "--json" not in sys.argv:
        app()
    try:
        sys.exit(app(standalone_mode=False))
    except typer.Abort:
        sys.exit(130)
    except _USAGE_ERROR as error:
        hint = "Run the command with `--help` to see its options."
        text = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        output.fail(CommandError(text, hint=hint), as_json=True)
