"""The lists of the front page, one object with what happened to it, events, and the log of requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse

from payloom_emulator.http.acting import actions_for
from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.dashboard.words import (
    LISTS,
    call_row,
    delivery_words,
    indented,
    moment,
    row,
)
from payloom_emulator.http.pages.rendering import page
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import elements, integer, is_object, members, text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.webhooks import Event

_ROWS, _EVENTS, _CALLS, _LOOKED_AT = 25, 25, 20, 100
_LISTED_BY_NAME = {listed.name: listed for listed in LISTS}


def show(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    """Render a page of the dashboard; with `?part=live` only the part that changes."""
    live = request.query_params.get("part") == "live"
    layout = "dashboard/part.html" if live else "dashboard/layout.html"
    return page(name, status=status, layout=layout, lists=LISTS, here=request.url.path, **values)


async def listed(request: Request) -> Response:
    """Show one list, newest first, a page of it."""
    kind = _LISTED_BY_NAME.get(request.path_params["name"])
    if kind is None:
        return _nothing(request, "There is no such page.")
    pages = Access(request)
    after = request.query_params.get("after", "")
    answer = pages.get(
        kind.path, limit=_ROWS, **({"starting_after": after} if after else {}), **_all_statuses(kind.name)
    )
    rows = [row(members(item)) for item in elements((answer or {}).get("data"))]
    more = rows[-1]["id"] if rows and (answer or {}).get("has_more") else None
    return show(request, "dashboard/list.html", kind=kind, rows=rows, more=more, after=after)


def _all_statuses(name: str) -> dict[str, object]:
    return {"status": "all"} if name == "subscriptions" else {}


async def one(request: Request) -> Response:
    """Show an object: what it is, what can be done to it, what happened to it, and which calls were about it."""
    object_id = request.path_params["id"]
    pages = Access(request, object_id)
    rows = pages.emulator.store.query("SELECT object FROM objects WHERE id = ?", (object_id,))
    schema = pages.emulator.find_schema(rows[0][0]) if rows else None
    body = pages.get(f"{schema.path}/{object_id}") if schema is not None and schema.path else None
    if body is None or schema is None:
        return _nothing(request, f"There is no object {object_id[:60]}.")
    status = text(body.get("status"))
    facts = [
        (name, str(value) if "amount" in name else _fact(value))
        for name, value in body.items()
        if isinstance(value, str | int) and name != "object"
    ]
    return show(
        request,
        "dashboard/object.html",
        object=schema.object,
        row=row(body),
        facts=facts[:24],
        actions=actions_for(schema.object, status) if not body.get("deleted") else [],
        events=[event_words(pages, event) for event in _events_about(pages, object_id)],
        calls=[call_row(call) for call in _calls_about(pages, object_id)],
        body=indented(body),
    )


def _fact(value: str | int) -> str:
    """Return a field of an object for people: times as such, numbers and words as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{moment(value)} UTC" if isinstance(value, int) and value > _FIRST_MOMENT else str(value)


_FIRST_MOMENT = 1_000_000_000
"""Numbers above it are Unix seconds, unless they are amounts."""


def _events_about(pages: Access, object_id: str) -> list[Event]:
    """Return the last events that name an object."""
    events = pages.rows(kinds.EVENT, limit=_LOOKED_AT)
    return [event for event in events if f'"{object_id}"' in json.dumps(event["data"])][:_EVENTS]


def _calls_about(pages: Access, object_id: str) -> list[dict[str, object]]:
    calls = reversed(pages.emulator.calls.rows())
    return [c for c in calls if object_id in str(c["path"]) or object_id in json.dumps(c["params"])][:_CALLS]


def event_words(pages: Access, event: Event) -> dict[str, object]:
    """Return an event in words, with the call that caused it."""
    about = event["data"]["object"].get("id")
    request_id = event["request"]["id"] if event["request"] else None
    logged = pages.emulator.calls.find(request_id) if request_id else None
    return {
        "id": event["id"],
        "type": event["type"],
        "object": about if isinstance(about, str) else "",
        "at": moment(event["created"]),
        "request": request_id,
        "call": f"{logged[0]['method']} {logged[0]['path']}" if logged else None,
        "deliveries": [delivery_words(delivery) for delivery in pages.emulator.delivery.rows(event=event["id"])],
    }


async def events(request: Request) -> Response:
    """Show the events, a page of them, of all types or of one."""
    pages = Access(request)
    after, event_type = request.query_params.get("after", ""), request.query_params.get("type", "")
    more_params = {**({"starting_after": after} if after else {}), **({"type": event_type} if event_type else {})}
    rows = pages.rows(kinds.EVENT, limit=_EVENTS, **more_params)
    return show(
        request,
        "dashboard/events.html",
        events=[event_words(pages, event) for event in rows],
        more=rows[-1]["id"] if len(rows) == _EVENTS else None,
        wanted=event_type,
        after=after,
    )


async def event(request: Request) -> Response:
    """Show an event: its content, the call that caused it, and each delivery with its reply."""
    event_id = request.path_params["id"]
    pages = Access(request, event_id)
    stored = pages.read(kinds.EVENT, event_id)
    if stored is None:
        return _nothing(request, f"There is no event {event_id[:60]}.")
    return show(request, "dashboard/event.html", event=event_words(pages, stored), body=indented(stored))


async def log(request: Request) -> Response:
    """Show the last calls, those that failed alone if asked."""
    pages = Access(request)
    failed = request.query_params.get("failed") == "1"
    path = request.query_params.get("path", "")
    calls = [c for c in reversed(pages.emulator.calls.rows(path)) if not failed or (integer(c["status"]) or 0) >= 400]
    rows = [call_row(call) for call in calls[:_LOOKED_AT]]
    return show(request, "dashboard/log.html", calls=rows, failed=failed, path=path)


async def call(request: Request) -> Response:
    """Show a call: what was sent, what was answered, and the events that it caused."""
    request_id = request.path_params["id"]
    pages = Access(request)
    logged = pages.emulator.calls.find(request_id)
    if logged is None:
        return _nothing(request, f"No call {request_id[:60]} is known. The log keeps the last 1,000.")
    entry, answer = logged
    caused = [e for e in pages.rows(kinds.EVENT, limit=_LOOKED_AT) if members(e["request"]).get("id") == request_id]
    return show(
        request,
        "dashboard/call.html",
        call=call_row(entry),
        error=_error(entry),
        sent=indented(entry["params"]) if entry["params"] else "",
        answer=answer,
        events=[event_words(pages, event) for event in caused],
    )


def _error(entry: JsonMapping) -> list[tuple[str, str]]:
    error = entry["error"]
    names = ("message", "type", "code", "decline_code", "param")
    return [(name, str(error[name])) for name in names if error.get(name)] if is_object(error) else []


async def find(request: Request) -> Response:
    """Go to the page of whatever an id names."""
    named = request.query_params.get("id", "").strip()
    for prefix, place in (("evt_", "events"), ("req_", "logs")):
        if named.startswith(prefix):
            return RedirectResponse(f"/dashboard/{place}/{named}", status_code=303)
    return RedirectResponse(f"/dashboard/objects/{named}" if named else "/", status_code=303)


def _nothing(request: Request, message: str) -> Response:
    return show(request, "dashboard/nothing.html", status=404, message=message)
