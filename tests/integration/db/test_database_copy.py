"""`payloom db copy`: a project moves from SQLite to Postgres with everything that it has, or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.support.http_server import write_project
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging

from payloom.db.packing import unpack

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.postgres
TABLES = """\
tables:
  orders:
    columns:
      id: string primary
      weight: number
      open: bool = true
      note?: json
      placed_at: datetime = now()
  lines:
    columns:
      id: uuid primary
      order: string -> orders.id
"""
ORDER = """\
name: Order
description: Takes an order.
on: {manual: true}
input: {id: string, password: string}
steps:
  - id: order
    insert: orders
    values: {id: "${{ inputs.id }}", weight: 12.5, note: {who: "ada", "$tag": 1}}
  - insert: lines
    values: {order: "${{ inputs.id }}"}
  - respond: {id: "${{ order.id }}"}
  - wait: 30d
"""
FILES = {"tables.yaml": TABLES, "workflows/order.yaml": ORDER}


def payloom(root: Path, *words: str | Path, code: int = 0, **variables: str) -> Any:
    """Run a command in staging; return its JSON."""
    settings = staging(PAYLOOM_ADMIN_TOKEN="a-long-admin-token-of-the-copy", **variables)
    done = payloom_process.run(*words, "-C", root, "--json", environment=settings)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Path]:
    """A project with a run that sleeps, and its SQLite database."""
    root = write_project(tmp_path, FILES)
    payloom(root, "run", "order", "--input", "id=o1", "--input", "password=hunter2-secret", code=0)
    (file,) = (root / "data").glob("*.sqlite")
    return root, file


def counts(file: Path) -> dict[str, int]:
    """Return how many rows each table has that is copied."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        own = {"payloom_alembic_version", "payloom_tables"}
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for name in names
            if name not in own and not name.startswith("sqlite_")
        }


def test_everything_is_copied_as_it_is_and_goes_on_there(shop: tuple[Path, Path], postgres_url: str) -> None:
    root, file = shop
    before = file.read_bytes()
    copied = payloom(root, "db", "copy", file, PAYLOOM_DATABASE_URL=postgres_url)["copied"]
    assert copied == counts(file)
    assert copied["orders"] == copied["lines"] == copied["payloom_runs"] == 1
    assert copied["payloom_queue"] == 1
    assert file.read_bytes() == before
    with psycopg.connect(postgres_url) as there, contextlib.closing(sqlite3.connect(file)) as here:
        order = there.execute("SELECT weight, open, note, placed_at FROM orders").fetchone()
        assert order is not None
        assert (float(order[0]), order[1]) == (12.5, True)
        assert abs(order[3] - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
        sealed = "SELECT inputs FROM payloom_runs"
        stored = there.execute(f"SELECT CAST(inputs AS text) FROM ({sealed}) AS runs").fetchone()
        assert stored is not None
        assert "hunter2-secret" not in stored[0]
        assert "$sealed:" in stored[0]
        assert here.execute(sealed).fetchone()[0].count("$sealed:") == stored[0].count("$sealed:")
        steps = "SELECT args, value FROM payloom_steps ORDER BY run_id, seq"
        packed = [value for row in here.execute(steps) for value in row]
        assert any(isinstance(value, bytes) for value in packed)
        texts = [value and unpack(value) for value in packed]
        assert [value for row in there.execute(steps) for value in row] == texts
    (run,) = payloom(root, "runs", "list", PAYLOOM_DATABASE_URL=postgres_url)["data"]
    assert run["status"] == "waiting"
    again = payloom(
        root, "run", "order", "--input", "id=o2", "--input", "password=x", PAYLOOM_DATABASE_URL=postgres_url
    )
    assert again, "the numbers that Postgres gives go on after the copied ones"


def test_a_used_target_is_refused_and_one_whose_copy_failed_is_not(shop: tuple[Path, Path], postgres_url: str) -> None:
    root, file = shop
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE extra (id TEXT)")
        database.execute("INSERT INTO extra VALUES ('x')")
        database.commit()
    error = payloom(root, "db", "copy", file, code=2, PAYLOOM_DATABASE_URL=postgres_url)["error"]
    assert "no place for extra" in error["message"]
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE extra")
        database.commit()
    payloom(root, "db", "copy", file, PAYLOOM_DATABASE_URL=postgres_url)
    error = payloom(root, "db", "copy", file, code=2, PAYLOOM_DATABASE_URL=postgres_url)["error"]
    assert error["code"] == "database_in_use"
    with psycopg.connect(postgres_url) as there:
        assert there.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_what_cannot_be_copied_is_refused_with_a_reason(shop: tuple[Path, Path], postgres_url: str) -> None:
    root, file = shop
    assert "is SQLite" in payloom(root, "db", "copy", file, code=2)["error"]["message"]
    there = {"PAYLOOM_DATABASE_URL": postgres_url}
    assert "no such file" in payloom(root, "db", "copy", root / "x.sqlite", code=2, **there)["error"]["message"]
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE payloom_identity SET environment = 'production'")
        database.commit()
    assert "is of production" in payloom(root, "db", "copy", file, code=2, **there)["error"]["message"]
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE payloom_alembic_version SET version_num = '0001'")
        database.commit()
    assert "migration 0001" in payloom(root, "db", "copy", file, code=2, **there)["error"]["message"]
