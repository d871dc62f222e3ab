"""The user's tables."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.errors import BadRequest
from payloom.api.jsonable import to_plain
from payloom.api.management.models.data import RowList, TableList
from payloom.api.management.parts import Parts
from payloom.tables.spec import TableSpec

_OWN = frozenset({"limit", "order_by"})


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/tables", tags=["tables"])

    @routes.get("", response_model=TableList)
    async def list_tables() -> Any:
        """The tables with their columns."""
        return {"data": [_shape(spec) for spec in parts.tables.specs.values()]}

    @routes.get("/{name}/rows", response_model=RowList)
    async def list_rows(
        name: str, request: Request, order_by: str | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> Any:
        """Rows of a table; any other parameter is a column that must have that value."""
        spec = parts.tables.spec(name)
        where = {key: _read(spec, key, value) for key, value in request.query_params.items() if key not in _OWN}
        args = {"where": where or None, "order_by": order_by, "limit": limit}
        found = await parts.database.read(lambda tx: parts.tables.perform(tx, "select", name, args))
        return {"data": to_plain(found)}

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
