"""The user's tables, and Stripe's resources beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.errors import BadRequest
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.data import RowList, TableList
from payloom.api.management.routes.data import stripe_tables
from payloom.api.management.routes.data.rows import masked_row
from payloom.api.management.routes.data.visible_rows import page_of_visible
from payloom.kit import strict_json
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.secrets.patterns import is_secret_name
from payloom.kit.secrets.redaction import redact_content
from payloom.tables.definition.spec import TableSpec
from payloom.workflows.catalog.catalog import STRIPE_TABLES

_BY_PART = frozenset({"gt", "gte", "lt", "lte", "contains", "starts_with"})
_FREE = frozenset({"string", "text", "int", "number", "json"})
_OWN = frozenset({"cursor", "limit", "order_by", "filter"})


router = APIRouter(prefix="/tables", tags=["tables"])


@router.get("", response_model=TableList)
async def list_tables(deps: Dependencies) -> Any:
    """List the tables with their columns: the project's, and Stripe's (`source: stripe`), which are read-only."""
    return {"data": [*(_shape(spec) for spec in deps.tables.specs.values()), *deps.stripe_tables.describe()]}


@router.get("/{name}/rows", response_model=RowList)
async def list_rows(  # noqa: PLR0917 - FastAPI fills them in by name
    deps: Dependencies,
    name: str,
    request: Request,
    order_by: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    filter: Annotated[  # noqa: A002 - what it is
        str | None, Query(description="JSON as `where` of a `select` step; of the user's tables only.")
    ] = None,
) -> Any:
    """List rows of a table. Any other parameter is a column (for Stripe's tables, a filter) with its value."""
    if name.startswith(STRIPE_TABLES):
        filters = {key: value for key, value in request.query_params.items() if key not in _OWN}
        return await stripe_tables.page(deps.stripe_tables, name, filters, cursor=cursor, limit=limit)
    spec = deps.tables.spec(name)
    where = {key: _read(spec, key, value) for key, value in request.query_params.items() if key not in _OWN}
    where |= _filter(filter)
    order = _order(order_by)
    _refuse_guesses(where, order)
    start = _offset(cursor)
    compared = frozenset({*_guessed(where), *(column for column in _ordered(order) if _is_free(spec, column))})
    rows, total = await deps.database.read(
        lambda tx: page_of_visible(
            deps.tables, tx, name, where=where or None, order=order, limit=limit, start=start, columns=compared
        )
    )
    after = start + len(rows)
    return {"data": masked_row(rows), "next": str(after) if after < total and rows else None, "total": total}


def _filter(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    value = strict_json.loads(text.encode())
    if not is_dict(value):
        raise BadRequest("filter is a JSON object, as `where` of a `select` step", where="filter")
    return value


def _refuse_guesses(where: dict[str, Any], order: list[str] | None) -> None:
    """Raise BadRequest for a filter or an order by what the rows are shown without: it would tell it bit by bit."""
    columns = [*_keys(where), *_ordered(order)]
    hidden = [column for column in columns if is_secret_name(column)]
    if hidden:
        raise BadRequest(f"{hidden[0][:60]!r} is not shown, so rows cannot be found or sorted by it", where="filter")
    if redact_content(where) != where:
        raise BadRequest(
            "the filter holds a secret or a card number", hint="Look for the row by an ID.", where="filter"
        )


def _guessed(where: Any, column: str | None = None) -> Iterator[str]:
    """Yield the columns that are compared by a part of their value. Rows that hide such a value are no answer."""
    if is_list(where):
        for item in where:
            yield from _guessed(item, column)
    elif is_dict(where):
        for key, item in where.items():
            if key in _BY_PART and column is not None:
                yield column
            yield from _guessed(item, str(key))


def _keys(value: Any) -> Iterator[str]:
    if is_dict(value):
        for key, item in value.items():
            yield str(key)
            yield from _keys(item)
    elif is_list(value):
        for item in value:
            yield from _keys(item)


def _order(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


def _ordered(order: list[str] | None) -> list[str]:
    return [(part.removeprefix("-").split() or [""])[0].partition(":")[0] for part in order or ()]


def _is_free(spec: TableSpec, name: str) -> bool:
    """Whether a column can hold anything, and so what is masked."""
    column = spec.columns.get(name)
    if column is None or column.primary or column.references or column.enum:
        return False
    return column.type in _FREE


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise BadRequest("this is no cursor of a page before", where="cursor")
    return int(cursor)


def _shape(spec: TableSpec) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "type": column.type,
            "nullable": column.nullable,
            "primary": column.primary,
            "unique": column.unique,
            "choices": list(column.enum) if column.enum else None,
            "references": ".".join(column.references) if column.references else None,
            "has_default": column.has_default,
        }
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
