"""The HTTP face of /v1 and /v2: reads a request, lets the emulator answer, and wakes the deliveries afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.requests import Request as HttpRequest

from payloom_emulator.http.control_key import is_of_this_machine
from payloom_emulator.http.same_site import is_foreign, is_of_browser
from payloom_emulator.protocol.api_versions import DEFAULT
from payloom_emulator.protocol.auth import is_for_browsers, read_key
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.form import decode
from payloom_emulator.protocol.json_shapes import is_object, text
from payloom_emulator.protocol.multipart import read_multipart
from payloom_emulator.runtime.requests.messages import Request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from payloom_emulator.protocol.auth import Caller
    from payloom_emulator.runtime.emulator import Emulator

_CLI_VERSION = "2022-11-15"
MAX_BODY = 20 * 1024 * 1024
Headers = list[tuple[bytes, bytes]]


_ALWAYS: Headers = [(b"server", b"nginx"), (b"cache-control", b"no-cache, no-store"), (b"vary", b"Origin")]
_CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, PUT, PATCH, POST, DELETE"),
    (
        b"access-control-allow-headers",
        b"*, Authorization, Content-Type, Stripe-Version, Stripe-Account, Idempotency-Key",
    ),
    (b"access-control-expose-headers", b"Request-Id, Stripe-Manage-Version, Stripe-Should-Retry"),
    (b"access-control-max-age", b"300"),
]


class WireApp:
    """An ASGI application that speaks Stripe's protocol."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer with `emulator`."""
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["method"] == "OPTIONS":
            # Which key the call will have is not known yet. The call itself decides.
            await _write(send, 200, _CORS, b"")
            return
        request_or_error = await self._read(scope, receive)
        if isinstance(request_or_error, StripeError):
            await _write_error(send, scope, request_or_error)
            return
        caller = HttpRequest(scope)
        for_browsers = is_for_browsers(read_key(request_or_error.authorization))
        if not for_browsers and is_foreign(caller):
            await _write_error(send, scope, _not_from_a_page())
            return
        request_or_error.any_key = self._takes_any_key(caller)
        await self._respond(request_or_error, send, _CORS if for_browsers else [])
        self._emulator.delivery.wake()

    def caller_of(self, request: HttpRequest) -> Caller:
        """Return who sends a request that is no call of the API. Raises Stripe's errors."""
        if is_foreign(request):
            raise _not_from_a_page()
        headers = request.headers
        return self._emulator.authenticate(
            headers.get("authorization"), headers.get("stripe-account"), any_key=self._takes_any_key(request)
        )

    def _takes_any_key(self, caller: HttpRequest) -> bool:
        return self._emulator.config.any_key_here and is_of_this_machine(caller) and not is_of_browser(caller)

    async def _respond(self, request: Request, send: Send, cors: Headers) -> None:
        emulator = self._emulator
        key = request.idempotency_key if request.method == "POST" else None
        slow = emulator.latency or emulator.faults.slow(request.method, request.path)
        if slow and key:
            answer = None
            account = request.account or emulator.config.account
            if not emulator.idempotency.running(account, key):
                emulator.idempotency.begin(account, key)
                try:
                    await asyncio.sleep(slow)
                finally:
                    emulator.idempotency.end(account, key)
        elif slow:
            await asyncio.sleep(slow)
        answer = emulator.answer(request)
        headers = [
            (b"content-type", answer.download.media_type.encode() if answer.download else b"application/json"),
            *_ALWAYS,
            *((k.lower().encode(), v.encode()) for k, v in answer.headers.items()),
            *cors,
        ]
        content = answer.download.content if answer.download else answer.payload()
        await _write(send, answer.status, headers, content)

    async def _read(self, scope: Scope, receive: Receive) -> Request | StripeError:

        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > MAX_BODY:
                return StripeError("The request is too large.", status=413)
            if not message.get("more_body"):
                break
        try:
            params, typed = _params(scope, headers, b"".join(chunks))
        except StripeError as error:
            return error
        version = text(params.pop("_stripe_version", None)) or headers.get("stripe-version") or self._of_cli(headers)
        authorization = headers.get("authorization")
        if "key" in params and authorization is None and not typed:
            # Stripe.js sends its publishable key as a parameter.
            authorization = f"Bearer {params.pop('key')}"
        account = (
            text(params.pop("_stripe_account", None)) or headers.get("stripe-account") or headers.get("stripe-context")
        )
        return Request(
            scope["method"],
            scope["path"],
            params,
            authorization,
            version,
            headers.get("idempotency-key"),
            account,
            typed,
            ip_address=str((scope["client"] or ("",))[0]),
            user_agent=headers.get("user-agent", ""),
        )

    def _of_cli(self, headers: dict[str, str]) -> str | None:
        """Return the version for a call of Stripe's CLI that names none, unless the account has a version of its own.

        Its triggers are written for accounts of that age.
        """
        is_cli = "stripe-cli/" in headers.get("user-agent", "")
        return _CLI_VERSION if is_cli and self._emulator.config.api_version == DEFAULT else None


def _params(scope: Scope, headers: dict[str, str], body: bytes) -> tuple[dict[str, object], bool]:
    query = decode(scope["query_string"].decode("latin-1"))
    content = headers.get("content-type", "")
    if scope["method"] == "GET" or not body:
        return query, False
    if content.startswith("application/json") or scope["path"].startswith("/v2/"):
        return {**query, **_json(body)}, True
    if content.startswith("multipart/form-data"):
        return {**query, **read_multipart(content, body)}, False
    try:
        form = body.decode()
    except UnicodeDecodeError:
        raise StripeError("Invalid request: the body is not UTF-8.") from None
    return {**query, **decode(form)}, False


def _json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except ValueError:
        raise StripeError("Invalid request: the body is not JSON.") from None
    if not is_object(value):
        raise StripeError("Invalid request: the body is not a JSON object.")
    return value


def _not_from_a_page() -> StripeError:
    return StripeError(
        "This API call comes from a page of another site. The local Stripe takes such calls with a publishable key only; make this one from your server.",
        status=403,
        code="secret_key_in_browser",
    )


async def _write_error(send: Send, scope: Scope, error: StripeError) -> None:
    body = json.dumps(error.body(scope["path"])).encode()
    await _write(send, error.status, [(b"content-type", b"application/json"), *_ALWAYS], body)


async def _write(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
