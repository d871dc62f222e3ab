"""What a route of the management API says about itself, as extensions of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def marks_of(route: Any) -> Mapping[str, Any]:
    """Return the marks of a route by their keys; none of a route that has none."""
    return getattr(route, "openapi_extra", None) or {}
