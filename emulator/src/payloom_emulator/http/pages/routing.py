"""Which address shows what."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from payloom_emulator.http.control_key import with_control_key
from payloom_emulator.http.pages import assets, elements, linked_documents, three_d_secure
from payloom_emulator.http.pages.api_access import LOGO
from payloom_emulator.http.pages.dashboard import browse, overview
from payloom_emulator.http.pages.hosted_checkout import routes as checkout
from payloom_emulator.http.pages.portal import routes as portal
from payloom_emulator.http.same_site import own_pages_only

routes: list[BaseRoute] = [
    Route("/", with_control_key(overview.dashboard), methods=["GET"]),
    Route("/dashboard/find", with_control_key(browse.find), methods=["GET"]),
    Route("/dashboard/events", with_control_key(browse.events), methods=["GET"]),
    Route("/dashboard/events/{id}", with_control_key(browse.event), methods=["GET"]),
    Route("/dashboard/logs", with_control_key(browse.log), methods=["GET"]),
    Route("/dashboard/logs/{id}", with_control_key(browse.call), methods=["GET"]),
    Route("/dashboard/objects/{id}", with_control_key(browse.one), methods=["GET"]),
    Route("/dashboard/{name}", with_control_key(browse.listed), methods=["GET"]),
    Route("/v3", assets.stripe_script),
    Route("/v3/", assets.stripe_script),
    Route("/{train:str}/stripe.js", assets.stripe_script),
    Route("/_emulator/assets/{name:path}", assets.asset),
    Route(LOGO, assets.logo, methods=["GET"]),
    Route("/_emulator/elements/{kind}", elements.frame),
    Route("/_emulator/3ds/{intent}", three_d_secure.challenge, methods=["GET"]),
    Route("/c/pay/{session}", checkout.pay, methods=["GET"]),
    Route("/_emulator/checkout/{session}/finish", checkout.finish, methods=["GET"]),
    Route("/_emulator/checkout/{session}/summary", checkout.summary, methods=["GET"]),
    Route("/_emulator/checkout/{session}/embedded", checkout.embedded, methods=["GET"]),
    Route("/_emulator/checkout/{session}/session", checkout.session_json, methods=["GET"]),
    Route("/p/login/{token}", own_pages_only(portal.login), methods=["GET", "POST"]),
    Route("/p/session/{session}", portal.front, methods=["GET"]),
    Route("/p/session/{session}/cancel/{subscription}", own_pages_only(portal.cancel), methods=["GET", "POST"]),
    Route("/p/session/{session}/resume/{subscription}", own_pages_only(portal.resume), methods=["POST"]),
    Route("/p/session/{session}/update/{subscription}", own_pages_only(portal.update), methods=["GET", "POST"]),
    Route("/p/session/{session}/payment-methods/add", own_pages_only(portal.add_method), methods=["GET", "POST"]),
    Route(
        "/p/session/{session}/payment-methods/{method}/{action}", own_pages_only(portal.change_method), methods=["POST"]
    ),
    Route("/p/session/{session}/billing", own_pages_only(portal.billing), methods=["GET", "POST"]),
    Route("/_emulator/paid", linked_documents.paid, methods=["GET"]),
    Route("/i/{account}/{token}", own_pages_only(linked_documents.hosted_invoice), methods=["GET", "POST"]),
    Route("/invoice/{account}/{token}/pdf", linked_documents.invoice_pdf, methods=["GET"]),
    Route("/_emulator/receipts/{account}/{charge}", linked_documents.receipt, methods=["GET"]),
    Route("/_emulator/mandate", linked_documents.mandate, methods=["GET"]),
    Route("/_emulator/microdeposits/{intent}", own_pages_only(linked_documents.microdeposits), methods=["GET", "POST"]),
]
