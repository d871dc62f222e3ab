"""Reading request bodies: counted while they arrive, strict about their type, never larger than asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payloom.api.http.errors import BadRequest, BodyCutShort, BodyTooLarge, CardNumberRefused, WrongContentType
from payloom.kit import strict_json
from payloom.kit.json_types import is_dict
from payloom.kit.secrets.cards import has_card_number

MAX_BODY = 1024 * 1024
MAX_FORM = 64 * 1024
_FORM_HINT = "Post each field once, URL-encoded as UTF-8."
MAX_MANAGED = 4 * 1024 * 1024
"""Of a request to the management API: a whole workflow with its test, and room."""


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """Return the raw body of at most `limit` bytes. Raises BodyTooLarge (before it is all read) or BodyCutShort."""
    already_read: bytes | None = request.scope.get("state", {}).get("body")
    if already_read is not None:
        if len(already_read) > limit:
            raise _too_large(limit)
        return already_read
    refuse_encoded(request)
    declared = request.headers.get("content-length")
    return await read_stream(request.receive, None if declared is None else declared.encode("latin-1"), limit)


async def read_stream(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """Return a request's raw body. declared: its Content-Length. Raises BodyTooLarge or BodyCutShort."""
    expected = _declared(declared, limit)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCutShort
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    if expected is not None and size != expected:
        raise BodyCutShort(f"the body ended after {size} of {expected} bytes")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class Limited:
    """Around an application that reads whole bodies by itself: it gets none that is larger than `limit` bytes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """Wrap `app`."""
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises BodyTooLarge, from here or from what the application awaits."""
        _declared(
            next((value for name, value in scope.get("headers", ()) if name == b"content-length"), None), self.limit
        )
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limit:
                raise _too_large(self.limit)
            return message

        await self.app(scope, counted, send)


def _declared(length: bytes | None, limit: int) -> int | None:
    """Return how many bytes a Content-Length promises, if it says so. Raises BodyTooLarge."""
    declared_length = int(length) if length is not None and length.isdigit() else None
    if declared_length is not None and declared_length > limit:
        raise _too_large(limit)
    return declared_length


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {limit // 1024} KB", hint="Send less.")


def content_type(request: Request) -> str:
    """Return the media type without parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def refuse_encoded(request: Request) -> None:
    """Raise WrongContentType for a compressed body: what reads it in between would see something else than we do."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise WrongContentType(f"the body is encoded as {encoding[:40]!r}", hint="Send it without Content-Encoding.")


def refuse_card_numbers(value: Any) -> None:
    """Raise CardNumberRefused when a request's value holds a card number: none may get as far as a row or a log."""
    if has_card_number(value):
        raise CardNumberRefused


async def check_json_body(request: Request) -> None:
    """Look through a body that the application reads by itself, more loosely than `strict_json`.

    Raises NotStrictJson, WrongContentType and CardNumberRefused.
    """
    refuse_encoded(request)
    # A request without either header has no body; waiting for one would meet a client that has left.
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    raw = await request.body() if has_body else b""
    # A stream is read once: whoever reads the body after this finds it here.
    request.scope.setdefault("state", {})["body"] = raw
    if raw:
        refuse_card_numbers(strict_json.loads(raw))


async def read_json_object(request: Request, limit: int = MAX_BODY) -> dict[str, Any]:
    """Return the JSON object in the body; an empty body without a type is an empty object.

    Raises WrongContentType unless it is declared as JSON, NotStrictJson or BadRequest when it is not an object,
    CardNumberRefused.
    """
    kind = content_type(request)
    raw = await read_body(request, limit)
    request.scope.setdefault("state", {})["body_bytes"] = len(raw)
    if not raw and not kind:
        return {}
    if kind != "application/json":
        raise WrongContentType(
            f"the body is {kind or 'of no declared type'}, but this address takes JSON",
            hint="Send it with `Content-Type: application/json`.",
        )
    if not raw:
        return {}
    value = strict_json.loads(raw)
    if not is_dict(value):
        raise BadRequest("the body must be a JSON object", hint='Send an object such as {"name": "value"}.')
    refuse_card_numbers(value)
    return value


def body_bytes(request: Request) -> int:
    """Return how many bytes `read_json_object` has read of the request's body."""
    return int(request.scope.get("state", {}).get("body_bytes", 0))


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a posted HTML form (urlencoded). Raises WrongContentType, CardNumberRefused, BadRequest."""
    if content_type(request) != "application/x-www-form-urlencoded":
        raise WrongContentType("the body is not a posted form", hint="Post it as application/x-www-form-urlencoded.")
    raw = await read_body(request, MAX_FORM)
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise BadRequest("the form is not UTF-8, or has more than 100 fields", hint=_FORM_HINT) from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in value for value in fields.values()):
        raise BadRequest("the form has a field twice, or a NUL character", hint=_FORM_HINT)
    refuse_card_numbers(fields)
    return fields


def read_query(request: Request) -> dict[str, Any]:
    """Return the query string as a flat map; a name that stands several times becomes a list. Raises as `read_form`."""
    values: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if "\x00" in name or "\x00" in value:
            raise BadRequest("the query holds a NUL character")
        if name in values:
            before = values[name]
            values[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            values[name] = value
    refuse_card_numbers(values)
    return values
