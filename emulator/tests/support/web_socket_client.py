"""A plain web socket client over a socket, as RFC 6455 describes one, and the session call of Stripe's CLI."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import urllib.request
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def open_session(url: str, **params: object) -> dict[str, Any]:
    """Make the call with which `stripe listen` and `stripe logs tail` begin."""
    request = urllib.request.Request(
        f"{url}/v1/stripecli/sessions",
        urlencode({"device_name": "test", **params}).encode(),
        {"Authorization": "Bearer sk_test_123"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())


class WebSocketClient:
    """One connection. `head` is the answer to the handshake."""

    def __init__(self, url: str, *, host: str | None = None, **headers: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), timeout=10)
        self.key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {parts.path}?websocket_feature=webhooks HTTP/1.1",
            f"Host: {host or parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {self.key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: stripecli-devproxy-v1",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._file = self._socket.makefile("rb")
        self.head: list[str] = []
        while line := self._file.readline().strip():
            self.head.append(line.decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()
        self._socket.close()

    @property
    def accepted(self) -> bool:
        """Whether the server switched, and proved that it read the key."""
        proof = base64.b64encode(hashlib.sha1(f"{self.key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        return "101" in self.head[0] and f"Sec-WebSocket-Accept: {proof.decode()}" in self.head

    def body(self) -> bytes:
        """Return what follows the answer to a handshake that was refused."""
        return self._file.read()

    def send(self, payload: bytes, *, opcode: int = TEXT, final: bool = True, masked: bool = True) -> None:
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([(0x80 if final else 0) | opcode])
        flag = 0x80 if masked else 0
        if length < 126:
            head += bytes([flag | length])
        elif length < 65536:
            head += bytes([flag | 126]) + length.to_bytes(2, "big")
        else:
            head += bytes([flag | 127]) + length.to_bytes(8, "big")
        if masked:
            payload = mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(head + payload)

    def frame(self) -> tuple[int, bytes]:
        """Return (opcode, payload) of the next frame."""
        first, second = self._file.read(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(self._file.read(2 if length == 126 else 8), "big")
        return first & 0x0F, self._file.read(length)

    def message(self) -> dict[str, Any]:
        opcode, payload = self.frame()
        assert opcode == TEXT, (opcode, payload)
        return json.loads(payload)

    def say(self, **message: object) -> None:
        self.send(json.dumps(message).encode())
