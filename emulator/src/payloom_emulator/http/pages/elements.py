"""The frames that the Stripe.js stand-in puts into a host page.

They hold no data of their own: the script in them does everything over the HTTP interface with the page's publishable
key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.http.pages.rendering import page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_TITLES = {
    "payment": "Payment details",
    "card": "Card details",
    "cardNumber": "Card number",
    "cardExpiry": "Expiration date",
    "cardCvc": "Security code",
    "iban": "IBAN",
    "address": "Address",
    "linkAuthentication": "Email",
}


async def frame(request: Request) -> Response:
    """Serve the frame of one kind of element, or the hidden controller frame."""
    kind = request.path_params["kind"]
    if kind == "controller":
        return page("controller.html", framed=True)
    if kind not in _TITLES:
        return page("missing.html", status=404, title="No such element", message=f"There is no element {kind!r}.")
    return page("element.html", framed=True, kind=kind, title=_TITLES[kind])
