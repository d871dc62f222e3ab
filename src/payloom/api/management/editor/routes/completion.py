"""Completion, hover and warming up what both need."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from payloom.api.http.errors import BadRequest
from payloom.api.management.access import roles
from payloom.api.management.access.audit import not_audited
from payloom.api.management.editor.models import sources as models
from payloom.api.management.injection import Dependencies
from payloom.workflows.completion.answer import complete_field, complete_text, hover_text
from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS

router = APIRouter(prefix="/editor", tags=["editor"])


@router.post(
    "/complete", response_model=models.Completion, openapi_extra=roles.viewer() | not_audited("it answers a question")
)
def complete(deps: Dependencies, body: models.CompleteBody) -> Any:
    """Return completions at `offset` of the text, or at `cursor` of the `expression` in the field at `path`.

    Neither the text nor the expression need parse. Offsets in the response refer to the same text.
    """
    if body.path is not None and body.expression is not None:
        path = tuple(body.path)
        cursor = len(body.expression) if body.cursor is None else body.cursor
        is_expression = "${{" not in body.expression or (bool(path) and path[-1] in BARE_KEYS)
        completions = complete_field(
            body.text, path, body.expression, cursor, deps.publisher.catalog, is_expression=is_expression
        )
    elif body.offset is not None:
        completions = complete_text(body.text, body.offset, deps.publisher.catalog)
    else:
        raise BadRequest("nothing says where the cursor is", hint="Send `offset`, or `path` and `expression`.")
    items = [
        {
            "label": item.label,
            "kind": item.kind,
            "type": item.type,
            "detail": item.detail,
            "doc": item.doc,
            "insert": item.insert,
        }
        for item in completions.items
    ]
    return {"from": completions.start, "to": completions.end, "items": items}


@router.post(
    "/hover", response_model=models.Hover | None, openapi_extra=roles.viewer() | not_audited("it answers a question")
)
def hover(deps: Dependencies, body: models.HoverBody) -> Any:
    """Return the meaning and the type of the word at an offset. Null if it is unknown."""
    hover = hover_text(body.text, body.offset, deps.publisher.catalog)
    if hover is None:
        return None
    return {
        "from": hover.start,
        "to": hover.end,
        "title": hover.title,
        "type": hover.type,
        "doc": hover.doc,
        "link": hover.link,
    }
