"""Web sockets for uvicorn without a further package: what `uvicorn.Config(ws=WebSocketProtocol)` switches to.

uvicorn hands over the request that asked for a web socket. From there on this class speaks to the application as ASGI
says, and to the client in frames.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import h11

from payloom_emulator.http.web_sockets.frames import MessageReader, Opcode, ProtocolError, pack

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp, Scope
    from starlette.types import Message as AsgiMessage
    from uvicorn.server import ServerState

    from payloom_emulator.http.web_sockets.frames import Message

_ACCEPTED_BY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What RFC 6455 adds to a client's key before it is hashed."""


class WebSocketProtocol(asyncio.Protocol):
    """One connection that became a web socket."""

    def __init__(self, config: uvicorn.Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        """Serve the application of `config`."""
        self._app = cast("ASGIApp", config.loaded_app)  # pyright: ignore[reportUnknownMemberType] - uvicorn's own type
        self._state, self._app_state = server_state, app_state
        self._arrived: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self._reader = MessageReader()
        self._head = h11.Connection(h11.SERVER)
        self._accept_key: bytes | None = None
        self._open = False
        self._gone = False

    # --- what asyncio calls --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(cast("Any", self))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application that the client is gone."""
        del exc
        self._state.connections.discard(cast("Any", self))
        self._open = False
        self._disconnect(1006)

    def eof_received(self) -> None:
        """Close: a client that says nothing more has left."""

    def data_received(self, data: bytes) -> None:
        """Read the request first, then frames."""
        if self._accept_key is None:
            self._begin(data)
            return
        try:
            for message in self._reader.feed(data):
                self._take(message)
        except ProtocolError as error:
            self._close(error.code)
        except UnicodeDecodeError:
            self._close(1007)

    def shutdown(self) -> None:
        """Close, as the server stops."""
        if self._open:
            self._close(1012)
        else:
            self._transport.close()

    # --- the beginning -------------------------------------------------------------------------------------------

    def _begin(self, data: bytes) -> None:
        self._head.receive_data(data)
        request = self._head.next_event()
        assert isinstance(request, h11.Request)
        headers = [(name.lower(), value) for name, value in request.headers]
        key = dict(headers).get(b"sec-websocket-key")
        if key is None or dict(headers).get(b"sec-websocket-version") != b"13":
            self._refuse(400, [(b"sec-websocket-version", b"13")], b"")
            return
        digest = hashlib.sha1(key + _ACCEPTED_BY, usedforsecurity=False).digest()
        self._accept_key = base64.b64encode(digest)
        task = asyncio.get_running_loop().create_task(self._serve(self._scope(request, headers)))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)
        self._arrived.put_nowait({"type": "websocket.connect"})

    def _scope(self, request: h11.Request, headers: list[tuple[bytes, bytes]]) -> Scope:
        path, _, query = request.target.partition(b"?")
        offered = dict(headers).get(b"sec-websocket-protocol", b"").decode("latin-1")
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": headers,
            "client": self._transport.get_extra_info("peername"),
            "server": self._transport.get_extra_info("sockname"),
            "subprotocols": [name.strip() for name in offered.split(",") if name.strip()],
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}},
        }

    async def _serve(self, scope: Scope) -> None:
        try:
            await self._app(scope, self._arrived.get, self._send)
        finally:
            if self._open:
                self._close(1000)
            elif not self._transport.is_closing():
                self._refuse(500, [], b"")

    # --- what the application sends ------------------------------------------------------------------------------

    async def _send(self, message: AsgiMessage) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._accept(message)
        elif kind == "websocket.send" and self._open:
            text = message.get("text")
            opcode, payload = (Opcode.BINARY, message["bytes"]) if text is None else (Opcode.TEXT, text.encode())
            self._transport.write(pack(opcode, payload))
        elif kind == "websocket.close" and self._open:
            self._close(message.get("code", 1000))
        elif kind == "websocket.close":
            self._refuse(403, [], b"")
        elif kind == "websocket.http.response.start":
            self._refusal = (message["status"], message["headers"])
        elif kind == "websocket.http.response.body":
            self._refuse(*self._refusal, message.get("body", b""))

    def _accept(self, message: AsgiMessage) -> None:
        lines = [
            b"HTTP/1.1 101 Switching Protocols",
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Accept: " + (self._accept_key or b""),
        ]
        if message.get("subprotocol"):
            lines.append(b"Sec-WebSocket-Protocol: " + message["subprotocol"].encode())
        self._transport.write(b"\r\n".join(lines) + b"\r\n\r\n")
        self._open = True

    def _refuse(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Answer the request as any other one, and close."""
        named = {name: value for name, value in headers if name != b"content-length"}
        lines = [f"HTTP/1.1 {status} Refused".encode()]
        lines += [name + b": " + value for name, value in named.items()]
        lines += [f"content-length: {len(body)}".encode(), b"connection: close"]
        self._transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self._transport.close()

    # --- what the client sends -----------------------------------------------------------------------------------

    def _take(self, message: Message) -> None:
        if message.opcode is Opcode.PING:
            self._transport.write(pack(Opcode.PONG, message.payload))
        elif message.opcode is Opcode.TEXT:
            self._arrived.put_nowait({"type": "websocket.receive", "text": message.payload.decode()})
        elif message.opcode is Opcode.BINARY:
            self._arrived.put_nowait({"type": "websocket.receive", "bytes": message.payload})
        elif message.opcode is Opcode.CLOSE:
            self._close(int.from_bytes(message.payload[:2], "big") or 1000)

    def _close(self, code: int) -> None:
        """Say goodbye, and tell the application."""
        if self._open:
            self._open = False
            self._transport.write(pack(Opcode.CLOSE, code.to_bytes(2, "big")))
            self._transport.close()
        self._disconnect(code)

    def _disconnect(self, code: int) -> None:
        if not self._gone:
            self._gone = True
            self._arrived.put_nowait({"type": "websocket.disconnect", "code": code})
