"""Several strands of steps at the same time, and the scheduler that moves each when an entry for it is recorded."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from payloom.workflows.program.commands import Command, Entry
from payloom.workflows.program.signals import Failed, Signal, fail

if TYPE_CHECKING:
    from payloom.workflows.program.node import Steps


@dataclasses.dataclass(slots=True)
class Fork:
    """Ask for several strands at once.

    strands: made lazily, so that ten thousand rounds with a concurrency of five hold five generators.
    limit: how many run at the same time. fail: `fast` gives the others up at the first failure, `all` lets them end.
    The answer is the list of their values, in the order given.
    """

    strands: Iterable[Steps]
    limit: int
    fail: Literal["fast", "all"] = "fast"


class _Strand:
    __slots__ = ("at", "children", "group", "steps")

    def __init__(self, steps: Steps, group: _Group | None, at: int) -> None:
        self.steps = steps
        self.group = group
        self.at = at
        self.children: _Group | None = None


class _Group:
    """The strands of one fork."""

    def __init__(self, fork: Fork, parent: _Strand) -> None:
        self.parent = parent
        self.coming: Iterator[Steps] = iter(fork.strands)
        self.limit = fork.limit
        self.fail = fork.fail
        self.live: dict[int, _Strand] = {}
        self.values: dict[int, Any] = {}
        self.signal: Signal | None = None
        self.started = 0


class Scheduler:
    """Runs strands until each waits for an entry.

    Deterministic: the same entries in the same order, the same commands.
    """

    def __init__(self) -> None:
        self.pending: dict[str, tuple[Command, _Strand]] = {}
        self.abandoned: set[str] = set()
        self.done = False
        self.value: Any = None
        self.signal: Signal | None = None
        self._todo: deque[tuple[_Strand, Any, Signal | None]] = deque()

    def start(self, steps: Steps) -> None:
        """Begin with the strand that everything else is forked from."""
        self._todo.append((_Strand(steps, None, 0), None, None))
        self._drain()

    def deliver(self, path: str, entry: Entry) -> bool:
        """Give the strand waiting at `path` its entry; False if none waits there."""
        waiting = self.pending.pop(path, None)
        if waiting is None:
            return False
        self._todo.append((waiting[1], entry, None))
        self._drain()
        return True

    def _drain(self) -> None:
        while self._todo:
            strand, value, signal = self._todo.popleft()
            self._advance(strand, value, signal)

    def _advance(self, strand: _Strand, value: Any, signal: Signal | None) -> None:
        try:
            asked = strand.steps.send(value) if signal is None else strand.steps.throw(signal)
        except StopIteration as stop:
            self._ended(strand, stop.value, None)
            return
        except Signal as raised:
            self._ended(strand, None, raised)
            return
        except RecursionError:
            self._ended(strand, None, fail("", "too_deep", "the steps are nested too deeply", hint="flatten the calls"))
            return
        if isinstance(asked, Fork):
            strand.children = _Group(asked, strand)
            self._fill(strand.children)
        else:
            self.pending[asked.path] = (asked, strand)

    def _fill(self, group: _Group) -> None:
        """Start strands up to the limit; resume the parent when none is left."""
        while len(group.live) < group.limit and group.signal is None:
            steps = next(group.coming, None)
            if steps is None:
                break
            strand = _Strand(steps, group, group.started)
            group.live[group.started] = strand
            group.started += 1
            self._todo.append((strand, None, None))
        if not group.live:
            group.parent.children = None
            values = [group.values[at] for at in range(group.started)] if group.signal is None else None
            self._todo.append((group.parent, values, group.signal))

    def _ended(self, strand: _Strand, value: Any, signal: Signal | None) -> None:
        group = strand.group
        if group is None:
            self.done, self.value, self.signal = True, value, signal
            return
        if group.live.pop(strand.at, None) is None:
            return
        group.values[strand.at] = value
        if signal is not None:
            group.signal = group.signal or signal
            if group.fail == "fast" or not isinstance(signal, Failed):
                self._abandon(group)
        self._fill(group)

    def _abandon(self, group: _Group) -> None:
        doomed = set(map(id, self._below(group)))
        for path, (_, strand) in list(self.pending.items()):
            if id(strand) in doomed:
                del self.pending[path]
                self.abandoned.add(path)
        self._todo = deque(item for item in self._todo if id(item[0]) not in doomed)
        for strand in self._below(group):
            strand.steps.close()
        group.live.clear()

    def _below(self, group: _Group) -> list[_Strand]:
        found: list[_Strand] = []
        groups = [group]
        while groups:
            for strand in groups.pop().live.values():
                found.append(strand)
                if strand.children is not None:
                    groups.append(strand.children)
        return found
