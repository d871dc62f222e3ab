"""Compiled conditions and templates: the values of a loaded file that hold expressions."""

from __future__ import annotations

from typing import Any

from payloom.kit.diagnostics import Path
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.interpolation import compile_value


class Expression:
    """A bare expression, as in `if:` and `when:`. `path`: where it stands in the model."""

    __slots__ = ("compiled", "path")

    def __init__(self, compiled: Compiled, path: Path) -> None:
        self.compiled = compiled
        self.path = path


class Template:
    """A value with `${{ … }}` in it. `constant`: there is none, and `literal` is the value."""

    __slots__ = ("compiled", "constant", "evaluate", "literal", "path")

    def __init__(self, value: Any, path: Path) -> None:
        self.compiled = compile_value(value)
        self.constant = self.compiled.constant
        self.literal = value
        self.evaluate = self.compiled.evaluate
        self.path = path
