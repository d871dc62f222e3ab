"""Static files of the pages, and the Stripe.js stand-in put together from its parts."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(str(path.relative_to(STATIC).as_posix()) for path in STATIC.rglob("*") if path.suffix in _TYPES)


@functools.cache
def _read(name: str) -> tuple[bytes, str]:
    body = (STATIC / name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def _answer(request: Request, body: bytes, etag: str, media_type: str) -> Response:
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


async def asset(request: Request) -> Response:
    """Serve one file of `static/`; the names are fixed when the server starts, so a path cannot leave the folder."""
    name = request.path_params["name"]
    if name not in _names():
        return PlainTextResponse("There is no such file.", status_code=404)
    body, etag = _read(name)
    return _answer(request, body, etag, _TYPES[Path(name).suffix])


_PICTURES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}


async def logo(request: Request) -> Response:
    """Serve the picture of `--business-logo`. A picture that holds scripts runs none."""
    picture = _picture(Path(request.app.state.emulator.config.business["logo"] or ""))
    if picture is None:
        return PlainTextResponse("There is no such file.", status_code=404)
    headers = {
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return Response(picture[0], media_type=picture[1], headers=headers)


def _picture(path: Path) -> tuple[bytes, str] | None:
    """Return (content, media type), or None when there is no picture."""
    media_type = _PICTURES.get(path.suffix.lower())
    return (path.read_bytes(), media_type) if media_type and path.is_file() else None


@functools.cache
def stripe_js(train: str) -> tuple[bytes, str]:
    """Return the stand-in for one release train ("v3", "basil" … "endive") and its entity tag."""
    parts = [path.read_text("utf-8") for path in sorted((STATIC / "stripejs").glob("*.js"))]
    script = (
        f"""/* Payloom local Stripe: a stand-in for Stripe.js for development and tests. Not made by Stripe. */\n(() => {{\n"use strict";\nconst CONFIG = {json.dumps({"train": train})};\n"""
        + "\n".join(parts)
        + "})();\n"
    )
    body = script.encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'


async def stripe_script(request: Request) -> Response:
    """Serve `/v3/` and `/<train>/stripe.js`."""
    body, etag = stripe_js(request.path_params.get("train", "v3"))
    return _answer(request, body, etag, "text/javascript")
