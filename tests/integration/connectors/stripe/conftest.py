"""A local Stripe, a wire to it that can fail in every way, and the connector on this side of the wire."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.step_host import StripeHost
from payloom.kit.clock import ManualClock
from payloom.workflows.program.commands import Do
from payloom_emulator.embedded import RunningEmulator, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Wire:
    """A proxy that spoils the next calls.

    modes: `drop_response` (the call arrives, the answer is lost), `drop_request` (the connection ends before the call
    arrives), `truncate` (half of the answer), `delay` (the answer comes `seconds` later), `silence` (none comes).
    """

    def __init__(self, target: str) -> None:
        self.host, port = target.removeprefix("http://").split(":")
        self.port = int(port)
        self.faults: list[str] = []
        self.seconds = 1.0
        self.requests = 0
        self.writes = 0
        self.tasks: set[asyncio.Task[Any]] = set()
        self.writers: list[asyncio.StreamWriter] = []
        self.closed = asyncio.Event()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._connection, "127.0.0.1", 0)

    async def close(self) -> None:
        self.closed.set()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.closed.wait(), self.seconds)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.writers.append(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self.tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass one call on; False ends the connection."""
        request = await self._message(reader)
        self.requests += 1
        self.writes += not request.startswith(b"GET ")
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "drop_request":
            return False
        if fault == "silence":
            await self._wait()
            return False
        answer = await self._forward(request)
        if fault == "drop_response":
            return False
        if fault == "delay":
            await self._wait()
        writer.write(answer[: len(answer) // 2] if fault == "truncate" else answer)
        await writer.drain()
        return fault != "truncate"

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(request)
        await writer.drain()
        try:
            return await self._message(reader)
        finally:
            writer.close()
            await writer.wait_closed()

    async def _message(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        return head + await reader.readexactly(length)


@dataclasses.dataclass
class Side:
    """This side: the connector through the wire, and a driver as simple as one can be."""

    connector: StripeConnector
    direct: StripeConnector
    clock: ManualClock
    wire: Wire
    stripe: RunningEmulator
    failures: list[Any] = dataclasses.field(default_factory=list)

    async def drive(self, action: str, args: dict[str, Any], *, pause: float = 0.0, attempts: int = 5) -> Any:
        """Do one step like the run's driver: try again while that may help, `pause` seconds later for everybody."""
        do = Do(path="0", verb="stripe", action=action, args={"with": args}, key="run_1:0")
        first = self.clock.now()
        doubt = False
        for number in range(1, attempts + 1):
            try:
                return await StripeHost(self.connector).perform(do, Attempt("run_1", number, first, doubt))
            except StepFailed as error:
                self.failures.append(error.failure)
                doubt = doubt or bool(error.failure.data.get("in_doubt"))
                if not error.failure.retryable:
                    raise
                self.pass_time(pause)
        raise AssertionError(f"still failing after {attempts} attempts: {self.failures}")

    def pass_time(self, seconds: float) -> None:
        if seconds:
            self.clock.advance(dt.timedelta(seconds=seconds))
            self.stripe.advance(int(seconds))

    async def count(self, listing: str, **filters: Any) -> int:
        """Return how many objects there are at Stripe, asked past the wire."""
        return len((await self.direct.perform(listing, {"all": True, **filters}))["data"])


@pytest.fixture(scope="session")
def local_stripe() -> Iterator[RunningEmulator]:
    with run() as running:
        yield running


@pytest.fixture
async def side(local_stripe: RunningEmulator) -> AsyncIterator[Side]:
    local_stripe.reset()
    wire = Wire(local_stripe.url)
    server = await wire.serve()
    clock = ManualClock(dt.datetime.fromtimestamp(local_stripe.emulator.clock.now(), dt.UTC))
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    through = StripeConnector(StripeSettings(local_stripe.secret_key, url, timeout=5.0), clock)
    direct = StripeConnector(StripeSettings(local_stripe.secret_key, local_stripe.url), clock)
    yield Side(through, direct, clock, wire, local_stripe)
    await through.close()
    await direct.close()
    server.close()
    await wire.close()
