"""All commands under one name."""

from __future__ import annotations

import sys
from typing import Annotated, Any, cast

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from payloom import __version__
from payloom.cli.database import backup, copy
from payloom.cli.project import check, convert, describe, diff, dry_run, explain, fmt, init, storm, test, workflows
from payloom.cli.records import accounts, alerts, audit, events, mails, run, runs
from payloom.cli.server import config, demo, dev, doctor, emulator, keys, migrate, serve, studio, worker
from payloom.cli.support import output
from payloom.cli.support.errors import CommandError
from payloom.kit.validation.messages import message

_USAGE_ERROR = cast("type[Exception]", typer.BadParameter.__base__)
"""What the parser raises for wrong options; Typer exports only the classes below it."""


class _PlainWords(TyperGroup):
    """Says in plain words what is wrong with an option; the parser passes the validator's words on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the line names."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            cause = error.__cause__
            error.message = message(cause.errors()[0]) if isinstance(cause, ValidationError) else error.message
            raise


app = typer.Typer(
    name="payloom",
    cls=_PlainWords,
    help="Payment workflows you can read, run and trust.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"payloom {__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print data and errors only, no messages for people.")
    ] = False,
) -> None:
    output.be_quiet(quiet)


_COMMANDS = (
    init.init,
    dev.dev,
    serve.serve,
    demo.demo,
    check.check,
    config.config,
    studio.studio,
    storm.storm,
    dry_run.dry_run,
    fmt.fmt,
    diff.diff,
    convert.export,
    run.run,
    mails.mails,
    migrate.migrate,
    backup.backup,
    backup.restore,
    doctor.doctor,
    workflows.workflows,
    describe.actions,
    describe.triggers,
    describe.schema,
    describe.openapi,
    explain.explain,
    worker.worker,
)
for command in _COMMANDS:
    app.command()(command)
app.command("import")(convert.import_)
app.command("test")(test.run_tests)
app.add_typer(accounts.app, name="accounts")
app.add_typer(alerts.app, name="alerts")
app.add_typer(runs.app, name="runs")
app.add_typer(events.app, name="events")
app.add_typer(keys.app, name="keys")
app.add_typer(copy.app, name="db")
app.add_typer(audit.app, name="audit")
app.add_typer(emulator.app, name="emulator")


def start() -> None:
    """Parse the command line and do what it says. With `--json`, wrong options are reported in JSON, too."""
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
