"""The local Stripe's own front page: what it is, its keys, what it holds, its events and deliveries, its clock.

Written on the server; its few buttons call the control endpoints under `/_emulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.config import DEFAULT_WEBHOOK_SECRET
from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.dashboard.browse import event_words, show
from payloom_emulator.http.pages.dashboard.words import LISTS, moment, row, tone
from payloom_emulator.http.trigger import TRIGGERS
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import elements, members

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from payloom_emulator.http.pages.dashboard.words import Row
    from payloom_emulator.objects.webhooks import WebhookEndpoint

_RECENT, _EVENTS = 8, 12


class _Recent(TypedDict):
    """The newest objects of a kind."""

    label: str
    name: str
    rows: list[Row]
    more: object


class _Count(TypedDict):
    label: str
    name: str
    count: int


class _Endpoint(TypedDict):
    """One webhook endpoint in words."""

    id: str
    url: str
    status: str
    tone: str
    events: str
    whose: str


def _recent(pages: Access) -> list[_Recent]:
    recent: list[_Recent] = []
    for kind in LISTS:
        answer = pages.get(kind.path, limit=_RECENT) or {}
        rows = [row(members(item)) for item in elements(answer.get("data"))]
        if rows:
            more = answer.get("has_more", False)
            recent.append({"label": kind.label, "name": kind.name, "rows": rows, "more": more})
    return recent


def _counts(pages: Access) -> list[_Count]:
    sql = "SELECT object, count(*) FROM objects WHERE account = ? AND deleted = 0 GROUP BY object"
    known: dict[str, int] = dict(pages.emulator.store.query(sql, (pages.emulator.config.account,)))
    return [{"label": kind.label, "name": kind.name, "count": known.get(kind.object, 0)} for kind in LISTS]


def _endpoints(pages: Access) -> list[_Endpoint]:
    return [
        {
            "id": endpoint["id"],
            "url": endpoint["url"],
            "status": endpoint["status"],
            "tone": tone(endpoint["status"]),
            "events": ", ".join(endpoint["enabled_events"][:4]) + (" …" if len(endpoint["enabled_events"]) > 4 else ""),
            "whose": _whose(pages.stored(kinds.WEBHOOK_ENDPOINT, endpoint["id"])),
        }
        for endpoint in pages.rows(kinds.WEBHOOK_ENDPOINT, limit=20)
    ]


def _whose(endpoint: WebhookEndpoint | None) -> str:
    return "of connected accounts" if endpoint is not None and endpoint.get("_connect") else "of this account"


async def dashboard(request: Request) -> Response:
    """Serve the front page, or with `?part=live` only the part that changes."""
    pages = Access(request)
    return show(
        request,
        "dashboard/overview.html",
        base=str(request.base_url).rstrip("/"),
        version=pages.emulator.config.api_version,
        secret_key=pages.secret_key,
        publishable_key=pages.publishable_key,
        webhook_secret=DEFAULT_WEBHOOK_SECRET,
        now=moment(pages.now),
        offset=pages.emulator.clock.offset,
        counts=_counts(pages),
        recent=_recent(pages),
        events=[event_words(pages, event) for event in pages.rows(kinds.EVENT, limit=_EVENTS)],
        endpoints=_endpoints(pages),
        triggers=sorted(TRIGGERS),
    )
