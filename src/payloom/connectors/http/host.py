"""Does `http` steps (`OutsideHost`): no redirects, five seconds, one megabyte; secrets enter at the last moment."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from payloom.connectors.http.guard import Guard, NotAllowed, NotFound, Target
from payloom.connectors.http.signing import NotASigningKey, signature_headers
from payloom.connectors.port import Attempt, StepFailed
from payloom.kit import strict_json
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.secrets.redaction import redact, redact_text
from payloom.workflows.program.commands import Do, StepFailure

TIMEOUT = 5.0
MAX_BODY = 1_000_000
"""Bytes, each way."""
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_SAFE = frozenset({"GET", "HEAD"})
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te"})
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class HttpHost:
    """Calls web addresses for a project."""

    def __init__(
        self,
        guard: Guard,
        secrets: Mapping[str, SecretStr],
        clock: Clock,
        *,
        user_agent: str = "Payloom",
    ) -> None:
        """secrets: by the name after `secrets.`. clock: for signatures."""
        self._clock = clock
        self._guard = guard
        self._secrets = secrets
        self._user_agent = user_agent

    @functools.cached_property
    def _client(self) -> httpx.AsyncClient:
        # Made by the first call: it reads the machine's certificates, which takes 20 ms.
        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=httpx.create_ssl_context(),  # of SSL_CERT_FILE, if it is set
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=0),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close every connection."""
        if "_client" in self.__dict__:
            await self._client.aclose()

    async def perform(self, do: Do, attempt: Attempt) -> Any:  # noqa: ARG002 - the key makes a repeat harmless
        """Call once under `do.key` (sent as Idempotency-Key) and return `{status, headers, body}`.

        body: the parsed JSON, or text, or null. Failure kinds: `http_not_allowed`, `http_bad_request`,
        `http_unreachable` (retryable), `timeout` and `http_broken` (retryable, in doubt unless a GET), `http_redirect`,
        `http_status` with `data.status` (retryable for 408, 425, 429 and 5xx), `http_bad_answer`.
        """
        method = str(do.args.get("method") or "GET").upper()
        try:
            target = await self._guard.find(str(do.args.get("url") or do.action))
        except (NotAllowed, NotFound) as error:
            retryable = isinstance(error, NotFound)
            raise _failed(error.code, error.message, error.status, hint=error.hint, retryable=retryable) from error
        request = self._request(method, target, do)
        status, headers, body = await self._exchange(request, target, do.timeout or TIMEOUT)
        return _answer(method, target, status, headers, body)

    def _request(self, method: str, target: Target, do: Do) -> httpx.Request:
        values = self._revealed(do)
        headers = {"host": target.authority, "accept": "application/json, text/*;q=0.9, */*;q=0.1"}
        if method not in _SAFE:
            headers["idempotency-key"] = _sendable(do.key)
        body = _reveal(do.args.get("body"), values)
        content: bytes | None = None
        if body is not None:
            text = isinstance(body, str)
            content = (body if text else json.dumps(body, ensure_ascii=False, allow_nan=False, default=str)).encode()
            headers["content-type"] = "text/plain; charset=utf-8" if text else "application/json"
            if len(content) > MAX_BODY:
                raise _failed("http_bad_request", f"the body is larger than {MAX_BODY // 1000} kB", 422)
        headers.update(_headers(_reveal(do.args.get("headers") or {}, values)))
        if name := do.args.get("sign_with"):
            headers.update(self._signature(str(name), do.key, content or b""))
        try:
            return self._client.build_request(
                method, target.url, headers=headers, content=content, extensions={"sni_hostname": target.host}
            )
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise _failed("http_bad_request", f"the request cannot be made: {type(error).__name__}", 422) from None

    def _revealed(self, do: Do) -> dict[str, str]:
        """Return the value of each mark in the arguments."""
        values: dict[str, str] = {}
        for mark, name in dict(do.args.get("secrets") or {}).items():
            values[mark] = self._secret(name)
        return values

    def _secret(self, name: str) -> str:
        secret = self._secrets.get(name)
        if secret is None:
            hint = f"add `{name}` under `secrets:` in payloom.yaml"
            raise _failed("unknown_secret", f"there is no secret {name!r}", 500, hint=hint)
        return secret.get_secret_value()

    def _signature(self, name: str, key: str, content: bytes) -> dict[str, str]:
        try:
            return signature_headers(self._secret(name), _sendable(key), to_epoch(self._clock.now()), content)
        except NotASigningKey:
            hint = "a signing key is `whsec_` and 24 to 64 random bytes in Base64"
            raise _failed("http_bad_request", f"the secret {name!r} is no signing key", 500, hint=hint) from None

    async def _exchange(
        self,
        request: httpx.Request,
        target: Target,
        timeout: float,  # noqa: ASYNC109 - one limit for the whole exchange
    ) -> tuple[int, httpx.Headers, bytes]:
        doubt = request.method not in _SAFE
        try:
            async with asyncio.timeout(timeout):
                response = await self._client.send(request, stream=True)
                try:
                    return response.status_code, response.headers, await _read(response, target)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            message = f"{target.origin} cannot be reached: {error or type(error).__name__}"
            raise _failed("http_unreachable", message, 502, retryable=True) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            message = f"{target.origin} did not answer within {timeout:g} seconds"
            raise _failed("timeout", message, 504, retryable=True, in_doubt=doubt) from error
        except httpx.HTTPError as error:
            message = f"{target.origin} broke off: {type(error).__name__}"
            raise _failed("http_broken", message, 502, retryable=True, in_doubt=doubt) from error


def _failed(
    kind: str,
    message: str,
    status: int,
    *,
    hint: str | None = None,
    retryable: bool = False,
    in_doubt: bool = False,
    **data: Any,
) -> StepFailed:
    if in_doubt:
        data["in_doubt"] = True
    return StepFailed(StepFailure(kind, message, status=status, hint=hint, data=data, retryable=retryable))


def _sendable(key: str) -> str:
    """Return the step's key as a header can hold it."""
    return quote(key, safe=":/.-_~[]@=+ ")[:255]


def _reveal(value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for mark, secret in secrets.items():
            value = value.replace(mark, secret)
        return value
    if is_map(value):
        return {str(_reveal(key, secrets)): _reveal(item, secrets) for key, item in value.items()}
    if is_sequence(value):
        return [_reveal(item, secrets) for item in value]
    return value


def _headers(declared: Any) -> dict[str, str]:
    if not is_map(declared):
        raise _failed("http_bad_request", "headers is a map", 422)
    headers: dict[str, str] = {}
    for name, value in declared.items():
        if value is None:
            continue
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise _failed("http_bad_request", f"the header {name!r} is not a text", 422)
        text = str(value)
        if not _NAME.fullmatch(name) or any(char < " " and char != "\t" for char in text) or "\x7f" in text:
            raise _failed("http_bad_request", f"the header {name[:60]!r} holds a character that cannot be sent", 422)
        if name.lower() in _OURS:
            raise _failed("http_bad_request", f"the header {name!r} cannot be set", 422)
        headers[name.lower()] = text
    return headers


async def _read(response: httpx.Response, target: Target) -> bytes:
    # A compressed answer could be a thousand times larger than it looks; none was asked for.
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _failed("http_bad_answer", f"{target.origin} answered in a compressed form that was not asked for", 502)
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > MAX_BODY:
            raise _failed("http_bad_answer", f"{target.origin} answered with more than {MAX_BODY // 1000} kB", 502)
        parts.append(chunk)
    return b"".join(parts)


def _answer(method: str, target: Target, status: int, headers: httpx.Headers, raw: bytes) -> dict[str, Any]:
    if 300 <= status < 400:
        hint = "call the address it points to, if that is right"
        raise _failed("http_redirect", f"{target.origin} answered {status}: redirects are not followed", 502, hint=hint)
    body = _parsed(target, status, headers, raw)
    if status >= 400:
        excerpt = redact_text(body)[:2000] if isinstance(body, str) else redact(body)
        message = f"{method} {target.origin} answered {status}"
        waiting = _waiting(headers) if status == 429 else {}
        raise _failed(
            "http_status",
            message,
            502,
            retryable=status in _RETRYABLE,
            answer={"status": status, "body": excerpt},
            **waiting,
        )
    safe = {name: value for name, value in headers.items() if name != "set-cookie"}
    return {"status": status, "headers": safe, "body": body}


def _waiting(headers: httpx.Headers) -> dict[str, Any]:
    """Return what a 429 says about the next try: that the try does not count, and after how many seconds it may be."""
    seconds = headers.get("retry-after", "")
    return {"rate_limited": True, **({"retry_after": float(seconds)} if seconds.isdecimal() else {})}


def _parsed(target: Target, status: int, headers: httpx.Headers, raw: bytes) -> Any:
    if not raw:
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return strict_json.loads(raw)
        except strict_json.NotStrictJson as error:
            if status < 400:
                message = f"{target.origin} answered with JSON that cannot be read: {error.message}"
                raise _failed("http_bad_answer", message, 502) from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if status >= 400:
            return raw.decode("latin-1")
        raise _failed("http_bad_answer", f"{target.origin} answered with neither JSON nor text", 502) from None
