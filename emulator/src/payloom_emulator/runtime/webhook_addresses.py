"""Where events may be sent: to this machine, to the hosts that an option names, and never to a cloud's metadata.

With `own_ports_only`, as in `payloom dev`, other programs of this machine get none either: only the addresses of the
start, and those that an option names with their port.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from payloom_emulator.core.config import WEBHOOK_HOSTS
from payloom_emulator.core.errors import WebhookAddressRefused

if TYPE_CHECKING:
    from payloom_emulator.core.config import EmulatorConfig

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ANY_HOST = "*"
METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")))
"""Addresses outside the link-local networks at which clouds hand keys to their machines."""

_CARRIES_AT_END = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
"""IPv4-compatible, -mapped, and -translated addresses, and those of NAT64."""
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
"""A site's own NAT64: with a prefix of 96 bits the IPv4 address stands last, with one of 48 around the ninth byte."""
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


@dataclasses.dataclass(frozen=True, slots=True)
class AllowedTargets:
    """Where events may go. hosts: besides this machine; `*` for any. ports: of this machine; None for all."""

    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] | None = None


def allowed_targets(config: EmulatorConfig) -> AllowedTargets:
    """Return where to send to: named by an option, or in an endpoint of the start."""
    named = [urlsplit(f"//{name.lower()}") for name in config.webhook_hosts if name != ANY_HOST]
    own = [urlsplit(endpoint.url) for endpoint in config.endpoints]
    any_host = frozenset({ANY_HOST} & set(config.webhook_hosts))
    hosts = any_host | {parts.hostname or "" for parts in (*named, *own)}
    if not config.own_ports_only or any_host or any(_is_here(parts) and parts.port is None for parts in named):
        return AllowedTargets(hosts)
    own_ports = {_port(parts.scheme, parts.port) for parts in own}
    return AllowedTargets(hosts, frozenset({*own_ports, *(parts.port for parts in named if parts.port)}))


def _is_here(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


async def addresses_of(url: str, targets: AllowedTargets) -> list[str]:
    """Return the addresses to send to, looked up once. Raises WebhookAddressRefused, or OSError for an unknown name."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", _port(parts.scheme, parts.port)
    except ValueError:
        raise WebhookAddressRefused(f"{url[:200]!r} is no address to send events to.") from None
    entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries]
    for address in addresses:
        check(host, port, address, targets)
    # Programs listen on 127.0.0.1 more often than on ::1.
    return [str(address) for address in sorted(set(addresses), key=lambda address: (address.version, int(address)))]


def check(host: str, port: int, address: Address, targets: AllowedTargets) -> None:
    """Raise WebhookAddressRefused if no event may go to this address of the host."""
    carried = [address] if isinstance(address, ipaddress.IPv4Address) else carried_addresses(address)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    if any(each.is_link_local or each.is_multicast or each in METADATA for each in (address, *carried)):
        raise WebhookAddressRefused(
            f"Events are never sent to {host} ({address}): a link-local, multicast or metadata address."
        )
    here = address.is_loopback or address.is_unspecified
    if here and targets.ports is not None and port not in targets.ports:
        raise WebhookAddressRefused(
            f"The local Stripe sends events to this project only, not to port {port} of this machine.",
            hint=f"Set {WEBHOOK_HOSTS}={host}:{port} (several with blanks between) before it starts.",
        )
    if not here and not targets.hosts & {ANY_HOST, host.lower()}:
        raise WebhookAddressRefused(
            f"The local Stripe sends events to this machine only, not to {host}.",
            hint=f"Start it with --allow-webhook-host {host} (or '*'), or name the address with --webhook-url.",
        )


def carried_addresses(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses to which a translator, a tunnel, or the system itself may take an IPv6 address."""
    parts = address.packed
    last = parts[12:]
    carried: list[bytes] = []
    if any(address in network for network in _CARRIES_AT_END) or parts[8:12] in _ISATAP:
        carried.append(last)
    if address in _NAT64_LOCAL:
        carried += [last, parts[6:8] + parts[9:11]]
    if address.sixtofour is not None:
        carried.append(address.sixtofour.packed)
    if address.teredo is not None:
        carried += [inner.packed for inner in address.teredo]
    return [ipaddress.IPv4Address(inner) for inner in carried]
