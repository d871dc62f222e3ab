"""The audit trail: read and export."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import StreamingResponse

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import BadRequest
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.roles import admin
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.audit import AuditList
from payloom.audit.actions import ACTIONS, Outcome
from payloom.audit.queries import SHOWN, AuditFilter, list_entries
from payloom.kit.visible_text import spreadsheet_cell

router = APIRouter(prefix="/audit", tags=["audit"])
_PAGE = 500
_COLUMNS = [column.name for column in SHOWN]


def _filter(  # noqa: PLR0917 - FastAPI fills them in by name
    action: str | None = None,
    actor: str | None = None,
    target: str | None = None,
    outcome: Outcome | None = None,
    address: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> AuditFilter:
    """Read the filter. `action`: an action, or its kind, such as `row`. `actor`: an address, or an account's ID."""
    if action is not None and action not in {*ACTIONS, *(name.partition(".")[0] for name in ACTIONS)}:
        raise BadRequest(f"there is no action {action[:60]!r}", hint=f"Known are {', '.join(ACTIONS)}.")
    return AuditFilter(action, actor, target, outcome, address, _in_utc(since), _in_utc(until))


@router.get("", response_model=AuditList, openapi_extra=admin())
async def list_audit(
    deps: Dependencies,
    filters: Annotated[AuditFilter, Depends(_filter)],
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """List who did what, newest first. `before`: the last ID of the previous page."""
    rows = await deps.database.read(lambda tx: list_entries(tx, filters, before=before, limit=limit))
    data = [{**row, "title": ACTIONS.get(row["action"], row["action"])} for row in rows]
    return {"data": to_plain(data), "next": rows[-1]["id"] if len(rows) == limit else None, "actions": dict(ACTIONS)}


@router.get(
    "/export", response_class=StreamingResponse, openapi_extra=admin() | audited("data.exported", after="it reads")
)
async def export_audit(
    deps: Dependencies,
    filters: Annotated[AuditFilter, Depends(_filter)],
    request: Request,
    format: Literal["csv", "jsonl"] = "csv",  # noqa: A002 - the parameter's name
) -> StreamingResponse:
    """Export the audit trail, newest first. The export is itself recorded."""
    audit_note(request).on("audit", format=format)

    async def pages() -> AsyncGenerator[str]:
        if format == "csv":
            yield _csv([_COLUMNS])
        before: str | None = None
        while True:
            rows = await deps.database.read(lambda tx: list_entries(tx, filters, before=before, limit=_PAGE))  # noqa: B023 - awaited at once
            yield _csv([_cells(row) for row in rows]) if format == "csv" else _lines(rows)
            if len(rows) < _PAGE:
                return
            before = rows[-1]["id"]

    kind = "text/csv; charset=utf-8" if format == "csv" else "application/x-ndjson"
    headers = {"content-disposition": f'attachment; filename="payloom-audit.{format}"'}
    return StreamingResponse(pages(), media_type=kind, headers=headers)


def _in_utc(moment: dt.datetime | None) -> dt.datetime | None:
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except OverflowError:
        raise BadRequest("the moment is outside the years 1 to 9999") from None


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(to_plain(row), ensure_ascii=False)}\n" for row in rows)


def _cells(row: Mapping[str, Any]) -> list[str]:
    """Return the cells of a row."""
    plain = to_plain(row)
    texts = [
        "" if plain[name] is None else plain[name] if isinstance(plain[name], str) else json.dumps(plain[name])
        for name in _COLUMNS
    ]
    return [spreadsheet_cell(text) for text in texts]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    # In quotes, so that a spreadsheet that splits at semicolons finds no cell of its own in one.
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()
