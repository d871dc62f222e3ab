"""A changed tables.yaml taken up by a server that runs, in development: read, migrated, and used from then on."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from payloom.connectors.tables.user_profiles import profile
from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.kit.diagnostics import SHAPE, Diagnostic, Place
from payloom.kit.validation.text_files import NotUtf8, line_of
from payloom.tables.definition.loader import read_tables
from payloom.tables.definition.spec import TableSpec
from payloom.tables.errors import BadTablesFile, MigrationRefused, TableError
from payloom.tables.migration.migrate import migrate
from payloom.tables.query.sql import Tables

FILE = "tables.yaml"

log = structlog.get_logger("payloom.project")

Specs = Mapping[str, TableSpec]


@dataclasses.dataclass(frozen=True, slots=True)
class TablesRead:
    """The tables that workflows are checked against. diagnostics: why they are not what tables.yaml says now."""

    specs: Specs
    diagnostics: tuple[Diagnostic, ...] = ()


def read_project_tables(root: Path, clock: Clock) -> tuple[Specs | None, tuple[Diagnostic, ...]]:
    """Return what tables.yaml declares, and what is wrong with it. None: it cannot be used."""
    try:
        specs = read_tables(root / FILE)
    except BadTablesFile as bad:
        return None, bad.diagnostics
    except NotUtf8 as error:
        return None, (_problem(error.message, error.hint, line=line_of(error)),)
    try:
        profile(Tables(specs, clock))
    except TableError as error:
        return specs, (_problem(error.message, error.hint, line=specs["users"].line),)
    return specs, ()


class LiveTables:
    """The tables of a server in development, which follow tables.yaml."""

    def __init__(
        self, database: Database, tables: Tables, clock: Clock, users: Sequence[Callable[[Specs], None]]
    ) -> None:
        """tables: the server's own, which are changed in place. users: told of what is declared from now on."""
        self._database = database
        self._tables = tables
        self._clock = clock
        self._users = users
        self._said: str | None = None

    async def follow(self, root: Path, before: Specs) -> TablesRead:
        """Migrate to what tables.yaml says if that differs from `before`.

        A file with errors, and a change that would lose stored values, leave the tables as they are.
        """
        specs, problems = await asyncio.to_thread(read_project_tables, root, self._clock)
        if specs is None or problems:
            return self._unused(before, problems)
        if specs == before:
            return TablesRead(before)
        declared = Tables(specs, self._clock)
        try:
            changes = await migrate(
                self._database,
                declared,
                self._clock,
                remake_empty=True,
                finish_renames=True,
                also=self._tables,
            )
        except MigrationRefused as refused:
            return self._unused(before, (_problem(refused.message, refused.hint),))
        self._said = None
        for use in self._users:
            use(specs)
        log.info("tables_migrated", changes=[str(change) for change in changes])
        return TablesRead(specs)

    def _unused(self, before: Specs, problems: tuple[Diagnostic, ...]) -> TablesRead:
        """Leave the tables as they are, and say why once."""
        reason = problems[0].format() if problems else None
        if reason is not None and reason != self._said:
            self._said = reason
            log.warning("tables_not_migrated", reason=reason, hint="The tables stay as they are.")
        return TablesRead(before, problems)


def _problem(message: str, hint: str | None, *, line: int = 1) -> Diagnostic:
    return Diagnostic.at(Place(line, 1, line, 2), SHAPE, message, hint=hint or None, file=FILE)
