"""Acknowledgements over HTTP: the whole server against a bare receiver, asked by fifty connections, in turns."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import psutil
import receiver
from rounds import Compared, compare

from payloom.settings.load import load_settings

CONNECTIONS = 50
MORE = {"payment_status": "paid", "note": "x" * 1200}
TABLES = "tables: {orders: {columns: {id: string primary, paid: int = 0}}}\n"
PAY = """\
name: Pay
description: One update, done when the event is acknowledged.
on: {stripe: checkout.session, actions: [completed]}
steps:
  - filter: object.payment_status == 'paid'
  - upsert: orders
    key: id
    values: {id: "${{ object.id }}", paid: "${{ object.amount_total }}"}
"""
NUMBERS = itertools.count(1)


def request(kind: str, number: int, secret: str) -> bytes:
    """A signed delivery, as bytes."""
    event = {
        "id": f"evt_{kind}_{number}",
        "object": "event",
        "type": "checkout.session.completed" if kind == "pay" else "product.created",
        "created": int(time.time()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"object": "x", "id": f"o{number % 500}", "amount_total": 5, **MORE}},
    }
    body, at = json.dumps(event).encode(), int(time.time())
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    head = f"POST /api/stripe/webhook HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nstripe-signature: t={at},v1={digest}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def load(port: int, kind: str, count: int, secret: str) -> tuple[float, list[float]]:
    """Deliver `count` events on CONNECTIONS connections; returns acknowledgements per second and seconds for each."""
    requests = iter([request(kind, next(NUMBERS), secret) for _ in range(count)])
    times: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for delivery in requests:
            began = time.perf_counter()
            writer.write(delivery)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            assert length is not None
            await reader.readexactly(int(length[1]))
            times.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*[connection() for _ in range(CONNECTIONS)])
    return count / (time.perf_counter() - began), times


def free_port() -> int:
    """Return a port that no process listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def project(folder: Path) -> str:
    """Make a project with one workflow; returns its signing secret."""
    folder.mkdir()
    for name, text in {"payloom.yaml": "name: Bench\n", "tables.yaml": TABLES, "workflows/pay.yaml": PAY}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return load_settings(folder, environ={}).stripe.webhook_secrets[0].get_secret_value()


@contextlib.contextmanager
def process(*command: str, port: int) -> Generator[psutil.Process]:
    """A server, once it listens, until the end of the block."""
    with subprocess.Popen([sys.executable, "-W", "ignore", *command]) as child:
        try:
            end = time.monotonic() + 60
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                assert child.poll() is None, f"{command} has ended"
                assert time.monotonic() < end, f"{command} does not listen"
                time.sleep(0.05)
            yield psutil.Process(child.pid)
        finally:
            child.terminate()
            child.wait(20)


@contextlib.contextmanager
def ours(folder: Path, url: str, port: int) -> Generator[psutil.Process]:
    """The whole server, as `payloom serve` runs it but for the local Stripe."""
    with process("-c", _SERVE, str(folder), str(port), url, port=port) as server:
        yield server


_SERVE = """
import sys, gc, uvicorn
from pathlib import Path
from payloom.app.asgi import create_app
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
folder, port, url = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
settings = load_settings(folder, port=port, database_url=url, environ={})
app = create_app(load_project(folder, settings), settings)
uvicorn.run(app, port=port, log_level="error", access_log=False, server_header=False)
"""


async def acknowledgements(folder: Path, ours_url: str, bare_url: str, kind: str, *, rounds: int) -> Compared:
    """Compare the two servers. kind: `none` for events that start nothing, `pay` for a run in the fast lane."""
    bare_port, port = free_port(), free_port()
    secret = project(folder / "project")
    with (
        process(str(Path(receiver.__file__)), bare_url, str(bare_port), secret, port=bare_port),
        ours(folder / "project", ours_url, port),
    ):

        async def floor() -> float:
            return (await load(bare_port, kind, 1500, secret))[0]

        async def subject() -> float:
            return (await load(port, kind, 1500, secret))[0]

        return await compare(floor, subject, rounds)


async def idle(folder: Path, url: str, seconds: float) -> tuple[float, float]:
    """Return what the server costs while nothing happens: percent of a core, megabytes (resident, not shared)."""
    port = free_port()
    project(folder / "project")
    with ours(folder / "project", url, port) as server:
        await asyncio.sleep(6)
        before = sum(server.cpu_times()[:2])
        await asyncio.sleep(seconds)
        return (sum(server.cpu_times()[:2]) - before) / seconds * 100, server.memory_full_info().uss / 2**20
