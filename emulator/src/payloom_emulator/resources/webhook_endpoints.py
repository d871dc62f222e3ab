"""Webhook endpoints: where events go. The signing secret is shown once, when it is made or rolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.errors import EmulatorError, NoSuchEndpoint
from payloom_emulator.core.schema import Body, Resource, fixed, given, once
from payloom_emulator.presentation import versions
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.runtime.emulator import Emulator

MAX_HOURS = 24


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")


def _check_events(events: list[str]) -> None:
    if "*" in events and len(events) > 1:
        raise invalid("You cannot specify other events along with '*'.", "enabled_events")


def _creating(call: Call, draft: Body) -> None:
    _check_url(draft["url"])
    _check_events(draft["enabled_events"])
    if draft["api_version"]:
        versions.known(draft["api_version"])
    draft["_secret"] = call.unit.emulator.ids.new("whsec_", 32)
    draft["_connect"] = bool(call.params.get("connect"))
    draft["application"] = None


def _created(call: Call, endpoint: Body) -> Body:
    call.unit.emulator.delivery.endpoints_changed()
    return {**endpoint, "secret": endpoint["_secret"]}


def _updating(call: Call, endpoint: Body, changes: Body) -> None:
    del endpoint
    if "url" in changes:
        _check_url(changes["url"])
    if "enabled_events" in changes:
        _check_events(changes["enabled_events"])
    if "disabled" in call.params:
        changes["status"] = "disabled" if call.params["disabled"] else "enabled"


def _updated(call: Call, endpoint: Body) -> None:
    del endpoint
    call.unit.flush()
    call.unit.emulator.delivery.endpoints_changed()


def _deleting(call: Call, endpoint: Body) -> None:
    del endpoint
    call.unit.emulator.delivery.endpoints_changed()


def roll(emulator: Emulator, endpoint_id: str, hours: float) -> Body:
    """Give an endpoint or event destination a new secret; the old one signs too for `hours` (0 to 24) more.

    Stripe does this in its dashboard. Returns `{id, secret, old_secret_expires_at}` (Unix seconds; None: at once).
    """
    if not 0 <= hours <= MAX_HOURS:
        raise EmulatorError(f"expires_in_hours is {hours}; Stripe lets an old secret work for 0 to {MAX_HOURS} hours.")
    rows = emulator.store.query(
        "SELECT account, object FROM objects WHERE id = ? AND deleted = 0 "
        "AND object IN ('webhook_endpoint', 'v2.core.event_destination')",
        (endpoint_id,),
    )
    if not rows:
        raise NoSuchEndpoint(f"There is no webhook endpoint {endpoint_id}.", hint="GET /v1/webhook_endpoints")
    account, kind = rows[0]
    with emulator.store.transaction():
        unit = emulator.unit(account)
        endpoint = unit.get(kind, endpoint_id)
        until = emulator.clock.now() + round(hours * 3600)
        secret = emulator.ids.new("whsec_", 32)
        # The ones that lapsed stay: the configuration finds an endpoint again by the secret it was started with.
        old = [[endpoint["_secret"], until], *endpoint.get("_old_secrets", [])]
        unit.change(endpoint, {"_secret": secret, "_old_secrets": old}, emits=())
        unit.flush()
    emulator.delivery.endpoints_changed()
    return {"id": endpoint_id, "secret": secret, "old_secret_expires_at": until if hours else None}


def secrets_of(endpoint: Body, now: int) -> list[str]:
    """Return what signs at `now` (emulator time), the newest first."""
    return [endpoint["_secret"], *(secret for secret, until in endpoint.get("_old_secrets", []) if until > now)]


WEBHOOK_ENDPOINT = Resource(
    object="webhook_endpoint",
    prefix="we_1",
    id_length=23,
    path="/v1/webhook_endpoints",
    can=("create", "retrieve", "update", "list", "delete"),
    fields=(
        once("api_version"),
        fixed("application"),
        fixed("created"),
        given("description"),
        given("enabled_events", []),
        fixed("livemode", False),
        given("metadata", {}),
        fixed("status", "enabled"),
        given("url", emptyable=False),
    ),
    creating=_creating,
    created=_created,
    updating=_updating,
    updated=_updated,
    deleting=_deleting,
)

RESOURCES = (WEBHOOK_ENDPOINT,)
