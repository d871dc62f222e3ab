"""The text of a key that an expression makes: what `once`, `dedupe` and `queue` compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit import strict_json
from payloom.workflows.expressions.values import EvalContext, to_json
from payloom.workflows.program.templates import Template


def text_of(template: Template | None, scope: Mapping[str, Any], eval_context: EvalContext) -> str | None:
    """Return what the template says as text, anything else as canonical JSON; null: no key. Raises ExpressionError."""
    if template is None:
        return None
    value = template.literal if template.constant else template.evaluate(scope, eval_context)
    if value is None or isinstance(value, str):
        return value
    return strict_json.canonical(to_json(value))
