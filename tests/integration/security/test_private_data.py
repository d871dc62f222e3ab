"""What a project keeps is its owner's: files, folders, and the secrets that processes are started with."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import running_server
from tests.support.ports import free_port
from tests.support.processes import payloom_process

from payloom.app.backups import back_up
from payloom.cli.server.processes.emulator_process import local_stripe
from payloom.db.sqlite import SqliteDatabase
from payloom.kit.clock import SystemClock
from payloom.settings.local import LocalState

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")]
SECRET = "whsec_0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (folder, *folder.rglob("*"))}


async def test_everything_that_is_made_for_a_project_is_its_owner_s(tmp_path: Path) -> None:
    data = tmp_path / "data"
    database = SqliteDatabase(data / "payloom.sqlite")
    await database.write(lambda tx: tx.exec_driver_sql("CREATE TABLE t (x)"))
    LocalState(data / "local.json").update(a="b")
    with local_stripe(
        free_port(), store=data / "stripe.sqlite", webhook_url="http://127.0.0.1:1/x", webhook_secrets=[SECRET],
        log=data / "logs" / "stripe.log",
    ) as stripe:  # fmt: skip
        stripe.wait_ready()
        file_modes = modes(data)
        assert {"data", "payloom.sqlite", "payloom.sqlite-wal", "local.json", "stripe.sqlite", "stripe.log"} <= set(
            file_modes
        )
        assert set(file_modes.values()) == {0}, file_modes
    await database.close()


def test_the_data_of_a_new_project_is_its_owner_s(tmp_path: Path) -> None:
    payloom_process.run("init", tmp_path / "shop", "--template", "shop")
    rights = modes(tmp_path / "shop" / "data")
    assert {"data", "template.json"} <= set(rights)
    assert {name: mode for name, mode in rights.items() if mode} == {}


def test_what_a_running_server_makes_is_its_owner_s(tmp_path: Path) -> None:
    with running_server(tmp_path, {}) as server:
        asyncio.run(back_up(server.settings, server.settings.data_dir / "backups", SystemClock()))
        rights = modes(server.settings.data_dir)
    assert {"payloom.sqlite", "payloom.sqlite.worker", "sealing.key", "backups"} <= set(rights)
    assert len(list((tmp_path / "data" / "backups").iterdir())) == 1
    assert {name: mode for name, mode in rights.items() if mode} == {}


async def test_a_database_of_before_loses_the_rights_of_others(tmp_path: Path) -> None:
    path = tmp_path / "payloom.sqlite"
    path.touch(0o644)
    await SqliteDatabase(path).close()
    assert modes(tmp_path)["payloom.sqlite"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_secret_stands_on_a_command_line(tmp_path: Path) -> None:
    with local_stripe(
        free_port(),
        store=None,
        webhook_url="http://127.0.0.1:1/x",
        webhook_secrets=[SECRET],
        log=tmp_path / "stripe.log",
    ) as stripe:
        stripe.wait_ready()
        line = Path(f"/proc/{stripe.process.pid}/cmdline").read_bytes().decode()
        assert "--webhook-url" in line
        assert "whsec_" not in line
