"""`${{ … }}` inside YAML values: finds the expressions of a value at load time, fills them in at run time.

A text that is one expression keeps the expression's type; otherwise every expression becomes text, and null, lists and
maps are refused there, so no email says "Hello None". `$${{` stands for a literal `${{`. Keys are never interpolated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from payloom.kit.json_types import is_map, is_sequence
from payloom.workflows.expressions.errors import BudgetExceeded, ExpressionError, JsonPath
from payloom.workflows.expressions.expression import Compiled, compile_expression
from payloom.workflows.expressions.syntax.tokens import tokenize
from payloom.workflows.expressions.values import MAX_OUTPUT, EvalContext, EvalError, to_text

OPEN = "${{"
CLOSE = "}}"
_MAX_NESTING = 64

_Fill = Callable[[Mapping[str, Any], EvalContext], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class CompiledValue:
    """A YAML value whose expressions are compiled.

    expressions: `(path, compiled, offset)` each: the path to the text inside the value, the expression, and where its
        source begins in that text. source: the value as written.
    """

    source: Any
    expressions: tuple[tuple[JsonPath, Compiled, int], ...]
    _fill: _Fill = dataclasses.field(repr=False)

    @property
    def constant(self) -> bool:
        """Whether there is no expression in it."""
        return not self.expressions

    @property
    def single(self) -> Compiled | None:
        """The expression, when the whole value is exactly one."""
        if len(self.expressions) == 1 and isinstance(self.source, str):
            text = self.source.strip()
            _, compiled, _ = self.expressions[0]
            if len(_parts(self.source, ())) == 1 and text.startswith(OPEN):
                return compiled
        return None

    def evaluate(self, scope: Mapping[str, Any], eval_context: EvalContext) -> Any:
        """Return the value with every expression filled in; raises ExpressionError that says where it stands."""
        return self._fill(scope, eval_context)


def compile_value(value: Any) -> CompiledValue:
    """Compile every `${{ … }}` in a YAML value (map, list, text, scalar); raises ExpressionError with its path."""
    expressions: list[tuple[JsonPath, Compiled, int]] = []
    fill = _compile(value, (), expressions)
    if fill is None:
        return CompiledValue(value, (), lambda _scope, _eval_context: value)
    return CompiledValue(value, tuple(expressions), fill)


def compile_bare(text: object) -> Compiled:
    """Compile the text of `if:`, `filter:`, …: an expression as such; one inside `${{ … }}` is understood too."""
    if isinstance(text, str) and text.lstrip().startswith(OPEN):
        parts = _parts(text, ())
        if len(parts) == 1 and isinstance(parts[0], _Hole):
            return parts[0].compiled
        raise ExpressionError(
            "a condition is one expression, not a text with expressions in it",
            source=text, span=(0, len(text)), hint="write the condition without ${{ }}",
        )  # fmt: skip
    return compile_expression(text)


def mistakes(text: str) -> list[ExpressionError]:
    """Return everything that is wrong with the expressions in a text, not only the first."""
    errors: list[ExpressionError] = []
    position = 0
    while (start := text.find(OPEN, position)) >= 0:
        if start > 0 and text[start - 1] == "$" and start - 1 >= position:
            position = start + len(OPEN)
            continue
        inside = start + len(OPEN)
        try:
            _, end = tokenize(text, inside, embedded=True)
        except ExpressionError as error:
            errors.append(error.placed((), 0))
            # Where it ends cannot be told; the next `}}` is the best guess.
            end = text.find(CLOSE, inside)
            if end < 0:
                break
        else:
            source = text[inside:end]
            try:
                compile_expression(source.strip())
            except ExpressionError as error:
                errors.append(error.placed((), inside + len(source) - len(source.lstrip())))
        position = end + len(CLOSE)
    return errors


@dataclasses.dataclass(frozen=True, slots=True)
class _Hole:
    compiled: Compiled
    offset: int


def _compile(value: Any, path: JsonPath, expressions: list[tuple[JsonPath, Compiled, int]]) -> _Fill | None:
    """Return what fills the value in, or None when nothing is to be filled in."""
    if len(path) > _MAX_NESTING:
        raise ExpressionError(f"the value is nested deeper than {_MAX_NESTING} levels").placed(path, 0)
    if isinstance(value, str):
        return _compile_text(value, path, expressions)
    if is_map(value):
        return _compile_map(value, path, expressions)
    if is_sequence(value):
        fills = [_compile(item, (*path, index), expressions) for index, item in enumerate(value)]
        if not any(fills):
            return None
        items = [(fill, item) for fill, item in zip(fills, value, strict=True)]
        return lambda scope, eval_context: [fill(scope, eval_context) if fill else item for fill, item in items]
    return None


def _compile_map(
    value: Mapping[Any, Any], path: JsonPath, expressions: list[tuple[JsonPath, Compiled, int]]
) -> _Fill | None:
    fills: dict[Any, _Fill | None] = {}
    for key, item in value.items():
        if isinstance(key, str) and OPEN in key:
            raise ExpressionError(
                "a key is never an expression",
                source=key,
                span=(0, len(key)),
                hint="build the map in an expression instead",
            ).placed((*path, key), 0)
        fills[key] = _compile(item, (*path, key), expressions)
    if not any(fills.values()):
        return None
    entries = [(key, fill, value[key]) for key, fill in fills.items()]
    return lambda scope, eval_context: {key: fill(scope, eval_context) if fill else item for key, fill, item in entries}


def _compile_text(text: str, path: JsonPath, expressions: list[tuple[JsonPath, Compiled, int]]) -> _Fill | None:
    if OPEN not in text:
        return None
    parts = _parts(text, path)
    expressions.extend((path, part.compiled, part.offset) for part in parts if isinstance(part, _Hole))
    if len(parts) == 1 and isinstance(parts[0], _Hole):
        return _placed(parts[0], path, lambda hole, scope, eval_context: hole.compiled.evaluate(scope, eval_context))
    fills = [part if isinstance(part, str) else _placed(part, path, _as_text) for part in parts]

    def join(scope: Mapping[str, Any], eval_context: EvalContext) -> str:
        text = "".join(fill if isinstance(fill, str) else fill(scope, eval_context) for fill in fills)
        if len(text) > MAX_OUTPUT:
            raise BudgetExceeded(f"the text is longer than {MAX_OUTPUT} characters").placed(path, 0)
        return text

    return join


def _placed(hole: _Hole, path: JsonPath, compute: Callable[[_Hole, Mapping[str, Any], EvalContext], Any]) -> _Fill:
    def fill(scope: Mapping[str, Any], eval_context: EvalContext) -> Any:
        try:
            return compute(hole, scope, eval_context)
        except ExpressionError as error:
            raise error.placed(path, hole.offset) from None

    return fill


def _as_text(hole: _Hole, scope: Mapping[str, Any], eval_context: EvalContext) -> str:
    value = hole.compiled.evaluate(scope, eval_context)
    try:
        return to_text(value)
    except EvalError as mistake:
        source = hole.compiled.source
        raise ExpressionError(
            f"{mistake.message}, and it stands inside a text", source=source, span=(0, len(source)), hint=mistake.hint
        ) from None


def _parts(text: str, path: JsonPath) -> list[str | _Hole]:
    """Split a text into literal pieces and expressions. Blanks around a lone expression are dropped."""
    parts: list[str | _Hole] = []
    literal = ""
    position = 0
    while True:
        start = text.find(OPEN, position)
        if start < 0:
            literal += text[position:]
            break
        if start > 0 and text[start - 1] == "$" and start - 1 >= position:
            literal += text[position : start - 1] + OPEN
            position = start + len(OPEN)
            continue
        literal += text[position:start]
        if literal:
            parts.append(literal)
            literal = ""
        inside = start + len(OPEN)
        try:
            _, end = tokenize(text, inside, embedded=True)
        except ExpressionError as error:
            raise error.placed(path, 0) from None
        source = text[inside:end]
        offset = inside + len(source) - len(source.lstrip())
        try:
            parts.append(_Hole(compile_expression(source.strip()), offset))
        except ExpressionError as error:
            raise error.placed(path, offset) from None
        position = end + len(CLOSE)
    if literal:
        parts.append(literal)
    visible = [part for part in parts if isinstance(part, _Hole) or part.strip()]
    return visible if len(visible) == 1 and isinstance(visible[0], _Hole) else parts
