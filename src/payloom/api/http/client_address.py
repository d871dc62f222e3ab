"""Resolves the client address used for rate limiting."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers that tell of a proxy in between, trusted or not."""


def client_key(request: Request) -> str:
    """Return under which name a request's sender is counted: its address, or the /64 network of an IPv6 one."""
    return address_key(request.client.host) if request.client else "unknown"


def from_this_machine(request: Request) -> bool:
    """Tell whether a program on this machine calls, and speaks for itself: a proxy here speaks for the whole world."""
    if any(name in request.headers for name in FORWARDED):
        return False
    return request.client is not None and is_loopback(request.client.host)


def is_loopback(address: str) -> bool:
    """Tell whether a network address is this machine's own; so is none at all (a Unix socket)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return not address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def address_key(address: str) -> str:
    """Return under which name an address is counted: itself, or the /64 network of an IPv6 address.

    A client with one IPv6 address has all of its /64. `::ffff:192.0.2.1` counts as `192.0.2.1`.
    """
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
