"""The plain pages of onboarding links, and of 3-D Secure authentications without a payment."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom_emulator.http.same_site import own_pages_only
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import text
from payloom_emulator.runtime.challenges import end_authentication

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.runtime.emulator import Emulator

_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}body{color:#1a1f36;background:#fff}dl{display:grid;grid-template-columns:auto 1fr;gap:.5rem 1.5rem}dt{color:#4f566b}dd{margin:0}button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:6px;background:#1a1f36;color:#fff}"


def routes() -> list[Route]:
    """Return the routes of these pages."""
    return [
        Route("/_emulator/onboarding/{account}", own_pages_only(_onboarding), methods=["GET", "POST"]),
        Route("/_emulator/authentications/{authentication}", own_pages_only(_authentication), methods=["GET", "POST"]),
    ]


def _page(title: str, body: str, status: int = 200) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    top = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head>'
    return HTMLResponse(f"{top}<body><main>{body}</main></body></html>", status)


async def _onboarding(request: Request) -> Response:
    """A connected account accepts the terms with one button, then goes back to the platform."""
    emulator: Emulator = request.app.state.emulator
    account_id = request.path_params["account"]
    row = emulator.store.read(emulator.config.account, account_id)
    if row is None:
        return _page("No such account", "<h1>There is no such account</h1>", 404)
    if request.method == "POST":
        terms = {"date": emulator.clock.now(), "ip": "127.0.0.1"}
        emulator.call("POST", f"/v1/accounts/{account_id}", {"tos_acceptance": terms})
        return RedirectResponse(text(row[0].get("_return_url")) or "/", 303)
    body = f"<h1>Set up {escape(account_id)}</h1><p>The local Stripe asks for nothing but your consent.</p>"
    return _page("Set up payments", f'{body}<form method="post"><button type="submit">Accept and go on</button></form>')


async def _authentication(request: Request) -> Response:
    """A cardholder passes or fails the challenge of an authentication that belongs to no payment."""
    emulator: Emulator = request.app.state.emulator
    name = request.path_params["authentication"]
    if request.method == "POST":
        form = await request.form()
        try:
            status = end_authentication(emulator, name, passed=form.get("outcome") == "complete")
        except StripeError as error:
            return _page("Nothing to authenticate", f"<h1>{escape(error.message)}</h1>", error.status)
        return _page("Done", f"<h1>The authentication is {escape(status)}</h1>")
    buttons = "".join(
        f'<button type="submit" name="outcome" value="{value}">{text_of}</button> '
        for value, text_of in (("complete", "Complete"), ("fail", "Fail"))
    )
    return _page("3-D Secure", f'<h1>Authenticate {escape(name)}</h1><form method="post">{buttons}</form>')
