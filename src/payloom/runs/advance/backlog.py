"""The runs that this process has stored as its own and whose first turn is still to come, the oldest first.

They are rows before they are here: a process that dies leaves them to recovery like any run it was advancing.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence

from payloom.runs.advance.run_state import RunState

WHOLE = 500
"""Runs that are kept with their event. Of those behind them the id is enough: they are read again."""
READ_AT_ONCE = 100
"""Runs that are read again in one transaction, before those in front of them have all begun."""


class Backlog:
    """A queue in memory. `add` may be called from any thread, everything else from the loop's."""

    def __init__(self) -> None:
        """Begin empty."""
        self._ready: collections.deque[RunState | str] = collections.deque()
        self._ids: collections.deque[str] = collections.deque()
        self._reading: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self._ready) + len(self._reading) + len(self._ids)

    def add(self, state: RunState) -> None:
        """Put a run at the end."""
        if self._ids or self._reading or len(self._ready) >= WHOLE:
            self._ids.append(state.run.id)
        else:
            self._ready.append(state)

    def take(self) -> RunState | str | None:
        """Return the oldest run, or the id of one that could not be read; None if none is ready."""
        return self._ready.popleft() if self._ready else None

    def ids_to_read(self) -> Sequence[str]:
        """Return the ids of the next runs if it is time to read them; `put_back` comes afterwards."""
        if self._reading or not self._ids or len(self._ready) > READ_AT_ONCE:
            return ()
        self._reading = [self._ids.popleft() for _ in range(min(len(self._ids), READ_AT_ONCE))]
        return self._reading

    def put_back(self, states: Mapping[str, RunState]) -> None:
        """Put the runs back in their place that were read; of those that are missing, their ids."""
        self._ready.extend(states.get(run_id, run_id) for run_id in self._reading)
        self._reading = ()

    def clear(self) -> Iterable[str]:
        """Remove all runs; return their ids."""
        ids = [entry if isinstance(entry, str) else entry.run.id for entry in self._ready]
        ids += [*self._reading, *self._ids]
        self._ready.clear()
        self._ids.clear()
        self._reading = ()
        return ids
