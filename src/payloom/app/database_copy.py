"""Moves a project from SQLite to Postgres: makes the tables there, and copies every row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from payloom.app.backups import nobody_works
from payloom.app.composition import Services
from payloom.db.backups.copies import check_sqlite
from payloom.db.backups.transfer import refuse_used, transfer
from payloom.db.database import open_database
from payloom.db.errors import BadBackup
from payloom.db.identity import Identity
from payloom.db.migrate import head
from payloom.kit.clock import SystemClock
from payloom.project.loader import Project
from payloom.settings.model import Settings


async def copy_database(project: Project, settings: Settings, source: Path) -> Mapping[str, int]:
    """Copy the SQLite database at `source` into the project's Postgres; return how many rows each table has.

    Raises `DatabaseInUse` when the target is not empty or a process works on the source, `BadBackup` when the source
    does not fit.
    """
    if sa.make_url(settings.database_url).get_backend_name() == "sqlite":
        raise BadBackup(
            "the project's database is SQLite", hint="Set PAYLOOM_DATABASE_URL to the Postgres database to copy into."
        )
    _refuse_missing(source)
    with nobody_works(source):
        _refuse_unfit(settings, source)
        database = open_database(settings.database_url)
        try:
            await database.read(refuse_used)
        finally:
            await database.close()
        services = Services(project.ensure_valid(), settings, SystemClock())
        try:
            await services.migrate()
            return transfer(source, services.database.engine)
        finally:
            await services.close()


def _refuse_missing(source: Path) -> None:
    if not source.is_file():
        raise BadBackup("there is no such file", where=str(source), hint="Name the project's SQLite database.")


def _refuse_unfit(settings: Settings, source: Path) -> None:
    content = check_sqlite(source)
    if content.revision != head():
        raise BadBackup(
            f"the SQLite database is at migration {content.revision}, and this Payloom is at {head()}",
            where=str(source),
            hint="Run `payloom migrate` with the SQLite database first.",
        )
    here = Identity(settings.environment, settings.stripe.mode, content.identity and content.identity.stripe_account)
    if content.identity is not None and content.identity != here:
        raise BadBackup(
            f"the SQLite database is of {content.identity.environment} with Stripe in {content.identity.stripe_mode} mode, and this is {here.environment} in {here.stripe_mode} mode",
            where=str(source),
            hint="Use the settings that the SQLite database was used with.",
        )
