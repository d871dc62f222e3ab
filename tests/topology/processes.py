"""The parts of a deployment as processes of this machine: started, asked whether they are ready, stopped, killed."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


def wait_until(description: str, look: Callable[[], Any], seconds: float = 180) -> None:
    """Return as soon as `look()` is true."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            if look():
                return
        assert time.monotonic() < end, f"{description}: not within {seconds} seconds"
        threading.Event().wait(0.1)


class Part:
    """One process: a server, a worker, or the local Stripe. port: where it answers; 0: nowhere."""

    prefix: Sequence[str] = ()
    """What runs the process, if it is not this host."""

    def __init__(self, name: str, folder: Path, words: list[str], variables: Mapping[str, str], port: int = 0) -> None:
        self.name = name
        self.port = port
        self.log = folder / f"{name}.log"
        self._words, self._variables = words, dict(variables)
        self._process: subprocess.Popen[bytes] | None = None
        self._begin = 0

    def start(self, words: list[str] | None = None) -> None:
        """Start it, with other words if there are any."""
        self._words = words or self._words
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, sys.executable, *self._words],
                env=self._variables,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def replace_variables(self, variables: Mapping[str, str]) -> None:
        """Have the next start take other variables."""
        self._variables = dict(variables)

    def wait_ready(self) -> None:
        """Return once it answers; a worker, once it has said that it works."""

        def ready() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text("utf-8", "replace")[-2000:]
            if self.port:
                return httpx.get(f"http://127.0.0.1:{self.port}{self.probe}").is_success
            return b"Worker started" in self.log.read_bytes()[self._begin :]

        wait_until(f"{self.name} is ready", ready)

    @property
    def probe(self) -> str:
        """The path that it answers once it is ready."""
        return "/_emulator" if self.name == "stripe" else "/readyz"

    def stop(self) -> None:
        """Ask it to stop; it must end with 0."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(90) == 0, self.log.read_text("utf-8", "replace")[-2000:]

    def kill(self) -> None:
        """Let it die."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
