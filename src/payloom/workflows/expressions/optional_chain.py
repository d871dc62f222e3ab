"""What the parts of the compiler share: the shape of a closure, and the value that travels along a `?.` chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payloom.workflows.expressions.values import Work

Closure = Callable[[Mapping[str, Any], Work], Any]

ABSENT: Any = object()
"""What a `?.` that found nothing passes along its chain; it never leaves the chain."""
