"""Where `http` steps may go: hosts the settings name, and public addresses only.

An address is looked up once, every answer must be public, and the connection goes to that answer: a name that points
elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from payloom.kit.errors import PayloomError
from payloom.kit.suggest import did_you_mean

PORTS = {"http": 80, "https": 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/127", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32",
        "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
]  # fmt: skip
"""IANA's special-purpose addresses, and `fec0::/10` of old. Python's own table changes with its version."""


class NotAllowed(PayloomError):
    """An `http` step can't call this address."""

    code = "http_not_allowed"
    status = 500


class NotFound(PayloomError):
    """The host's name has no address."""

    code = "http_unreachable"
    status = 502


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: `ip`, instead of the name `host`. `origin`: for messages, without path and query."""

    scheme: str
    host: str
    port: int
    ip: str
    path: str

    @property
    def origin(self) -> str:
        """`https://example.com`."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """The Host header: the port only when it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address with the IP in place of the name."""
        return f"{self.scheme}://{f'[{self.ip}]' if ':' in self.ip else self.ip}:{self.port}{self.path}"


def is_public(address: Address) -> bool:
    """Return whether an address is a public one, also the IPv4 address that an IPv6 one may carry inside."""
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    return all(is_public(address) for address in inner if address is not None)


class Guard:
    """Decides where a step may go.

    allow: `api.example.com` (public, ports 80 and 443), `*.example.com` (its subdomains), `*` (any public host), or a
    whole origin such as `http://10.0.0.5:8080`, which may then be private. Empty: nothing may be called.
    """

    def __init__(self, allow: Sequence[str], lookup: Lookup | None = None) -> None:
        """`lookup`: the name service; the system's unless a test brings its own."""
        self._hosts = {entry.lower() for entry in allow if "://" not in entry}
        self._origins = {entry.lower().rstrip("/") for entry in allow if "://" in entry}
        self._lookup = lookup or look_up

    async def find(self, url: str) -> Target:
        """Return where to connect for `url`. Raises `NotAllowed` or `NotFound`."""
        scheme, host, port, path = _split(url)
        private = f"{scheme}://{host}:{port}" in self._origins or (
            port == PORTS[scheme] and f"{scheme}://{host}" in self._origins
        )
        if not private:
            self._require_listed(host)
            if port not in PORTS.values():
                raise NotAllowed(f"port {port} may not be called", hint="only 80 and 443 may")
        addresses = await self._lookup(host, port)
        if not addresses:
            raise NotFound(f"{host} has no address")
        for text in addresses:
            if not private and not is_public(ipaddress.ip_address(text.partition("%")[0])):
                hint = "private, local and reserved addresses are out of reach unless http_allow names the origin"
                raise NotAllowed(f"{host} points to an address that is not public", hint=hint)
        return Target(scheme, host, port, addresses[0], path)

    def _require_listed(self, host: str) -> None:
        if "*" in self._hosts or host in self._hosts:
            return
        parents = host.split(".")[1:]
        if any(f"*.{'.'.join(parents[start:])}" in self._hosts for start in range(len(parents))):
            return
        hint = did_you_mean(host, self._hosts) or f"add {host} to http_allow in payloom.yaml"
        raise NotAllowed(f"{host} is not a host this project may call", hint=hint)


def _split(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowed("the address is not understood") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if scheme not in PORTS or not host:
        raise NotAllowed("the address does not begin with https:// or http:// and a host")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("the address holds a user name", hint="send an Authorization header instead")
    if any(char <= " " or char in "\\\x7f" for char in url):
        raise NotAllowed("the address holds a blank, a backslash or a control character")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        raise NotAllowed("the host's name is not understood") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return scheme, host, port or PORTS[scheme], path


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's name service."""
    try:
        addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFound(f"{host} cannot be looked up: {error}") from error
    return [str(entry[4][0]) for entry in addresses]
