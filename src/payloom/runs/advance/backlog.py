"""The runs that this process has stored as its own and whose first turn is still to come, the oldest first.

They are rows before they are here: a process that dies leaves them to recovery like any run it was advancing.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable

from payloom.runs.advance.run_state import RunState

WHOLE = 500
"""Runs that are kept with their event. Of those behind them the id is enough: they are read again."""


class Backlog:
    """A queue in memory. `add` may be called from any thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._entries: collections.deque[RunState | str] = collections.deque()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, state: RunState) -> None:
        """Put a run at the end."""
        self._entries.append(state if len(self._entries) < WHOLE else state.run.id)

    def take(self) -> RunState | str | None:
        """Return the oldest run, or its id; None if there is none."""
        try:
            return self._entries.popleft()
        except IndexError:
            return None

    def clear(self) -> Iterable[str]:
        """Remove all runs; return their ids."""
        entries, self._entries = self._entries, collections.deque()
        return [entry if isinstance(entry, str) else entry.run.id for entry in entries]
