"""Resolves the client address used for rate limiting."""

from __future__ import annotations

import ipaddress

import structlog
from starlette.requests import Request
from starlette.types import Scope

from payloom.kit.addresses.loopback import is_loopback

log = structlog.get_logger("payloom.http")

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers that tell of a proxy in between, trusted or not."""


def client_key(request: Request) -> str:
    """Return under which name a request's sender is counted: its address, or the /64 network of an IPv6 one."""
    return address_key(request.client.host) if request.client else "unknown"


class ProxyWatch:
    """Warns once when a proxy that is not named in `trusted_proxies` forwards requests."""

    def __init__(self, *, named: bool) -> None:
        """named: whether `trusted_proxies` names any."""
        self._named = named
        self._told = False

    def look(self, scope: Scope) -> None:
        """Look at a request's headers."""
        if self._told:
            return
        names = {name.decode("latin-1") for name, _ in scope["headers"]}
        client = scope.get("client")
        if self._named:
            # Of a named proxy the server took the address that it reports, which has no port.
            foreign = "x-forwarded-for" in names and client is not None and client[1] != 0
        else:
            foreign = not names.isdisjoint(FORWARDED)
        if foreign:
            self._told = True
            log.warning(
                "proxy_not_trusted",
                address=client[0] if client else None,
                hint="If this is your own proxy, list its address in `trusted_proxies`: until then all its clients share one address and its limits.",
            )


def is_own_address(address: str) -> bool:
    """Return whether a connection's address is this machine's own; so is none at all (a Unix socket)."""
    return not address or is_loopback(address)


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
