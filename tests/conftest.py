"""Fixtures every test may ask for: a database (SQLite and Postgres in turn), the asyncio backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.postgres import postgres_server, postgres_url

from payloom.db.database import Database, open_database
from payloom.db.migrate import migrate

__all__ = ["postgres_server", "postgres_url"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last: Playwright keeps a loop in the main thread, and tests with their own cannot follow."""
    items.sort(key=lambda item: "/tests/browser/" in item.path.as_posix())
    for item in items:
        if "/tests/browser/" in item.path.as_posix():
            # A browser on a busy machine may lose a race that a person would not notice. A second try is counted in the
            # summary ("rerun"): one that is seen there again and again is a fault, of the page or of the test.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database; the test runs once per kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/payloom.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, migrated database; the test runs once per kind."""
    opened = open_database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()
