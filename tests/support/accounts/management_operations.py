"""The operations of the management API by its committed document, which a test compares with the code.

Making the document takes more than a second, and each process of the tests collects each file.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

COMMITTED = Path(__file__).parents[3] / "studio" / "openapi.json"


@functools.cache
def management_document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return json.loads(COMMITTED.read_text("utf-8"))


@functools.cache
def management_operations() -> dict[str, dict[str, Any]]:
    """Return each operation by its method and path, as `GET /runs/{run_id}`."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in management_document()["paths"].items()
        for method, operation in methods.items()
    }
