"""The 3-D Secure challenge: a page of "the bank" where a person completes or fails the authentication.

Used full-page (the intent's `redirect_to_url`) and inside a frame (`use_stripe_sdk`, hosted Checkout).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from payloom_emulator.http.pages.api_access import Access, Json
from payloom_emulator.http.pages.hosted_checkout.view import METHODS
from payloom_emulator.http.pages.rendering import money, page
from payloom_emulator.protocol.json_shapes import is_object

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def _intent(pages: Access, intent_id: str) -> Json | None:
    if intent_id.startswith("seti_"):
        return pages.get(f"/v1/setup_intents/{intent_id}", expand=["payment_method"])
    return pages.get(f"/v1/payment_intents/{intent_id}", expand=["payment_method"])


def _method(intent: Json) -> str:
    method = intent.get("payment_method")
    card = (method.get("card") or {}) if is_object(method) else {}
    if card.get("last4"):
        return f"{str(card.get('brand', 'card')).capitalize()} •••• {card['last4']}"
    return METHODS.get(_type(intent), _type(intent))


def _type(intent: Json) -> str:
    method = intent.get("payment_method")
    return str(method["type"]) if is_object(method) else "card"


async def challenge(request: Request) -> Response:
    """Serve the challenge of one intent; the client secret must be in the address, as in the link Stripe gives."""
    pages = Access(request, request.path_params["intent"])
    framed = request.query_params.get("frame") == "1"
    intent = _intent(pages, request.path_params["intent"])
    secret = request.query_params.get("client_secret", "")
    if intent is None or not hmac.compare_digest(secret.encode(), str(intent.get("client_secret")).encode()):
        return page(
            "missing.html",
            status=404,
            framed=True,
            title="Nothing to authenticate",
            message="There is no such payment at this local Stripe, or the link is not complete.",
        )
    action = intent.get("next_action") or {}
    return_url = (action.get("redirect_to_url") or {}).get("return_url") or ""
    facts = [("Merchant", pages.merchant()), ("Paid with", _method(intent))]
    if intent["object"] == "payment_intent":
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
        by_card=_type(intent) == "card",
        method_name=_method(intent),
    )
