"""A project's server in a process of its own, as `payloom dev` makes it, with a parser and a loop of choice."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from tests.support.http_server import RunningServer, write_project
from tests.support.processes import payloom_process
from tests.support.processes.payloom_process import PayloomProcess

from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from payloom.settings.model import Settings

_SERVE = """
import socket, sys
from pathlib import Path
from payloom.cli.server.processes.servers import make_server
from payloom.settings.load import load_settings
root, port, parser, loop, database_url, descriptor = sys.argv[1:]
settings = load_settings(Path(root), port=int(port), database_url=database_url or None, environ={})
with socket.socket(fileno=int(descriptor)) as listener:
    make_server(settings, lambda _link: None, parser=parser, loop=loop).run(sockets=[listener])
"""


class ServerProcess(RunningServer):
    """A running server process: ways to knock, and to look at it from outside."""

    def __init__(self, settings: Settings, process: PayloomProcess, log: Path) -> None:
        super().__init__(settings)
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8")

    def memory(self) -> int:
        """Megabytes that are resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    def metric(self, line: str) -> float:
        """The value of a line of /metrics, 0 when it is not there."""
        lines = [splitline for splitline in self.metrics().splitlines() if splitline.startswith(line + " ")]
        return float(lines[0].split()[-1]) if lines else 0.0

    def stop(self) -> float:
        """Ask it to stop as a deploy does; return the seconds that took. It must end by itself, without complaint."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == -signal.SIGTERM, self.log
        return time.monotonic() - began


@contextmanager
def server_process(
    folder: Path,
    files: Mapping[str, str],
    *,
    parser: str = "auto",
    loop: str = "auto",
    database_url: str | None = None,
    name: str = "server",
) -> Iterator[ServerProcess]:
    """Serve a project while the block runs."""
    root = write_project(folder, files)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = load_settings(root, port=port, database_url=database_url, environ={})
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            process = payloom_process.start(
                *(root, str(port), parser, loop, database_url or ""),
                stdout=out,
                stderr=out,
                program=_SERVE,
                inherited=[listener.fileno()],
            )
    server = ServerProcess(settings, process, log)
    try:
        _wait_ready(server)
        yield server
    finally:
        server.http.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def _wait_ready(server: ServerProcess) -> None:
    end = time.monotonic() + 40
    while time.monotonic() < end:
        assert server.process.poll() is None, server.log
        try:
            if server.http.get("/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(server.log)
