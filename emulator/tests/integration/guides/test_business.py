"""Whose name and logo the pages show: that of the options, also over a store that was made under another name."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

from payloom_emulator.__main__ import config_of
from payloom_emulator.embedded import run
from payloom_emulator.options import parser

if TYPE_CHECKING:
    from pathlib import Path

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>'
LINE = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}


def got(url: str) -> tuple[str, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode(), {name.lower(): value for name, value in response.headers.items()}


def test_every_page_shows_the_name_and_the_logo(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(LOGO)
    store = ["--store", str(tmp_path / "stripe.db")]
    first = config_of(parser().parse_args(store))
    with run(first) as local:
        assert local.emulator.call("GET", "/v1/account")[1]["business_profile"]["name"] == "Local Stripe"
    options = [*store, "--business-name", "Corner Shop & Sons", "--business-logo", str(tmp_path / "logo.svg")]
    with run(config_of(parser().parse_args(options))) as local:
        call = local.emulator.call
        account = call("GET", "/v1/account")[1]
        assert account["settings"]["dashboard"]["display_name"] == "Corner Shop & Sons"
        session = {"mode": "payment", "line_items": [LINE], "success_url": "https://shop.example"}
        checkout = call("POST", "/v1/checkout/sessions", session)[1]["url"]
        customer = call("POST", "/v1/customers", {"name": "Jenny"})[1]["id"]
        portal = call("POST", "/v1/billing_portal/sessions", {"customer": customer})[1]["url"]
        item = {"customer": customer, "amount": 900, "currency": "usd"}
        assert call("POST", "/v1/invoiceitems", item)[0] == 200
        due = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 3}
        draft = call("POST", "/v1/invoices", {**due, "pending_invoice_items_behavior": "include"})[1]["id"]
        invoice = call("POST", f"/v1/invoices/{draft}/finalize")[1]["hosted_invoice_url"]
        payment = {"amount": 900, "currency": "usd", "confirm": "true", "return_url": "https://shop.example"}
        intent = call("POST", "/v1/payment_intents", {**payment, "payment_method": "pm_card_threeDSecure2Required"})[1]
        challenge = intent["next_action"]["redirect_to_url"]["url"]
        paid = call("POST", "/v1/payment_intents", {**payment, "payment_method": "pm_card_visa"})[1]["latest_charge"]
        receipt = call("GET", f"/v1/charges/{paid}")[1]["receipt_url"]
        for page in (checkout, portal, invoice, challenge, receipt):
            html, _ = got(page)
            assert "Corner Shop &amp; Sons" in html, page
            assert 'src="/_emulator/logo"' in html, page
        picture, headers = got(f"{local.url}/_emulator/logo")
        assert (picture, headers["content-type"]) == (LOGO, "image/svg+xml")
        assert "sandbox" in headers["content-security-policy"]
