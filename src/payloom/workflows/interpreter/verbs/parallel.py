"""parallel: branches at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.schemas import closed
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.interpreter.steps import run_block
from payloom.workflows.program.node import Block, Node, StepCompiler
from payloom.workflows.program.step_generator import Fork, Steps
from payloom.workflows.syntax.filemodel import steps as models


class Parallel(Node):
    """The value is a map of the branches' last values."""

    verb: ClassVar[str] = "parallel"

    def build(self, model: models.Parallel, compiler: StepCompiler, path: Path) -> None:
        """Compile the branches."""
        # Sorted: the order in which a version was stored must not change the order of its commands.
        self.branches = {
            name: compiler.block(model.parallel[name], (*path, "parallel", name)) for name in sorted(model.parallel)
        }
        self.fail: Literal["fast", "all"] = model.fail

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield the branches as `parallel.NAME`."""
        for name, block in self.branches.items():
            yield f"parallel.{name}", block

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return closed({name: {} for name in self.branches})

    def run(self, frame: Frame, path: str) -> Steps:
        """Run all branches at once; the value is a map of their values."""
        branchs = (run_block(block, frame, f"{path}.parallel.{name}.") for name, block in self.branches.items())
        values = yield Fork(branchs, len(self.branches), self.fail)
        return dict(zip(self.branches, values, strict=True))
