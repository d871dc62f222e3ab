"""Clients that are slow, many or wrong do not keep others from being served; with both of uvicorn's parsers."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.http_server import event
from tests.support.processes.server_process import ServerProcess, server_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

HEAD, BODY = 1.0, 1.5
LATE = 1.5
"""Seconds by which a busy machine may be late with an end."""
PROJECT = {
    "payloom.yaml": f"""
name: Test Shop
connections: {{head_seconds: {HEAD}, body_seconds: {BODY}, total: 400}}
""",
    "workflows/patient.yaml": """
name: Patient
on: {api: POST /patient, auth: none}
steps:
  - wait: 2s
  - return: {waited: true}
""",
    "workflows/echo.yaml": """
name: Echo
on: {api: POST /echo, auth: none}
input: {text: string}
steps:
  - return: {size: "${{ size(inputs.text) }}"}
""",
    "pages/assets/large.css": "a { color: red }\n" * 500_000,
}
HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /api/stripe/webhook HTTP/1.1\r\n" + HOST


@pytest.fixture(scope="module", params=["httptools", "h11"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    loop = "uvloop" if request.param == "httptools" else "asyncio"
    folder = tmp_path_factory.mktemp(request.param)
    with server_process(folder, PROJECT, parser=request.param, loop=loop) as server:
        yield server
        assert "Traceback" not in server.log


@contextlib.asynccontextmanager
async def connection(server: ServerProcess) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.settings.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side ends the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            received += chunk
    return received


async def trickle(server: ServerProcess, first: bytes, rest: bytes, pause: float = 1.0) -> tuple[bytes, float]:
    """Send `first`, then a byte of `rest` now and then; return after how long the server ended it, and its answer."""
    async with connection(server) as (reader, writer):
        began = time.monotonic()
        answer = asyncio.create_task(read_to_end(reader))
        with contextlib.suppress(ConnectionError):
            writer.write(first)
            for at in range(len(rest)):
                writer.write(rest[at : at + 1])
                await writer.drain()
                done, _ = await asyncio.wait([answer], timeout=pause)
                if done:
                    break
        return await asyncio.wait_for(answer, 15), time.monotonic() - began


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:] if part[:3].isdigit()]


@pytest.mark.anyio
async def test_slow_connections_end_and_good_deliveries_go_through_beside_them(server: ServerProcess) -> None:
    before = server.memory()
    header = POST + b"content-length: 500\r\n\r\n"
    slow = [asyncio.create_task(trickle(server, GET, b"X: " + b"a" * 500)) for _ in range(150)]
    slow += [asyncio.create_task(trickle(server, header, b" " * 490)) for _ in range(150)]
    await asyncio.sleep(0.3)
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=server.url, timeout=10, limits=limits) as client:

        async def deliver(number: int) -> tuple[bool, int, float]:
            body = event("customer.created", f"evt_{number}", id=f"cus_{number}")
            good = number % 10 == 0
            signature = server.sign(body) if good else server.sign(body, secret="whsec_of_somebody_else")
            began = time.monotonic()
            answer = await client.post("/api/stripe/webhook", content=body, headers={"stripe-signature": signature})
            return good, answer.status_code, time.monotonic() - began

        outcomes = []
        for wave in range(10):
            outcomes += await asyncio.gather(*(deliver(wave * 60 + at) for at in range(60)))
    peak = server.memory()
    ended = await asyncio.gather(*slow)
    assert {(good, status) for good, status, _ in outcomes} == {(True, 200), (False, 400)}
    heads, bodies = ended[:150], ended[150:]
    assert {tuple(statuses(answer)) for answer, _ in ended} == {(408,)}
    assert max(seconds for _, seconds in heads) < HEAD + 1 + LATE
    assert max(seconds for _, seconds in bodies) < BODY + 1 + LATE
    assert b'"code":"request_too_slow"' in heads[0][0]
    assert peak - before < 100
    assert server.metric('payloom_connections_cut_total{reason="slow_head"}') >= 150
    assert server.metric('payloom_connections_cut_total{reason="slow_body"}') >= 150
    assert 2 <= server.log.count("connection_cut") < 30, "told, but not each"


@pytest.mark.anyio
async def test_a_connection_on_which_nothing_comes_ends_without_a_word(server: ServerProcess) -> None:
    answer, seconds = await trickle(server, b"", b"")
    assert answer == b""
    assert HEAD - 0.1 < seconds < HEAD + 1 + LATE


@pytest.mark.anyio
async def test_a_slow_head_after_a_first_request_ends_too(server: ServerProcess) -> None:
    answer, seconds = await trickle(server, GET + b"\r\n", GET + b"X: " + b"a" * 500, pause=0.1)
    assert statuses(answer) == [200, 408]
    assert seconds < HEAD + 1 + LATE


@pytest.mark.anyio
async def test_what_still_comes_after_an_early_answer_does_not_keep_the_connection(server: ServerProcess) -> None:
    first = b"POST /nowhere HTTP/1.1\r\n" + HOST + b"content-length: 500\r\n\r\n"
    answer, seconds = await trickle(server, first, b"a" * 490, pause=0.2)
    assert statuses(answer) == [404]
    assert seconds < HEAD + 1 + LATE


@pytest.mark.anyio
async def test_a_body_that_keeps_coming_has_longer(server: ServerProcess) -> None:
    body = b'{"text": "' + b"a" * 40_000 + b'"}'
    head = b"POST /api/echo HTTP/1.1\r\n%scontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    async with connection(server) as (reader, writer):
        began = time.monotonic()
        writer.write(head % (HOST, len(body)))
        for at in range(0, len(body), 1600):
            writer.write(body[at : at + 1600])
            await asyncio.sleep(0.1)
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
        assert time.monotonic() - began > BODY + 0.5
    assert statuses(answer) == [200]
    assert answer.endswith(b'{"size":40000}')


@pytest.mark.anyio
async def test_whoever_waits_for_an_answer_or_listens_may_wait(server: ServerProcess) -> None:
    async def call() -> Any:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            return (await client.post("/api/patient", json={})).json()

    async def listen() -> float:
        url = f"{server.url}/api/_payloom/live"
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", url, headers=server.admin) as stream:
            chunks = stream.aiter_bytes()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEAD + BODY + 0.7):
                    async for _ in chunks:
                        pass
        return time.monotonic() - began

    waited, listened = await asyncio.gather(call(), listen())
    assert waited == {"waited": True}
    assert listened > HEAD + BODY + 0.5, "the stream was ended"


@pytest.mark.anyio
async def test_an_answer_that_nobody_takes_does_not_stay_in_memory(server: ServerProcess) -> None:
    reason = 'payloom_connections_cut_total{reason="slow_reader"}'
    before = server.metric(reason)
    async with connection(server) as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined] - asyncio offers no other way to stop reading
        writer.write(b"GET /assets/large.css HTTP/1.1\r\n" + HOST + b"\r\n")
        end = time.monotonic() + BODY + 10
        while server.metric(reason) == before:
            assert time.monotonic() < end, "it is still open"
            await asyncio.sleep(0.3)


@pytest.mark.anyio
async def test_more_connections_than_there_may_be_are_told_so(server: ServerProcess) -> None:
    refused = 'payloom_connections_refused_total{reason="full"}'
    before = server.metric(refused)
    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connection(server)) for _ in range(650)]
        answers = await asyncio.gather(*(asyncio.wait_for(read_to_end(reader), 10) for reader, _ in connections))
        refusals = [answer for answer in answers if answer]
        # Each is shown out, the first hundred with a word.
        assert len(refusals) >= 100
        assert {tuple(statuses(answer)) for answer in refusals} == {(503,)}
        assert b"retry-after: 5" in refusals[0]
        assert b"too_many_connections" in refusals[0]
    server.wait(lambda: server.metric("payloom_connections") < 10)
    assert server.metric(refused) - before >= 250
    assert server.deliver(event("customer.created", "evt_after", id="cus_1")).status_code == 200


WRONG = {
    "no request": b"NONSENSE\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "large field": GET + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "long address": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "thousand fields": GET + b"".join(b"x%d: y\r\n" % at for at in range(1000)) + b"\r\n",
    "nul in a field": GET + b"X: a\x00b\r\n\r\n",
    "field without a name": GET + b": x\r\n\r\n",
    "space before the colon": GET + b"X : y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "connect": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "address that is none": b"GET http://[::1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "address not ascii": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "two lengths": POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
    "length and chunks": POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": POST + b"content-length: -5\r\n\r\n",
    "huge length": POST + b"content-length: " + b"9" * 30 + b"\r\n\r\n",
    "length not a number": POST + b"content-length: 0x10\r\n\r\n",
    "large length": POST + b"content-length: 999999999\r\n\r\n",
    "chunk size not a number": POST + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "chunk size too large": POST + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\nabc\r\n",
    "chunk longer than it says": POST + b"transfer-encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n",
    "unknown coding": POST + b"transfer-encoding: gzip, nonsense\r\n\r\nabc",
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", WRONG)
async def test_what_is_no_request_is_refused_at_once(server: ServerProcess, name: str) -> None:
    async with connection(server) as (reader, writer):
        writer.write(WRONG[name])
        answer = await asyncio.wait_for(reader.read(65536), 1)
    assert [status for status in statuses(answer) if not 400 <= status < 500] == []
    assert statuses(answer) or not answer


ECHO = b"POST /api/echo HTTP/1.1\r\nConnection: close\r\n"
JSON, CHUNKED = b"Content-Type: application/json\r\n", b"Transfer-Encoding: chunked\r\n"
WHOLE = b'Content-Length: 13\r\n\r\n{"text": "a"}'
PIECES = b'\r\nd\r\n{"text": "a"}\r\n0\r\n\r\n'
ONE_READING = {
    "a length": ECHO + HOST + JSON + WHOLE,
    "chunks": ECHO + HOST + JSON + CHUNKED + PIECES,
    "the origin of the page": ECHO + HOST + JSON + b"Origin: http://127.0.0.1\r\n" + WHOLE,
}
TWO_READINGS = {
    "two hosts": ECHO + HOST + HOST + JSON + WHOLE,
    "a foreign host in the address": ECHO.replace(b"/api", b"http://evil.example/api") + HOST + JSON + WHOLE,
    "another port in the address": ECHO.replace(b"/api", b"http://127.0.0.1:81/api") + HOST + JSON + WHOLE,
    "two types": ECHO + HOST + JSON + b"Content-Type: text/plain\r\n" + WHOLE,
    "two callers": ECHO + HOST + JSON + b"Authorization: Bearer x\r\n" * 2 + WHOLE,
    "two origins": ECHO + HOST + JSON + b"Origin: http://127.0.0.1\r\nOrigin: null\r\n" + WHOLE,
    "two sites": ECHO + HOST + JSON + b"Sec-Fetch-Site: none\r\nsec-fetch-site: cross-site\r\n" + WHOLE,
    "two keys": ECHO + HOST + JSON + b"Idempotency-Key: 12345678\r\nIdempotency-Key: 87654321\r\n" + WHOLE,
    "a length and chunks": ECHO + HOST + JSON + b"Content-Length: 13\r\n" + CHUNKED + PIECES,
    "chunks after a coding": ECHO + HOST + JSON + b"Transfer-Encoding: identity, chunked\r\n" + PIECES,
    "chunks said twice": ECHO + HOST + JSON + CHUNKED + CHUNKED + PIECES,
    "chunks before they were": ECHO.replace(b"1.1", b"1.0") + HOST + JSON + CHUNKED + PIECES,
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", [*ONE_READING, *TWO_READINGS])
async def test_what_two_readers_could_understand_differently_is_refused(server: ServerProcess, name: str) -> None:
    async with connection(server) as (reader, writer):
        writer.write((ONE_READING | TWO_READINGS)[name])
        answer = await asyncio.wait_for(read_to_end(reader), 10)
    assert statuses(answer) == [200 if name in ONE_READING else 400], answer


def test_nobody_fills_the_memory_with_a_large_body(server: ServerProcess) -> None:
    before = server.memory()
    for address in ("/api/_payloom/session", "/api/echo", "/api/auth/sign-in", "/api/stripe/webhook"):
        headers = {"content-type": "application/json"}
        for content in (b" " * 30_000_000, (b" " * 1_000_000 for _ in range(30))):
            with contextlib.suppress(httpx.TransportError):  # it ends while we send
                assert server.http.post(address, content=content, headers=headers).status_code in {400, 413}
    assert server.memory() - before < 60


@pytest.mark.anyio
async def test_requests_sent_ahead_are_answered_in_turn_and_not_piled_up(server: ServerProcess) -> None:
    request = b"GET /healthz HTTP/1.1\r\n" + HOST
    async with connection(server) as (reader, writer):
        writer.write((request + b"\r\n") * 4 + request + b"connection: close\r\n\r\n")
        assert statuses(await asyncio.wait_for(read_to_end(reader), 5)) == [200] * 5
    before = server.memory()
    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(connection(server)) for _ in range(20)]
        for _, writer in connections:
            writer.write((request + b"\r\n") * 3000)
        await asyncio.sleep(0.5)
        assert server.memory() - before < 50
        for reader, _ in connections:
            assert set(statuses(await asyncio.wait_for(reader.read(65536), 5))) == {200}


@pytest.mark.anyio
async def test_whatever_is_sent_the_server_answers_no_5xx_and_lets_go(server: ServerProcess) -> None:
    dice = random.Random(7)
    seeds = [
        *WRONG.values(),
        GET + b"\r\n",
        POST + b"content-length: 3\r\n\r\nabc",
        POST + b"expect: 100-continue\r\n\r\n",
    ]
    pieces = [b"\r\n", b"\n", b"\x00", b":", b" ", b"chunked", b"Transfer-Encoding: ", b"9" * 20, b"\xff", b"0\r\n\r\n"]

    def mutant() -> bytes:
        text = bytearray(dice.choice(seeds)[:3000])
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(text) + 1)
            text[at : at + dice.choice([0, 0, 1, 5])] = dice.choice(pieces)
        return bytes(text) + (dice.choice(seeds)[:3000] if dice.random() < 0.3 else b"")

    async def send(text: bytes) -> tuple[bytes, bytes]:
        async with connection(server) as (reader, writer):
            with contextlib.suppress(ConnectionError):
                writer.write(text)
                await writer.drain()
            # The longest that is allowed: a head, a body, and the end of an idle connection.
            return text, await asyncio.wait_for(read_to_end(reader), HEAD + BODY + 5 + 3)

    for text, answer in await asyncio.gather(*(send(mutant()) for _ in range(250))):
        assert all(status < 500 for status in statuses(answer)), (text, answer)
    assert server.http.get("/healthz").status_code == 200


@pytest.mark.anyio
async def test_slow_clients_do_not_hold_up_a_stop(tmp_path: Path) -> None:
    with server_process(tmp_path, {"payloom.yaml": "name: Test Shop\n"}) as server:
        header = POST + b"content-length: 500\r\n\r\n"
        slow = [asyncio.create_task(trickle(server, GET, b"a" * 50, pause=0.5)) for _ in range(20)]
        slow += [asyncio.create_task(trickle(server, header, b"a" * 50, pause=0.5)) for _ in range(20)]
        await asyncio.sleep(1)
        assert await asyncio.to_thread(server.stop) < 6
        await asyncio.gather(*slow)
