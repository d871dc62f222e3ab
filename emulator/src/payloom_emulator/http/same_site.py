"""Keeps pages of other sites from steering the local Stripe through the browser of its user.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`); scripts say nothing and are let in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom_emulator.core.errors import CrossSite

Endpoint = Callable[[Request], Awaitable[Response]]


def is_foreign(request: Request) -> bool:
    """Tell whether a browser sends this for a page that is not the local Stripe's own."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site == "same-origin":
        return False  # no page can set this header; a form of a page without a referrer has the Origin "null"
    host = request.headers.get("host", "")  # a proxy in front may speak https, so only hosts are compared
    own = {f"http://{host}", f"https://{host}", request.app.state.emulator.base_url}
    # Another port of the same host counts as the same site, but not as the same origin.
    return site == "cross-site" or (origin is not None and origin not in own)


def is_of_browser(request: Request) -> bool:
    """Tell whether a browser sends this for any page: it says so in headers that no page can leave out."""
    return any(name in request.headers for name in ("origin", "sec-fetch-site", "sec-fetch-mode", "referer"))


def check(request: Request) -> None:
    """Refuse what a browser sends for a page that is not the local Stripe's own. Raises CrossSite."""
    if is_foreign(request):
        origin = request.headers.get("origin")
        raise CrossSite(
            f"A page of {origin or 'another site'} may not steer the local Stripe.",
            hint="Call it from a script or a server, or use its own front page.",
        )


def own_pages_only(endpoint: Endpoint) -> Endpoint:
    """Wrap an endpoint: what changes something is refused to pages of other sites; reading is as open as it was."""

    async def run(request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            try:
                check(request)
            except CrossSite as error:
                return JSONResponse({"error": error.to_dict()}, error.status)
        return await endpoint(request)

    return run
