"""What a template may spend while it is filled in: steps, characters, and seconds of the processor.

An author's loop in a loop, or a text that doubles, ends with an error that says so, and never holds the server.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Generator, Mapping, MappingView, Sized
from contextvars import ContextVar
from typing import Any

from jinja2.exceptions import TemplateRuntimeError
from jinja2.utils import Namespace
from typing_extensions import TypeIs

from payloom.kit.json_types import is_map, is_sequence

MOST_STEPS = 200_000
"""Rounds of loops, calls, and applied filters in one template with its parts."""
MOST_CHARACTERS = 8_000_000
"""Characters and items of all values that are made on the way."""
MOST_OF_ONE = 1_000_000
"""Characters or items of one value."""
MOST_SECONDS = 2.0
"""Of the processor, for one template: the last bound, for what takes long in a single step."""
_LOOK_EVERY = 128
"""Steps between two looks at the clock."""


class TemplateTooCostly(TemplateRuntimeError):
    """The template would take too long, or make too much."""


class Budget:
    """What is left of one template's bounds."""

    __slots__ = ("_characters", "_ends", "_look", "_steps")

    def __init__(self) -> None:
        """Begin with everything."""
        self._steps = MOST_STEPS
        self._look = MOST_STEPS - _LOOK_EVERY
        self._characters = MOST_CHARACTERS
        self._ends = time.thread_time() + MOST_SECONDS

    def step(self, size: int) -> None:
        """Spend a step, and the characters that it makes. Raises `TemplateTooCostly`."""
        self._steps -= 1
        self._characters -= size
        if self._steps < 0:
            raise TemplateTooCostly(f"the template takes more than {MOST_STEPS:,} steps: shorten its loops")
        if self._characters < 0:
            raise TemplateTooCostly(f"the template makes more than {MOST_CHARACTERS:,} characters: shorten its texts")
        if self._steps < self._look:
            self._look = self._steps - _LOOK_EVERY
            if time.thread_time() > self._ends:
                raise TemplateTooCostly(f"the template takes more than {MOST_SECONDS:g} seconds: shorten its loops")


_current: ContextVar[Budget | None] = ContextVar("template_budget", default=None)


@contextlib.contextmanager
def budgeted() -> Generator[None]:
    """Let what is filled in meanwhile share one budget."""
    token = _current.set(Budget())
    try:
        yield
    finally:
        _current.reset(token)


def spend(size: int = 0) -> None:
    """Spend a step of the current budget. What is done at compile time has none: each value has its own bound."""
    if size > MOST_OF_ONE:
        raise TemplateTooCostly(f"the template makes a value of more than {MOST_OF_ONE:,} characters or items")
    budget = _current.get()
    if budget is not None:
        budget.step(size)


def length(value: Any) -> int:
    """Return the length of a value, in characters or items, without looking into it."""
    return len(value) if _is_sized(value) else 1


def _is_sized(value: object) -> TypeIs[Sized]:
    """Whether the value is a text or a collection."""
    return isinstance(value, str | bytes | range | list | tuple | set | frozenset | Mapping | MappingView)


def written(value: Any) -> int:
    """Return about how many characters a value takes when it is written out; more than `MOST_OF_ONE` is not counted."""
    if isinstance(value, str):
        return len(value)
    count, waiting = 0, [value]
    while waiting and count <= MOST_OF_ONE:
        item = waiting.pop()
        if isinstance(item, str | bytes):
            count += len(item)
        elif isinstance(item, int):
            count += item.bit_length() // 3 + 1
        elif is_map(item):
            count += _queue(waiting, item)
        elif is_sequence(item):
            count += 2
            waiting.extend(item[:MOST_OF_ONE])
        elif isinstance(item, set | frozenset | MappingView):
            waiting.extend(itertools.islice(item, MOST_OF_ONE))  # type: ignore[arg-type] - the views of a map have items
        elif isinstance(item, Namespace):
            count += _queue(waiting, getattr(item, "_Namespace__attrs"))  # noqa: B009 - Jinja's own, which is written out
        else:
            count += 20
    return count


def _queue(waiting: list[Any], mapping: Mapping[Any, Any]) -> int:
    waiting.extend(mapping.keys())
    waiting.extend(mapping.values())
    return 4 * len(mapping)
