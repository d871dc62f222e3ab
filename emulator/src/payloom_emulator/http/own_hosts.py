"""Answers only under names of this machine: a foreign name that points here is a page's (DNS rebinding)."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from payloom_emulator.core.errors import WrongHost

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OwnHosts:
    """The outermost layer: refuses a request whose Host names another machine, whatever it asks for."""

    def __init__(self, app: ASGIApp, base_url: str, more: Collection[str] = (), *, every_address: bool = False) -> None:
        """Wrap `app`. base_url: where browsers reach it; more: further names it answers for.

        every_address: it listens on all of them. Each is its own, and no page can make up an address.
        """
        self._app = app
        own = urlsplit(base_url).hostname or ""
        self._hosts = LOOPBACK | {own} | {name.lower() for name in more}
        self._every_address = every_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in {"http", "websocket"}:
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            host = _name_of(hosts[0]) if len(hosts) == 1 else ""
            if not (host in self._hosts or (self._every_address and _is_address(host))):
                await _refuse(send, host, "websocket." if scope["type"] == "websocket" else "")
                return
        await self._app(scope, receive, send)


def _name_of(host: str) -> str:
    """Return a Host header's name in lower case, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _refuse(send: Send, host: str, kind: str) -> None:
    error = WrongHost(
        f"The local Stripe does not answer for the host {host[:100]!r}.",
        hint="Use http://127.0.0.1 or http://localhost, or start it with --allow-host NAME.",
    )
    body = json.dumps({"error": error.to_dict()}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}http.response.start", "status": error.status, "headers": headers})
    await send({"type": f"{kind}http.response.body", "body": body})
