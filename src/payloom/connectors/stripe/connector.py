"""Makes one call to Stripe: parameters checked, key fixed, the answer as plain JSON, errors in the run's words."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from payloom.connectors.stripe.catalog import aliases, operations
from payloom.connectors.stripe.catalog.moved import lookup as moved
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.client import Clients, StripeSettings, answers_raw
from payloom.connectors.stripe.failures import from_sdk, no_answer, refused
from payloom.connectors.stripe.parameters import Prepared, prepare, require_account
from payloom.connectors.stripe.uploads import with_streams
from payloom.kit.clock import Clock, SystemClock
from payloom.kit.json_types import is_dict
from payloom.kit.suggest import did_you_mean

STAMP = "payloom_step"
"""The metadata key that holds a create call's idempotency key: its object can be found when the key is forgotten."""
_MAX_KEY = 255
_MAX_METADATA = 50
_PAGE = 100


class StripeConnector:
    """Calls Stripe through the official SDK."""

    def __init__(self, settings: StripeSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self._clients = Clients(settings)

    async def perform(
        self,
        action: str,
        args: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - a limit on one call, part of the step
        account: str | None = None,
        stamp: str | None = None,
    ) -> Any:
        """Do one operation and return Stripe's answer as a JSON dict.

        action: a dotted operation name or an alias. args: the `with:` of the step; null values are not sent.
        key: the idempotency key, the same at every attempt; reads need none. timeout: seconds for each call, else the
        settings'. account: the connected account to act for. stamp: what create calls note in `metadata.payloom_step`,
        else the key.
        Raises StripeStepFailed.
        """
        operation, fixed = resolve(action)
        prepared = prepare(operation, {**args, **fixed})
        if key and can_be_stamped(operation):
            _stamp(prepared.body, stamp or key)
        options: dict[str, Any] = {}
        if account:
            require_account(operation, account)
            options["stripe_account"] = account
        if key and operation.method != "get":
            options["idempotency_key"] = shortened(key)
        seconds = timeout or self.settings.timeout
        if prepared.at_most is not None:
            return await self._all(operation, prepared, options, seconds)
        return await self._call(operation, prepared, options, seconds)

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._clients.close()

    async def _call(self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float) -> Any:
        if "stripe" not in sys.modules:
            # Half a second of importing would stop the event loop.
            await asyncio.to_thread(importlib.import_module, "payloom.connectors.stripe.transport")
        import stripe  # noqa: PLC0415 - only who calls Stripe pays for importing the SDK

        try:
            async with asyncio.timeout(seconds):
                if answers_raw(operation, prepared.body):
                    response = await self._clients.raw(operation, prepared.path, {**prepared.body, **options})
                    return json.loads(response.body)
                params = with_streams(operation, prepared.body)
                method = self._clients.method(operation)
                result = await method(*prepared.path, params=params, options=dict(options))
        except TimeoutError:
            raise no_answer(operation.name, seconds) from None
        except stripe.StripeError as error:
            raise from_sdk(error, operation.name) from None
        response = result.last_response
        if response is None:
            return result.to_dict()
        # The bytes Stripe sent: the SDK's objects turn decimals and times into Python values on the way.
        return json.loads(response.body)

    async def pages(
        self,
        action: str,
        args: Mapping[str, Any],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - a limit on each call, part of the step
        account: str | None = None,
    ) -> AsyncIterator[list[Any]]:
        """Yield the objects of a list, page after page; raises StripeStepFailed. `limit` is the size of a page."""
        operation, fixed = resolve(action)
        if not operation.is_list:
            raise refused("invalid_parameters", f"{operation.name} is no list: leave out `all`", status=500)
        if "ending_before" in args:
            raise refused("invalid_parameters", f"{operation.name}: ending_before cannot be combined with all: true")
        size = args.get("limit")
        one_page = {name: value for name, value in args.items() if name not in ("limit", "all")}
        prepared = prepare(operation, {**one_page, **fixed})
        options: dict[str, Any] = {}
        if account:
            require_account(operation, account)
            options["stripe_account"] = account
        async for page in self._pages(operation, prepared, options, timeout or self.settings.timeout, size):
            yield page.get("data", [])

    async def _pages(
        self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float, size: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        body = dict(prepared.body)
        if operation.takes_limit:
            body["limit"] = size if isinstance(size, int) and 1 <= size <= _PAGE else _PAGE
        while True:
            page = await self._call(operation, Prepared(prepared.path, body), options, seconds)
            yield page
            after = _after(operation, page)
            if not after:
                return
            # The address of v2's next page holds all it needs; v1 wants the filters again.
            body = after if operation.name.startswith("v2.") else body | after

    async def _all(
        self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Follow the pages and return one list of at most `at_most` objects."""
        most = prepared.at_most or 0
        items: list[Any] = []
        page: dict[str, Any] = {}
        async for page in self._pages(operation, prepared, options, seconds, min(_PAGE, most)):
            items += page.get("data", [])
            if len(items) >= most:
                break
        more = len(items) > most or _after(operation, page) is not None
        return _whole(page, items, most, more=more)


def _after(operation: Operation, page: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what asks for the page behind this one, or None when it is the last."""
    if not page.get("data"):
        return None
    if operation.name.startswith("v2."):
        return dict(parse_qsl(urlsplit(page.get("next_page_url") or "").query)) or None
    if not page.get("has_more"):
        return None
    return {"page": page["next_page"]} if operation.function == "search" else {"starting_after": page["data"][-1]["id"]}


def _whole(page: Mapping[str, Any], items: list[Any], most: int, *, more: bool) -> dict[str, Any]:
    result = {**page, "data": items[:most]}
    return result if "next_page_url" in page else {**result, "has_more": more}


def resolve(action: str) -> tuple[Operation, Mapping[str, Any]]:
    """Return the operation an action names, and the parameters its alias fixes; raises StripeStepFailed."""
    alias = aliases.by_name().get(action)
    operation = operations.find(alias.operation if alias else action)
    if operation is None:
        hint = moved.operation_hint(action, operations.names())
        hint = hint or did_you_mean(action, [*operations.names(), *aliases.by_name()])
        raise refused("unknown_action", f"Stripe has no operation {action!r}", status=500, hint=hint or None)
    return operation, alias.fixed if alias else {}


def can_be_stamped(operation: Operation) -> bool:
    """Tell whether the operation makes an object that can carry metadata."""
    params = operation.params_class
    return (
        operation.function == "create"
        and operation.method == "post"
        and operation.service[0] != "v2"
        and params is not None
        and "metadata" in params.fields
    )


def shortened(key: str) -> str:
    """Return a key of at most 255 characters, Stripe's limit; different keys stay different."""
    if len(key) <= _MAX_KEY:
        return key
    return f"{key[: _MAX_KEY - 65]}:{hashlib.sha256(key.encode()).hexdigest()}"


def takes_stamp(arguments: Mapping[str, Any]) -> bool:
    """Tell whether the metadata of a create call has room for the stamp."""
    metadata: Any = arguments.get("metadata") or {}
    return is_dict(metadata) and len(metadata) < _MAX_METADATA


def _stamp(body: dict[str, Any], key: str) -> None:
    if takes_stamp(body):
        body["metadata"] = {**body.get("metadata", {}), STAMP: shortened(key)}
