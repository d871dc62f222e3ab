"""Where a request comes from: other sites must not act for a signed-in user, nor frame or name this host.

Cookies travel with requests that other sites cause. So a request that changes something is taken only if the browser
says it is of our own origin (Sec-Fetch-Site, else Origin). Programs send neither; theirs must be JSON, which no form
can send. A POST with cookies says so also if it has no body: a script can send one without a type.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from starlette.requests import Request

from payloom.api.http.errors import CrossSiteRequest
from payloom.api.http.request_body import content_type

_HOST = re.compile(r"(?:(?P<name>[A-Za-z0-9._~-]+)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::[0-9]{0,5})?")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def host_name(host_header: str) -> str:
    """Return the host of a Host header without its port, in lower case; empty for what is more than these two."""
    match = _HOST.fullmatch(host_header)
    return (match["name"] or match["address"]).lower() if match else ""


def is_foreign(request: Request, own_origin: str) -> bool | None:
    """Tell whether the browser says another site caused the request; None when no browser speaks."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        # "none" is a person typing the address; "same-site" may be another (sub)domain and does not count as ours.
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return None
    return origin not in {own_origin, f"{request.url.scheme}://{request.headers.get('host', '')}"}


def refuse_foreign(request: Request, own_origin: str, *, form: bool = False) -> None:
    """Raise CrossSiteRequest when a changing request comes from another site, or might and nothing proves otherwise.

    form: the route checks a CSRF token itself, so a body that is not JSON is fine from a program.
    """
    if request.method in SAFE_METHODS:
        return
    foreign = is_foreign(request, own_origin)
    if foreign or (foreign is None and not form and not _only_programs_send(request)):
        raise CrossSiteRequest(
            "cross-site request blocked",
            hint="API clients: send `Content-Type: application/json`. Other sites: allow the origin with `cors`.",
        )


def _only_programs_send(request: Request) -> bool:
    kind = content_type(request)
    bare = not kind and (request.method != "POST" or "cookie" not in request.headers)
    return bare or kind == "application/json"


def cors_headers(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """Return the headers that let an allowed other site read the answer; empty for others. Never with cookies."""
    origin = request.headers.get("origin")
    if origin is None or not (origin in allowed or "*" in allowed):
        return {}
    headers = {"access-control-allow-origin": origin, "vary": "Origin"}
    if request.method == "OPTIONS":
        headers["access-control-allow-methods"] = request.headers.get("access-control-request-method", "POST")
        headers["access-control-allow-headers"] = "content-type, idempotency-key"
        headers["access-control-max-age"] = "600"
    return headers


def safe_next(target: str | None, default: str = "/") -> str:
    """Return a path of this site to redirect to after signing in; `default` for anything that could lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    if any(ord(char) < 0x21 or char == "\\" or ord(char) == 0x7F for char in target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    # A browser takes out dots, and `/.//evil.example` becomes `//evil.example`.
    dotted = any(segment in {".", ".."} for segment in unquote(parts.path).split("/"))
    return default if parts.scheme or parts.netloc or dotted else target
