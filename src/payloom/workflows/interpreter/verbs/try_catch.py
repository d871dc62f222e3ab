"""try: steps, what to do about their failure, and what to do in any case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from payloom.kit.diagnostics import Path
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.interpreter.steps import error_value, run_block
from payloom.workflows.program.commands import StepFailure
from payloom.workflows.program.node import Block, Node, StepCompiler
from payloom.workflows.program.signals import Failed, Signal
from payloom.workflows.program.step_generator import Steps
from payloom.workflows.syntax.filemodel import steps as models


def fits(failure: StepFailure, names: list[str] | None) -> bool:
    """Whether a `catch` with these `errors` takes the failure: by kind, or by Stripe's type, code or decline code."""
    if names is None:
        return True
    known = {failure.kind, *(failure.data.get(key) for key in ("code", "type", "decline_code"))}
    return any(name in known for name in names)


class Try(Node):
    """The value is the last step's, of the `try` or of the `catch` that was taken."""

    verb: ClassVar[str] = "try"

    def build(self, model: models.Try, compiler: StepCompiler, path: Path) -> None:
        """Compile the body, the handlers and `finally`."""
        self.body = compiler.block(model.try_, (*path, "try"))
        self.clauses: list[tuple[list[str] | None, str, str, Block]] = []
        clauses = [clause for clause in model.catch if isinstance(clause, models.CatchClause)]
        for at, clause in enumerate(clauses):
            block = compiler.block(clause.do, (*path, "catch", at, "do"))
            self.clauses.append((clause.errors, clause.as_, f"catch[{at}]", block))
        if model.catch and not clauses:
            steps = [clause for clause in model.catch if isinstance(clause, models.StepHead)]
            self.clauses.append((None, "error", "catch", compiler.block(steps, (*path, "catch"))))
        self.last = compiler.block(model.finally_, (*path, "finally"))

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield `try`, the handlers under their labels, and `finally`."""
        yield "try", self.body
        for _, _, label, block in self.clauses:
            yield label, block
        yield "finally", self.last

    def run(self, frame: Frame, path: str) -> Steps:
        """Run the body; on a failure, the first handler that takes it; `finally` in any case."""
        try:
            value = yield from self._body(frame, path)
        except Signal:
            yield from run_block(self.last, frame, f"{path}.finally.")
            raise
        yield from run_block(self.last, frame, f"{path}.finally.")
        return value

    def _body(self, frame: Frame, path: str) -> Steps:
        try:
            return (yield from run_block(self.body, frame, f"{path}.try."))
        except Failed as failed:
            caught = failed
            chosen = next((clause for clause in self.clauses if fits(failed.failure, clause[0])), None)
            if chosen is None:
                raise
        _, name, label, handler = chosen
        frame.run_context.mark(path, "took", self.id, label)
        inner = frame.with_names(**{name: error_value(caught)})
        return (yield from run_block(handler, inner, f"{path}.{label}."))
