"""`payloom doctor`: is everything here that the project needs, and does it answer?"""

from __future__ import annotations

import asyncio
import dataclasses
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from payloom import __version__
from payloom.cli.support.deployment_checks import database_findings, deployment_findings
from payloom.cli.support.findings import Finding
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project, listen
from payloom.kit.clock import SystemClock
from payloom.kit.errors import PayloomError
from payloom.kit.visible_text import count
from payloom.settings.load import load_settings
from payloom.settings.model import Settings

if TYPE_CHECKING:
    from payloom.db.database import Database
    from payloom.project.loader import Project

_ROOM = 64 * 1024
"""Bytes that a project needs at least to begin."""


@report_errors
def doctor(
    url: Annotated[
        str | None, typer.Option(help="Look at a deployed address from outside instead: TLS, headers, what is open.")
    ] = None,
    project: PROJECT = None,
    backups: Annotated[
        Path | None,
        typer.Option(
            "--backups", help="Where the backups are. Default: data/backups in the project.", show_default=False
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Check Python, settings, keys, the database, ports and the project. Exit code 1 if there is a problem.

    Outside development: also TLS, the proxy, tokens, backups, the disk, the clock, and the endpoint at Stripe.
    """
    if url is not None:
        from payloom.cli.server.deployed import look_at

        _report(list(look_at(url)), None, as_json=as_json)
    root = find_project(project)
    settings: Settings | None = None
    findings = [Finding("payloom", True, f"{__version__} on Python {platform.python_version()}, {platform.system()}")]
    try:
        settings = load_settings(root)
        findings.append(Finding("settings", True, f"{settings.environment}, {settings.site_url}"))
        findings += _look(settings, backups)
    except PayloomError as error:
        findings.append(Finding("settings", False, error.message, error.hint))
    _report(findings, settings, as_json=as_json)


def _report(findings: list[Finding], settings: Settings | None, *, as_json: bool) -> NoReturn:
    """Print the findings, and exit."""
    bad = [finding for finding in findings if not finding.good]
    if as_json:
        report: dict[str, Any] = {"healthy": not bad, "findings": [dataclasses.asdict(finding) for finding in findings]}
        print_json(report | ({"settings": settings.public()} if settings else {}))
    else:
        for finding in findings:
            print_data(f"  {finding.mark} {finding.name:<11} {finding.summary}")
            if finding.hint:
                print_data(f"    {'':<11} {finding.hint}")
        open_questions = sum(finding.mark == "!" for finding in findings)
        ending = f" Marked with !: {count(open_questions, 'point')} to decide on." if open_questions else ""
        print_message((f"{count(len(bad), 'problem')} found." if bad else "No problems found.") + ending)
    sys.exit(1 if bad else 0)


def _look(settings: Settings, backups: Path | None) -> Iterator[Finding]:
    from payloom.project.event_types import event_types
    from payloom.project.loader import load_project

    stripe = settings.stripe
    kind = "the local Stripe" if stripe.mode == "local" else f"{stripe.address}, {stripe.mode} mode"
    yield Finding("stripe", True, f"{kind}; {count(len(stripe.webhook_secrets), 'webhook secret')}")
    project = load_project(settings.root, settings)
    yield _project(project)
    yield from _database(settings)
    yield _sealing(settings)
    if not settings.is_dev:
        yield from deployment_findings(settings, backups, SystemClock().now(), event_types(project))
    yield _data_folder(settings.data_dir)
    yield from _ports(settings)


def _project(project: Project) -> Finding:
    summary = f"{len(project.sources)} workflows, {len(project.tables)} tables, {len(project.pages)} pages"
    if project.errors:
        return Finding("project", False, f"{summary}; {count(len(project.errors), 'error')}", "Run `payloom check`.")
    return Finding("project", True, summary)


def _database(settings: Settings) -> list[Finding]:
    from payloom.db.database import open_database

    where = settings.database_url.rsplit("@", maxsplit=1)[-1]

    async def look() -> list[Finding]:
        database = open_database(settings.database_url)
        try:
            tables = await database.read(lambda tx: list(database_findings(tx)))
            reachable = Finding("database", True, f"{database.dialect} at {where}")
            return [reachable, *tables, *await _measured(database, settings)]
        finally:
            await database.close()

    try:
        return asyncio.run(look())
    except PayloomError as error:
        return [Finding("database", False, error.message, error.hint)]


async def _measured(database: Database, settings: Settings) -> list[Finding]:
    """Return what calls for an alert now, as the studio's page Health shows it; nothing before the first migration."""
    from sqlalchemy.exc import SQLAlchemyError

    from payloom.alerts.service import AlertService
    from payloom.email.outbox import Outbox
    from payloom.email.transport import OutboxTransport

    outbox = Outbox(database, OutboxTransport(), SystemClock())
    try:
        alerts = await AlertService(database, SystemClock(), settings, outbox).list()
    except SQLAlchemyError:
        return []
    return [
        Finding("health", True, f"{alert['title']}: {alert['shown']}. {alert['detail']}".strip(), alert["steps"][0])
        for alert in alerts
        # Whether workers are there is the server's own affair: it need not run now.
        if alert["over"] and alert["rule"] != "workers"
    ]


def _sealing(settings: Settings) -> Finding:
    """Whether there is a key that seals what is stored. None is made."""
    from payloom.db.sealing.keyring import key_id
    from payloom.db.sealing.source import load_keys

    sealing = settings.sealing
    if sealing.file is not None and sealing.make and not sealing.file.exists():
        return Finding("sealing", True, f"a key is made at the first start, in {sealing.file}")
    try:
        names = [key_id(key) for key in load_keys(sealing)]
    except PayloomError as error:
        return Finding("sealing", False, error.message, error.hint)
    more = f"; {len(names) - 1} more open" if len(names) > 1 else ""
    return Finding("sealing", True, f"the key {names[0]} seals{more}; back it up apart from the database")


def _data_folder(folder: Path) -> Finding:
    there = folder if folder.is_dir() else folder.parent
    try:
        with tempfile.TemporaryFile(dir=there) as draft:
            draft.write(bytes(_ROOM))
    except OSError as error:
        hint = "Change its owner or rights, or make room on its disk."
        return Finding("data", False, f"{folder} cannot be written: {error.strerror}", hint)
    return Finding("data", True, f"{folder} can be written")


def _ports(settings: Settings) -> Iterator[Finding]:
    from payloom.cli.support.client import running_server

    if url := running_server(settings):
        yield Finding("server", True, f"runs at {url}")
        return
    ports = [("port", settings.host, settings.port, "--port")]
    if settings.stripe.mode == "local":
        ports.append(("port", "127.0.0.1", settings.local_stripe_port, "--stripe-port"))
    for name, host, port, option in ports:
        try:
            listen(host, port, option).close()
            yield Finding(name, True, f"{host}:{port} is free")
        except PayloomError as error:
            yield Finding(name, False, error.message, error.hint)
