"""`http` steps against a real server."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hmac
import json
import ssl
from typing import TYPE_CHECKING, Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from payloom.connectors.http.guard import Guard
from payloom.connectors.http.host import HttpHost
from payloom.connectors.port import Attempt, StepFailed
from payloom.kit.clock import SystemClock
from payloom.workflows.program.commands import Do, StepFailure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.anyio
ATTEMPT = Attempt("run_1", 1, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
MARK = "\ue001mark:CRM\ue001"


class Server:
    """Answers every request with `answer` (raw bytes) and keeps what it was sent."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        self.delay = 0.0
        self._tls = tls

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append((head[0], headers, body))
            await asyncio.sleep(self.delay)
            writer.write(self.answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.sleep(0.01)

    def answers(self, status: int, body: Any = None, *, kind: str = "application/json", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(raw)}\r\n{more}"
        self.answer = f"{head}connection: close\r\n\r\n".encode() + raw


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as running:
        yield running


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def call(
    port: int,
    method: str = "POST",
    *,
    path: str = "/hook",
    scheme: str = "http",
    seconds: float | None = None,
    secrets: Mapping[str, str] | None = None,
    **args: Any,
) -> Any:
    origin = f"{scheme}://api.example.test:{port}"
    secret_values = {name: SecretStr(value) for name, value in (secrets or {}).items()}
    host = HttpHost(Guard([origin], loopback), secret_values, SystemClock())
    url = f"{origin}{path}"
    do = Do("2", "http", url, {"method": method, "url": url, **args}, "run_1:2", timeout=seconds)
    try:
        return await host.perform(do, ATTEMPT)
    finally:
        await host.close()


async def fails(port: int, method: str = "POST", **args: Any) -> StepFailure:
    with pytest.raises(StepFailed) as caught:
        await call(port, method, **args)
    return caught.value.failure


async def test_a_post_sends_json_with_the_step_s_key_and_returns_what_came_back(server: Server) -> None:
    server.answers(201, {"id": 7}, x_request="r1", set_cookie="a=b")
    response = await call(server.port, path="/v1/orders?x=1", body={"amount": 5}, headers={"X-Shop": "corner"})
    line, headers, body = server.requests[0]
    assert line == "POST /v1/orders?x=1 HTTP/1.1"
    assert headers["host"] == f"api.example.test:{server.port}"
    assert headers["idempotency-key"] == "run_1:2"
    assert headers["x-shop"] == "corner"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"amount": 5}
    assert response["status"] == 201
    assert response["body"] == {"id": 7}
    assert response["headers"]["x-request"] == "r1"
    assert "set-cookie" not in response["headers"]


async def test_a_get_has_no_key_and_text_comes_back_as_text(server: Server) -> None:
    server.answers(200, "Grüße".encode(), kind="text/plain; charset=utf-8")
    assert (await call(server.port, "GET"))["body"] == "Grüße"
    assert "idempotency-key" not in server.requests[0][1]
    server.answers(204)
    assert (await call(server.port, "DELETE"))["body"] is None


async def test_a_text_body_is_sent_as_it_is_and_headers_may_say_what_it_is(server: Server) -> None:
    await call(
        server.port, body="a=1&b=2", headers={"Content-Type": "application/x-www-form-urlencoded", "X-None": None}
    )
    _, headers, body = server.requests[0]
    assert body == b"a=1&b=2"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert "x-none" not in headers


async def test_a_secret_is_filled_in_when_the_call_is_made_and_shows_nowhere_else(server: Server) -> None:
    secret = "s3cr3t-value"
    server.answers(500, {"error": "no"})
    origin = f"http://api.example.test:{server.port}"
    host = HttpHost(Guard([origin], loopback), {"CRM": SecretStr(secret)}, SystemClock())
    args = {
        "method": "POST",
        "url": origin,
        "headers": {"Authorization": f"Bearer {MARK}"},
        "body": {"token": [MARK]},
        "secrets": {MARK: "CRM"},
    }
    with pytest.raises(StepFailed) as caught:
        await host.perform(Do("2", "http", origin, args, "run_1:2"), ATTEMPT)
    assert server.requests[0][1]["authorization"] == f"Bearer {secret}"
    assert json.loads(server.requests[0][2]) == {"token": [secret]}
    assert secret not in repr(caught.value.failure)
    with pytest.raises(StepFailed) as caught:
        await host.perform(Do("2", "http", origin, {**args, "secrets": {MARK: "CRN"}}, "run_1:2"), ATTEMPT)
    assert caught.value.failure.kind == "unknown_secret"
    await host.close()


async def test_a_signed_request_verifies_and_keeps_its_id_at_every_attempt(server: Server) -> None:
    key = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    for _ in range(2):
        await call(server.port, body={"paid": True}, secrets={"HOOK": key}, sign_with="HOOK")
    for _, headers, body in server.requests:
        assert headers["webhook-id"] == headers["idempotency-key"] == "run_1:2"
        assert abs(int(headers["webhook-timestamp"]) - dt.datetime.now(dt.UTC).timestamp()) < 60
        signed = f"run_1:2.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(bytes(range(32)), signed, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"


async def test_a_workflow_cannot_set_the_signature_itself(server: Server) -> None:
    key = "whsec_" + base64.b64encode(bytes(32)).decode()
    forged = {"Webhook-Signature": "v1,forged", "webhook-id": "another"}
    await call(server.port, headers=forged, secrets={"HOOK": key}, sign_with="HOOK")
    _, headers, _ = server.requests[0]
    assert headers["webhook-id"] == "run_1:2"
    assert "forged" not in headers["webhook-signature"]


@pytest.mark.parametrize(
    ("secrets", "kind"), [({}, "unknown_secret"), ({"HOOK": "a password of a person"}, "http_bad_request")]
)
async def test_without_a_signing_key_nothing_is_sent(server: Server, secrets: dict[str, str], kind: str) -> None:
    failure = await fails(server.port, body={}, secrets=secrets, sign_with="HOOK")
    assert (failure.kind, failure.retryable) == (kind, False)
    assert "a password" not in f"{failure.message} {failure.hint}"
    assert server.requests == []


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (404, False), (408, True), (429, True), (500, True)])
async def test_an_error_answer_fails_with_its_status_and_body(server: Server, status: int, retryable: bool) -> None:
    server.answers(status, {"error": "no", "token": "abc"})
    failure = await fails(server.port)
    assert (failure.kind, failure.retryable) == ("http_status", retryable)
    assert failure.data["answer"] == {"status": status, "body": {"error": "no", "token": "[redacted]"}}


async def test_a_redirect_is_not_followed(server: Server) -> None:
    server.answers(302, location="http://169.254.169.254/")
    assert (await fails(server.port)).kind == "http_redirect"
    assert len(server.requests) == 1


async def test_an_answer_that_is_too_large_is_dropped(server: Server) -> None:
    server.answers(200, b"x" * 1_000_001, kind="text/plain")
    assert (await fails(server.port)).kind == "http_bad_answer"


@pytest.mark.parametrize(
    ("body", "kind", "headers"),
    [
        (b"{broken", "application/json", {}),
        (b'{"a": 1, "a": 2}', "application/json", {}),
        (b"\xff\xfe", "application/octet-stream", {}),
        (b"x", "text/plain", {"content_encoding": "gzip"}),
    ],
)
async def test_an_answer_that_cannot_be_read_is_a_failure(
    server: Server, body: bytes, kind: str, headers: dict[str, Any]
) -> None:
    server.answers(200, body, kind=kind, **headers)
    assert (await fails(server.port)).kind == "http_bad_answer"


async def test_silence_is_in_doubt_for_a_post_and_harmless_for_a_get(server: Server) -> None:
    server.delay = 1.0
    post, get = await asyncio.gather(fails(server.port, seconds=0.1), fails(server.port, "GET", seconds=0.1))
    assert (post.kind, post.retryable, post.data) == ("timeout", True, {"in_doubt": True})
    assert (get.kind, get.retryable, get.data) == ("timeout", True, {})


async def test_a_server_that_breaks_off_is_in_doubt(server: Server) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"
    failure = await fails(server.port)
    assert (failure.kind, failure.retryable, failure.data) == ("http_broken", True, {"in_doubt": True})


async def test_nobody_there_is_not_in_doubt() -> None:
    async with Server() as closed:
        port = closed.port
    failure = await fails(port)
    assert (failure.kind, failure.retryable, failure.data) == ("http_unreachable", True, {})


@pytest.mark.parametrize(
    "args",
    [
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X Y": "a"}},
        {"headers": {"Host": "evil.test"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"X": ["a"]}},
        {"headers": "X: a"},
        {"body": "x" * 1_000_001},
    ],
)
async def test_a_request_that_could_be_misread_is_not_sent(server: Server, args: dict[str, Any]) -> None:
    failure = await fails(server.port, **args)
    assert (failure.kind, failure.status) == ("http_bad_request", 422)
    assert server.requests == []


async def test_a_host_that_is_not_listed_is_not_called(server: Server) -> None:
    host = HttpHost(Guard(["api.example.com"]), {}, SystemClock())
    url = f"http://127.0.0.1:{server.port}/"
    with pytest.raises(StepFailed) as caught:
        await host.perform(Do("2", "http", url, {"method": "GET", "url": url}, "k"), ATTEMPT)
    assert caught.value.failure.kind == "http_not_allowed"
    assert server.requests == []
    await host.close()


async def test_over_https_the_certificate_must_be_the_name_s_although_the_connection_goes_to_the_ip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path, "api.example.test")
    monkeypatch.setenv("SSL_CERT_FILE", authority)
    async with Server(context) as server:
        server.answers(200, {"ok": True})
        response = await call(server.port, scheme="https")
        assert response["body"] == {"ok": True}
    context, authority = certificate(tmp_path, "other.example.test")
    monkeypatch.setenv("SSL_CERT_FILE", authority)
    async with Server(context) as server:
        failure = await fails(server.port, scheme="https")
        assert failure.kind == "http_unreachable"
        assert server.requests == []


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """Return a server's context with a certificate for `name`, and the file that makes clients trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, str(path)
