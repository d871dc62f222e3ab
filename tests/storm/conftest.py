"""Fixtures of the storm: the zygote, fresh databases with the shop in them, the tally and its table at the end."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from _pytest.capture import CaptureManager
from tests.storm.support.effect_ledger import STORM, WIRE, Tally, write_table
from tests.storm.support.harness import Databases, Zygote

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

_tally = Tally()


class Watching:
    """Sees how the storm's tests end, also those of other folders that are marked with the fault they hold."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take note of what is to come."""
        for item in session.items:
            if _ours(item):
                _tally.tests[item.nodeid] = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Count a test of the wire, and how any of them ended."""
        report: pytest.TestReport = yield
        if not _ours(item):
            return report
        self._spent[item.nodeid] = self._spent.get(item.nodeid, 0.0) + call.duration
        if report.skipped:
            _tally.tests.pop(item.nodeid, None)
        elif report.failed:
            _tally.ended(item.nodeid, str(call.excinfo.value if call.excinfo else "?").splitlines()[0][:200])
        elif report.when == "teardown" and not _tally.tests.get(item.nodeid):
            _tally.ended(item.nodeid, "passed")
        fault = _fault(item)
        if fault and (report.when == "call" or report.failed):
            _tally.now = item.nodeid
            _tally.count(fault, WIRE, violations=int(report.failed), seconds=self._spent[item.nodeid])
        return report


def _fault(item: pytest.Item) -> str:
    """The fault that a test of the wire holds; a mark of its parameters goes before one of the whole test."""
    marks = [*reversed(item.own_markers), *item.iter_markers()]
    return next((mark.args[0] for mark in marks if mark.name == "fault"), "")


def _ours(item: pytest.Item) -> bool:
    return "/tests/storm/" in item.path.as_posix() or (STORM and bool(_fault(item)))


def pytest_configure(config: pytest.Config) -> None:
    """Let the progress line through, and watch all tests, not only those of this folder."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if isinstance(capture, CaptureManager):
        _tally.uncaptured = capture.global_and_fixture_disabled
    config.pluginmanager.register(Watching())


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The process that forks the ones that die."""
    with Zygote() as running:
        yield running


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """What is counted, over all tests."""
    _tally.starting(request.node.nodeid)
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
    from tests.support.postgres import fresh_database  # noqa: PLC0415 - Postgres only for those who ask

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
