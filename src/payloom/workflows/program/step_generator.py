"""A running step as a generator: what it yields, what it is sent, and how it asks for one command."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterable
from typing import Any, Literal

from payloom.workflows.program.commands import Command, Entry
from payloom.workflows.program.signals import Failed


@dataclasses.dataclass(slots=True)
class Fork:
    """Ask for several branches of steps at once.

    branches: made lazily, so that ten thousand rounds with a concurrency of five hold five generators.
    limit: how many run at the same time. fail: `fast` gives the others up at the first failure, `all` lets them end.
    The answer is the list of their values, in the order given.
    """

    branches: Iterable[Steps]
    limit: int
    fail: Literal["fast", "all"] = "fast"


Steps = Generator[Command | Fork, Any, Any]
"""Running steps: yields commands (and is sent their entries) or forks (and is sent their outcomes); returns a value."""


def command(yielded: Command) -> Generator[Command, Entry, Entry]:
    """Ask for one command and return its entry; raises Failed when it failed."""
    entry = yield yielded
    if entry.failure is not None:
        raise Failed(entry.failure, yielded.path)
    return entry
