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
on: {api: POST /orders, auth: none, rate_limit: 100000/m}
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


@contextlib.contextmanager
def load(version: Version, callers: int = 2) -> Iterator[list[object]]:
    """Place orders one after another from several callers until the block ends; none may fail. Yields the answers."""
    end, answers, failures = threading.Event(), list[object](), list[BaseException]()

    def call() -> None:
        try:
            while not end.is_set():
                answers.append(version.order("load@example.test"))
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        end.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


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
        with load(first) as during_migration:
            migrated = payloom_process.run("migrate", "-C", new, environment=variables)
            assert migrated.returncode == 0, migrated.stderr
            with served(new, variables) as second, load(second) as of_the_new:
                place(first, second, first, second)
                with served(old, variables) as again, load(again) as after_a_restart:
                    place(first, second, again)
        counts = [len(answers) for answers in (during_migration, of_the_new, after_a_restart)]
        assert min(counts) > 0
        assert ({*during_migration, *after_a_restart}, {*of_the_new}) == ({1}, {2})
    with served(old, variables) as back:
        place(back)
    placed += sum(counts)
    with psycopg.connect(migrated_postgres_url.replace("+psycopg", "")) as database:
        rows = database.execute("SELECT currency, count(*), count(placed_at) FROM orders GROUP BY 1").fetchall()
    assert rows == [("eur", placed, placed)]


HANDED_OVER = {
    "tables.yaml": """\
tables:
  purchases:
    was: orders
    columns:
      id: uuid primary
      email: string was mail
      currency: string = eur
""",
    "old": """\
name: Order
description: Takes an order, and confirms it later.
on: {api: POST /orders, auth: none}
input: {mail: string}
steps:
  - id: order
    insert: orders
    values: {mail: "${{ inputs.mail }}"}
  - respond: {mail: "${{ order.mail }}", version: 1}
  - wait: 6s
  - id: confirmed
    update: orders
    where: {id: "${{ order.id }}", mail: "${{ order.mail }}"}
    set: {mail: "confirmed-${{ order.mail }}"}
  - insert: orders
    values: {mail: "copy-of-${{ confirmed.mail }}"}
""",
    "watch": """\
name: Watch
description: Notes each confirmed order.
on: {table: purchases, on: [update]}
steps:
  - filter: row.currency == 'eur' && old.email != row.email
  - insert: purchases
    values: {email: "seen-${{ row.email }}", currency: "${{ row.currency }}"}
""",
}
HANDED_OVER["new"] = (
    HANDED_OVER["old"]
    .replace("orders\n", "purchases\n")
    .replace('mail: "', 'email: "')
    .replace(".mail", ".email")
    .replace("inputs.email", "inputs.mail")
    .replace("respond: {email", "respond: {mail")
    .replace("version: 1", "version: 2")
    .replace("set: {", "set: {currency: usd, ")
)


def test_each_version_ends_the_runs_that_the_other_began_with_the_names_of_the_run(
    tmp_path: Path, migrated_postgres_url: str
) -> None:
    variables = staging(PAYLOOM_DATABASE_URL=migrated_postgres_url, HOME=os.environ.get("HOME", "/"))
    old = write_project(tmp_path / "old", {"tables.yaml": OLD, "workflows/order.yaml": HANDED_OVER["old"]})
    new = write_project(
        tmp_path / "new",
        {
            "tables.yaml": HANDED_OVER["tables.yaml"],
            "workflows/order.yaml": HANDED_OVER["new"],
            "workflows/watch.yaml": HANDED_OVER["watch"],
        },
    )

    def rows(database: psycopg.Connection) -> list[tuple[object, ...]]:
        return database.execute("SELECT mail, currency FROM orders ORDER BY 1").fetchall()

    def until(count: int) -> list[tuple[object, ...]]:
        with psycopg.connect(migrated_postgres_url.replace("+psycopg", ""), autocommit=True) as database:
            end = time.monotonic() + 90
            while len(rows(database)) < count and time.monotonic() < end:
                threading.Event().wait(0.2)
            return rows(database)

    with served(old, variables) as first:
        migrated = payloom_process.run("migrate", "-C", new, environment=variables)
        assert migrated.returncode == 0, migrated.stderr
        with served(new, variables) as second:
            assert second.order("new") == 2
        # Only the old version runs now: it does what the new one declares.
        assert until(2) == [("confirmed-new", "usd"), ("copy-of-confirmed-new", "eur")], first.log.read_text("utf-8")
        assert first.order("old") == 1
    with served(new, variables) as third:
        # Only the new version runs now: its workflow about changed rows hears of what the old one's run changes.
        assert until(5) == [
            ("confirmed-new", "usd"),
            ("confirmed-old", "eur"),
            ("copy-of-confirmed-new", "eur"),
            ("copy-of-confirmed-old", "eur"),
            ("seen-confirmed-old", "eur"),
        ], third.log.read_text("utf-8")
