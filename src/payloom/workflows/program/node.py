"""A compiled step: what every verb shares. Each verb is a subclass with `build` (at load) and `run` (per run)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from payloom.kit.diagnostics import Path
from payloom.workflows.program.commands import Command, Entry
from payloom.workflows.program.signals import Failed
from payloom.workflows.program.templates import Block, Builder
from payloom.workflows.syntax.filemodel.steps import StepHead

if TYPE_CHECKING:
    from payloom.workflows.interpreter.frame import Frame
    from payloom.workflows.interpreter.scheduler import Fork

Steps = Generator["Command | Fork", Any, Any]
"""Running steps: yields commands (and is sent their entries) or forks (and is sent their outcomes); returns a value."""


class Node:
    """One step of a loaded workflow.

    path: where it stands in the model. line: in the file, 0 if unknown. lane: `fast` when it does nothing but compute,
    touch tables and log.
    """

    verb: ClassVar[str] = ""
    lane: Literal["fast", "durable"] = "fast"

    def __init__(self, model: StepHead, builder: Builder, path: Path) -> None:
        builder.enter(self)
        self.model = model
        self.path = path
        self.line = builder.line_of(path)
        self.id = model.id
        self.name = model.name
        self.when = builder.maybe_bare(model.when, (*path, "when"))
        self.build(model, builder, path)
        builder.enter(self)
        handler = model.on_error
        self.goes_on = handler == "continue"
        self.on_error = builder.block(handler, (*path, "on_error")) if isinstance(handler, list) else None
        self.guarded = self.goes_on or self.on_error is not None

    def build(self, model: Any, builder: Builder, path: Path) -> None:
        """Compile what this verb needs."""
        raise NotImplementedError

    def run(self, frame: Frame, path: str) -> Steps:
        """Do the step in `frame`; `path` is its place in the run."""
        raise NotImplementedError

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield the steps inside, each block with its label in run paths (`then`, `cases.succeeded`, …)."""
        yield from ()

    def all_blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield the steps inside, the step's own `on_error` included."""
        yield from self.blocks()
        if self.on_error is not None:
            yield "on_error", self.on_error

    def all_ids(self) -> Iterator[str]:
        """Yield the ids set by this step and the steps inside."""
        if self.id:
            yield self.id
        for _, block in self.all_blocks():
            yield from block.ids

    def walk(self) -> Iterator[Node]:
        """Yield this step and every step inside."""
        yield self
        for _, block in self.all_blocks():
            for node in block.nodes:
                yield from node.walk()


def command(it: Command) -> Generator[Command, Entry, Entry]:
    """Ask for one command and return its entry; raises Failed when it failed."""
    entry = yield it
    if entry.failure is not None:
        raise Failed(entry.failure, it.path)
    return entry
