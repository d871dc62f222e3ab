"""Reads Stripe's tables: for `select` steps (`StripeTables.perform`), and page by page for the studio (`rows`).

`where` means what it means on a user's table: a null matches nothing, all nulls are an error, a list is IN. What Stripe
cannot be asked is refused in words; nothing is read and thrown away behind the user's back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.catalog import tables
from payloom.connectors.stripe.catalog.tables import CURSORS, StripeTable
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.tables import search_query
from payloom.kit.json_types import is_list, is_map, is_sequence
from payloom.kit.suggest import did_you_mean
from payloom.tables.errors import BadArguments, NoFilter, TooManyRows, UnknownColumn, UnknownTable, VerbFailed
from payloom.tables.query.results import Row, keyed, require_all, single
from payloom.tables.query.where import OPERATORS, Where
from payloom.workflows.program.commands import Do, StepFailure

MOST = 1_000
"""How many rows a `select` without `limit` reads; more is an error, not a silent end."""
HARD_LIMIT = 10_000
_PAGE = 100
_MOST_IDS = 100
_RANGE = frozenset({"gt", "gte", "lt", "lte"})


class MirrorPort(Protocol):
    """A local copy of some resources; see `mirror`."""

    def is_mirrored(self, resource: str) -> bool:
        """Return whether the database keeps a copy of this resource."""
        ...

    async def select(
        self, table: StripeTable, where: Mapping[str, Any], *, order_by: Sequence[str], limit: int
    ) -> list[Row]:
        """Read rows from the copy in the database. order_by: entries such as `created desc`."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class PageRequest:
    """What to ask Stripe. ids: read these objects one by one; else `action` with `params`. none: nothing can match."""

    action: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    ids: Sequence[str] | None = None
    none: bool = False


class StripeTables:
    """The tables `stripe.…`, read from Stripe or from the local copy."""

    def __init__(self, connector: StripeConnector, mirror: MirrorPort | None = None, *, most: int = MOST) -> None:
        """kept: the local copy. most: rows of a `select` without `limit`."""
        self._most = most
        self._connector = connector
        self._mirror = mirror

    # -- select ------------------------------------------------------------------------------------------------------

    async def perform(self, do: Do, attempt: Attempt) -> Any:  # noqa: ARG002 - the seam; reading twice does no harm
        """Do a `select` step. Raises StepFailed in the words of the table verbs, or of Stripe."""
        try:
            return await self.select(do.action, do.args, timeout=do.timeout)
        except VerbFailed as failed:
            raise StepFailed(
                StepFailure(failed.code, failed.message, status=failed.status, hint=failed.hint, data=failed.data)
            ) from failed

    async def select(self, name: str, args: Mapping[str, Any], *, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the SDK takes it
        """Return what a `select` with these arguments gives; raises VerbFailed, StripeStepFailed."""
        table = _table(name)
        where: Mapping[str, Any] = args.get("where") or {}
        one_row, limit = args.get("one"), args.get("limit")
        _bounds(table, one_row, limit, args)
        most = 2 if one_row else self._most + 1 if limit is None else limit
        rows = await self._rows(table, where, _listed(args.get("order_by")), most, timeout)
        if one_row:
            return single(table.spec, rows, where, required=one_row == "required")
        if limit is None and len(rows) > self._most:
            raise TooManyRows(
                f"more than {self._most:,} rows of {name} match",
                hint=f"narrow `where`, or say `limit` (up to {HARD_LIMIT:,})",
            )
        if args.get("require") == "all":
            require_all(table.spec, _lists(where), where, args.get("key_by"), rows)
        return keyed(table.spec, args["key_by"], rows) if args.get("key_by") else rows

    async def _rows(
        self,
        table: StripeTable,
        where: Mapping[str, Any],
        order_by: Sequence[str],
        most: int,
        timeout: float | None,  # noqa: ASYNC109 - the SDK takes it
    ) -> list[Row]:
        if self._mirror is not None and table.view == "list" and self._mirror.is_mirrored(table.resource):
            return await self._mirror.select(table, where, order_by=order_by, limit=most)
        if order_by:
            raise BadArguments(
                f"Stripe lists {table.name} newest first, in no other order",
                hint=f"keep a copy with `stripe: mirror: [{table.resource}]`, which can be sorted",
            )
        request = page_request(table, where)
        if request.none or most == 0:
            return []
        if request.ids is not None:
            return (await self._by_id(table, request.ids, timeout))[:most]
        if "ending_before" in request.params:
            paging: dict[str, Any] = {"limit": min(most, _PAGE)}
        else:
            paging = {"all": True, "limit": most}
        page = await self._connector.perform(request.action, {**request.params, **paging}, timeout=timeout)
        return page["data"]

    async def _by_id(self, table: StripeTable, ids: Sequence[str], timeout: float | None) -> list[Row]:  # noqa: ASYNC109 - the SDK takes it
        rows: list[Row] = []
        for identity in ids:
            try:
                row = await self._connector.perform(f"{table.resource}.retrieve", {"id": identity}, timeout=timeout)
            except StripeStepFailed as error:
                if error.failure.kind != "resource_missing":
                    raise
                continue
            if not row.get("deleted"):
                rows.append(row)
        return rows

    # -- for the studio ----------------------------------------------------------------------------------------------

    def describe(self) -> list[dict[str, Any]]:
        """Return every view: `{name, resource, view, columns, filters, sorted, mirrored}`, as JSON.

        filters: `[{name, type, range, choices}]`: what `rows` and `where` take beside the cursors.
        """
        return [self._described(name) for name in tables.names()]

    def _described(self, name: str) -> dict[str, Any]:
        table = _table(name)
        mirrored = self._mirror is not None and table.view == "list" and self._mirror.is_mirrored(table.resource)
        filters = [
            {"name": key, "range": key in table.ranges, **_kind(schema)}
            for key, schema in table.filters.items()
            if key not in CURSORS
        ]
        columns = [
            {"name": column.name, "type": column.type, "nullable": column.nullable, "primary": column.primary}
            for column in table.spec.columns.values()
        ]
        return {
            "name": name, "source": "stripe", "resource": table.resource, "view": table.view, "columns": columns,
            "filters": filters, "read_only": True, "sorted": mirrored, "mirrored": mirrored,
        }  # fmt: skip

    async def rows(
        self, name: str, filters: Mapping[str, Any] | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> dict[str, Any]:
        """Return one page: `{data, next}`; `next` is the `cursor` of the following page, None at the end.

        filters: as in `where`. limit: 1 to 100. Always asks Stripe. Raises VerbFailed, StripeStepFailed.
        """
        table = _table(name)
        request = page_request(table, filters or {})
        if request.none:
            return {"data": [], "next": None}
        if request.ids is not None:
            return {"data": await self._by_id(table, request.ids, None), "next": None}
        paging: dict[str, Any] = {"limit": max(1, min(limit, _PAGE))}
        if cursor:
            paging["page" if table.view == "search" else "starting_after"] = cursor
        page = await self._connector.perform(request.action, {**request.params, **paging})
        data = page["data"]
        more = page.get("next_page") if table.view == "search" else data[-1]["id"] if data else None
        return {"data": data, "next": more if page.get("has_more") else None}


def page_request(table: StripeTable, where: Mapping[str, Any]) -> PageRequest:
    """Return what to ask Stripe for `where`; raises VerbFailed for what it cannot be asked."""
    if not is_map(where):
        raise BadArguments(f"where {table.name}: expected a map")
    filters = {name: _checked(table, name, value) for name, value in where.items()}
    nulls = [name for name, value in filters.items() if value is None]
    if nulls:
        if len(nulls) == len(filters):
            raise NoFilter(
                f"every value in `where` is null, so the step would not know which rows of {table.name} it means",
                hint="check the values the step compares with; nothing was read",
            )
        return PageRequest(none=True)
    if any(value == [] for value in filters.values()):
        return PageRequest(none=True)
    if table.view == "search":
        return PageRequest(f"{table.resource}.search", {"query": search_query.query(table, filters)})
    if "id" in filters:
        return PageRequest(ids=_ids(table, filters))
    params: dict[str, Any] = {"status": "all"} if table.resource == "subscriptions" else {}
    return PageRequest(
        f"{table.resource}.list", params | {name: _plain(table, name, value) for name, value in filters.items()}
    )


def _table(name: str) -> StripeTable:
    table = tables.find(name)
    if table is None:
        raise UnknownTable(f"there is no table {name!r}", hint=did_you_mean(name, tables.names()) or None)
    return table


def _checked(table: StripeTable, name: str, value: Any) -> Any:
    if name not in table.filters:
        hint = did_you_mean(name, table.filters) or table.shape().hint
        raise UnknownColumn(f"Stripe cannot be asked for {table.name} by {name!r}", hint=hint)
    if is_sequence(value):
        present = [item for item in value if item is not None]
        return None if value and not present else present
    if is_map(value) and name not in {"metadata", "recurring", "automatic_tax"}:
        for sign in value:
            if sign not in OPERATORS:
                hint = did_you_mean(str(sign), OPERATORS) or None
                raise BadArguments(f"where {table.name}.{name}: {sign!r} is not an operator", hint=hint)
        kept_operators = {sign: operand for sign, operand in value.items() if operand is not None}
        return kept_operators or None
    return value


def _ids(table: StripeTable, filters: Mapping[str, Any]) -> list[str]:
    if len(filters) > 1:
        others = ", ".join(name for name in filters if name != "id")
        raise BadArguments(
            f"where {table.name}: Stripe finds an object by its id, and does not compare {others} then",
            hint="leave the rest to a `filter` step behind it",
        )
    ids = filters["id"] if is_list(filters["id"]) else [filters["id"]]
    if not all(isinstance(identity, str) and identity for identity in ids):
        raise BadArguments(f"where {table.name}: an id is a text")
    if len(ids) > _MOST_IDS:
        raise BadArguments(f"where {table.name}: {len(ids)} ids, {_MOST_IDS} are allowed")
    return list(dict.fromkeys(ids))


def _plain(table: StripeTable, name: str, value: Any) -> Any:
    """Return a filter of a list call; Stripe compares these with one value, but for ranges and its own lists."""
    schema = table.filters[name]
    if is_list(value) and schema.get("type") != "array":
        if len(value) == 1:
            return value[0]
        raise BadArguments(
            f"where {table.name}.{name}: Stripe compares it with one value, not with {len(value)}",
            hint=f"select once for each, or use `{table.name}.search`" if "search" not in table.name else None,
        )
    if is_map(value) and schema.get("type") != "object" and not (name in table.ranges and value.keys() <= _RANGE):
        expected = f"takes {', '.join(sorted(_RANGE))}" if name in table.ranges else "is compared with one value"
        raise BadArguments(f"where {table.name}.{name}: Stripe's list {expected}", hint=table.shape().hint)
    if schema.get("type") == "array" and not is_list(value):
        return [value]
    return value


def _bounds(table: StripeTable, one_row: Any, limit: Any, args: Mapping[str, Any]) -> None:
    if one_row and (args.get("key_by") or args.get("require") or limit is not None):
        raise BadArguments("one can't be combined with key_by, require or limit", table=table.name)
    if limit is not None and (type(limit) is not int or not 0 <= limit <= HARD_LIMIT):
        raise BadArguments(f"limit is a whole number from 0 to {HARD_LIMIT:,}", table=table.name)


def _lists(where: Mapping[str, Any]) -> Where:
    lists = {name: list(value) for name, value in where.items() if is_sequence(value)}
    return Where(shape=(tuple((name, "in") for name in lists), ()), values=tuple(lists.values()))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _kind(schema: Mapping[str, Any]) -> dict[str, Any]:
    parts = schema.get("anyOf") or [schema]
    kinds = [part["type"] for part in parts if isinstance(part.get("type"), str) and part["type"] != "null"]
    choices = next((part["enum"] for part in parts if "enum" in part), None)
    scalar = [kind for kind in kinds if kind != "object"] or kinds or ["string"]
    return {"type": scalar[0], "choices": [choice for choice in choices if choice != ""] if choices else None}
