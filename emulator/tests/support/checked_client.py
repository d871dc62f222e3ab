"""The official client; every answer is checked against the SDK's own types."""

from __future__ import annotations

import json
from typing import Any

import stripe
from emulator.tests.support.response_shapes import faults

NEWEST = "2026-10-28.endive"


class CheckedClient(stripe.RequestsClient):
    """The SDK's own HTTP client; in the newest version each answer must have the shape its type promises."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        content, status, response_headers = super().request(method, url, headers, post_data)
        if status == 200 and headers.get("Stripe-Version") == NEWEST:
            wrong = faults(json.loads(content))
            assert not wrong, f"{method} {url}\n" + "\n".join(wrong)
        return content, status, response_headers


def client_of(url: str, key: str = "sk_test_check_123", **more: Any) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": url, "files": url}, max_network_retries=0, http_client=CheckedClient(), **more
    )
