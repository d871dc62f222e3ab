"""Webhook endpoints: where events go. The signing secret is shown once, when it is made or rolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.protocol import api_versions
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.params.webhook_endpoints import (
        WebhookEndpointCreateParams,
        WebhookEndpointUpdateParams,
    )
    from payloom_emulator.objects.webhooks import WebhookEndpoint


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")


def _check_events(events: list[str]) -> None:
    if "*" in events and len(events) > 1:
        raise invalid("You cannot specify other events along with '*'.", "enabled_events")


def _creating(call: RequestContext[WebhookEndpointCreateParams], draft: WebhookEndpoint) -> None:
    _check_url(draft["url"])
    _check_events(draft["enabled_events"])
    if draft["api_version"]:
        api_versions.known_version(draft["api_version"])
    draft["_secret"] = call.unit.environment.ids.new("whsec_", 32)
    draft["_connect"] = bool(call.params.get("connect"))
    draft["application"] = None


def _created(call: RequestContext[Params], endpoint: WebhookEndpoint) -> dict[str, object]:
    call.unit.environment.outbox.invalidate()
    return {**endpoint, "secret": endpoint["_secret"]}


def _updating(
    call: RequestContext[WebhookEndpointUpdateParams], endpoint: WebhookEndpoint, changes: dict[str, object]
) -> None:
    del endpoint
    if "url" in changes:
        _check_url(str(changes["url"]))
    if "enabled_events" in call.params:
        _check_events(call.params["enabled_events"])
    if "disabled" in call.params:
        changes["status"] = "disabled" if call.params["disabled"] else "enabled"


def _updated(call: RequestContext[Params], endpoint: WebhookEndpoint) -> None:
    del endpoint
    call.unit.flush()
    call.unit.environment.outbox.invalidate()


def _deleting(call: RequestContext[Params], endpoint: WebhookEndpoint) -> None:
    del endpoint
    call.unit.environment.outbox.invalidate()


WEBHOOK_ENDPOINT = Resource(
    schema=Schema(
        object="webhook_endpoint",
        prefix="we_1",
        id_length=23,
        path="/v1/webhook_endpoints",
        fields=(
            create_only("api_version"),
            read_only("application"),
            read_only("created"),
            settable("description"),
            settable("enabled_events", []),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("status", "enabled"),
            settable("url", emptyable=False),
        ),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "delete"),
        creating=_creating,
        created=_created,
        updating=_updating,
        updated=_updated,
        deleting=_deleting,
    ),
)


RESOURCES = (WEBHOOK_ENDPOINT,)
