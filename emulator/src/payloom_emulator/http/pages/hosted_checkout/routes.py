"""Hosted Checkout at `/c/pay/{cs}`, its embedded twin, and the session as the Stripe.js stand-in hands it to a page.

The page is written on the server; its script makes the payment method and confirms through the HTTP interface with a
publishable key, as Stripe's own page does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response

from payloom_emulator.catalog.prices import amount_for
from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.hosted_checkout.sdk import sdk_session
from payloom_emulator.http.pages.hosted_checkout.view import PageLine, shipping, view
from payloom_emulator.http.pages.rendering import page
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.http.pages.hosted_checkout.view import PaymentPage, View
    from payloom_emulator.objects.checkout import LineItem


def _missing() -> Response:
    return page(
        "missing.html",
        status=404,
        title="This page could not be found",
        message="There is no Checkout Session at this address. It may belong to another run of the local Stripe.",
    )


def _session(pages: Access, session_id: str) -> PaymentPage | None:
    """Return the session with what Stripe's page knows beyond the API's object."""
    session = pages.get(f"/v1/payment_pages/{session_id}") or pages.get(f"/v1/checkout/sessions/{session_id}")
    return cast("PaymentPage | None", session)


def _lines(pages: Access, session: PaymentPage) -> list[PageLine]:
    path = f"/v1/checkout/sessions/{session['id']}/line_items"
    return [_line(pages, session, line) for line in pages.rows(kinds.ITEM, path, limit=100)]


def _line(pages: Access, session: PaymentPage, line: LineItem) -> PageLine:
    line_price = line["price"]
    product = pages.read(kinds.PRODUCT, line_price["product"]) if line_price else None
    price = pages.stored(kinds.PRICE, line_price["id"]) if line_price else None
    if price is None:
        return PageLine(line, product, line["amount_subtotal"])
    return PageLine(line, product, amount_for(price, line["quantity"] or 1, session["currency"] or ""))


class _Prefill(TypedDict):
    email: str
    locked: bool
    name: str


def _prefill(pages: Access, session: PaymentPage) -> _Prefill:
    customer = pages.read(kinds.CUSTOMER, session["customer"])
    details = session["customer_details"]
    email = (
        (customer["email"] if customer else None)
        or session["customer_email"]
        or (details["email"] if details else None)
    )
    name = customer["name"] if customer else None
    return {"email": email or "", "locked": bool(email), "name": name or ""}


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
        return page("checkout/embedded_done.html", framed=True, theme=theme, status_word=session["status"])
    complete = "event" if session.get("redirect_on_completion") == "never" else "redirect"
    if session.get("redirect_on_completion") == "if_required" and request.query_params.get("complete") == "event":
        complete = "event"
    return _form(pages, session, embedded=True, complete=complete, theme=theme)


def _knows_secret(request: Request, session: PaymentPage) -> bool:
    known = session["client_secret"]
    return not known or request.query_params.get("secret") == known


def _form(
    pages: Access, session: PaymentPage, *, embedded: bool = False, complete: str = "redirect", theme: str = ""
) -> Response:
    collection = session["shipping_address_collection"]
    return page(
        "checkout/page.html",
        framed=embedded,
        embedded=embedded,
        complete=complete,
        theme=theme,
        session=session,
        key=pages.publishable_key,
        account=pages.connected,
        prefill=_prefill(pages, session),
        shipping_countries=collection["allowed_countries"] if collection else [],
        **_shown(pages, session),
    )


class _Shown(TypedDict):
    view: View
    back: str | None


def _shown(pages: Access, session: PaymentPage) -> _Shown:
    page = view(session, _lines(pages, session), merchant=pages.merchant(), now=pages.now)
    rates = [pages.stored(kinds.SHIPPING_RATE, option["shipping_rate"]) for option in session["shipping_options"]]
    page["shipping"] = shipping(session, rates)
    return {"view": page, "back": session["cancel_url"]}


async def summary(request: Request) -> Response:
    """Serve the order summary alone, for the page to show again after a promotion code."""
    pages = Access(request, request.path_params["session"])
    session = _session(pages, request.path_params["session"])
    if session is None or session["status"] != "open":
        return _missing()
    return page("checkout/summary.html", session=session, **_shown(pages, session))


def _closed(pages: Access, session: PaymentPage) -> Response:
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
        link=session["cancel_url"],
        link_text=f"Back to {pages.merchant()}",
    )


def _target(session: PaymentPage) -> str | None:
    """Return where the person goes after paying, with the session's id filled in."""
    url = session["success_url"] or session["return_url"]
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
