"""The plain pages that links inside objects lead to: receipts, onboarding, the end of a payment link."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.kit.clock import from_epoch
from payloom.kit.money import Amount

if TYPE_CHECKING:
    from payloom.emulator.server import Emulator

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}"
    "body{color:#1a1f36;background:#fff}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.5rem 1.5rem}dt{color:#4f566b}dd{margin:0}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:6px;background:#1a1f36;color:#fff}"
)


def routes() -> list[Route]:
    """Return the routes of these pages."""
    return [
        Route("/_emulator/receipts/{account}/{charge}", _receipt, methods=["GET"]),
        Route("/_emulator/onboarding/{account}", _onboarding, methods=["GET", "POST"]),
        Route("/_emulator/paid", _paid, methods=["GET"]),
    ]


def _page(title: str, body: str, status: int = 200) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    top = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head>'
    return HTMLResponse(f"{top}<body><main>{body}</main></body></html>", status)


async def _receipt(request: Request) -> Response:
    emulator: Emulator = request.app.state.emulator
    row = emulator.store.read(request.path_params["account"], request.path_params["charge"])
    if row is None or row[0]["object"] != "charge":
        return _page("No such receipt", "<h1>There is no such receipt</h1>", 404)
    charge = row[0]
    details = charge["payment_method_details"]
    kind = details["type"]
    paid_with = f"{details[kind].get('brand', kind)} ending in {details[kind].get('last4', '')}"
    rows = {
        "Amount": Amount(charge["amount_captured"], charge["currency"]).format(),
        "Refunded": Amount(charge["amount_refunded"], charge["currency"]).format()
        if charge["amount_refunded"]
        else None,
        "Date": from_epoch(charge["created"]).strftime("%d %B %Y"),
        "Paid with": paid_with,
        "Description": charge["description"],
        "Reference": charge["id"],
    }
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in rows.items() if v)
    return _page("Receipt", f"<h1>Receipt</h1><dl>{listed}</dl><p>Local Stripe: no money moved.</p>")


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
        return RedirectResponse(row[0].get("_return_url") or "/", 303)
    text = f"<h1>Set up {escape(account_id)}</h1><p>The local Stripe asks for nothing but your consent.</p>"
    return _page("Set up payments", f'{text}<form method="post"><button type="submit">Accept and go on</button></form>')


async def _paid(request: Request) -> Response:
    del request
    return _page("Thanks for your payment", "<h1>Thanks for your payment</h1><p>You may close this page.</p>")
