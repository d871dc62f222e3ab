"""Fixtures every test may ask for: a database (SQLite and Postgres in turn), the asyncio backend."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from tests.support.migrated import copy_sqlite
from tests.support.postgres import migrated_postgres_url, postgres_server, postgres_template, postgres_url
from tests.support.processes import payloom_process
from tests.support.session import collection, process_costs, reports

from payloom.db.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator
    from pathlib import Path

__all__ = ["migrated_postgres_url", "postgres_server", "postgres_template", "postgres_url"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take twice as many workers as there are cores, and one: tests wait for timers, processes, and databases."""
    return 2 * (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Lower what every process of the tests costs."""
    process_costs.lower()
    several = config.getoption("numprocesses", None) or config.getoption("forks", None)
    if several and not hasattr(config, "workerinput"):
        payloom_process.share_zygote()


def pytest_collection() -> None:
    """Do not look for garbage while everything is imported: there is none."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is loaded now stays; collections need not look at it again, nor at the garbage of loading."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last."""
    collection.order(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make the report of a test one that every worker can hand over."""
    report = yield
    reports.make_encodable(report)
    return report


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database; the test runs once per kind."""
    return request.param


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> str:
    """The address of an empty database; the test runs once per kind."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path}/payloom.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> str:
    """The address of a database that has Payloom's tables, with no rows; the test runs once per kind."""
    if database_kind == "sqlite":
        copy_sqlite(tmp_path / "payloom.db")
        return f"sqlite:///{tmp_path}/payloom.db"
    return request.getfixturevalue("migrated_postgres_url")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, migrated database; the test runs once per kind."""
    opened = open_database(database_url)
    yield opened
    await opened.close()
