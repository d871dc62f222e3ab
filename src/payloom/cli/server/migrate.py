"""`payloom migrate`: bring the database to what the project needs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.suggest import did_you_mean
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from payloom.project.loader import Project
    from payloom.settings.model import Settings


@report_errors
def migrate(  # noqa: PLR0917 - typer fills them in by name
    allow_drop: Annotated[
        list[str] | None,
        typer.Option("--allow-drop", metavar="NAME", help="Delete this table or column (orders.coupon). Repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before data is deleted.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the statements and what is lost. Change nothing.")
    ] = False,
    finish_renames: Annotated[
        bool,
        typer.Option("--finish-renames", help="Rename in the database what `was` renamed. Stop all servers first."),
    ] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Create or update Payloom's own tables and the project's. Deletes data only with --allow-drop."""
    from payloom.app.asgi import migrate_project
    from payloom.project.loader import load_project

    settings = load_settings(find_project(project))
    loaded = load_project(settings.root, settings)
    names = tuple(dict.fromkeys(allow_drop or ()))
    if plan:
        _print_plan(loaded, settings, names, finish_renames=finish_renames, as_json=as_json)
        return
    if names:
        _confirm(loaded, settings, names, yes=yes, ask=not as_json and sys.stdin.isatty())
    changes = asyncio.run(migrate_project(loaded, settings, allow_drop=names, finish_renames=finish_renames))
    if as_json:
        print_json({"changes": changes})
        return
    for change in changes:
        print_message(f"  {change}")
    _print_undeclared(loaded, settings)
    print_message("The database is up to date.")


def _print_undeclared(project: Project, settings: Settings) -> None:
    """Print what stays in the database though tables.yaml does not declare it."""
    from payloom.app.asgi import pending_losses

    for name, reason in asyncio.run(pending_losses(project, settings)).items():
        print_message(f"  {name} stays: {reason}. Delete it with `payloom migrate --allow-drop {name}`.")


def _print_plan(
    project: Project, settings: Settings, names: Collection[str], *, finish_renames: bool, as_json: bool
) -> None:
    """Print what the migration would do. Raises CommandError, MigrationRefused."""
    from payloom.app.asgi import plan_migration

    migration_plan = asyncio.run(plan_migration(project, settings, allow_drop=names, finish_renames=finish_renames))
    _check_names(names, migration_plan.losses)
    lost = {name: reason for name, reason in migration_plan.losses.items() if name in names}
    stays = {name: reason for name, reason in migration_plan.losses.items() if name not in names}
    if as_json:
        print_json(
            {"changes": migration_plan.changes, "statements": migration_plan.statements, "lost": lost, "stays": stays}
        )
        return
    for change in migration_plan.changes:
        print_message(f"  {change}")
    for statement in migration_plan.statements:
        print_data(statement)
    for name, reason in lost.items():
        print_message(f"  {name} is lost: {reason}")
    for name, reason in stays.items():
        print_message(f"  {name} stays: {reason}")
    todo = migration_plan.changes or migration_plan.statements
    print_message("Nothing was changed." if todo else "Nothing is to be changed.")


def _check_names(names: Collection[str], losses: Mapping[str, str]) -> None:
    for name in names:
        if name not in losses:
            known = f"--allow-drop can name {', '.join(losses)}." if losses else "Remove --allow-drop."
            raise CommandError(f"this migration does not drop {name!r}", hint=did_you_mean(name, losses) or known)


def _confirm(project: Project, settings: Settings, names: Collection[str], *, yes: bool, ask: bool) -> None:
    """Print what `names` would delete; return if that is confirmed. Raises CommandError, typer.Abort."""
    from payloom.app.asgi import pending_losses

    losses = asyncio.run(pending_losses(project, settings))
    _check_names(names, losses)
    print_message("This deletes stored data, and can't be undone:")
    for name in names:
        print_message(f"  {name}: {losses[name]}")
    if yes:
        return
    if not ask:
        raise CommandError("the deletion is not confirmed", hint="Add --yes to delete the data without a question.")
    try:
        confirmed = typer.confirm("Delete it?", err=True)
    except typer.Abort:
        sys.exit(130)
    if not confirmed:
        sys.exit(1)
