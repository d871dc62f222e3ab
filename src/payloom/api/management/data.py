"""The user's tables, the outbox, and the settings without secrets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.errors import BadRequest, NoSuchRoute
from payloom.api.jsonable import to_plain
from payloom.api.management.parts import Parts
from payloom.tables.spec import TableSpec

_OWN = frozenset({"limit", "order_by"})


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["data"])

    @routes.get("/tables")
    async def tables() -> Any:
        """The tables with their columns."""
        return {"data": [_shape(spec) for spec in parts.tables.specs.values()]}

    @routes.get("/tables/{name}/rows")
    async def rows(
        name: str, request: Request, order_by: str | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> Any:
        """Rows of a table; any other parameter is a column that must have that value."""
        spec = parts.tables.spec(name)
        where = {key: _read(spec, key, value) for key, value in request.query_params.items() if key not in _OWN}
        args = {"where": where or None, "order_by": order_by, "limit": limit}
        found = await parts.database.read(lambda tx: parts.tables.perform(tx, "select", name, args))
        return {"data": to_plain(found)}

    @routes.get("/mails")
    async def mails(
        to: str | None = None, template: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Any:
        """Mails, newest first."""
        return {"data": to_plain(await parts.mails.list(to=to, template=template, limit=limit))}

    @routes.get("/mails/{mail_id}")
    async def mail(mail_id: str) -> Any:
        """One mail with its text and HTML."""
        found = await parts.mails.get(mail_id)
        if found is None:
            raise NoSuchRoute(f"there is no mail {mail_id[:100]!r}", hint="List them with `payloom mails`.")
        return to_plain(found)

    @routes.get("/settings")
    async def settings() -> Any:
        """The settings in force, without secrets."""
        return to_plain(parts.settings.public())

    return routes


def _shape(spec: TableSpec) -> dict[str, Any]:
    columns = [
        {"name": column.name, "type": column.type, "nullable": column.nullable, "primary": column.primary}
        for column in spec.columns.values()
    ]
    return {"name": spec.name, "columns": columns}


def _read(spec: TableSpec, name: str, text: str) -> Any:
    column = spec.columns.get(name)
    kind = column.type if column else "string"
    try:
        if kind == "int":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        raise BadRequest(f"{name} is a number") from None
    return text == "true" if kind == "bool" else text
