"""Files in calls to Stripe: what a workflow writes for `file`, as a file's name and bytes."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any

from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.failures import refused
from payloom.kit.json_types import is_map

UPLOADS: Mapping[str, str] = {"files.create": "file"}
"""The parameter that is a file, of each operation that takes one."""
PLAIN_NAME = "file.txt"
_KEYS = frozenset({"name", "content", "base64", "type"})


def file_of(action: str, value: Any) -> tuple[str, bytes]:
    """Return a file's name and content.

    value: a text, or `{name, content}` (text) or `{name, base64}` (any bytes). Stripe finds the `type` out by itself.
    Raises StripeStepFailed (kind `invalid_parameters`).
    """
    if isinstance(value, str):
        return PLAIN_NAME, value.encode()
    if is_map(value) and value.keys() <= _KEYS and isinstance(value.get("name", PLAIN_NAME), str):
        name, text, encoded = value.get("name", PLAIN_NAME), value.get("content"), value.get("base64")
        if isinstance(text, str) and encoded is None:
            return name, text.encode()
        if isinstance(encoded, str) and text is None:
            try:
                return name, base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                pass
    parameter = UPLOADS[action]
    message = f"{action}: {parameter} must be a text, {{name, content}}, or {{name, base64}}"
    raise refused("invalid_parameters", message, param=parameter, action=action)


def with_streams(operation: Operation, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as the SDK takes them: a file is a stream with a name."""
    parameter = UPLOADS.get(operation.name)
    if parameter is None or parameter not in body:
        return dict(body)
    name, content = file_of(operation.name, body[parameter])
    stream = io.BytesIO(content)
    stream.name = name
    return {**body, parameter: stream}
