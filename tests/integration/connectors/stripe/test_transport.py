"""The kept connections to Stripe, against a server that answers in every way HTTP allows, and in some it does not."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import stripe

from payloom.connectors.stripe import transport
from payloom.connectors.stripe.failures import from_sdk
from payloom.connectors.stripe.transport import Transport

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
    "nothing at all": b"",
    "half a head": b"HTTP/1.1 200",
    "half a body": OK + b"Content-Length: 40\r\n\r\nbody",
    "half a piece": OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nbo",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
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
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Transport]:
    """A client whose kept connections grow old soon."""
    monkeypatch.setattr(transport, "IDLE", 0.3)
    opened = Transport(timeout=10.0)
    yield opened
    await opened.close_async()


async def ask(client: Transport, server: Server, body: str = "a=1", method: str = "post") -> transport.Answer:
    """Send a request."""
    url = f"http://127.0.0.1:{server.port}/v1/x?y=%20z"
    return await client.request_async(method, url, {"Idempotency-Key": "k", "User-Agent": "u"}, body or None)


async def test_every_form_of_an_answer_is_read_and_the_connection_kept_if_it_may_be(
    server: Server, client: Transport
) -> None:
    expected = 0
    reusable = False
    for name, (answer, body, keeps) in ANSWERS.items():
        server.answer, server.hangs_up = answer, not keeps
        expected += not reusable
        content, status, headers = await ask(client, server)
        assert (content, status // 100) == (body, 2), name
        assert headers.get("CONTENT-LENGTH", "4") == "4"
        assert server.accepted == expected, name
        reusable = keeps
    head, _, body = server.seen[0].decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    assert (first, body) == ("POST /v1/x?y=%20z HTTP/1.1", "a=1")
    assert {"Idempotency-Key: k", "Content-Length: 3", f"Host: 127.0.0.1:{server.port}"} <= set(lines)


@pytest.mark.parametrize("method", ["post", "get", "delete"])
async def test_what_is_no_answer_is_an_error_and_nothing_is_sent_twice(
    server: Server, client: Transport, method: str
) -> None:
    """Neither on a new connection nor on a kept one, whose loss may be a restart on the other side."""
    for is_kept in (False, True):
        for name, answer in FAULTS.items():
            server.answer, server.hangs_up = ANSWERS["a length"][0], not is_kept
            await ask(client, server, "", method)
            sent = len(server.seen)
            server.answer, server.hangs_up = answer, True
            with pytest.raises(stripe.APIConnectionError) as caught:
                await ask(client, server, "", method)
            assert len(server.seen) == sent + 1, (name, is_kept)
            assert from_sdk(caught.value, "x").outcome == "unknown", (name, is_kept)


async def test_a_call_that_is_given_up_takes_its_connection_along(server: Server, client: Transport) -> None:
    server.answer = b"never"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(client, server), 0.05)
    server.answer = ANSWERS["a length"][0]
    assert (await ask(client, server))[0] == b"body"
    assert server.accepted == 2


async def test_a_connection_that_was_idle_for_long_or_was_closed_is_not_used(server: Server, client: Transport) -> None:
    server.answer = ANSWERS["a length"][0]
    await ask(client, server)
    await asyncio.sleep(0.7)
    await ask(client, server)
    assert server.accepted == 2
    server.hangs_up = True
    await ask(client, server)
    await asyncio.sleep(0.02)
    await ask(client, server)
    assert server.accepted == 3


async def test_calls_at_once_have_connections_of_their_own(server: Server, client: Transport) -> None:
    server.answer = ANSWERS["a length"][0]
    answers = await asyncio.gather(*[ask(client, server, "x" * size) for size in range(1, 20)])
    assert {content for content, _, _ in answers} == {b"body"}
    assert server.accepted <= 19
    assert sorted(len(request.partition(b"\r\n\r\n")[2]) for request in server.seen) == list(range(1, 20))


async def test_a_redirect_is_an_answer_and_is_not_followed(server: Server, client: Transport) -> None:
    """What follows it would take the key along."""
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: /v1/y\r\nContent-Length: 0\r\n\r\n"
    assert (await ask(client, server))[1] == 302
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("url", "headers", "error"),
    [
        ("ftp://127.0.0.1/v1", {}, stripe.APIConnectionError),
        ("http:///v1", {}, stripe.APIConnectionError),
        ("http://127.0.0.1:9/v1", {}, stripe.APIConnectionError),
        ("http://127.0.0.1:9/v1/../x", {}, ValueError),
        ("http://127.0.0.1:9/v1/%2e%2E/x", {}, ValueError),
        ("http://127.0.0.1:9/v1/é", {}, ValueError),
    ],
)
async def test_what_cannot_be_sent_as_it_is_meant_is_not_sent(
    client: Transport, url: str, headers: dict[str, str], error: type[Exception]
) -> None:
    """The step knows that nothing was sent."""
    with pytest.raises(error) as caught:
        await client.request_async("get", url, headers)
    if isinstance(caught.value, stripe.StripeError):
        assert from_sdk(caught.value, "x").outcome == "retry"


async def test_a_line_break_in_a_header_is_not_sent(server: Server, client: Transport) -> None:
    url = f"http://127.0.0.1:{server.port}/v1"
    with pytest.raises(ValueError, match=r"(?i)newline|header"):
        await client.request_async("post", url, {"Idempotency-Key": "a\r\nb: c"}, "x")
    assert server.seen == []
