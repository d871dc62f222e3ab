"""Requests that two readers could understand differently are refused: a proxy in front reads them as well.

RFC 9112 lets a server repair some of them. What a proxy looked at (who is meant, what kind of body, where it ends) must
be what the application sees, so nothing is repaired here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

ONCE = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"origin",
        b"sec-fetch-site",
        b"transfer-encoding",
    }
)
"""Headers that decide about a request. Readers differ in which of two they take."""


def ambiguity(target: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """Return what two readers could understand differently, or None. headers: with names in lower case.

    version: such as `1.1`.
    """
    deciding = [(name, value) for name, value in headers if name in ONCE]
    values = dict(deciding)
    if len(values) != len(deciding):
        return "a header that may stand once stands twice"
    coding = values.get(b"transfer-encoding")
    if coding is not None:
        if b"content-length" in values:
            return "the body has two lengths"
        if version != "1.1" or coding.strip().lower() != b"chunked":
            return "the body has no certain end"
    return None if target[:1] in {b"/", b"*"} else _foreign_target(target, values.get(b"host", b""))


def _foreign_target(target: bytes, host: bytes) -> str | None:
    """Return why an address with a host of its own is refused: it may name the host of the header, and no other."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "the target is no address"
    is_own = parts.scheme.lower() in {b"http", b"https"} and parts.netloc.lower() == host.strip().lower()
    return None if is_own else "the target and the header name two hosts"


def size(target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Return the bytes of a request's first line and headers."""
    return len(target) + sum(len(name) + len(value) + 4 for name, value in headers)
