"""Lists: limit, starting_after, ending_before, created; newest first, both ends exclusive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.protocol.errors import invalid, missing

if TYPE_CHECKING:
    from payloom_emulator.core.store import Store

DEFAULT_LIMIT = 10
MAX_LIMIT = 100


def limit_of(params: dict[str, Any]) -> int:
    """Return the page size asked for, 10 by default."""
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        word = "less than or equal to 100" if limit > MAX_LIMIT else "greater than or equal to 1"
        raise invalid(f"This value must be {word}.", "limit", "parameter_invalid_integer")
    return limit


def page_of(
    store: Store, account: str, object_name: str, filters: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Return `{object: "list", data, has_more}`: one page of a stored list, its rows as the store has them."""
    limit = limit_of(params)
    created = params.get("created")
    bounds = {"gte": created, "lte": created} if isinstance(created, int) else created
    start, end = params.get("starting_after"), params.get("ending_before")
    if start and end:
        raise invalid("You may only specify one of these parameters: starting_after, ending_before.", "starting_after")
    edges: dict[str, Any] = {}
    for name, cursor, edge in (("starting_after", start, "before"), ("ending_before", end, "after")):
        if cursor:
            position = store.position(account, cursor)
            if position is None:
                raise missing(object_name, cursor, param=name, status=400)
            edges[edge] = position
    rows = store.select(
        account,
        object_name,
        filters,
        created=bounds,
        limit=limit + 1,
        oldest_first=bool(end),
        **edges,
    )
    has_more = len(rows) > limit
    rows = rows[:limit]
    if end:
        rows.reverse()
    return {"object": "list", "data": rows, "has_more": has_more}


def list_of(data: list[Any], url: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a list object over `data`, which is all there is, cut to the page `params` ask for."""
    params = params or {}
    limit = limit_of(params) if params.get("limit") is not None else (DEFAULT_LIMIT if params else len(data))
    ids = [d.get("id") for d in data]
    start, end = params.get("starting_after"), params.get("ending_before")
    if start in ids and start:
        data = data[ids.index(start) + 1 :]
    elif end in ids and end:
        data = data[: ids.index(end)][-limit:]
    return {"object": "list", "data": data[:limit], "has_more": len(data) > limit, "url": url}
