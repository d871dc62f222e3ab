"""Completion, hover and warming up what both need."""

from __future__ import annotations

import gc
import threading
from typing import Any

from fastapi import APIRouter

from payloom.api.http.errors import BadRequest
from payloom.api.management.editor import actions, models
from payloom.api.management.identity import roles
from payloom.connectors.stripe.catalog import stripe_catalog
from payloom.project.publisher import ProjectPublisher
from payloom.workflows.completion.answer import complete_field, complete_text, hover_text
from payloom.workflows.completion.cursor import BARE_KEYS
from payloom.workflows.reference.workflow_schema import COMMON


class CompletionWarmup:
    """Reads Stripe's types once, in the background, when an editor opens: the first list of actions is fast."""

    def __init__(self) -> None:
        self._once = threading.Lock()
        self._begun = False

    def begin(self) -> None:
        """Begin unless it has begun."""
        with self._once:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._read, name="payloom-read-types", daemon=True).start()

    @staticmethod
    def _read() -> None:
        actions.entries()
        stripe_catalog.action_names()
        for name in COMMON:
            stripe_catalog.action(name)
        gc.freeze()  # they stay, and are many: collections need not look at them again


def router(publisher: ProjectPublisher) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/editor", tags=["editor"])

    @routes.post("/complete", response_model=models.Completion, openapi_extra=roles.viewer())
    def complete(body: models.CompleteBody) -> Any:
        """What may stand at the cursor: at `offset` of the text, or at `cursor` of the `expression` typed into the
        field at `path`. Neither need parse. Offsets in the answer are those of what was asked about.
        """
        if body.path is not None and body.expression is not None:
            path = tuple(body.path)
            cursor = len(body.expression) if body.cursor is None else body.cursor
            is_expression = "${{" not in body.expression or (bool(path) and path[-1] in BARE_KEYS)
            found = complete_field(
                body.text, path, body.expression, cursor, publisher.catalog, is_expression=is_expression
            )
        elif body.offset is not None:
            found = complete_text(body.text, body.offset, publisher.catalog)
        else:
            raise BadRequest("nothing says where the cursor is", hint="Send `offset`, or `path` and `expression`.")
        items = [
            {
                "label": one.label,
                "kind": one.kind,
                "type": one.type,
                "detail": one.detail,
                "doc": one.doc,
                "insert": one.insert,
            }
            for one in found.items
        ]
        return {"from": found.start, "to": found.end, "items": items}

    @routes.post("/hover", response_model=models.Hover | None, openapi_extra=roles.viewer())
    def hover(body: models.HoverBody) -> Any:
        """What the word at an offset means, and its type; null when nothing is known."""
        found = hover_text(body.text, body.offset, publisher.catalog)
        if found is None:
            return None
        return {
            "from": found.start,
            "to": found.end,
            "title": found.title,
            "type": found.type,
            "doc": found.doc,
            "link": found.link,
        }

    return routes
