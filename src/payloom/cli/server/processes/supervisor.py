"""The processes of `payloom serve`: started, kept alive, replaced without a gap, and stopped.

They share one listening socket, which stays open in the supervisor. A connection that arrives while no process accepts
waits in the socket's queue and is not refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import signal
from collections.abc import Callable, Sequence

log = logging.getLogger("payloom.serve")

READY_WITHIN = 120.0
"""Seconds that a process may take until it accepts requests; a migration may be part of it."""
STOP_WITHIN = 40.0
"""Seconds that a process may take to finish its requests and to hand over its runs."""
LONGEST_PAUSE = 30.0
"""Seconds between the starts of a process that ends again and again, at most."""
NOT_READY = signal.SIGUSR1
"""Tells a process to say that it is not ready. It serves on."""
MakeCommand = Callable[[int, int], Sequence[str]]
"""Returns the command of a process. It gets the file descriptor that the process writes to once it accepts requests,
and the number of the process, from 1 on; a successor has that of the process before it.
"""


@dataclasses.dataclass(slots=True)
class Child:
    """One server process."""

    process: asyncio.subprocess.Process
    number: int
    ended: asyncio.Task[int]
    """Its exit code, once it has ended."""

    async def stop(self) -> None:
        """Have it finish its requests, and return when it has ended; kill it if that takes too long."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
        done, _ = await asyncio.wait({self.ended}, timeout=STOP_WITHIN)
        if not done:
            log.warning("process %s did not stop within %s seconds, and is killed", self.process.pid, STOP_WITHIN)
            self.process.kill()
            await self.ended


class NotStarted(Exception):
    """A process ended, or took too long, before it accepted requests."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code


class Supervisor:
    """Keeps a number of server processes running until it is asked to stop."""

    def __init__(
        self, command: MakeCommand, inherited: Sequence[int], *, count: int, overlap: bool, drain: float = 0.0
    ) -> None:
        """inherited: file descriptors the processes share. overlap: whether a new process runs beside the old one.

        drain: seconds for which they serve on when asked to stop, and say that they are not ready.
        """
        self._drain = drain
        self._command = command
        self._inherited = tuple(inherited)
        self._count = count
        self._overlap = overlap
        self._children: list[Child] = []
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self, started: Callable[[], None]) -> int:
        """Serve until SIGTERM or SIGINT; SIGHUP replaces the processes. Returns the exit code.

        started: called once all processes accept requests.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._ask, self._reload)
        try:
            # The first one migrates, alone; the others find everything made.
            self._children.append(await self._start(1))
            self._children += await asyncio.gather(*(self._start(number) for number in range(2, self._count + 1)))
            if not self._stop.is_set():
                started()
            await self._watch()
        except NotStarted as failure:
            return 0 if self._stop.is_set() else failure.exit_code
        finally:
            await self._announce_stop()
            await asyncio.gather(*(child.stop() for child in self._children))
        return 0

    async def _announce_stop(self) -> None:
        """Have all say that they are not ready, and give proxies the time to see it."""
        if not (self._drain and self._stop.is_set() and self._children):
            return
        log.info("stopping in %g seconds", self._drain)
        for child in self._children:
            if child.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.send_signal(NOT_READY)
        await asyncio.sleep(self._drain)

    def _ask(self, event: asyncio.Event) -> None:
        event.set()
        self._changed.set()

    async def _watch(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            self._changed.clear()
            if self._reload.is_set():
                self._reload.clear()
                await self._replace_all()
            dead = [child for child in self._children if child.ended.done()]
            for child in dead:
                self._children.remove(child)
                log.error("process %s ended with %s, and is started again", child.process.pid, child.ended.result())
            if len(self._children) < self._count:
                pause = await self._start_again(pause)
                continue
            pause = 0.0
            await self._changed.wait()

    async def _start_again(self, pause: float) -> float:
        """Start a process in place of one that ended. Returns the seconds to wait before the next attempt."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._stop.wait()
        if self._stop.is_set():
            return pause
        try:
            numbers = {child.number for child in self._children}
            self._children.append(await self._start(min(set(range(1, self._count + 1)) - numbers)))
        except NotStarted as failure:
            log.error("a process did not start (%s), and is tried again", failure)  # noqa: TRY400 - it has told why itself
            return min(max(2 * pause, 1.0), LONGEST_PAUSE)
        return 0.0

    async def _replace_all(self) -> None:
        """Replace each process by a new one, one after the other. If a new one does not start, the old ones stay."""
        for old in list(self._children):
            if self._stop.is_set():
                return
            if not self._overlap:
                await old.stop()
            try:
                new = await self._start(old.number)
            except NotStarted as failure:
                log.error("the new process did not start (%s)", failure)  # noqa: TRY400 - it has told why itself
                if not self._overlap:
                    self._children.remove(old)
                return
            self._children.append(new)
            self._children.remove(old)
            if self._overlap:
                await old.stop()
            log.info("process %s took over from %s", new.process.pid, old.process.pid)

    async def _start(self, number: int) -> Child:
        """Start a process and return it once it accepts requests. Raises NotStarted."""
        reader, writer = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(writer, number),
                stdin=asyncio.subprocess.PIPE,  # closed when we are gone, however we end
                pass_fds=(*self._inherited, writer),
                start_new_session=True,  # Ctrl-C reaches us alone
            )
        finally:
            os.close(writer)
        child = Child(process, number, asyncio.create_task(process.wait()))
        child.ended.add_done_callback(lambda _: self._changed.set())
        ready = asyncio.create_task(_read_one(reader))
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({ready, stopped}, timeout=READY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and ready.result():
                return child
            await child.stop()
            raise NotStarted(child.ended.result() or 1)
        finally:
            stopped.cancel()
            await ready


async def _read_one(reader: int) -> bytes:
    """Return the byte that a process writes when it is ready; nothing if it ended before."""
    try:
        return await asyncio.to_thread(os.read, reader, 1)
    finally:
        os.close(reader)
