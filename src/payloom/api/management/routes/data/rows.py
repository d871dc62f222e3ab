"""Rows of the user's tables: read, insert, change and delete, with conflict detection.

A change here goes the way of every other: runs that wait for a row are woken, workflows on a changed row start.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
import structlog
from fastapi import APIRouter
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import ApiError, BadRequest, NoSuchRoute
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import caller_of
from payloom.api.management.access.proof import needs_proof
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.data import NewRow, RowChanges, RowGuard, RowView
from payloom.api.management.models.runs import RunList
from payloom.api.management.routes.overview import FRESH_WITHIN
from payloom.db.transactions import locking_reads
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.secrets.redaction import redact
from payloom.runs.models import steps
from payloom.runs.registry import RowChange
from payloom.tables.definition.spec import TableSpec
from payloom.views.references.extract import ReferenceCollector, row_ref
from payloom.views.references.indexer import write
from payloom.views.references.search import owners_of

log = structlog.get_logger("payloom.manage")
_WRITERS = 100


class RowChanged(ApiError):
    """The row changed since you read it."""

    code: ClassVar[str] = "row_changed"
    status: ClassVar[int] = 409


router = APIRouter(prefix="/tables", tags=["tables"])


@router.get("/{name}/rows/{key:path}/history", response_model=RunList)
async def row_history(deps: Dependencies, name: str, key: str) -> Any:
    """List the runs that wrote the row, newest first."""
    spec = deps.tables.spec(name)
    await deps.index.catch_up(FRESH_WITHIN)
    ids = await deps.database.read(lambda tx: _writers(tx, spec, key))
    listed = await deps.run_queries.by_ids(ids)
    return {"data": to_plain([{**run, "workflow": run["workflow_id"]} for run in listed]), "next": None}


@router.get("/{name}/rows/{key:path}", response_model=RowView)
async def get_row(deps: Dependencies, name: str, key: str) -> Any:
    """Return one row by its primary column."""
    spec = deps.tables.spec(name)
    return {"row": masked_row(await deps.database.read(lambda tx: _row(deps, tx, spec, key)))}


@router.post(
    "/{name}/rows",
    response_model=RowView,
    status_code=201,
    openapi_extra=needs_proof() | audited("row.inserted") | begins_anew(),
)
async def insert_row(deps: Dependencies, name: str, body: NewRow, request: Request) -> Any:
    """Insert a row. Columns that are left out get their defaults."""
    spec = deps.tables.spec(name)

    def work(tx: sa.Connection) -> dict[str, Any]:
        row = deps.tables.insert(tx, name, values=body.values)
        _record_change(deps, tx, spec, RowChange(name, "insert", row, None))
        audit_note(request).on(f"{name}/{row[spec.primary]}", after=to_plain(row))
        return row

    row = await deps.database.write(work)
    key = str(row[spec.primary])
    deps.changes.publish("row", key, "insert", table=name)
    log.info("row_inserted", table=name, key=key, by=caller_of(request).by)
    return {"row": masked_row(row)}


@router.patch("/{name}/rows/{key:path}", response_model=RowView, openapi_extra=needs_proof() | audited("row.updated"))
async def update_row(deps: Dependencies, name: str, key: str, body: RowChanges, request: Request) -> Any:
    """Change a row that still equals `was`. Otherwise 409 `row_changed`, with the current row."""
    spec = deps.tables.spec(name)

    def work(tx: sa.Connection) -> dict[str, Any]:
        old = _locked_unchanged_row(deps, tx, spec, key, body.was)
        row = deps.tables.update(tx, name, where={spec.primary: old[spec.primary]}, set=body.set)
        if row != old:
            _record_change(deps, tx, spec, RowChange(name, "update", row, old))
            changed = [column for column in row if row[column] != old[column]]
            before, after = ({column: to_plain(version[column]) for column in changed} for version in (old, row))
            audit_note(request).on(f"{name}/{key}", before=before, after=after)
        return row

    row = await deps.database.write(work)
    deps.changes.publish("row", key, "update", table=name)
    log.info("row_updated", table=name, key=key, columns=sorted(body.set), by=caller_of(request).by)
    return {"row": masked_row(row)}


@router.delete("/{name}/rows/{key:path}", response_model=RowView, openapi_extra=needs_proof() | audited("row.deleted"))
async def delete_row(deps: Dependencies, name: str, key: str, body: RowGuard, request: Request) -> Any:
    """Delete a row that still equals `was`, and return it. Otherwise 409 `row_changed`."""
    spec = deps.tables.spec(name)

    def work(tx: sa.Connection) -> dict[str, Any]:
        old = _locked_unchanged_row(deps, tx, spec, key, body.was)
        deps.tables.delete(tx, name, where={spec.primary: old[spec.primary]})
        _record_change(deps, tx, spec, RowChange(name, "delete", old, old))
        audit_note(request).on(f"{name}/{key}", before=to_plain(old))
        return old

    row = await deps.database.write(work)
    deps.changes.publish("row", key, "delete", table=name)
    log.info("row_deleted", table=name, key=key, by=caller_of(request).by)
    return {"row": masked_row(row)}


def masked_row(row: Any) -> Any:
    """Return rows as JSON with secrets and card numbers masked."""
    return redact(to_plain(row))


def _writers(tx: sa.Connection, spec: TableSpec, key: str) -> list[str]:
    """Return the runs that have a step which wrote the row, among those that name it."""
    naming = [owner for kind, owner in owners_of(tx, [row_ref(spec.name, key)], _WRITERS * 2) if kind == "run"]
    written = steps.c.verb.in_(("insert", "update", "upsert", "delete")) & (steps.c.action == spec.name)
    query = sa.select(steps.c.run_id, steps.c.value).where(steps.c.run_id.in_(naming), written)
    names: dict[str, None] = {}
    for run_id, value in tx.execute(query):
        rows: list[Any] = value if is_list(value) else [value]
        if any(is_dict(row) and str(row.get(spec.primary)) == key for row in rows):
            names[run_id] = None
    return list(names)[:_WRITERS]


def _row(deps: ManagementDependencies, tx: sa.Connection, spec: TableSpec, key: str) -> dict[str, Any]:
    value: Any = key
    if spec.columns[spec.primary].type == "int":
        if not key.removeprefix("-").isdecimal() or len(key) > 19:
            raise BadRequest(f"the keys of {spec.name} are whole numbers")
        value = int(key)
    row = deps.tables.select(tx, spec.name, where={spec.primary: value}, one="optional")
    if row is None:
        raise NoSuchRoute(f"{spec.name} has no row {key[:100]!r}", hint="It may have been deleted; reload the table.")
    return row


def _locked_unchanged_row(
    deps: ManagementDependencies, tx: sa.Connection, spec: TableSpec, key: str, was: dict[str, Any]
) -> dict[str, Any]:
    """Return the row, locked, if it still equals what the user saw. Masked values are compared as shown."""
    with locking_reads(tx):
        row = _row(deps, tx, spec, key)
    now = masked_row(row)
    differing = sorted(name for name, value in was.items() if now.get(name) != value)
    if differing:
        hint = "Reload the row, and change it again."
        message = f"row {key[:100]} of {spec.name} changed since you read it: {', '.join(differing[:5])}"
        raise RowChanged(message, hint=hint, row=now, columns=differing)
    return row


def _record_change(deps: ManagementDependencies, tx: sa.Connection, spec: TableSpec, change: RowChange) -> None:
    deps.runs.rows_changed(tx, change.kind, spec.name, change)
    collector = ReferenceCollector(deps.tables.specs)
    collector.row(spec.name, change.row)
    name, now = row_ref(spec.name, change.row[spec.primary]), deps.clock.now()
    write(tx, [(ref, "row", name, now) for ref in collector.refs])
