"""Databases with Payloom's tables. A test process migrates one of each kind; the others are copies."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import tempfile
from pathlib import Path

from payloom.db.database import open_database
from payloom.db.migrate import migrate as make_tables


def migrate(url: str) -> None:
    """Make the tables in the empty database at `url`. The thread has no loop, unlike a test's own."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _migrate(url)).result()


async def _migrate(url: str) -> None:
    database = open_database(url)
    await make_tables(database)
    await database.close()


def copy_sqlite(path: Path) -> None:
    """Write a SQLite file that has the tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_sqlite_file())


@functools.cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory(prefix="payloom-migrated-") as folder:
        path = Path(folder) / "payloom.db"
        migrate(f"sqlite:///{path}")
        assert [wal.name for wal in path.parent.glob("*-wal")] == [], "everything is in the file"
        return path.read_bytes()
