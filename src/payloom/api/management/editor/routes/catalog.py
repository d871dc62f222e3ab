"""The catalog over HTTP."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Query

from payloom.api.http.errors import BadRequest
from payloom.api.management.editor import actions
from payloom.api.management.editor.catalog import project_catalog
from payloom.api.management.editor.models import catalog as models
from payloom.api.management.injection import Dependencies

router = APIRouter(prefix="/editor", tags=["editor"])


@router.get("/catalogue", response_model=models.Catalog)
def get_catalog(deps: Dependencies) -> Any:
    """Return verbs, triggers, event families, tables, templates, functions, and failure kinds."""
    return project_catalog(deps.publisher)


@router.get("/actions", response_model=models.ActionList)
def search_actions(
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """Search Stripe's actions by name, display name, or description, best match first."""
    entries = actions.search(q)
    at = _number(cursor)
    page = [
        {key: value for key, value in dataclasses.asdict(entry).items() if key != "fixed"}
        for entry in entries[at : at + limit]
    ]
    following = str(at + limit) if at + limit < len(entries) else None
    return {"data": page, "next": following, "total": len(entries)}


@router.get("/actions/{name}", response_model=models.ActionDetails)
def get_action(name: str) -> Any:
    """Return one action with its parameters as a typed tree."""
    return actions.details(name)


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdigit() or len(cursor) > 6:
        raise BadRequest("the cursor is not one of ours", hint="Leave it out to start again.")
    return int(cursor)
