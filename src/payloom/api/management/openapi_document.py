"""The OpenAPI document of the management API."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from payloom.api.management.access.roles import KEY, role_for

TAGS = {
    "access": "Authentication and the current user.",
    "overview": "What needs attention, search, and the timeline of a payment.",
    "alerts": "What is watched, what fires, and a test of the receivers.",
    "runs": "Runs: list, read, retry, cancel, rerun (fork), decide.",
    "bulk": "Actions on many runs, events, or emails: plan, start, follow, stop, resume.",
    "events": "The inbox: Stripe events as they arrived, replay, backfill (catch-up).",
    "workflows": "Workflows and their versions.",
    "editor": "Workflow files as documents: read, check, edit, complete, test.",
    "tables": "The project's tables.",
    "mails": "The outbox.",
    "settings": "The effective settings.",
    "audit": "The audit trail: who did what, on what, from where and when.",
    "local-stripe": "The local Stripe, in development.",
    "live": "Changes, as they happen.",
}
_DROPPED = ("HTTPValidationError", "ValidationError")


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the document: every operation with its role, and one form for all errors."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title="Payloom management API",
        version="1",
        description="What the command line and the studio read and do.",
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": "/api/_payloom"}],
    )
    for path in document["paths"].values():
        for method, operation in path.items():
            operation.setdefault(KEY, role_for(method))
            # A request that fails validation is answered with a 400 in Payloom's own form.
            operation["responses"].pop("422", None)
    schemas = document["components"]["schemas"]
    for name in _DROPPED:
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The value of PAYLOOM_ADMIN_TOKEN."},
        "session": {"type": "apiKey", "in": "cookie", "name": "payloom_session"},
    }
    document["security"] = [{"token": []}, {"session": []}]
    app.openapi_schema = document
    return document
