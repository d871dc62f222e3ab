"""The kept connections to Stripe, against a server that answers in every way HTTP allows, and in some it does not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from payloom.connectors.stripe import connections
from payloom.connectors.stripe.connections import Connections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "a length": (OK + b"Content-Length: 4\r\n\r\nbody", b"body", True),
    "pieces": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", b"body", True),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "early words first": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"Content-Length: 4\r\n\r\nbody", b"body", True),
    "its last answer": (OK + b"Connection: close\r\nContent-Length: 4\r\n\r\nbody", b"body", False),
    "an older version": (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", b"body", False),
    "no length, to the end": (OK + b"\r\nbody", b"body", False),
}
FAULTS = {
    "nothing at all": (b"", httpx.ReadError),
    "half a head": (b"HTTP/1.1 200", httpx.ReadError),
    "half a body": (OK + b"Content-Length: 40\r\n\r\nbody", httpx.ReadError),
    "half a piece": (OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nbo", httpx.ReadError),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", httpx.RemoteProtocolError),
}


class Server:
    """A server that says what it is told to. port: where. seen: requests. accepted: connections."""

    def __init__(self) -> None:
        self.answer = b""
        self.hangs_up = False
        self.seen: list[bytes] = []
        self.accepted = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until somebody hangs up."""
        self.accepted += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0] or 0)
                self.seen.append(head + await reader.readexactly(length))
                if self.answer == b"never":
                    continue
                for at in range(0, len(self.answer), 7):
                    writer.write(self.answer[at : at + 7])
                    await writer.drain()
                if self.hangs_up:
                    break
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    serving = Server()
    async with await asyncio.start_server(serving.serve, "127.0.0.1", 0) as listening:
        serving.port = listening.sockets[0].getsockname()[1]
        yield serving


@pytest.fixture
async def pool() -> AsyncIterator[Connections]:
    """Connections, closed at the end."""
    connections_here = Connections(ssl.create_default_context())
    yield connections_here
    connections_here.close()


async def ask(pool: Connections, server: Server, body: bytes = b"a=1") -> connections.Answer:
    """Send a request."""
    return await pool.request("post", f"http://127.0.0.1:{server.port}/v1/x?y=%20z", {"Idempotency-Key": "k"}, body)


async def test_every_form_of_an_answer_is_read_and_the_connection_kept_if_it_may_be(
    server: Server, pool: Connections
) -> None:
    expected = 0
    reusable = False
    for name, (answer, body, keeps) in ANSWERS.items():
        server.answer, server.hangs_up = answer, not keeps
        expected += not reusable
        content, status, headers = await ask(pool, server)
        assert (content, status // 100) == (body, 2), name
        assert headers.get("CONTENT-LENGTH", "4") == "4"
        assert server.accepted == expected, name
        reusable = keeps
    head = f"POST /v1/x?y=%20z HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nIdempotency-Key: k\r\ncontent-length: 3"
    assert server.seen[0].decode() == head + "\r\n\r\na=1"


async def test_what_is_no_answer_is_an_error_and_nothing_is_sent_twice(server: Server, pool: Connections) -> None:
    server.answer = ANSWERS["a length"][0]
    await ask(pool, server)
    for name, (answer, error) in FAULTS.items():
        sent = len(server.seen)
        server.answer, server.hangs_up = answer, True
        with pytest.raises(error):
            await ask(pool, server)
        assert len(server.seen) == sent + 1, name


async def test_a_call_that_is_given_up_takes_its_connection_along(server: Server, pool: Connections) -> None:
    server.answer = b"never"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(pool, server), 0.05)
    server.answer = ANSWERS["a length"][0]
    assert (await ask(pool, server))[0] == b"body"
    assert server.accepted == 2


async def test_a_connection_that_was_idle_for_long_or_was_closed_is_not_used(
    server: Server, pool: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = ANSWERS["a length"][0]
    await ask(pool, server)
    with monkeypatch.context() as patch:
        patch.setattr(connections, "IDLE", -1.0)
        await ask(pool, server)
    assert server.accepted == 2
    server.hangs_up = True
    await ask(pool, server)
    await asyncio.sleep(0.02)
    await ask(pool, server)
    assert server.accepted == 3


async def test_calls_at_once_have_connections_of_their_own(server: Server, pool: Connections) -> None:
    server.answer = ANSWERS["a length"][0]
    answers = await asyncio.gather(*[ask(pool, server, b"x" * size) for size in range(1, 20)])
    assert {content for content, _, _ in answers} == {b"body"}
    assert server.accepted <= 19
    assert sorted(len(request.partition(b"\r\n\r\n")[2]) for request in server.seen) == list(range(1, 20))


@pytest.mark.parametrize(
    ("url", "headers", "error"),
    [
        ("ftp://127.0.0.1/v1", {}, httpx.UnsupportedProtocol),
        ("http:///v1", {}, httpx.UnsupportedProtocol),
        ("http://127.0.0.1:9/v1", {}, httpx.ConnectError),
        ("http://127.0.0.1:9/v1/../x", {}, ValueError),
        ("http://127.0.0.1:9/v1/%2e%2E/x", {}, ValueError),
        ("http://127.0.0.1:9/v1 HTTP/1.1", {}, httpx.LocalProtocolError),
        ("http://127.0.0.1:9/v1/é", {}, httpx.LocalProtocolError),
        ("http://127.0.0.1:9/v1", {"Idempotency-Key": "a\r\nb: c"}, httpx.LocalProtocolError),
        ("http://127.0.0.1:9/v1", {"Idempotency-Key": "é"}, UnicodeEncodeError),
    ],
)
async def test_what_cannot_be_sent_as_it_is_meant_is_not_sent(
    pool: Connections, url: str, headers: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await pool.request("get", url, headers, b"")
