"""A backup is taken under load, the machine is lost, another one goes on: nothing is paid twice, nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import httpx
import psycopg
import pytest
from tests.support.http_server import write_project
from tests.support.ports import free_port
from tests.support.postgres import fresh_database, tools
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import SECRET, staging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

TABLES = """\
tables:
  payments:
    columns:
      id: string primary
      refunded: int = 0
"""
PAID = """\
name: Paid
description: Gives ten cents of each payment back.
on: {stripe: payment_intent, actions: [succeeded]}
steps:
  - insert: payments
    values: {id: "${{ object.id }}"}
  - id: back
    stripe: refunds.create
    with: {payment_intent: "${{ object.id }}", amount: 10}
  - update: payments
    where: {id: "${{ object.id }}"}
    set: {refunded: "${{ back.amount }}"}
"""
FILES = {"tables.yaml": TABLES, "workflows/paid.yaml": PAID}
KEY = staging()["STRIPE_SECRET_KEY"]


class Stripe:
    """A local Stripe, and customers who pay until told to stop."""

    def __init__(self, folder: Path, webhook: str) -> None:
        port = free_port()
        self.log = folder / "stripe.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "payloom_emulator", "--port", str(port), "--webhook-url", webhook),
                    *("--webhook-secret", SECRET),
                ],
                stdout=log,
                stderr=log,
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {KEY}"})
        self.url = f"http://127.0.0.1:{port}"
        self.paid: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pay)

    def _pay(self) -> None:
        form = {"amount": 500, "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
        form |= {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
        while not self._stop.wait(0.25):
            answer = self.http.post("/v1/payment_intents", data=form)
            assert answer.status_code == 200, answer.text
            self.paid.append(answer.json()["id"])

    def refunds(self) -> list[str]:
        """Return the payment of each refund."""
        refunds: list[dict[str, Any]] = []
        while True:
            after = {"starting_after": refunds[-1]["id"]} if refunds else {}
            page = self.http.get("/v1/refunds", params={"limit": 100, **after}).json()
            refunds += page["data"]
            if not page["has_more"]:
                return [refund["payment_intent"] for refund in refunds]

    def __enter__(self) -> Self:
        until("the local Stripe answers", lambda: self.http.get("/_emulator").is_success)
        self._thread.start()
        return self

    def stop_paying(self) -> None:
        """Return once nobody pays any more."""
        self._stop.set()
        self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.stop_paying()
        self.http.close()
        self.process.kill()
        self.process.wait()


def until(condition: str, look: Any, seconds: float = 90) -> None:
    """Return as soon as `look()` is true."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            if look():
                return
        assert time.monotonic() < end, f"{condition}: not within {seconds} seconds"
        threading.Event().wait(0.05)


@contextlib.contextmanager
def served(root: Path, variables: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the project; kill it at the end of the block, as a machine that is lost."""
    with (root / "serve.log").open("wb") as log:
        command = [sys.executable, "-m", "payloom", "serve", "-C", str(root), "--port", str(port)]
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    try:
        until("it serves", lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").is_success)
        yield process
    finally:
        process.kill()
        process.wait()


def payloom(root: Path, variables: dict[str, str], *words: str, code: int = 0) -> Any:
    """Run a command in the project; return what it printed as JSON."""
    done = payloom_process.run(*words, "-C", root, "--json", environment=variables)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[list[dict[str, str]]]:
    """The variables of the machine that is lost, and of the one that goes on."""
    if request.param == "sqlite":
        yield [{}, {}]
        return
    address = request.getfixturevalue("postgres_server")
    with fresh_database(address) as first, fresh_database(address) as second:
        yield [{"PAYLOOM_DATABASE_URL": url} for url in (first, second)]


def payments(root: Path, url: str | None) -> dict[str, int]:
    """Return what was given back of each payment, by the database."""
    query = "SELECT id, refunded FROM payments"
    if url is not None:
        with psycopg.connect(url) as database:
            return dict(database.execute(query).fetchall())
    (file,) = (root / "data").glob("payloom*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as database:
        return dict(database.execute(query).fetchall())


def test_another_machine_goes_on_from_a_backup(tmp_path: Path, databases: list[dict[str, str]]) -> None:
    port = free_port()
    first, second = (write_project(tmp_path / name / "shop", FILES) for name in ("first", "second"))
    with Stripe(tmp_path, f"http://127.0.0.1:{port}/api/stripe/webhook") as stripe:
        lost, fresh = (
            staging(
                **database,
                PATH=f"{tools()}{os.pathsep}{os.environ['PATH']}",
                STRIPE_API_BASE=stripe.url,
                PAYLOOM_ADMIN_TOKEN="a-long-admin-token-of-the-drill",
            )
            for database in databases
        )
        with served(first, lost, port):
            until("payments are refunded", lambda: len(stripe.refunds()) > 6)
            backup = payloom(first, lost, "backup", str(tmp_path / "safe"))
            assert backup["rows"]["payments"] > 5
            done = len(stripe.refunds())
            until("more are refunded", lambda: len(stripe.refunds()) > done + 6)
        stripe.stop_paying()
        shutil.rmtree(first)
        checked = payloom(second, fresh, "restore", "--check", backup["file"])
        assert checked["fits"], checked
        payloom(second, fresh, "restore", backup["file"])
        before = payments(second, databases[1].get("PAYLOOM_DATABASE_URL"))
        assert len(before) == backup["rows"]["payments"] < len(stripe.paid) - 3
        with served(second, fresh, port):
            report = payloom(second, fresh, "events", "catch-up")
            assert report["stored"] > 0
            until("all are refunded", lambda: set(stripe.refunds()) == set(stripe.paid))
            url = databases[1].get("PAYLOOM_DATABASE_URL")
            until("all is noted", lambda: payments(second, url) == dict.fromkeys(stripe.paid, 10))
        assert sorted(stripe.refunds()) == sorted(stripe.paid), "one refund of each payment"
