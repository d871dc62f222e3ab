"""Stripe's own CLI against the local Stripe: triggers, reads and writes, `listen` and `logs tail`. No network is used.

npm's package brings the CLI; where it is not to be had, these tests are skipped. `make stripe-cli` runs every trigger
that the CLI lists, which takes half a minute.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import stripe
from tests.support.packages.node_packages import Packages
from tests.support.present import present

from payloom_emulator.embedded import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payloom_emulator.embedded import RunningEmulator

FOLDER = Path(__file__).parent / "stripe_cli"
LEFT_OUT = ("issuing_", "identity.", "v1.billing.meter.")
"""Triggers of products that answer 501, and those that the CLI sends to meter-events.stripe.com."""
OFTEN_USED = (
    "charge.dispute.created",
    "checkout.session.completed",
    "customer.discount.updated",
    "invoice.payment_failed",
    "payment_intent.partially_funded",
    "payment_intent.requires_action",
    "subscription_schedule.created",
    "transfer.reversed",
)


class StripeCli:
    """The program, with the options that lead it to a local Stripe."""

    def __init__(self, binary: Path, home: Path, url: str) -> None:
        self.binary, self.url = str(binary), url
        self.environment = {**os.environ, "HOME": str(home), "STRIPE_CLI_TELEMETRY_OPTOUT": "1"}

    def command(self, *words: str) -> list[str]:
        return [self.binary, *words, "--api-key", "sk_test_0123456789", "--api-base", self.url]

    def run(self, *words: str) -> str:
        done = subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"stripe {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def triggers(self) -> list[str]:
        help_text = self.run("trigger", "--help").split("Supported events:")[1].split("Usage:")[0]
        return help_text.split()


@pytest.fixture(scope="module")
def binary() -> Path:
    try:
        modules = Packages(FOLDER).install()
    except RuntimeError as error:
        pytest.skip(f"npm cannot get Stripe's CLI here: {str(error)[-300:]}")
    binary = modules / "@stripe" / "cli-linux-x64" / "bin" / "stripe"
    if not binary.exists():
        pytest.skip("npm has no build of Stripe's CLI that is pinned here for this system.")
    return binary


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with run() as running:
        yield running


@pytest.fixture
def cli(binary: Path, emulator: RunningEmulator, tmp_path: Path) -> StripeCli:
    emulator.reset()
    return StripeCli(binary, tmp_path, emulator.url)


def line_with(process: subprocess.Popen[str], *words: str) -> str:
    """Return the first line of what a program writes that has all the words."""
    seen: list[str] = []
    for line in present(process.stdout):
        seen.append(line)
        if all(word in line for word in words):
            return line
    raise AssertionError(f"the program ended without {words}:\n{''.join(seen)}")


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=10)


def test_triggers_make_the_calls_that_cause_their_events(cli: StripeCli) -> None:
    covered = [name for name in cli.triggers() if not name.startswith(LEFT_OUT)]
    assert len(covered) >= 106
    chosen = covered if os.environ.get("PAYLOOM_EVERY_TRIGGER") else [name for name in covered if name in OFTEN_USED]
    assert len(chosen) >= len(OFTEN_USED)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: cli.run("trigger", name), chosen))


def test_it_reads_writes_and_lists(cli: StripeCli) -> None:
    created = json.loads(cli.run("customers", "create", "--name", "Jenny"))
    assert created["name"] == "Jenny"
    assert json.loads(cli.run("get", created["id"])) == created
    assert "customer.created" in cli.run("events", "list", "--limit", "1")


def test_listen_forwards_events_and_logs_tail_shows_requests(cli: StripeCli, emulator: RunningEmulator) -> None:
    got: list[tuple[bytes, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((body, self.headers["Stripe-Signature"]))
            self.send_response(202)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        tail = cli.start("logs", "tail")
        address = f"127.0.0.1:{server.server_port}/hooks"
        listen = cli.start("listen", "--events", "customer.created", "--forward-to", address)
        try:
            secret = line_with(listen, "Ready!").split("secret is ")[1].split()[0]
            line_with(tail, "Ready!")
            emulator.emulator.call("POST", "/v1/customers", {"name": "Jenny"})
            assert "customer.created" in line_with(listen, "-->")
            assert "/hooks" in line_with(listen, "<--", "[202]")
            assert "[200]" in line_with(tail, "POST", "/v1/customers")
        finally:
            stop(listen)
            stop(tail)
            server.shutdown()
    event = stripe.Webhook.construct_event(*got[0], secret)
    assert event.type == "customer.created"
