"""Files served as they are: payloom.js and payloom.css, the project's `pages/assets/`, the browser's configuration."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from payloom.api.http.errors import NoSuchRoute
from payloom.api.http.middleware import set_route_label
from payloom.settings.keys import StripeSettings

_OWN = Path(__file__).parent / "static"
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class Assets(StaticFiles):
    """Static files that are asked for again only when they changed; no symbolic links out of the folder."""

    def __init__(self, folder: Path, route: str) -> None:
        """Serve `folder`; requests are counted under `route`."""
        super().__init__(directory=folder, check_dir=False)
        self._route = route

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, or NoSuchRoute."""
        scope.setdefault("state", {})["route"] = self._route
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            raise NoSuchRoute(f"there is no file {path!r}") from error
        response.headers["cache-control"] = "no-cache"
        if Headers(raw=response.raw_headers).get("content-type", "").startswith("image/svg"):
            # Opened by itself an SVG is a document that may hold scripts.
            response.headers["content-security-policy"] = _SVG_POLICY
        return response


def routes(project_assets: Path, stripe: StripeSettings) -> list[BaseRoute]:
    """Return the routes."""

    async def config(request: Request) -> Response:
        set_route_label(request, "/_payloom/config.json")
        return JSONResponse(
            {"publishable_key": stripe.publishable_key, "script_url": stripe.script_url, "mode": stripe.mode}
        )

    return [
        Route("/_payloom/config.json", config),
        Mount("/_payloom", Assets(_OWN, "/_payloom")),
        Mount("/assets", Assets(project_assets, "/assets")),
    ]
