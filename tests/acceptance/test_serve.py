"""`payloom serve`: production's rules, processes that share a port, and no request lost while they change."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import psycopg
import pytest
from tests.support.http_server import event, write_project
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import SECRET, staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TABLES = """\
tables:
  payments:
    columns:
      id: string primary
"""
PAID = """\
name: Paid
description: Notes each payment once.
on: {stripe: payment_intent, actions: [succeeded], fresh: false}
steps:
  - insert: payments
    values: {id: "${{ object.id }}"}
"""
PING = """\
name: Ping
description: Says who answers.
on: {api: POST /ping, auth: none, rate_limit: 100000/m}
steps:
  - return: {answer: pong}
"""
ADD = """\
name: Add
description: Adds one with a function of the project.
on: {api: POST /add, auth: none}
input: {n: int}
steps:
  - id: sum
    python: sums:add_one
    with: {n: "${{ inputs.n }}"}
  - return: {n: "${{ sum }}"}
"""
SUMS = '''\
"""Sums."""
from payloom import step


@step
async def add_one(n: int) -> int:
    """Add one."""
    return n + 1
'''
FILES = {"tables.yaml": TABLES, "workflows/paid.yaml": PAID, "workflows/ping.yaml": PING}
WITH_PYTHON = {**FILES, "workflows/add.yaml": ADD, "actions/sums.py": SUMS}


class Served:
    """A running `payloom serve`."""

    def __init__(self, root: Path, variables: Mapping[str, str], *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = root / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "payloom", "serve", "-C", str(root), "--port", str(self.port), *options],
                env=dict(variables),
                stdout=log,
                stderr=log,
            )

    def until(self, condition: str, look: Any, seconds: float = 90) -> Any:
        """Return what `look()` returns as soon as it is true."""
        end = time.monotonic() + seconds
        while not (value := look()):
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < end, f"{condition} did not happen:\n{self.log.read_text('utf-8')}"
            threading.Event().wait(0.05)
        return value

    def lines(self, text: str) -> list[dict[str, Any]]:
        """Return the lines of its log whose event holds a text."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]
        return [line for line in lines if text in line["event"]]

    def processes(self) -> list[int]:
        """Return the ids of the processes that serve."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return sorted(map(int, listed.stdout.split()))

    def counted(self) -> dict[str, float]:
        """Return how many calls of the endpoint each process has counted, by what `/metrics` says."""
        headers = {"authorization": "Bearer a-token-of-metrics"}
        text = httpx.get(f"{self.url}/metrics", headers=headers, timeout=60).text
        lines = re.findall(r"^payloom_http_requests_total\{(.*)\} (\S+)$", text, re.MULTILINE)
        calls = [(labels, float(count)) for labels, count in lines if "/api/ping" in labels]
        return {re.findall(r'process="(\d)"', labels)[0]: count for labels, count in calls}

    def pay(self, number: int) -> None:
        """Deliver a signed event, and ask an endpoint; both must be answered as they should."""
        body = event("payment_intent.succeeded", f"evt_{number}", id=f"pi_{number}", amount=100, currency="eur")
        moment = int(time.time())
        digest = hmac.new(SECRET.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
        headers = {"stripe-signature": f"t={moment},v1={digest}"}
        answer = httpx.post(f"{self.url}/api/stripe/webhook", content=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        answer = httpx.post(f"{self.url}/api/ping", json={}, timeout=60)
        assert answer.json() == {"answer": "pong"}


@contextlib.contextmanager
def served(folder: Path, variables: Mapping[str, str], *options: str) -> Iterator[Served]:
    """Serve the project until the block ends. Asked to stop, it ends with exit code 0."""
    server = Served(write_project(folder, FILES), variables, *options)
    try:
        server.until("it serves", lambda: server.lines("serving"))
        yield server
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0, server.log.read_text("utf-8")
        assert server.processes() == []
    finally:
        server.process.kill()
        server.process.wait()


class Payers:
    """Somebody pays and asks again and again, until told to stop."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.acknowledged = 0
        self.failures: list[BaseException] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pay)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _pay(self) -> None:
        while not self._stop.is_set() and not self.failures:
            try:
                self.server.pay(self.acknowledged)
                self.acknowledged += 1
            except BaseException as failure:  # noqa: BLE001 - the test shows it
                self.failures.append(failure)

    def until_more(self) -> None:
        """Return after three more payments."""
        count = self.acknowledged
        self.server.until("more payments", lambda: self.failures or self.acknowledged > count + 3)


def test_no_request_is_lost_while_processes_are_replaced_and_no_payment_when_one_is_killed(
    tmp_path: Path, migrated_postgres_url: str
) -> None:
    variables = staging(PAYLOOM_DATABASE_URL=migrated_postgres_url, PAYLOOM_METRICS_TOKEN="a-token-of-metrics")
    with served(tmp_path, variables, "--workers", "2") as server:
        first = server.processes()
        assert len(first) == 2
        with Payers(server) as payers:
            payers.until_more()
            server.process.send_signal(signal.SIGHUP)
            server.until("both are replaced", lambda: len(server.lines("took over")) == 2)
            payers.until_more()
        assert payers.failures == []
        before = server.counted()
        assert before.keys() == {"1", "2"}, "whoever answers counts for both processes"
        for _ in range(20):
            httpx.post(f"{server.url}/api/ping", json={}, timeout=60)
        after = server.counted()
        assert sum(after.values()) == sum(before.values()) + 20
        second = server.processes()
        assert len(second) == 2
        assert not set(first) & set(second)
        os.kill(second[0], signal.SIGKILL)
        server.until("another one is there", lambda: len(server.processes()) == 2 and server.processes() != second)
        server.pay(payers.acknowledged)
        paid = payers.acknowledged + 1
        with psycopg.connect(migrated_postgres_url.replace("+psycopg", ""), autocommit=True) as database:
            count = "SELECT count(*) FROM payments"
            server.until("each payment is noted", lambda: database.execute(count).fetchone() == (paid,))
        assert "sign-in" not in server.log.read_text("utf-8")


def test_on_sqlite_connections_wait_while_the_one_process_is_replaced(tmp_path: Path) -> None:
    with served(tmp_path, staging()) as server:
        state = tmp_path / "data" / "local.json"
        assert [entry["url"] for entry in json.loads(state.read_text("utf-8"))["servers"]] == [server.url]
        with Payers(server) as payers:
            payers.until_more()
            server.process.send_signal(signal.SIGHUP)
            server.until("it is replaced", lambda: server.lines("took over"))
            payers.until_more()
        assert payers.failures == []
    assert "servers" not in json.loads(state.read_text("utf-8"))


@contextlib.contextmanager
def systemds_socket(root: Path, socket_port: int, port: int) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Hold a listening socket as systemd does; yield what starts a server with it."""
    with socket.create_server(("127.0.0.1", socket_port)) as listener, contextlib.ExitStack() as stack:
        command = shlex.join([sys.executable, "-m", "payloom", "serve", "-C", str(root), "--port", str(port)])
        script = f"exec 3<&{listener.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec {command}"

        def start() -> subprocess.Popen[bytes]:
            with (root / "serve.log").open("ab") as log:
                process = subprocess.Popen(
                    ["bash", "-c", script], env=staging(), pass_fds=[listener.fileno()], stdout=log, stderr=log
                )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


def test_connections_wait_in_systemds_socket_while_no_server_runs(tmp_path: Path) -> None:
    port = free_port()
    with systemds_socket(write_project(tmp_path, FILES), port, port) as start, ThreadPoolExecutor() as people:
        for _ in range(2):
            early = people.submit(httpx.post, f"http://127.0.0.1:{port}/api/ping", json={}, timeout=90)
            server = start()
            assert early.result().json() == {"answer": "pong"}
            server.kill()
            server.wait()


def test_a_socket_of_systemd_at_another_address_is_refused(tmp_path: Path) -> None:
    with systemds_socket(write_project(tmp_path, FILES), free_port(), 8123) as start:
        assert start().wait(60) == 4
    log = (tmp_path / "serve.log").read_text("utf-8")
    assert "the settings say 127.0.0.1:8123" in log
    assert "ListenStream=" in log


def test_its_processes_end_when_it_is_killed(tmp_path: Path) -> None:
    server = Served(write_project(tmp_path, FILES), staging())
    server.until("it serves", lambda: server.lines("serving"))
    (child,) = server.processes()
    server.process.kill()
    server.process.wait()
    end = time.monotonic() + 30
    while is_alive(child) and time.monotonic() < end:
        threading.Event().wait(0.05)
    assert not is_alive(child)


def is_alive(process: int) -> bool:
    """Return whether a process is there; one that has ended and that nobody waited for is not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()[:1] not in {"", "Z"}


def test_a_worker_beside_it_advances_the_runs_of_a_server_that_does_not_work(
    tmp_path: Path, migrated_postgres_url: str
) -> None:
    variables = staging(PAYLOOM_DATABASE_URL=migrated_postgres_url)
    write_project(tmp_path, WITH_PYTHON)
    command = [sys.executable, "-m", "payloom", "worker", "-C", str(tmp_path)]
    with served(tmp_path, variables, "--no-work") as server:
        early = httpx.post(f"{server.url}/api/add", json={"n": 1}, headers={"prefer": "respond-async"}, timeout=60)
        assert early.status_code in {200, 202}, early.text
        with (tmp_path / "worker.log").open("wb") as log:
            worker = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        try:
            answer = httpx.post(f"{server.url}/api/add", json={"n": 41}, timeout=90)
            assert answer.json() == {"n": 42}, (tmp_path / "worker.log").read_text("utf-8")
        finally:
            worker.terminate()
            assert worker.wait(60) == 0


REFUSED: list[tuple[dict[str, str], list[str], str]] = [
    ({"PAYLOOM_ENV": "dev"}, [], "this is dev"),
    ({}, ["--workers", "2"], "SQLite takes one process"),
    ({}, ["--no-work"], "SQLite takes one process"),
    ({"PAYLOOM_ENV": "production"}, [], "not https"),
    ({"STRIPE_SECRET_KEY": ""}, [], "is set but STRIPE_SECRET_KEY is not"),
    ({"STRIPE_API_BASE": "127.0.0.1:9"}, [], "STRIPE_API_BASE is not an address"),
    ({"STRIPE_WEBHOOK_SECRET": "whsec_placeholder"}, [], "placeholder"),
    ({"PAYLOOM_SEALING_KEY": ""}, [], "no key to seal"),
    ({"PAYLOOM_SEALING_KEY": "too short"}, [], "no sealing key"),
    (
        {
            "PAYLOOM_ENV": "production",
            "PAYLOOM_SITE_URL": "https://shop.example.test",
            "STRIPE_SECRET_KEY": "sk_live_51HnQ2LkfJd83nAbcQweRtyUiop4",
            "STRIPE_PUBLISHABLE_KEY": "pk_live_51HnQ2LkfJd83nAbcQweRtyUiop4",
        },
        [],
        "production talks to api.stripe.com alone",
    ),
]


@pytest.mark.parametrize(("changes", "options", "reason"), REFUSED, ids=[reason for _, _, reason in REFUSED])
def test_it_refuses_to_serve(tmp_path: Path, changes: dict[str, str], options: list[str], reason: str) -> None:
    write_project(tmp_path, FILES)
    done = payloom_process.run("serve", "-C", tmp_path, *options, environment=staging(**changes), timeout=60)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "hint:" in done.stderr


def test_check_starts_everything_but_the_port(tmp_path: Path) -> None:
    write_project(tmp_path, FILES)
    done = payloom_process.run("serve", "-C", tmp_path, "--check", environment=staging(), timeout=60)
    assert done.returncode == 0, done.stderr
    assert "starts: staging" in done.stdout
    (tmp_path / "workflows" / "paid.yaml").write_text(PAID.replace("insert: payments", "insert: nowhere"), "utf-8")
    done = payloom_process.run("serve", "-C", tmp_path, "--check", environment=staging(), timeout=60)
    assert done.returncode == 2, done.stderr
    assert "nowhere" in done.stderr
