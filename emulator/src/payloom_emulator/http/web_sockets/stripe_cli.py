"""Where Stripe's CLI connects: the call that opens a session, and the web socket of `listen` and `logs tail`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from payloom_emulator.protocol import auth
from payloom_emulator.protocol.api_versions import NEWEST
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.form import decode
from payloom_emulator.protocol.json_shapes import is_object
from payloom_emulator.runtime.cli_sessions.sessions import RECONNECT_AFTER, take_reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from payloom_emulator.http.asgi import WireApp
    from payloom_emulator.runtime.cli_sessions.sessions import CliSession
    from payloom_emulator.runtime.emulator import Emulator

SESSIONS = "/v1/stripecli/sessions"
SUBPROTOCOL = "stripecli-devproxy-v1"


def routes(wire: WireApp) -> list[BaseRoute]:
    """Return both routes. wire: says who calls."""

    async def open_session(request: Request) -> Response:
        """Open a session. The address of its web socket has the host by which the CLI came here."""
        emulator: Emulator = request.app.state.emulator
        try:
            caller = wire.caller_of(request)
            auth.authorize(caller, "POST", SESSIONS)
            params = decode((await request.body()).decode())
            session = emulator.delivery.cli.open(caller.account, params)
        except StripeError as error:
            return JSONResponse(error.body(SESSIONS, emulator.ids.new("req_", 14)), error.status)
        scheme = "wss" if request.url.scheme == "https" else "ws"
        return JSONResponse(
            {
                "websocket_id": session.id,
                "websocket_url": f"{scheme}://{request.headers['host']}/stripecli/subscribe/{caller.account}",
                "websocket_authorized_feature": ",".join(session.features),
                "secret": session.secret,
                "reconnect_delay": RECONNECT_AFTER,
                "default_version": emulator.config.api_version,
                "latest_version": NEWEST,
                "display_connect_filter_warning": False,
            }
        )

    return [
        Route(SESSIONS, open_session, methods=["POST"]),
        WebSocketRoute("/stripecli/subscribe/{account}", _subscribe),
    ]


async def _subscribe(socket: WebSocket) -> None:
    emulator: Emulator = socket.app.state.emulator
    session = emulator.delivery.cli.find(socket.headers.get("websocket-id", ""))
    if session is None:
        # By these words the CLI knows that it needs a new session.
        await socket.send_denial_response(JSONResponse({"error": {"message": "Unknown WebSocket ID."}}, 400))
        return
    offered = socket.scope["subprotocols"]
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    session.connected()
    sending = asyncio.create_task(_send_all(socket, session))
    try:
        async for line in socket.iter_text():
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if is_object(message):
                    take_reply(message, emulator.delivery.forwarded)
    finally:
        session.disconnected()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send_all(socket: WebSocket, session: CliSession) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.send_text(json.dumps(await session.next_message()))
