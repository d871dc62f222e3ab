"""Thin events of the v2 API: what happened to which object, and nothing else."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from payloom_emulator.kit.clock import from_epoch

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.webhooks import Event


def timestamp(seconds: int) -> str:
    """Return Unix seconds as the v2 API writes them."""
    return from_epoch(seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def seconds_of(text: str) -> int:
    """Return the Unix seconds of a time in ISO 8601. Raises ValueError for any other text."""
    moment = dt.datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp())


def thin_event(unit: UnitOfWork, event: Event) -> dict[str, object]:
    """Return a stored event as a thin one."""
    about = event["data"]["object"]
    schema = unit.environment.find_schema(str(about["object"]))
    related = None
    if about.get("id"):
        path = schema.path if schema is not None and schema.path else f"/v1/{about['object']}s"
        path = path.replace("{account_id}", str(about.get("account")))
        related = {"id": about["id"], "type": about["object"], "url": f"{path}/{about['id']}"}
    request = event["request"]
    data = {"data": about["thin_data"]} if about.get("thin_data") else {}
    return {
        **data,
        "id": event["id"],
        "object": "v2.core.event",
        "context": event.get("account"),
        "created": timestamp(event["created"]),
        "livemode": False,
        "reason": {"type": "request", "request": request} if request and request["id"] else None,
        "related_object": related,
        "type": event["type"] if event["type"].startswith("v2.") else f"v1.{event['type']}",
    }
