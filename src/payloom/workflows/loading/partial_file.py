"""Finds the expressions of a file whose shape is wrong, so that their mistakes are reported in the same go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.interpolation import compile_bare, compile_value, mistakes
from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS, STEP_LIST_KEYS, STEP_MAP_KEYS
from payloom.workflows.syntax.filemodel.steps import verb_of


def problems(data: Mapping[str, Any]) -> Iterator[tuple[Path, ExpressionError]]:
    """Yield the expressions in raw data that do not compile."""
    for top in ("steps", "on_error"):
        yield from _steps(data.get(top), (top,))
    for top in ("vars", "once"):
        yield from _value(data.get(top), (top,))


def _steps(steps: Any, path: Path) -> Iterator[tuple[Path, ExpressionError]]:
    for at, step in enumerate(steps if is_list(steps) else []):
        if is_map(step):
            yield from _step(step, (*path, at))


def _step(step: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, ExpressionError]]:
    verb = verb_of(step)
    for key, value in step.items():
        here = (*path, key)
        if key == "when" or (key == verb and key in BARE_KEYS):
            yield from _bare(value, here)
        elif key in STEP_LIST_KEYS and is_list(value):
            yield from _steps(value, here)
        elif key in STEP_MAP_KEYS and is_map(value):
            for name, steps in value.items():
                yield from _steps(steps, (*here, name))
        elif key == "cases":
            yield from _steps(value, here)
        elif key == "wait_for" and is_map(value):
            yield from _bare(value.get("match"), (*here, "match"))
        else:
            yield from _value(value, here)


def _bare(value: Any, path: Path) -> Iterator[tuple[Path, ExpressionError]]:
    if isinstance(value, str):
        try:
            compile_bare(value)
        except ExpressionError as error:
            yield path, error


def _value(value: Any, path: Path) -> Iterator[tuple[Path, ExpressionError]]:
    if is_map(value):
        for key, item in value.items():
            yield from _value(item, (*path, key))
    elif is_list(value):
        for at, item in enumerate(value):
            yield from _value(item, (*path, at))
    elif isinstance(value, str):
        try:
            compile_value(value)
        except ExpressionError as error:
            yield from ((path, mistake) for mistake in mistakes(value) or [error])
