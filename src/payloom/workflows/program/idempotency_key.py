"""The text of a key that an expression makes: what `once`, `dedupe` and `queue` compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit import strict_json
from payloom.workflows.expressions.values import Ambient, to_json
from payloom.workflows.program.templates import Filled


def text_of(template: Filled | None, scope: Mapping[str, Any], ambient: Ambient) -> str | None:
    """Return what the template says as text, anything else as canonical JSON; null: no key. Raises ExpressionError."""
    if template is None:
        return None
    value = template.literal if template.constant else template.evaluate(scope, ambient)
    if value is None or isinstance(value, str):
        return value
    return strict_json.canonical(to_json(value))
