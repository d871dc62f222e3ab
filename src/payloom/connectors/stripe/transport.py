"""The HTTP client the SDK calls through. Importing this module imports the SDK."""

from __future__ import annotations

from typing import Any

import stripe

stripe.enable_telemetry = False


class Transport(stripe.HTTPXClient):
    """The SDK's httpx client, sending the body the way httpx wants it (text under `data=` is deprecated there)."""

    def _get_request_args_kwargs(self, method: str, url: str, headers: Any, post_data: Any) -> Any:
        args, kwargs = super()._get_request_args_kwargs(method, url, headers, post_data)
        if isinstance(post_data, str | bytes):
            del kwargs["data"]
            kwargs["content"] = post_data
        return [args, kwargs]
