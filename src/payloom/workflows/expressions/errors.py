"""The one error of the expression language: what is wrong, where in the text, and what to write instead."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError

JsonPath = tuple[str | int, ...]
_WIDEST = 160


class ExpressionError(PayloomError):
    """The expression is wrong.

    span: `(start, end)` in `source`, in characters.
    path, offset: where the expression stands, when it is part of a larger value: the path to the text that holds
        it, and the position of `source` in that text.
    """

    code: ClassVar[str] = "expression"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, source: str = "", span: tuple[int, int] = (0, 0), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.span = span
        self.path: JsonPath = ()
        self.offset = 0
        self.data = {"span": list(span)}

    def placed(self, path: JsonPath, offset: int) -> ExpressionError:
        """Say where the expression stands in the value that holds it; returns itself."""
        self.path, self.offset = path, offset
        return self

    def render(self) -> str:
        """Return the message, the line it is about, a caret under the place, and the hint."""
        start, end = self.span
        line_start = self.source.rfind("\n", 0, start) + 1
        line_end = self.source.find("\n", start)
        line = self.source[line_start : line_end if line_end >= 0 else None]
        column = shown_at = start - line_start
        if len(line) > _WIDEST:
            shown_at = min(column, _WIDEST // 2)
            line = line[column - shown_at : column - shown_at + _WIDEST]
        width = max(1, min(end, line_start + len(line)) - start)
        carets = "^" * min(width, max(1, len(line) - shown_at))
        text = f"{self.message} at column {column + 1}\n  {line}\n  {' ' * shown_at}{carets}"
        return f"{text}\n  {self.hint}" if self.hint else text

    def __str__(self) -> str:
        return self.render()


class BudgetExceeded(ExpressionError):
    """The expression took too many steps or made too large a value."""

    code: ClassVar[str] = "expression_budget"
