"""What the browser tests of the local Stripe are made of: served applications on ports of their own."""

from __future__ import annotations

import dataclasses
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable

    import stripe

    from payloom_emulator.runtime.emulator import Emulator


class Served:
    """An ASGI application on a free port of 127.0.0.1, in a thread of its own."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.app = make(self.url)
        self._server = uvicorn.Server(uvicorn.Config(self.app, log_level="warning", ws="none"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self.socket]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        started = threading.Event()
        while not self._server.started and self._thread.is_alive():
            started.wait(0.01)
        assert self._server.started, "the server did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self.socket.close()


@dataclasses.dataclass
class Local:
    """The two servers of a test: the local Stripe and the shop."""

    emulator: Emulator
    url: str
    shop: str
    stripe: stripe.StripeClient
