"""The one rule for whether a host is this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Return whether a host name or an address always leads to this machine.

    True for `localhost` (in any case, with or without the final dot of a full name), 127.0.0.0/8, `::1`, and the IPv4
    ones written as IPv6. False for every other name, whatever it resolves to: another site's name can lead here too.
    """
    if host.lower().removesuffix(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_local_url(url: str) -> bool:
    """Return whether the host of a URL always leads to this machine; False for a URL without one."""
    return is_loopback(urlsplit(url).hostname or "")
