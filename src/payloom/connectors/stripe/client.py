"""The official SDK's asynchronous client, made on first use, one per event loop."""

from __future__ import annotations

import asyncio
import dataclasses
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import SecretStr

from payloom.connectors.stripe.catalog import sdk_source
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.uploads import UPLOADS
from payloom.kit.addresses.loopback import is_local_url

if TYPE_CHECKING:
    import stripe


_OPTIONS = frozenset(
    {
        *("api_key", "stripe_version", "stripe_account", "stripe_context", "max_network_retries", "idempotency_key"),
        *("content_type", "headers", "base", "method_", "url_"),
    }
)
"""Names that mean something else to the SDK than a parameter of the operation."""
_ELSEWHERE = frozenset({*UPLOADS, "quotes.pdf"})
"""Operations of v1 that are not sent to the API's own address, or not as a form."""


def answers_raw(operation: Operation, body: Mapping[str, Any]) -> bool:
    """Whether an operation can be sent without the SDK making objects of the answer, which are not used."""
    return operation.url.startswith("/v1/") and operation.name not in _ELSEWHERE and _OPTIONS.isdisjoint(body)


@dataclasses.dataclass(frozen=True, slots=True)
class StripeSettings:
    """How to call Stripe.

    base_url: None for api.stripe.com, else e.g. `http://127.0.0.1:12111`.
    timeout: seconds for one call, connecting included.
    max_network_retries: 0, as the run's own retries are durable and these are not.
    api_version: None for the SDK's own, which the parameter checks are made for.
    """

    secret_key: SecretStr | str
    base_url: str | None = None
    timeout: float = 30.0
    max_network_retries: int = 0
    api_version: str | None = None


class Clients:
    """Makes and keeps the SDK's clients."""

    def __init__(self, settings: StripeSettings) -> None:
        self.settings = settings
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, stripe.StripeClient] = (
            weakref.WeakKeyDictionary()
        )

    def client(self) -> stripe.StripeClient:
        """Return the client of the running event loop. A connection pool belongs to the loop it was made in."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._make()
        return self._clients[loop]

    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return the SDK's asynchronous method for an operation."""
        member: Any = self.client()
        for name in operation.service if operation.service[0] == "v2" else ("v1", *operation.service):
            member = getattr(member, name)
        return getattr(member, f"{operation.function}_async")

    async def raw(self, operation: Operation, path: Sequence[str], params: Mapping[str, Any]) -> Any:
        """Call an operation that `answers_raw`; return the SDK's response, no object. params: with the options."""
        names = dict(zip(operation.path_names, [quote(value, safe="") for value in path], strict=True))
        client: Any = self.client()  # the SDK declares no types for this method's parameters
        return await client.raw_request_async(operation.method, operation.url.format(**names), **params)

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client._requestor._get_http_client().close_async()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the SDK has no public close

    def _make(self) -> stripe.StripeClient:
        import stripe  # noqa: PLC0415 - half a second and 30 MB: only who calls Stripe pays

        from payloom.connectors.stripe.transport import Transport  # noqa: PLC0415 - imports the SDK

        key = self.settings.secret_key
        base = self.settings.base_url
        addresses: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), base.rstrip("/")) if base else None
        return stripe.StripeClient(
            key.get_secret_value() if isinstance(key, SecretStr) else key,
            base_addresses=addresses,
            stripe_version=self.settings.api_version or sdk_source.api_version(),
            max_network_retries=self.settings.max_network_retries,
            # The time-out around the whole call is `perform`'s; this one only frees a connection nobody waits for.
            http_client=Transport(
                timeout=max(self.settings.timeout, 1.0) * 4,
                # A local Stripe is asked directly: a proxy elsewhere has another machine at this address.
                through_proxy=not is_local_url(base or ""),
            ),
        )
