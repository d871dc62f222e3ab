"""Calls of the shop's API over HTTP: the whole server in a process, the local Stripe in another."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Generator
from pathlib import Path

import psutil
from webhook import free_port, process

SHOP = Path(__file__).parents[1] / "templates" / "shop"
_SERVE = """
import sys, uvicorn
from pathlib import Path
from payloom.app.asgi import create_app
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
folder, port, url, stripe = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
settings = load_settings(folder, port=port, database_url=url, local_stripe_port=stripe, environ={})
app = create_app(load_project(folder, settings), settings)
uvicorn.run(app, port=port, log_level="error", access_log=False, server_header=False)
"""


@dataclasses.dataclass(frozen=True)
class Calls:
    """What so many callers at once got: calls per second, milliseconds, and milliseconds of the server's processor."""

    callers: int
    rate: float
    p50: float
    p99: float
    processor: float


async def create_checkout(folder: Path, url: str, callers: list[int], count: int) -> list[Calls]:
    """Call `POST /create-checkout` for guests who were never there before: two calls to Stripe, one order."""
    with shop(folder, url) as (port, server):
        await call(port, 2, 20)
        return [await call(port, number, count, server) for number in callers]


async def call(port: int, callers: int, count: int, server: psutil.Process | None = None) -> Calls:
    """Make `count` calls on as many connections as there are callers."""
    numbers, times = iter(range(count)), list[float]()

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in numbers:
            body = json.dumps(
                {
                    "cart_id": str(uuid.uuid4()),
                    "items": [{"sku": "guide", "quantity": 1}],
                    "email": f"{uuid.uuid4().hex[:12]}@corner.test",
                }
            ).encode()
            head = f"POST /api/create-checkout HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            began = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r")[0])
            content = await reader.readexactly(length)
            assert answer.startswith(b"HTTP/1.1 200"), content
            times.append(time.perf_counter() - began)
        writer.close()

    began, spent = time.perf_counter(), _spent(server)
    await asyncio.gather(*[caller() for _ in range(callers)])
    elapsed, times = time.perf_counter() - began, sorted(times)
    processor = (_spent(server) - spent) / count * 1000
    return Calls(callers, count / elapsed, times[count // 2] * 1000, times[int(count * 0.99)] * 1000, processor)


@contextlib.contextmanager
def shop(folder: Path, url: str) -> Generator[tuple[int, psutil.Process]]:
    """Serve a copy of the template without its rate limits; yields the port and the server's process."""
    shutil.copytree(SHOP, folder)
    for path in (folder / "workflows").glob("*.yaml"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "rate_limit:" not in line))
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "payloom_emulator", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as stripe:
        try:
            assert stripe.stdout is not None
            stripe_port = int(stripe.stdout.readline().split("http://127.0.0.1:")[1].split()[0])
            port = free_port()
            with process("-c", _SERVE, str(folder), str(port), url, str(stripe_port), port=port) as server:
                yield port, server
        finally:
            stripe.terminate()
            stripe.wait(20)


def _spent(server: psutil.Process | None) -> float:
    return 0.0 if server is None else sum(server.cpu_times()[:2])
