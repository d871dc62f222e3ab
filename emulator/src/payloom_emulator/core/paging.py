"""Lists: limit, starting_after, ending_before, created; newest first, both ends exclusive."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import integer, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.store import Store
    from payloom_emulator.kit.json import ListOf

T = TypeVar("T", bound="Mapping[str, object]")

DEFAULT_LIMIT = 10
MAX_LIMIT = 100


def limit_of(params: Mapping[str, object]) -> int:
    """Return the page size asked for, 10 by default. Stripe moves a size out of range to the nearest one in it."""
    limit = params.get("limit", DEFAULT_LIMIT)
    assert isinstance(limit, int)
    return min(max(limit, 1), MAX_LIMIT)


def page_of(
    store: Store, account: str, object_name: str, filters: Mapping[str, object], params: Mapping[str, object]
) -> tuple[list[dict[str, object]], bool]:
    """Return the rows of one page of a stored list, as the store has them, and whether there are more."""
    limit = limit_of(params)
    start, end = _cursors(params)
    edges: dict[str, int] = {}
    for name, cursor, edge in (("starting_after", start, "before"), ("ending_before", end, "after")):
        if cursor:
            position = store.position(account, object_name, cursor)
            if position is None:
                raise missing(object_name, cursor, param=name, status=400)
            edges[edge] = position
    if len(edges) > 1:
        raise invalid("Received both starting_after and ending_before parameters. Please pass in only one.")
    rows = store.select(
        account,
        object_name,
        filters,
        created=_bounds(params.get("created")),
        limit=limit + 1,
        oldest_first=bool(end),
        **edges,
    )
    has_more = len(rows) > limit
    rows = rows[:limit]
    if end:
        rows.reverse()
    return rows, has_more


def _bounds(created: object) -> dict[str, int] | None:
    """Return the bounds of a `created` parameter, which is a time in Unix seconds or bounds."""
    if isinstance(created, int):
        return {"gte": created, "lte": created}
    return {name: integer(bound) or 0 for name, bound in created.items()} if is_object(created) else None


def _within(value: int, bounds: Mapping[str, int]) -> bool:
    checks = {"gt": value.__gt__, "gte": value.__ge__, "lt": value.__lt__, "lte": value.__le__}
    return all(checks[name](bound) for name, bound in bounds.items())


def _cursors(params: Mapping[str, object]) -> tuple[str | None, str | None]:
    start, end = params.get("starting_after"), params.get("ending_before")
    return start if isinstance(start, str) else None, end if isinstance(end, str) else None


def list_of(data: list[T], url: str, params: Mapping[str, object] | None = None) -> ListOf[T]:
    """Return a list object over `data`, which is all there is, cut to the page `params` ask for."""
    params = params or {}
    limit = limit_of(params) if params.get("limit") is not None else (DEFAULT_LIMIT if params else len(data))
    bounds = _bounds(params.get("created"))
    if bounds:
        data = [row for row in data if _within(integer(row.get("created")) or 0, bounds)]
    ids = [row.get("id") for row in data]
    start, end = _cursors(params)
    if start in ids and start:
        data = data[ids.index(start) + 1 :]
    elif end in ids and end:
        data = data[: ids.index(end)][-limit:]
    return {"object": "list", "data": data[:limit], "has_more": len(data) > limit, "url": url}
