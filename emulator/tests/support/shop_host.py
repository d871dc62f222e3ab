"""A small shop on its own origin: pages around the bundles of `npm/src`, and a backend with the official SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import stripe
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shop</title><link rel="icon" href="data:,"><script src="{emulator}/{script}"></script>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 460px; margin: 24px auto; padding: 0 16px; background: #fff; }}
.card-box {{ border: 1px solid #c9ccd9; border-radius: 6px; padding: 12px; margin: 8px 0; }}</style>
</head><body><main><h1>Shop</h1><div id="root"></div></main>
<script>window.SHOP = {config};</script><script type="module" src="/bundles/{bundle}.js"></script></body></html>"""

PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,"></head>
<body><h1 id="title">{title}</h1></body></html>"""


def client(emulator: str, **options: Any) -> stripe.StripeClient:
    """Return the official SDK, pointed at the emulator."""
    return stripe.StripeClient(
        "sk_test_local_payloom_emulator", base_addresses={"api": emulator}, max_network_retries=0, **options
    )


def shop_app(emulator: str, bundles: Path) -> Starlette:
    """Return the shop's application. `emulator`: the local Stripe's origin; `bundles`: the folder esbuild wrote."""
    sdk = client(emulator)

    def page(request: Request) -> Response:
        config = {"emulator": emulator, "key": "pk_test_local_payloom_emulator", **dict(request.query_params)}
        html = PAGE.format(
            emulator=emulator,
            script=request.query_params.get("script", "endive/stripe.js"),
            config=json.dumps(config).replace("<", "\\u003c"),
            bundle=request.path_params["name"],
        )
        return HTMLResponse(html)

    def bundle(request: Request) -> Response:
        return FileResponse(bundles / f"{request.path_params['name']}.js", media_type="text/javascript")

    def plain(request: Request) -> Response:
        return HTMLResponse(PLAIN.format(title=request.path_params["name"]))

    async def create(request: Request) -> Response:
        """Make an intent or a session with the parameters the page asks for, and hand out its client secret."""
        params = await request.json()
        kind = request.path_params["kind"]
        created = {
            "payment_intents": sdk.v1.payment_intents.create,
            "setup_intents": sdk.v1.setup_intents.create,
            "sessions": sdk.v1.checkout.sessions.create,
        }[kind](params)
        return JSONResponse({"id": created.id, "clientSecret": created.client_secret})

    return Starlette(
        routes=[
            Route("/pages/{name}", page),
            Route("/bundles/{name}.js", bundle),
            Route("/api/{kind}", create, methods=["POST"]),
            Route("/{name}", plain),
        ]
    )
