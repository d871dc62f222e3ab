"""The 3-D Secure challenge: a page of "the bank" where a person completes or fails the authentication.

Used full-page (the intent's `redirect_to_url`) and inside a frame (`use_stripe_sdk`, hosted Checkout).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.hosted_checkout.view import METHODS
from payloom_emulator.http.pages.rendering import money, page
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from payloom_emulator.objects.intents import PaymentIntent, SetupIntent
    from payloom_emulator.objects.payment_methods import PaymentMethod


def _intent(pages: Access, intent_id: str) -> PaymentIntent | SetupIntent | None:
    if intent_id.startswith("seti_"):
        return pages.read(kinds.SETUP_INTENT, intent_id)
    return pages.read(kinds.PAYMENT_INTENT, intent_id)


def _named(method: PaymentMethod | None) -> str:
    card = method["card"] if method and method["type"] == "card" else None
    if card:
        return f"{card['brand'].capitalize()} •••• {card['last4']}"
    return METHODS.get(_type(method), _type(method))


def _type(method: PaymentMethod | None) -> str:
    return method["type"] if method else "card"


async def challenge(request: Request) -> Response:
    """Serve the challenge of one intent; the client secret must be in the address, as in the link Stripe gives."""
    pages = Access(request, request.path_params["intent"])
    framed = request.query_params.get("frame") == "1"
    intent = _intent(pages, request.path_params["intent"])
    secret = request.query_params.get("client_secret", "")
    if intent is None or not hmac.compare_digest(secret.encode(), str(intent["client_secret"]).encode()):
        return page(
            "missing.html",
            status=404,
            framed=True,
            title="Nothing to authenticate",
            message="There is no such payment at this local Stripe, or the link is not complete.",
        )
    method = pages.read(kinds.PAYMENT_METHOD, intent["payment_method"])
    redirect = members(members(intent["next_action"]).get("redirect_to_url"))
    return_url = text(redirect.get("return_url")) or ""
    facts = [("Merchant", pages.merchant()), ("Paid with", _named(method))]
    if "amount" in intent:
        facts.insert(1, ("Amount", money(intent["amount"], intent["currency"])))
    return page(
        "three_d_secure.html",
        framed=True,
        in_frame=framed or not return_url,
        waiting=intent["status"] == "requires_action",
        intent=intent,
        secret=secret,
        return_url=return_url,
        facts=facts,
        by_card=_type(method) == "card",
        merchant=pages.merchant(),
        method_name=_named(method),
    )
