"""The OpenAPI document of the management API, and the table of calls in its reference page.

`python -m payloom.api.management.schema` in the repository writes both; with the name of one, only that. The studio's
client is generated from the document; tests compare both with the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from payloom.api.management.identity.roles import KEY, role_for

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
BEGIN, END = "<!-- calls: made from the code -->", "<!-- end of calls -->"
"""Between these the reference holds `endpoint_table()`."""
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


def endpoint_table() -> str:
    """Return every operation with its role and what it does, as the reference shows them."""
    lines = []
    found = json.loads(schema_text())
    for tag in found["tags"]:
        rows = [
            f"| `{method.upper()} {path}` | {operation['x-role']} | {_first_line(operation)} |"
            for path, operations in found["paths"].items()
            for method, operation in operations.items()
            if operation["tags"][0] == tag["name"]
        ]
        if rows:
            head = [f"### {tag['name']}", "", tag["description"], "", "| call | role | does |", "| --- | --- | --- |"]
            lines += [*head, *rows, ""]
    return "\n".join(lines)


def _first_line(operation: dict[str, Any]) -> str:
    return " ".join(operation.get("description", "").split("\n\n")[0].split()).replace("|", "\\|")


def write(target: Path) -> None:
    """Write the document into a JSON file, or the table of calls into its place in a Markdown file."""
    if target.suffix == ".md":
        before, _, rest = target.read_text("utf-8").partition(BEGIN)
        target.write_text(f"{before}{BEGIN}\n\n{endpoint_table()}\n{END}{rest.partition(END)[2]}", "utf-8")
    else:
        target.write_text(schema_text(), "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or ("studio/openapi.json", "docs/reference/management-api.md"):
        write(Path(name))
