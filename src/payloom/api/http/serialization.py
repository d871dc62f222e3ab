"""Values of runs and rows as JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from starlette.responses import JSONResponse

from payloom.kit.clock import rfc3339
from payloom.kit.json_types import is_map
from payloom.kit.secrets.redaction import redact_content


def to_plain(value: Any) -> Any:
    """Return JSON data: moments as RFC 3339 in UTC, dates as ISO 8601, durations in seconds, the rest as it is."""
    if isinstance(value, dt.datetime):
        return rfc3339(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if is_map(value):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in cast("Iterable[Any]", value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


class MaskedJSONResponse(JSONResponse):
    """JSON for people who look: whatever a route answers with, no text in it holds a secret."""

    def render(self, content: Any) -> bytes:
        """Return the bytes of the content, masked."""
        return super().render(redact_content(content))
