"""Where events may be sent: to this machine, to the hosts that an option names, and never to a cloud's metadata."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from payloom_emulator.core.errors import WebhookAddressRefused

if TYPE_CHECKING:
    from payloom_emulator.core.config import EmulatorConfig

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ANY_HOST = "*"
METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")))
"""Addresses outside the link-local networks at which clouds hand keys to their machines."""


def allowed_hosts(config: EmulatorConfig) -> frozenset[str]:
    """Return the hosts to send to besides this machine: named by an option, or in an endpoint of the start."""
    endpoint_hosts = (urlsplit(endpoint.url).hostname or "" for endpoint in config.endpoints)
    return frozenset({*(name.lower() for name in config.webhook_hosts), *endpoint_hosts})


async def addresses_of(url: str, hosts: frozenset[str]) -> list[str]:
    """Return the addresses to send to, looked up once. Raises WebhookAddressRefused, or OSError for an unknown name.

    hosts: where events may go besides this machine; `*` for any host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise WebhookAddressRefused(f"{url[:200]!r} is no address to send events to.") from None
    entries = await asyncio.get_running_loop().getaddrinfo(
        host, port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM
    )
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries]
    for address in addresses:
        check(host, address, hosts)
    # Programs listen on 127.0.0.1 more often than on ::1.
    return [str(address) for address in sorted(set(addresses), key=lambda address: (address.version, int(address)))]


def check(host: str, address: Address, hosts: frozenset[str]) -> None:
    """Raise WebhookAddressRefused if no event may go to this address of the host."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    if address.is_link_local or address.is_multicast or address in METADATA:
        raise WebhookAddressRefused(
            f"Events are never sent to {host} ({address}): a link-local, multicast or metadata address."
        )
    here = address.is_loopback or address.is_unspecified
    if not here and not hosts & {ANY_HOST, host.lower()}:
        raise WebhookAddressRefused(
            f"The local Stripe sends events to this machine only, not to {host}.",
            hint=f"Start it with --allow-webhook-host {host} (or '*'), or name the address with --webhook-url.",
        )
