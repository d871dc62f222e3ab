"""The HTTP client the SDK calls through. Importing this module imports the SDK."""

# The SDK leaves the result of the method that is overridden here without a type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import stripe

from payloom.connectors.stripe.connections import Answer, Connections

stripe.enable_telemetry = False


class Transport(stripe.HTTPXClient):
    """The SDK's client on connections of ours. Through a proxy, or with a body that is no text, it is httpx."""

    def __init__(self, *, timeout: float) -> None:
        """timeout: frees a connection of httpx's that nobody waits for."""
        super().__init__(timeout=timeout)
        self._connections = Connections(ssl.create_default_context(cafile=stripe.ca_bundle_path))
        self._through_proxy = bool({"http", "https", "all"} & urllib.request.getproxies().keys())

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Answer:
        """Send a request; raises `stripe.APIConnectionError` when there is no answer."""
        if self._through_proxy or not isinstance(post_data, str | bytes | None):
            return await super().request_async(method, url, headers, post_data)
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        try:
            return await self._connections.request(method, url, headers, body)
        except Exception as error:
            self._handle_request_error(error)
            raise

    async def close_async(self) -> None:
        """Close the connections."""
        self._connections.close()
        await super().close_async()

    def _get_request_args_kwargs(self, method: str, url: str, headers: Any, post_data: Any) -> Any:
        # httpx wants a text under `content=`; under `data=` it is deprecated there.
        if httpx.URL(url).raw_path.partition(b"?")[0].count(b"/") != urlsplit(url).path.count("/"):
            raise ValueError(f"the address of a call to Stripe changes when it is sent: {url}")
        # The SDK declares no exact type for what its method returns: a list and a dict.
        request: Any = super()._get_request_args_kwargs(method, url, headers, post_data)
        args, kwargs = request
        if isinstance(post_data, str | bytes):
            del kwargs["data"]
            kwargs["content"] = post_data
        return [args, kwargs]
