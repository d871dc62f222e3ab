"""Fixtures of the storm: the zygote, fresh databases with the shop in them, the tally and its table at the end."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from harness import Databases, Zygote
from tally import Tally, write_table

_tally = Tally()


def pytest_configure(config: pytest.Config) -> None:
    """Let the progress line through."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        _tally.uncaptured = capture.global_and_fixture_disabled


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The process that forks the ones that die."""
    with Zygote() as running:
        yield running


@pytest.fixture
def tally() -> Tally:
    """What is counted, over all tests."""
    _tally.starting()
    return _tally


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; the test runs once per kind."""
    return request.param


@pytest.fixture(scope="session")
def sqlite_base(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the shop's tables, to be copied."""
    folder = tmp_path_factory.mktemp("base")
    assert zygote.run({"folder": str(folder), "url": f"sqlite:///{folder}/base.db", "events": []}) == [0]
    return folder / "base.db"


@pytest.fixture(scope="session")
def postgres_base(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[str]:
    """The name of a database with the shop's tables, to be copied."""
    from postgres import fresh_database  # noqa: PLC0415 - Postgres only for those who ask

    folder = tmp_path_factory.mktemp("base")
    with fresh_database(postgres_server) as url:
        assert zygote.run({"folder": str(folder), "url": url, "events": []}) == [0]
        with psycopg.connect(url) as conn:
            name = conn.info.dbname
        yield name


@pytest.fixture
def databases(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[Databases]:
    """Makes databases with the shop's tables and nothing else in them; they are gone after the test."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            base = request.getfixturevalue("sqlite_base")
            yield Databases(tmp_path, lambda path: shutil.copy(base, path))
            return
        name, server = request.getfixturevalue("postgres_base"), request.getfixturevalue("postgres_server")
        yield Databases(tmp_path, None, server=server, base=name, stack=stack)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table."""
    if not _tally.rows:
        return
    lines = _tally.table()
    terminalreporter.section("storm")
    for line in lines:
        terminalreporter.write_line(line)
    write_table(lines)
