"""`payloom backup` and `payloom restore`: what fits comes back as it was, and what does not fit changes nothing."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import sqlite3
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging
from tests.support.testing_fixture import SmallProject

from payloom.db.sealing.keyring import new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATABASE = "payloom-staging.sqlite"


def payloom(root: Path, *words: str | Path, code: int = 0, **variables: str) -> Any:
    """Run a command in staging; return its JSON."""
    done = payloom_process.run(*words, "-C", root, "--json", environment=staging(**variables))
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


def rows(root: Path) -> list[tuple[str]]:
    """Return what the project's database holds."""
    with contextlib.closing(sqlite3.connect(root / "data" / DATABASE)) as database:
        return database.execute("SELECT value FROM payloom_cursors WHERE name = 'mark'").fetchall()


def mark(root: Path, value: str) -> None:
    """Note a value in the project's database."""
    with contextlib.closing(sqlite3.connect(root / "data" / DATABASE)) as database:
        database.execute("INSERT OR REPLACE INTO payloom_cursors VALUES ('mark', ?, '2026-01-01')", [value])
        database.commit()


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project, and a backup of its database."""
    root = tmp_path_factory.mktemp("shop")
    SmallProject(root)
    started = payloom_process.run("serve", "--check", "-C", root, environment=staging())
    assert started.returncode == 0, started.stderr
    mark(root, '"before"')
    return root, tmp_path_factory.getbasetemp() / payloom(root, "backup")["file"]


@pytest.fixture
def project(backed_up: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the project without its database, and of the backup."""
    root, backup = backed_up
    copy = shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sqlite*", "backups"))
    shutil.copy(backup, tmp_path / backup.name)
    return copy, tmp_path / backup.name


def test_what_was_backed_up_comes_back_and_the_old_file_is_kept(project: tuple[Path, Path]) -> None:
    root, backup = project
    assert payloom(root, "restore", backup, "--check")["fits"]
    assert not (root / "data" / DATABASE).exists()
    payloom(root, "restore", backup)
    assert rows(root) == [('"before"',)]
    mark(root, '"after"')
    assert payloom(root, "restore", backup, code=2)["error"]["code"] == "database_in_use"
    assert rows(root) == [('"after"',)]
    payloom(root, "restore", backup, "--replace")
    assert rows(root) == [('"before"',)]
    (old,) = (root / "data").glob(f"{DATABASE}.before-restore-*Z")
    with contextlib.closing(sqlite3.connect(old)) as database:
        assert database.execute("SELECT value FROM payloom_cursors WHERE name = 'mark'").fetchall() == [('"after"',)]
    assert {path.stat().st_mode & 0o077 for path in (root / "data").glob("*.sqlite")} == {0}


def test_only_the_newest_backups_of_the_project_are_kept(project: tuple[Path, Path], tmp_path: Path) -> None:
    root, backup = project
    payloom(root, "restore", backup)
    safe = tmp_path / "safe"
    safe.mkdir()
    others = [
        safe / "notes.txt",
        safe / "copy-production-20260101T000000.000000Z.tar.gz",
        safe / "copy-staging-.tar.gz",
    ]
    for other in others:
        other.write_text("not ours to delete")
    files = [payloom(root, "backup", safe, "--keep", "2")["file"] for _ in range(3)]
    assert {str(path) for path in safe.iterdir()} == {*map(str, others), *files[1:]}
    assert (safe / files[2].rsplit("/", 1)[-1]).stat().st_mode & 0o077 == 0


def spoil(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Return what changes the bytes of a file."""

    def change_file(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return change_file


def rewritten(**changes: Any) -> Callable[[Path], None]:
    """Return what writes the archive again with another manifest."""

    def rewrite(path: Path) -> None:
        folder = path.parent / "unpacked"
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        manifest = json.loads((folder / "manifest.json").read_text("utf-8")) | changes
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        with tarfile.open(path, "w:gz") as archive:
            for name in ("manifest.json", "database.sqlite"):
                archive.add(folder / name, name)

    return rewrite


# What is done to the backup, what else is different, and a word of the refusal.
UNFIT: dict[str, tuple[Callable[[Path], None], dict[str, str], str]] = {
    "no archive": (spoil(lambda _: b"hello"), {}, "can't be read"),
    "empty": (spoil(lambda _: b""), {}, "can't be"),
    "half of it": (spoil(lambda content: content[: len(content) // 2]), {}, "can't be read"),
    "another content": (rewritten(sha256="0" * 64), {}, "checksum differs"),
    "shorter than said": (rewritten(bytes=10), {}, "checksum differs"),
    "other rows": (rewritten(rows={"payloom_runs": 7}), {}, "rows instead of 7"),
    "another format": (rewritten(format=99), {}, "another version"),
    "a newer one": (rewritten(revision="9999"), {}, "9999"),
    "a broken manifest": (rewritten(taken_at="yesterday"), {}, "manifest"),
    "another database": (rewritten(dialect="oracle"), {}, "does not know"),
    "another project": (rewritten(project="Other"), {}, "its project is Other"),
    "another environment": (rewritten(environment="production"), {}, "its environment is production"),
    "another mode": (rewritten(stripe_mode="live"), {}, "its Stripe mode is live"),
    "another kind": (lambda _: None, {"PAYLOOM_DATABASE_URL": "postgresql://127.0.0.1:9/x"}, "a backup of sqlite"),
    "no key": (rewritten(), {"PAYLOOM_SEALING_KEY": new_key()}, "needs the sealing key"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_is_refused_and_changes_nothing(project: tuple[Path, Path], name: str) -> None:
    root, backup = project
    change, variables, reason = UNFIT[name]
    change(backup)
    for words in (("--check",), ()):
        done = payloom_process.run("restore", "-C", root, backup, *words, environment=staging(**variables))
        assert done.returncode in {1, 2, 4}, done.stderr
        assert reason in done.stdout + done.stderr
    assert [path.name for path in (root / "data").glob("*.sqlite")] == []
    assert list((root / "data").glob(".payloom-*")) == []


def test_a_database_that_a_process_works_on_is_not_replaced(project: tuple[Path, Path]) -> None:
    root, backup = project
    with (root / "data" / f"{DATABASE}.worker").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        error = payloom(root, "restore", backup, "--replace", code=2)["error"]
    assert error["code"] == "database_in_use"
    assert not (root / "data" / DATABASE).exists()
