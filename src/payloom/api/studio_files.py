"""The studio's files: hashed assets kept for a year, one page for every address, and a page that helps when unbuilt.

The files are made by `make studio` on a clone, and come built in the wheel.
"""

from __future__ import annotations

import gzip
import html
import mimetypes
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from payloom.api.http.errors import NoSuchRoute

STUDIO = Path(__file__).parent / "static" / "studio"

# Styles may be inline: editors and menus write them at run time, and a previewed mail brings its own. Scripts may not.
_ALLOWED = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{kind} {sources}" for kind, sources in _ALLOWED.items())
_TEXT = frozenset({".js", ".css", ".svg", ".html", ".json", ".map"})
_MISSING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The studio is not built</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
body {{ margin: 0; font: 15px/1.6 system-ui, sans-serif; display: grid; min-height: 100vh; place-content: center }}
main {{ max-width: 34rem; padding: 2rem }}
h1 {{ font-size: 1.25rem; margin: 0 0 .5rem }}
pre {{ padding: .75rem 1rem; border: 1px solid #8885; border-radius: 6px; overflow-x: auto }}
p {{ margin: .75rem 0 }}
</style></head><body><main>
<h1>The studio is not built yet</h1>
<p>Everything else works: pages, endpoints, webhooks, and <code>payloom runs</code> on the command line.</p>
<p>On a clone of the repository, build it once and reload this page:</p>
<pre tabindex="0">make studio</pre>
<p>It needs the network once, for the npm packages it pins. A wheel of Payloom contains the built studio:
if you installed one, it is not whole; install it again.</p>
<p><small>Looked for <code>{place}</code></small></p>
</main></body></html>
"""


class StudioFiles:
    """Answers below `/studio` from a folder that the build fills."""

    def __init__(self, folder: Path = STUDIO) -> None:
        """Serve `folder`. It can appear or change later, when the studio is built."""
        self._folder = folder
        self._packed: dict[tuple[Path, int], bytes] = {}

    async def __call__(self, request: Request) -> Response:
        """Return a file, or the one page that draws every address."""
        path = request.path_params.get("path", "")
        request.scope.setdefault("state", {})["route"] = "/studio"
        if path.startswith("assets/") or path == "icon.svg":
            return await run_in_threadpool(self._file, request, path)
        return await run_in_threadpool(self._page, request)

    def _page(self, request: Request) -> Response:
        index = self._folder / "index.html"
        if not index.is_file():
            text = _MISSING.format(place=html.escape(str(index)))
            return Response(text, 503, {**_PAGE, "retry-after": "30"}, media_type="text/html")
        # `no-store`, so that after an update no old page asks for files that are gone.
        return self._answer(request, index, {**_PAGE, "cache-control": "no-store"})

    def _file(self, request: Request, path: str) -> Response:
        root = self._folder.resolve()
        try:
            file = (root / path).resolve()
            is_file = file.is_file()
        except (OSError, ValueError):
            # A NUL character, or a name longer than the system takes.
            is_file, file = False, root
        if not file.is_relative_to(root) or not is_file:
            raise NoSuchRoute(f"the studio has no file {path[:100]!r}", hint="It was updated: reload the page.")
        lasting = path.startswith("assets/")
        headers = {"cache-control": "public, max-age=31536000, immutable" if lasting else "no-cache"}
        if file.suffix == ".svg":
            headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return self._answer(request, file, headers)

    def _answer(self, request: Request, file: Path, headers: Mapping[str, str]) -> Response:
        kind = _KINDS.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if file.suffix in _TEXT and "gzip" in request.headers.get("accept-encoding", ""):
            more = {**headers, "content-encoding": "gzip", "vary": "accept-encoding"}
            return Response(self._gzipped(file), headers=more, media_type=kind)
        return Response(file.read_bytes(), headers=dict(headers), media_type=kind)

    def _gzipped(self, file: Path) -> bytes:
        key = (file, file.stat().st_mtime_ns)
        packed = self._packed.get(key)
        if packed is None:
            packed = self._packed[key] = gzip.compress(file.read_bytes(), 6, mtime=0)
        return packed


_PAGE = {"content-security-policy": POLICY, "referrer-policy": "no-referrer", "cache-control": "no-store"}
_KINDS = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


def routes(folder: Path = STUDIO, *, opened: Callable[[], None] = lambda: None) -> list[BaseRoute]:
    """Return the routes. opened: called when a user opens the studio, before its first request."""
    files = StudioFiles(folder)

    async def slash(_request: Request) -> Response:
        # The page's own addresses begin without the slash; one of the two must be the true one.
        return RedirectResponse("/studio", 308)

    async def serve(request: Request) -> Response:
        opened()
        return await files(request)

    return [
        Route("/studio", serve),
        Route("/studio/", slash),
        Route("/studio/{path:path}", serve),
    ]
