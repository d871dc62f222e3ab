"""Runs a local Stripe in a thread: for tests, and for programs that want one beside them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

from payloom_emulator.core.config import DEFAULT_PUBLISHABLE_KEY, DEFAULT_SECRET_KEY, EmulatorConfig
from payloom_emulator.http.app import create_app
from payloom_emulator.kit.clock import monotonic
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator

    from payloom_emulator.kit.clock import Clock


@dataclasses.dataclass(slots=True)
class RunningEmulator:
    """A served local Stripe. `url` is what a client's `base_addresses={"api": url}` wants."""

    url: str
    emulator: Emulator
    secret_key: str = DEFAULT_SECRET_KEY
    publishable_key: str = DEFAULT_PUBLISHABLE_KEY

    @property
    def control_key(self) -> str:
        """What calls of the control API from other machines need."""
        return self.emulator.config.control_key

    def control(self, path: str, /, **params: object) -> dict[str, Any]:
        """POST to `/_emulator/{path}` and return the answer."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.control_key}"}
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/_emulator/{path}", json.dumps(params).encode(), headers
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=60) as response:
            return json.loads(response.read())

    def advance(self, how_far: str | int) -> dict[str, Any]:
        """Move the clock: seconds, or a duration like "30d". What was planned on the way happens, in order."""
        return self.control("clock", advance=how_far)

    def fail_next(self, **fault: object) -> None:
        """Fail the next matching call.

        fault: status, method, path, count, when ("before" or "after"), seconds, code, and the like.
        """
        self.control("fail-next", **fault)

    def reset(self) -> None:
        """Forget everything."""
        self.control("reset")

    def settle(self) -> None:
        """Let what the outside world still has to do happen now: banks settle, balance transactions arrive."""
        self.advance(10)


@contextlib.contextmanager
def run(config: EmulatorConfig | None = None, *, clock: Clock | None = None) -> Generator[RunningEmulator]:
    """Serve a local Stripe on a free port of 127.0.0.1 until the block ends."""
    import uvicorn  # noqa: PLC0415 - only when served

    from payloom_emulator.http.web_sockets.protocol import WebSocketProtocol  # noqa: PLC0415 - only when served

    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    emulator = Emulator(dataclasses.replace(config or EmulatorConfig(), base_url=url), clock=clock)
    app = create_app(emulator=emulator)
    server = uvicorn.Server(
        uvicorn.Config(app, ws=WebSocketProtocol, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = monotonic() + 10
    pause = threading.Event()
    while not server.started and monotonic() < deadline:
        pause.wait(0.005)
    try:
        yield RunningEmulator(url, emulator, emulator.config.secret_key, emulator.config.publishable_key)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
