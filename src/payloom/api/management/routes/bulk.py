"""Bulk operations: each item is processed separately, so that a failure does not block the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import error_body
from payloom.kit.errors import PayloomError


async def bulk_item(key: str, work: Callable[[str], Awaitable[list[str]]]) -> dict[str, Any]:
    """Do `work`, which returns ids of runs, and return the outcome."""
    try:
        started = await work(key)
    except PayloomError as error:
        return {"id": key, "done": False, "runs": [], "error": error_body(error)["error"]}
    return {"id": key, "done": True, "runs": started, "error": None}


def bulk_result(outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer."""
    count = sum(outcome["done"] for outcome in outcomes)
    return {"data": list(outcomes), "done": count, "failed": len(outcomes) - count}


def note_bulk(request: Request, result: dict[str, Any]) -> None:
    """Note for the audit trail which items were done and which were not."""
    done = [outcome["id"] for outcome in result["data"] if outcome["done"]]
    failed = [outcome["id"] for outcome in result["data"] if not outcome["done"]]
    audit_note(request).on(f"{len(done)} of {len(done) + len(failed)}", done=done[:50], failed=failed[:50])
