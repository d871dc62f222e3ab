"""Several branches of steps at the same time, and the scheduler that moves each when an entry for it is recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from payloom.workflows.program.commands import Command, Entry
from payloom.workflows.program.signals import Failed, Signal, fail
from payloom.workflows.program.step_generator import Fork, Steps


class _Branch:
    __slots__ = ("at", "children", "group", "steps")

    def __init__(self, steps: Steps, group: _Group | None, at: int) -> None:
        self.steps = steps
        self.group = group
        self.at = at
        self.children: _Group | None = None


class _Group:
    """The branches of one fork."""

    def __init__(self, fork: Fork, parent: _Branch) -> None:
        self.parent = parent
        self.coming: Iterator[Steps] = iter(fork.branches)
        self.limit = fork.limit
        self.fail = fork.fail
        self.live: dict[int, _Branch] = {}
        self.values: dict[int, Any] = {}
        self.signal: Signal | None = None
        self.started = 0


class Scheduler:
    """Runs branches until each waits for an entry.

    Deterministic: the same entries in the same order, the same commands.
    """

    def __init__(self) -> None:
        self.pending: dict[str, tuple[Command, _Branch]] = {}
        self.abandoned: set[str] = set()
        self.done = False
        self.value: Any = None
        self.signal: Signal | None = None
        self._todo: deque[tuple[_Branch, Any, Signal | None]] = deque()

    def start(self, steps: Steps) -> None:
        """Begin with the branch that everything else is forked from."""
        self._todo.append((_Branch(steps, None, 0), None, None))
        self._drain()

    def deliver(self, path: str, entry: Entry) -> bool:
        """Give the branch waiting at `path` its entry; False if none waits there."""
        waiting = self.pending.pop(path, None)
        if waiting is None:
            return False
        self._todo.append((waiting[1], entry, None))
        self._drain()
        return True

    def _drain(self) -> None:
        while self._todo:
            branch, value, signal = self._todo.popleft()
            self._advance(branch, value, signal)

    def _advance(self, branch: _Branch, value: Any, signal: Signal | None) -> None:
        try:
            command = branch.steps.send(value) if signal is None else branch.steps.throw(signal)
        except StopIteration as stop:
            self._ended(branch, stop.value, None)
            return
        except Signal as raised:
            self._ended(branch, None, raised)
            return
        except RecursionError:
            self._ended(branch, None, fail("", "too_deep", "the steps are nested too deeply", hint="flatten the calls"))
            return
        if isinstance(command, Fork):
            branch.children = _Group(command, branch)
            self._fill(branch.children)
        else:
            self.pending[command.path] = (command, branch)

    def _fill(self, group: _Group) -> None:
        """Start branches up to the limit; resume the parent when none is left."""
        while len(group.live) < group.limit and group.signal is None:
            steps = next(group.coming, None)
            if steps is None:
                break
            branch = _Branch(steps, group, group.started)
            group.live[group.started] = branch
            group.started += 1
            self._todo.append((branch, None, None))
        if not group.live:
            group.parent.children = None
            values = [group.values[at] for at in range(group.started)] if group.signal is None else None
            self._todo.append((group.parent, values, group.signal))

    def _ended(self, branch: _Branch, value: Any, signal: Signal | None) -> None:
        group = branch.group
        if group is None:
            self.done, self.value, self.signal = True, value, signal
            return
        if group.live.pop(branch.at, None) is None:
            return
        group.values[branch.at] = value
        if signal is not None:
            if group.signal is None:
                group.signal = signal
            elif isinstance(group.signal, Failed) and isinstance(signal, Failed):
                group.signal.beside = (*group.signal.beside, signal.path, *signal.beside)
            if group.fail == "fast" or not isinstance(signal, Failed):
                self._abandon(group)
        self._fill(group)

    def _abandon(self, group: _Group) -> None:
        doomed = set(map(id, self._below(group)))
        for path, (_, branch) in list(self.pending.items()):
            if id(branch) in doomed:
                del self.pending[path]
                self.abandoned.add(path)
        self._todo = deque(item for item in self._todo if id(item[0]) not in doomed)
        for branch in self._below(group):
            branch.steps.close()
        group.live.clear()

    def _below(self, group: _Group) -> list[_Branch]:
        branches: list[_Branch] = []
        groups = [group]
        while groups:
            for branch in groups.pop().live.values():
                branches.append(branch)
                if branch.children is not None:
                    groups.append(branch.children)
        return branches
