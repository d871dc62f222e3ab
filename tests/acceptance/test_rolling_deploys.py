"""An old and a new version of a project side by side on one Postgres: each is a `payloom serve` of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from tests.support.http_server import write_project
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

ORDER = """\
name: Order
description: Takes an order.
on: {api: POST /orders, auth: none}
input: {mail: string}
steps:
  - id: order
    insert: orders
    values: {mail: "${{ inputs.mail }}"}
  - return: {mail: "${{ order.mail }}", version: VERSION}
"""
OLD = "tables:\n  orders:\n    columns:\n      id: uuid primary\n      mail: string\n"
NEW = OLD + "      currency: string = eur\n      placed_at: datetime = now()\n      note?: string\n"


class Version:
    """One version of the project, served."""

    def __init__(self, root: Path, variables: dict[str, str]) -> None:
        self.port = free_port()
        self.log = root / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "payloom", "serve", "-C", str(root), "--port", str(self.port)],
                env=variables,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> Version:
        """Return once it answers."""
        end = time.monotonic() + 120
        while True:
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < end, self.log.read_text("utf-8")
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=10)
                return self
            threading.Event().wait(0.1)

    def order(self, mail: str) -> object:
        """Place an order and return what was answered."""
        answer = httpx.post(f"http://127.0.0.1:{self.port}/api/orders", json={"mail": mail}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["version"]


@contextlib.contextmanager
def served(root: Path, variables: dict[str, str]) -> Iterator[Version]:
    version = Version(root, variables)
    try:
        yield version.ready()
    finally:
        version.process.send_signal(signal.SIGTERM)
        try:
            version.process.wait(60)
        finally:
            version.process.kill()
            version.process.wait()


def test_the_old_version_goes_on_and_starts_again_after_the_new_one_has_migrated(
    tmp_path: Path, migrated_postgres_url: str
) -> None:
    variables = staging(PAYLOOM_DATABASE_URL=migrated_postgres_url, HOME=os.environ.get("HOME", "/"))
    old = write_project(tmp_path / "old", {"tables.yaml": OLD, "workflows/order.yaml": ORDER.replace("VERSION", "1")})
    new = write_project(tmp_path / "new", {"tables.yaml": NEW, "workflows/order.yaml": ORDER.replace("VERSION", "2")})
    placed = 0

    def place(*versions: Version) -> list[object]:
        nonlocal placed
        placed += len(versions)
        return [version.order("ada@example.test") for version in versions]

    with served(old, variables) as first:
        place(first)
        migrated = payloom_process.run("migrate", "-C", new, environment=variables)
        assert migrated.returncode == 0, migrated.stderr
        place(first)
        with served(new, variables) as second:
            place(first, second, first, second)
            with served(old, variables) as again:
                place(first, second, again)
    with served(old, variables) as back:
        place(back)
    with psycopg.connect(migrated_postgres_url.replace("+psycopg", "")) as database:
        found = database.execute("SELECT currency, count(*), count(placed_at) FROM orders GROUP BY 1").fetchall()
    assert found == [("eur", placed, placed)]
