"""The operations of the management API by its OpenAPI document: made once, as making it takes half a second."""

from __future__ import annotations

import functools
from typing import Any

from payloom.api.management.app import management_app
from payloom.api.management.openapi_document import openapi_document


@functools.cache
def management_operations() -> dict[str, dict[str, Any]]:
    """Return each operation by its method and path, as `GET /runs/{run_id}`."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in openapi_document(management_app())["paths"].items()
        for method, operation in methods.items()
    }
