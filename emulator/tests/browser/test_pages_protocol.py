"""How the pages are served: nothing outside their folder, no script from elsewhere, no framing where none belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from emulator.tests.support.checkout_steps import session
from emulator.tests.support.request_params import request_params

if TYPE_CHECKING:
    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def test_a_path_cannot_leave_the_folder_of_assets(local: Local) -> None:
    for name in ("../templates/checkout/page.html", "%2e%2e/routing.py", "..%2frouting.py", "nothing.js"):
        assert httpx.get(f"{local.url}/_emulator/assets/{name}").status_code == 404


def test_the_stand_in_is_revalidated_and_not_sent_twice(local: Local) -> None:
    first = httpx.get(f"{local.url}/endive/stripe.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = httpx.get(f"{local.url}/endive/stripe.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert httpx.get(f"{local.url}/v3/").headers["etag"] != first.headers["etag"]


def test_pages_allow_their_own_scripts_only_and_no_frame_around_them(local: Local) -> None:
    checkout = session(local)
    for path in (f"/c/pay/{checkout.id}", "/", "/p/session/nothing"):
        policy = httpx.get(local.url + path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
    frame = httpx.get(f"{local.url}/_emulator/elements/payment").headers["content-security-policy"]
    assert "frame-ancestors *" in frame


def test_embedded_pages_and_challenges_ask_for_the_client_secret(local: Local) -> None:
    tea = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}
    checkout = local.stripe.v1.checkout.sessions.create(
        request_params(
            {"mode": "payment", "ui_mode": "embedded_page", "line_items": [tea], "return_url": f"{local.shop}/thanks"}
        )
    )
    base = f"{local.url}/_emulator/checkout/{checkout.id}"
    for path in ("embedded", "session"):
        assert httpx.get(f"{base}/{path}").status_code == 404
        assert httpx.get(f"{base}/{path}", params={"secret": checkout.client_secret}).status_code == 200
    intent = local.stripe.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "automatic_payment_methods": {"enabled": True}}
    )
    challenge = f"{local.url}/_emulator/3ds/{intent.id}"
    assert httpx.get(challenge).status_code == 404
    assert httpx.get(challenge, params={"client_secret": "wrong"}).status_code == 404
    assert httpx.get(challenge, params={"client_secret": str(intent.client_secret)}).status_code == 200


def test_finishing_early_leads_back_to_the_form(local: Local) -> None:
    checkout = session(local)
    answer = httpx.get(f"{local.url}/_emulator/checkout/{checkout.id}/finish")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/c/pay/{checkout.id}")
