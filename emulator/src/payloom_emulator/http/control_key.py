"""Who may steer: programs on this machine, and whoever shows the control key.

Everything that `payloom_emulator.http.control_api` serves, and the front page, ask here. A program on this machine
could read the store's file as well, so it needs no key, unless one was set by hand. `same_site.py` and `own_hosts.py`
keep off the pages of other sites.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom_emulator.core.errors import NoControlKey

Endpoint = Callable[[Request], Awaitable[Response]]
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers by which a proxy says that the caller is somebody else."""
_HINT = "Send `Authorization: Bearer KEY`. The start of the local Stripe prints the key, unless PAYLOOM_EMULATOR_CONTROL_KEY sets it."
_CHALLENGE = {"www-authenticate": 'Basic realm="Local Stripe: any name, the control key as password", charset="UTF-8"'}


def may_steer(request: Request) -> bool:
    """Tell whether this caller may use the control API."""
    config = request.app.state.emulator.config
    if not config.control_key_always and is_of_this_machine(request):
        return True
    presented = _shown_key(request.headers.get("authorization", ""))
    return hmac.compare_digest(presented.encode(), config.control_key.encode())


def with_control_key(endpoint: Endpoint) -> Endpoint:
    """Wrap an endpoint: who may not steer gets 401, to which a browser asks for the key."""

    async def run(request: Request) -> Response:
        if may_steer(request):
            return await endpoint(request)
        error = NoControlKey(
            "This call needs the control key of the local Stripe.",
            hint=_HINT,
        )
        return JSONResponse({"error": error.to_dict()}, error.status, _CHALLENGE)

    return run


def is_of_this_machine(request: Request) -> bool:
    """Tell whether the request comes from this machine itself, not through a proxy."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _shown_key(authorization: str) -> str:
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
