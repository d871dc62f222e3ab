"""Hosted Checkout at `/c/pay/{cs}`, its embedded twin, and the session as the Stripe.js stand-in hands it to a page.

The page is written on the server; its script makes the payment method and confirms through the HTTP interface with a
publishable key, as Stripe's own page does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response

from payloom_emulator.catalog.prices import amount_for
from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.hosted_checkout.sdk import sdk_session
from payloom_emulator.http.pages.hosted_checkout.view import Json, shipping, view
from payloom_emulator.http.pages.rendering import page
from payloom_emulator.objects.catalog import Price

if TYPE_CHECKING:
    from starlette.requests import Request

_LINES = {"limit": 100, "expand": ["data.price.product"]}


def _missing() -> Response:
    return page(
        "missing.html",
        status=404,
        title="This page could not be found",
        message="There is no Checkout Session at this address. It may belong to another run of the local Stripe.",
    )


def _session(pages: Access, session_id: str) -> Json | None:
    """Return the session with what Stripe's page knows beyond the API's object (trial, prefilled customer)."""
    session = pages.get(f"/v1/payment_pages/{session_id}")
    return session or pages.get(f"/v1/checkout/sessions/{session_id}")


def _lines(pages: Access, session: Json) -> list[Json]:
    listed = pages.get(f"/v1/checkout/sessions/{session['id']}/line_items", **_LINES)
    lines: list[Json] = (listed or {}).get("data") or []
    for line in lines:
        price = pages.stored((line.get("price") or {}).get("id", ""))
        if price:
            line["_due"] = amount_for(cast("Price", price), line.get("quantity") or 1, session["currency"])
    return lines


def _customer(pages: Access, session: Json) -> Json:
    customer = session.get("customer")
    if isinstance(customer, str):
        customer = pages.get(f"/v1/customers/{customer}")
    return customer or {}


def _prefill(pages: Access, session: Json) -> Json:
    customer = _customer(pages, session)
    details = session.get("customer_details") or {}
    email = customer.get("email") or session.get("customer_email") or details.get("email")
    return {"email": email or "", "locked": bool(email), "name": customer.get("name") or ""}


async def pay(request: Request) -> Response:
    """Serve the hosted page: the form while the session is open, a notice once it is complete or expired."""
    pages = Access(request, request.path_params["session"])
    session = _session(pages, request.path_params["session"])
    if session is None:
        return _missing()
    if session["status"] != "open":
        return _closed(pages, session)
    return _form(pages, session)


async def embedded(request: Request) -> Response:
    """Serve the same form for a frame in the host page; needs the session's client secret."""
    pages = Access(request, request.path_params["session"])
    session = _session(pages, request.path_params["session"])
    if session is None or not _knows_secret(request, session):
        return _missing()
    theme = "light" if request.query_params.get("theme") == "light" else ""
    if session["status"] != "open":
        return page("checkout_embedded_done.html", framed=True, theme=theme, status_word=session["status"])
    complete = "event" if session.get("redirect_on_completion") == "never" else "redirect"
    if session.get("redirect_on_completion") == "if_required" and request.query_params.get("complete") == "event":
        complete = "event"
    return _form(pages, session, embedded=True, complete=complete, theme=theme)


def _knows_secret(request: Request, session: Json) -> bool:
    known = session.get("client_secret")
    return not known or request.query_params.get("secret") == known


def _form(
    pages: Access, session: Json, *, embedded: bool = False, complete: str = "redirect", theme: str = ""
) -> Response:
    return page(
        "checkout.html",
        framed=embedded,
        embedded=embedded,
        complete=complete,
        theme=theme,
        session=session,
        key=pages.publishable_key,
        account=pages.connected,
        prefill=_prefill(pages, session),
        shipping_countries=((session.get("shipping_address_collection") or {}).get("allowed_countries") or []),
        **_shown(pages, session),
    )


def _shown(pages: Access, session: Json) -> Json:
    page = view(session, _lines(pages, session), merchant=pages.merchant(), now=pages.now)
    rates = [pages.stored(option["shipping_rate"]) or {} for option in session.get("shipping_options") or []]
    page["shipping"] = shipping(session, rates)
    return {"view": page, "back": session.get("cancel_url")}


async def summary(request: Request) -> Response:
    """Serve the order summary alone, for the page to show again after a promotion code."""
    pages = Access(request, request.path_params["session"])
    session = _session(pages, request.path_params["session"])
    if session is None or session["status"] != "open":
        return _missing()
    return page("checkout_summary.html", session=session, **_shown(pages, session))


def _closed(pages: Access, session: Json) -> Response:
    if session["status"] == "complete":
        return page(
            "missing.html",
            title="You have already paid",
            message="This Checkout Session is complete; nothing more will be charged.",
            link=f"/_emulator/checkout/{session['id']}/finish" if _target(session) else None,
            link_text=f"Continue to {pages.merchant()}",
        )
    return page(
        "missing.html",
        title="This link has expired",
        message="The Checkout Session can no longer be paid. Go back and start again.",
        link=session.get("cancel_url"),
        link_text=f"Back to {pages.merchant()}",
    )


def _target(session: Json) -> str | None:
    """Return where the person goes after paying, with the session's id filled in."""
    url = session.get("success_url") or session.get("return_url")
    return str(url).replace("{CHECKOUT_SESSION_ID}", quote(session["id"])) if url else None


async def finish(request: Request) -> Response:
    """Send the person on to the shop once the session is complete; before that, back to the form."""
    pages = Access(request, request.path_params["session"])
    session = _session(pages, request.path_params["session"])
    if session is None:
        return _missing()
    if session["status"] != "complete":
        return RedirectResponse(f"/c/pay/{session['id']}", status_code=303)
    target = _target(session)
    if target is None:
        return _closed(pages, session)
    return RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})


async def session_json(request: Request) -> Response:
    """Answer the session as `initCheckoutElementsSdk` shows it to the host page; needs the client secret."""
    pages = Access(request, request.path_params["session"])
    session = _session(pages, request.path_params["session"])
    if session is None or not _knows_secret(request, session):
        message = "No such Checkout Session, or the client secret does not belong to it."
        error = {"type": "invalid_request_error", "code": "resource_missing", "message": message}
        return JSONResponse({"error": error}, status_code=404)
    page = view(session, _lines(pages, session), merchant=pages.merchant(), now=pages.now)
    prefill = _prefill(pages, session)
    return JSONResponse(
        sdk_session(session, page, email=prefill["email"] or None, now=pages.now, target=_target(session))
    )
