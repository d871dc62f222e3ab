"""The HTTP client the SDK calls through: aiohttp, on kept connections. Importing this module imports the SDK.

Nothing is sent twice here. What went out on a connection that was lost is for the step, under its idempotency key.
"""

# The SDK leaves the result of the method that is overridden here without a type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import stripe
from yarl import URL

stripe.enable_telemetry = False

MOST = 100
"""Connections at once. Further calls wait for one."""
IDLE = 4.0
"""Seconds after which a connection that nobody uses is closed: servers close theirs after five."""
Answer = tuple[bytes, int, Mapping[str, str]]
"""Body, status, headers."""


class SentOnce(aiohttp.ClientError):
    """The connection was lost after the request had gone out."""


class Transport(stripe.AIOHTTPClient):
    """The SDK's aiohttp client. Made within the event loop that it is used in."""

    def __init__(self, *, timeout: float, through_proxy: bool = True) -> None:
        """timeout: seconds for one call; frees a connection that nobody waits for.

        through_proxy: use the proxy that the environment names, if it names one.
        """
        context = ssl.create_default_context(cafile=stripe.ca_bundle_path)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=MOST, keepalive_timeout=IDLE),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=["Accept-Encoding"],
            timeout=aiohttp.ClientTimeout(total=timeout),
            trace_configs=[_sending_once()],
            trust_env=through_proxy,
        )
        super().__init__(timeout=timeout, session=self._http)

    async def request_async(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Answer:
        """Send a request and read its answer; raises `stripe.APIConnectionError` when there is none."""
        args, kwargs = self._get_request_args_kwargs(method, url, headers, post_data)
        try:
            async with self._http.request(*args, **kwargs) as response:
                return await response.read(), response.status, response.headers
        except (aiohttp.ClientError, OSError) as error:
            raise stripe.APIConnectionError(f"no answer from Stripe ({type(error).__name__})") from error

    async def close_async(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _get_request_args_kwargs(self, method: str, url: str, headers: Mapping[str, str], post_data: Any) -> Any:
        path = urlsplit(url).path
        if any(unquote(segment) in (".", "..") for segment in path.split("/")) or not url.isascii():
            raise ValueError("the address of a call to Stripe changes on its way")
        # The SDK declares no exact type for what its method returns: a tuple and a dict.
        request: Any = super()._get_request_args_kwargs(method, url, headers, post_data)
        _, kwargs = request
        kwargs |= {"timeout": self._http.timeout, "allow_redirects": False, "trace_request_ctx": {"sent": False}}
        return (method, URL(url, encoded=True)), kwargs


def _sending_once() -> aiohttp.TraceConfig:
    """Return what keeps aiohttp from sending a GET or DELETE again when a kept connection is lost.

    A second DELETE would be answered with 404, as if what it was to delete had never been there.
    """

    async def sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx["sent"] = True

    async def connecting(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        if context.trace_request_ctx["sent"]:
            raise SentOnce("the connection was lost before the answer came")

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(sent)
    trace.on_connection_create_start.append(connecting)
    trace.on_connection_reuseconn.append(connecting)
    return trace
