"""The HTTP client the SDK calls through. Importing this module imports the SDK."""

# The SDK leaves the result of the method that is overridden here without a type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import stripe

stripe.enable_telemetry = False


class Transport(stripe.HTTPXClient):
    """The SDK's httpx client, sending the body the way httpx wants it (text under `data=` is deprecated there)."""

    def _get_request_args_kwargs(self, method: str, url: str, headers: Any, post_data: Any) -> Any:
        if httpx.URL(url).raw_path.partition(b"?")[0].count(b"/") != urlsplit(url).path.count("/"):
            raise ValueError(f"the address of a call to Stripe changes when it is sent: {url}")
        # The SDK declares no exact type for what its method returns: a list and a dict.
        request: Any = super()._get_request_args_kwargs(method, url, headers, post_data)
        args, kwargs = request
        if isinstance(post_data, str | bytes):
            del kwargs["data"]
            kwargs["content"] = post_data
        return [args, kwargs]
