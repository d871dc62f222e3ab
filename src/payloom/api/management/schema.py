"""The OpenAPI document of the management API: `python -m payloom.api.management.schema studio/openapi.json` writes it.

The studio's client is generated from that file, and a test compares the two.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from payloom.api.management.roles import KEY, role_for

TAGS = {
    "access": "Who asks; signing in and out.",
    "overview": "What needs somebody, searching, and the journey of a payment.",
    "runs": "Runs: lists, one run, retry, cancel, fork, decide.",
    "events": "The inbox: Stripe's events as they came in, replay, catch-up.",
    "workflows": "Workflows and their versions.",
    "editor": "Workflow files as documents: reading, checking, changing, completing, trying.",
    "tables": "The user's tables.",
    "mails": "The outbox.",
    "settings": "The settings in force.",
    "local-stripe": "The local Stripe, in development.",
    "live": "What changes, as it changes.",
}
_DROPPED = ("HTTPValidationError", "ValidationError")


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document: every operation with its role and the one form of its errors."""
    if app.openapi_schema:
        return app.openapi_schema
    found = get_openapi(
        title="Payloom management API",
        version="1",
        description="What the command line and the studio see and do.",
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": "/api/_payloom"}],
    )
    for path in found["paths"].values():
        for method, operation in path.items():
            operation.setdefault(KEY, role_for(method))
            operation["responses"].pop("422", None)  # what is not understood is a 400 in our own form
    schemas = found["components"]["schemas"]
    for name in _DROPPED:
        schemas.pop(name, None)
    found["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The value of PAYLOOM_ADMIN_TOKEN."},
        "session": {"type": "apiKey", "in": "cookie", "name": "payloom_session"},
    }
    found["security"] = [{"token": []}, {"session": []}]
    app.openapi_schema = found
    return found


class _Blank:
    """Stands for every collaborator: routes are described, never called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __truediv__(self, name: str) -> Any:
        return self  # a folder


def schema_text() -> str:
    """Return the document as it is committed."""
    from payloom.api.management.app import create_management  # noqa: PLC0415 - the application imports this module

    app = create_management(cast("Any", _Blank()), cast("Any", lambda: None))
    return json.dumps(document(app), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), "utf-8")
