"""The local Stripe for the studio: its control API and its objects, through this server, in development only.

The key stays here; a browser never learns it. Against api.stripe.com none of this exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import httpx
from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.errors import ApiError, BadRequest, NoSuchRoute
from payloom.api.http.request_body import read_json_object
from payloom.api.management.access.audit import audited
from payloom.api.management.access.roles import editor
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.local_stripe import LocalPayments
from payloom.kit.addresses.loopback import is_local_url
from payloom.kit.json_types import is_dict
from payloom.kit.secrets.redaction import redact
from payloom.settings.model import Settings
from payloom.views.payment_state import payment_state

TIMEOUT = 60.0
"""Seconds; moving the clock by a year bills a lot."""
MAX_BODY = 64 * 1024
PAYMENTS = 25
"""Payments of a page."""
_READ = frozenset({"", "clock", "deliveries", "calls", "trigger"})
_DO = frozenset({"clock", "trigger", "fail-next", "redeliver", "delivery", "limits", "billing", "reset"})
_OBJECTS = re.compile(r"[a-z_]+(?:/[A-Za-z0-9_]+)*")


class LocalStripeUnavailable(ApiError):
    """The local Stripe does not respond."""

    code: ClassVar[str] = "local_stripe_away"
    status: ClassVar[int] = 502


class LocalStripeRefused(ApiError):
    """The local Stripe rejected the request."""

    code: ClassVar[str] = "local_stripe_refused"
    status: ClassVar[int] = 422


router = APIRouter(prefix="/local-stripe", tags=["local-stripe"])


@router.get("/v1/{path:path}", response_model=dict[str, Any])
async def read_local_stripe(deps: Dependencies, path: str, request: Request) -> Any:
    """Return a list or an object of the local Stripe in Stripe's form. Passes the query on."""
    if not _OBJECTS.fullmatch(path):
        raise NoSuchRoute(f"there is nothing at {path[:100]!r} of the local Stripe")
    return await _ask(deps.settings, "GET", f"/v1/{path}", params=list(request.query_params.multi_items()))


@router.get("/payments", response_model=LocalPayments)
async def list_local_payments(
    deps: Dependencies, starting_after: Annotated[str | None, Query(max_length=255)] = None
) -> Any:
    """List the local Stripe's payments, newest first, each with what became of it."""
    params = [("limit", str(PAYMENTS)), ("expand[]", "data.latest_charge")]
    if starting_after is not None:
        params.append(("starting_after", starting_after))
    page = await _ask(deps.settings, "GET", "/v1/payment_intents", params=params)
    return {
        "data": [
            {"intent": intent, "state": payment_state(intent, await _around(deps.settings, intent))}
            for intent in page["data"]
        ],
        "has_more": page["has_more"],
    }


@router.get("/control", response_model=dict[str, Any])
async def get_local_stripe(deps: Dependencies) -> Any:
    """Return the address, account, version, and time."""
    return await _ask(deps.settings, "GET", "/_emulator")


@router.get("/control/{name}", response_model=dict[str, Any])
async def look_at_local_stripe(deps: Dependencies, name: str, request: Request) -> Any:
    """Read `clock`, `deliveries`, `calls`, or `trigger` (the events that it can trigger)."""
    _known(name, _READ)
    params = list(request.query_params.multi_items())
    return await _ask(deps.settings, "GET", f"/_emulator/{name}", params=params)


@router.post(
    "/control/{name}",
    response_model=dict[str, Any],
    openapi_extra=editor() | audited("local_stripe.changed", after="it is another program"),
)
async def steer_local_stripe(deps: Dependencies, name: str, request: Request) -> Any:
    """Call `clock`, `trigger`, `fail-next`, `redeliver`, `delivery`, `limits`, `billing`, or `reset`."""
    _known(name, _DO)
    body = await read_json_object(request, MAX_BODY)
    return await _ask(deps.settings, "POST", f"/_emulator/{name}", json=body)


def base_of(settings: Settings) -> str | None:
    """Return the local Stripe's address, if this is development and it is on this machine."""
    base = settings.stripe.api_base
    if not settings.is_dev or settings.stripe.mode != "local" or not base:
        return None
    return base if is_local_url(base) else None


async def _around(settings: Settings, intent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what changes a payment's state: its charge, and the disputes about it."""
    charge = intent.get("latest_charge")
    if not is_dict(charge):
        return []
    if not charge.get("disputed"):
        return [charge]
    disputes = await _ask(settings, "GET", "/v1/disputes", params=[("payment_intent", str(intent.get("id")))])
    return [charge, *disputes["data"]]


def _known(name: str, known: frozenset[str]) -> None:
    if name not in known:
        raise NoSuchRoute(f"there is no {name[:60]!r} here", hint=f"Known are {', '.join(sorted(known - {''}))}.")


async def _ask(settings: Settings, method: str, path: str, **options: Any) -> Any:
    base = base_of(settings)
    if base is None:
        raise NoSuchRoute("this project does not use a local Stripe", hint="Unset the Stripe keys in development.")
    headers = {"authorization": f"Bearer {settings.stripe.secret_key.get_secret_value()}"}
    if path.startswith("/_emulator"):
        from payloom_emulator.options import control_headers  # noqa: PLC0415 - the local Stripe is an extra

        headers = control_headers()
    try:
        async with httpx.AsyncClient(base_url=base, timeout=TIMEOUT, headers=headers, trust_env=False) as http:
            answer = await http.request(method, path, **options)
            body = answer.json()
    except (httpx.HTTPError, ValueError):
        raise LocalStripeUnavailable(hint="`payloom dev` starts it. Its log is data/stripe.log.") from None
    if answer.is_success:
        return redact(body if is_dict(body) else {"data": body})
    error: object = body.get("error") if is_dict(body) else None
    reason: Mapping[str, Any] = error if is_dict(error) else {}
    message, hint = reason.get("message"), reason.get("hint")
    if answer.status_code == 404:
        raise NoSuchRoute(message or "the local Stripe does not have that", hint=hint)
    kind = BadRequest if answer.status_code == 400 else LocalStripeRefused
    raise kind(message or f"the local Stripe answered {answer.status_code}", hint=hint, status=answer.status_code)
