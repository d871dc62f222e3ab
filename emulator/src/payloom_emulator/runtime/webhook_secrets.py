"""Signing secrets of webhook endpoints: which sign now, and how a new one replaces them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.errors import EmulatorError, NoSuchEndpoint
from payloom_emulator.core.unit_of_work import UnitOfWork
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.json_shapes import elements

if TYPE_CHECKING:
    from payloom_emulator.core.environment import Environment
    from payloom_emulator.objects.webhooks import WebhookEndpoint

MAX_HOURS = 24


def roll(environment: Environment, endpoint_id: str, hours: float) -> dict[str, object]:
    """Give an endpoint or event destination a new secret; the old one signs too for `hours` (0 to 24) more.

    Stripe does this in its dashboard. Returns `{id, secret, old_secret_expires_at}` (Unix seconds; None: at once).
    """
    if not 0 <= hours <= MAX_HOURS:
        raise EmulatorError(f"expires_in_hours is {hours}; Stripe lets an old secret work for 0 to {MAX_HOURS} hours.")
    rows = environment.store.query(
        "SELECT account, object FROM objects WHERE id = ? AND deleted = 0 AND object IN ('webhook_endpoint', 'v2.core.event_destination')",
        (endpoint_id,),
    )
    if not rows:
        raise NoSuchEndpoint(f"There is no webhook endpoint {endpoint_id}.", hint="GET /v1/webhook_endpoints")
    account, kind = rows[0]
    with environment.store.transaction():
        unit = UnitOfWork(environment, account)
        endpoint = unit.get(Kind[dict[str, object]](kind), endpoint_id)
        until = environment.clock.now() + round(hours * 3600)
        secret = environment.ids.new("whsec_", 32)
        # The ones that lapsed stay: the configuration finds an endpoint again by the secret it was started with.
        old = [[endpoint["_secret"], until], *elements(endpoint.get("_old_secrets"))]
        unit.change(endpoint, {"_secret": secret, "_old_secrets": old}, emits=())
        unit.flush()
    environment.outbox.invalidate()
    return {"id": endpoint_id, "secret": secret, "old_secret_expires_at": until if hours else None}


def secrets_of(endpoint: WebhookEndpoint, now: int) -> list[str]:
    """Return what signs at `now` (emulator time), the newest first."""
    return [
        endpoint["_secret"],
        *(secret for secret, until in endpoint.get("_old_secrets", []) if until > now),
    ]
