"""The databases that each release left behind are upgraded by this one, and their runs go on."""

from __future__ import annotations

import gzip
import re
import shutil
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.support.http_server import write_project
from tests.upgrades.record_release import DATABASE, FILES, POSTGRES, RECORDED, SQLITE, order, runs, served, variables

from payloom import __version__
from payloom.db.migrate import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

RELEASES = sorted(path.name for path in RECORDED.iterdir())
pytestmark = pytest.mark.timeout(300)


def test_this_release_is_recorded() -> None:
    assert __version__ in RELEASES, "run `python -m tests.upgrades.record_release`"
    assert sum(path.stat().st_size for path in RECORDED.rglob("*") if path.is_file()) < 200_000 * len(RELEASES)


def test_the_migrations_are_one_line() -> None:
    files = sorted((FOLDER / "versions").glob("[0-9]*.py"))
    revisions = [path.name.split("_")[0] for path in files]
    assert revisions == [f"{number:04d}" for number in range(1, len(files) + 1)], "two of one number start no server"
    before = [None, *revisions]
    for path, revision, parent in zip(files, revisions, before, strict=False):
        named = dict(re.findall(r'^(revision|down_revision) = "?(\w+)"?$', path.read_text("utf-8"), re.MULTILINE))
        assert (named["revision"], named["down_revision"]) == (revision, str(parent)), path.name


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_recorded_database_is_upgraded_and_its_runs_go_on(
    tmp_path: Path, release: str, kind: str, request: pytest.FixtureRequest
) -> None:
    root = write_project(tmp_path, FILES)
    more: dict[str, str] = {}
    if kind == "sqlite":
        (root / DATABASE).parent.mkdir()
        with gzip.open(RECORDED / release / SQLITE) as recorded, (root / DATABASE).open("wb") as file:
            shutil.copyfileobj(recorded, file)
    else:
        more["PAYLOOM_DATABASE_URL"] = url = request.getfixturevalue("postgres_url")
        statements = gzip.decompress((RECORDED / release / POSTGRES).read_bytes())
        with psycopg.connect(url, autocommit=True) as database:
            database.execute(statements.replace(b"CREATE SCHEMA public;", b""))
    with served(root, variables(**more)) as url:
        end = time.monotonic() + 120
        while set(runs(url).values()) != {"succeeded"}:
            assert time.monotonic() < end, (runs(url), (root / "serve.log").read_text("utf-8"))
            threading.Event().wait(0.2)
        assert len(runs(url)) == 2, "one was done, and the one that slept has gone on"
        order(url, "third")
        assert len(runs(url)) == 3
