"""The response to a save of a file that has changed on disk."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom.api.http.errors import error_body
from payloom.api.http.middleware import request_id_of
from payloom.api.management.editor.files import Conflict
from payloom.api.management.models.answers import ErrorAnswer

CHANGED: dict[int | str, dict[str, Any]] = {
    409: {
        "model": ErrorAnswer,
        "description": "The file has changed on disk: `data` has its `text` and `etag`, yours, and the difference.",
    }
}
"""The responses of a route that writes a file."""


def conflict_response(request: Request, conflict: Conflict) -> Response:
    """Return a conflict with both texts as they are: masking would change what is saved next."""
    body = error_body(conflict, request_id_of(request))
    body["error"]["data"] = dict(conflict.data)
    return JSONResponse(body, conflict.status)
