"""Plays a worker on a host of its own, a network namespace, whose link becomes slow and then goes away for a while.

    python -W ignore -m tests.topology.hosts        (as root, on Linux)

Postgres, the local Stripe, the server, and the other worker are on this host. Customers order and pay all the time. A
packet over a link that is down vanishes: nobody is told. At the end, each effect happened once.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict
from tests.support.ports import free_port
from tests.support.postgres import fresh_database, server, trust_the_machine
from tests.topology.processes import Part
from tests.topology.rehearsal import Deployment

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMESPACE, OUTSIDE, INSIDE = "payloom-worker", "payloom-out", "payloom-in"
HERE, THERE = "10.213.7.1", "10.213.7.2"
AWAY = 40.0
"""Seconds without a link: a worker counts as dead after 15."""
RATE = "128kbit"


def ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True)


class Link:
    """A network namespace and the link to it."""

    def __enter__(self) -> Self:
        ip("netns", "add", NAMESPACE)
        ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE)
        ip("link", "set", INSIDE, "netns", NAMESPACE)
        ip("addr", "add", f"{HERE}/30", "dev", OUTSIDE)
        ip("-n", NAMESPACE, "addr", "add", f"{THERE}/30", "dev", INSIDE)
        for words in (("link", "set", OUTSIDE, "up"), ("-n", NAMESPACE, "link", "set", INSIDE, "up")):
            ip(*words)
        ip("-n", NAMESPACE, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_: object) -> None:
        ip("link", "del", OUTSIDE)
        ip("netns", "del", NAMESPACE)

    def slow(self, rate: str | None) -> None:
        """Let the link carry no more than `rate` in either direction; None: as much as it can."""
        ends = ((["tc"], OUTSIDE), (["ip", "netns", "exec", NAMESPACE, "tc"], INSIDE))
        for program, end in ends:
            shape = ["tbf", "rate", rate, "burst", "4kb", "latency", "500ms"] if rate else []
            subprocess.run([*program, "qdisc", "add" if rate else "del", "dev", end, "root", *shape], check=True)

    def down(self) -> None:
        """Cut it: what is sent vanishes."""
        ip("-n", NAMESPACE, "link", "set", INSIDE, "down")

    def up(self) -> None:
        """Mend it."""
        ip("-n", NAMESPACE, "link", "set", INSIDE, "up")


class Doorway:
    """Makes a port of this host, or a socket, reachable over the link."""

    def __init__(self, port: int = 0, socket: str = "") -> None:
        self.port = free_port()
        self._target, self._socket = port, socket
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        assert self._started.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, HERE, self.port))
        self._started.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._socket:
            there = await asyncio.open_unix_connection(self._socket)
        else:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    writer.close()


class RemotePart(Part):
    """A process in the namespace."""

    prefix: Sequence[str] = ("ip", "netns", "exec", NAMESPACE)


def main() -> int:
    """Play it and print the table."""
    warnings.simplefilter("ignore")
    with (
        tempfile.TemporaryDirectory(prefix="payloom-hosts-") as folder,
        server(Path(folder) / "postgres") as postgres,
        Link() as link,
        contextlib.ExitStack() as stack,
    ):
        trust_the_machine(postgres)
        database = stack.enter_context(fresh_database(postgres))
        deployment = Deployment(Path(folder), postgres, database, stack, hosts=(HERE,))
        parts = conninfo_to_dict(database)
        doorways = (
            Doorway(socket=f"{parts['host']}/.s.PGSQL.{parts.get('port') or 5432}"),
            Doorway(port=urlsplit(deployment.variables["STRIPE_API_BASE"]).port or 0),
        )
        variables = deployment.variables | {
            "PAYLOOM_DATABASE_URL": f"postgresql://postgres@{HERE}:{doorways[0].port}/{parts['dbname']}?sslmode=disable",
            "STRIPE_API_BASE": f"http://{HERE}:{doorways[1].port}",
        }
        deployment.workers[0] = RemotePart("worker1", Path(folder), deployment.work_words(), variables)
        deployment.start()
        print(f"{'phase':<34} {'seconds':>8} {'orders':>7} {'payments':>9}", flush=True)
        customers = deployment.customers

        def phase(name: str, seconds: float = 0.0) -> None:
            began, orders, paid = time.monotonic(), len(customers.orders), len(customers.paid)
            customers.until_more()
            while time.monotonic() < began + seconds:
                customers.until_more()
            numbers = f"{len(customers.orders) - orders:>7} {len(customers.paid) - paid:>9}"
            print(f"{name:<34} {time.monotonic() - began:>8.1f} {numbers}", flush=True)

        phase("both hosts work")
        link.slow(RATE)
        phase(f"the link carries {RATE}", 20)
        link.slow(None)
        link.down()
        phase("the link is down", AWAY)
        link.up()
        phase("the link is back", 20)
        customers.stop()
        deployment.settle()
        assert set(customers.refunds().values()) == {1}, "one refund of each payment"
        log = deployment.workers[0].log.read_text("utf-8", "replace")
        assert "emulator_wrong_host" not in log, log
        print(f"each once: {len(customers.orders)} orders, {len(customers.paid)} payments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
