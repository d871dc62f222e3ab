"""Pages of rows that are found or sorted by what some of them hide: those are no answer, and count in no total.

Whoever may guess at a part of a value, or see where its row stands among others, reads the value letter by letter. So
a page leaves these rows out before it counts, and the cursor counts what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.api.http.errors import BadRequest
from payloom.kit.secrets.redaction import redact_content
from payloom.tables.query.sql import Tables

_BATCH = 1000
MOST_SCANNED = 20_000
"""Rows that one page looks through."""


def page_of_visible(
    tables: Tables,
    tx: sa.Connection,
    name: str,
    *,
    where: Mapping[str, Any] | None,
    order: Sequence[str] | None,
    limit: int,
    start: int,
    columns: frozenset[str],
) -> tuple[list[Any], int]:
    """Return a page of the rows that hide nothing in `columns`, and how many there are. Raises BadRequest."""
    if not columns:
        return tables.page(tx, name, where=where, order_by=order, limit=limit, offset=start)
    visible: list[Any] = []
    offset, total = 0, 1
    while offset < total:
        rows, total = tables.page(tx, name, where=where, order_by=order, limit=_BATCH, offset=offset)
        if total > MOST_SCANNED:
            raise BadRequest(
                f"{total:,} rows match, too many to find or sort them by {', '.join(sorted(columns))}",
                hint=f"Filter by another column first: at most {MOST_SCANNED:,} rows may be left.",
                where="filter",
            )
        visible += [row for row in rows if not _hides(row, columns)]
        offset += _BATCH
    return visible[start : start + limit], len(visible)


def _hides(row: Mapping[str, Any], columns: frozenset[str]) -> bool:
    return any(redact_content(row.get(column)) != row.get(column) for column in columns)
