"""approve: a person decides."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_dict
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.schemas import TEXT, closed, or_null
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.interpreter.steps import run_block
from payloom.workflows.interpreter.verbs.branch import take
from payloom.workflows.interpreter.verbs.wait import until
from payloom.workflows.program import commands
from payloom.workflows.program.node import Block, Node, StepCompiler
from payloom.workflows.program.signals import fail
from payloom.workflows.program.step_generator import Steps, command
from payloom.workflows.syntax.filemodel import steps as models

LINK_LIFETIME = dt.timedelta(days=7)
"""How long the link to a decision without a time-out opens it."""


class Approve(Node):
    """Waits for a yes. A no, or no answer in time, fails the step unless the file says what happens then.

    The value is `{approved, by, at, note, timed_out}`.
    """

    verb: ClassVar[str] = "approve"
    lane: Literal["fast", "durable"] = "durable"

    def build(self, model: models.Approve, compiler: StepCompiler, path: Path) -> None:
        """Compile the question, its data, its time limit, and the blocks for every outcome."""
        self.title = compiler.template(model.approve, (*path, "approve"))
        self.roles = tuple(model.roles)
        self.data = compiler.template(model.data, (*path, "data"))
        self.timeout = compiler.maybe_template(model.timeout, (*path, "timeout"))
        self.notify = compiler.block(model.notify, (*path, "notify"))
        self.then = compiler.block(model.then, (*path, "then"))
        self.otherwise = None if model.else_ is None else compiler.block(model.else_, (*path, "else"))
        self.late = None if model.on_timeout is None else compiler.block(model.on_timeout, (*path, "on_timeout"))

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield `notify`, `then`, and those of `else` and `late` that the file has."""
        if self.notify.nodes:
            yield "notify", self.notify
        yield "then", self.then
        if self.otherwise is not None:
            yield "else", self.otherwise
        if self.late is not None:
            yield "on_timeout", self.late

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return closed(
            {
                "approved": {"type": "boolean"},
                "by": or_null(TEXT),
                "at": or_null({"type": "string", "format": "date-time", "x-type": "timestamp"}),
                "note": or_null(TEXT),
                "timed_out": {"type": "boolean"},
            }
        )

    def run(self, frame: Frame, path: str) -> Steps:
        """Ask, notify, and wait for the decision or the end of time; run the block of the outcome."""
        title = frame.text(self.title, path, "approve")
        data = frame.fill(self.data, path)
        end = until(self.timeout, frame, path)
        if self.notify.nodes:
            yield from run_block(self.notify, self._telling(frame, path, end), f"{path}.notify.")
        entry = yield from command(
            commands.Approve(path, self.roles, title, data, end, step_id=self.id, line=self.line)
        )
        answer = self._answer(entry.value)
        if self.id is not None:
            frame.assign(self.id, answer)
        if answer["approved"]:
            yield from take(self, frame, path, "then", self.then)
        elif answer["timed_out"] and self.late is not None:
            yield from take(self, frame, path, "on_timeout", self.late)
        elif self.otherwise is not None:
            yield from take(self, frame, path, "else", self.otherwise)
        elif answer["timed_out"]:
            raise fail(path, "approval_timeout", f"no decision before the timeout: {title}", hint="add `on_timeout`")
        else:
            raise fail(
                path, "rejected", f"{answer['by'] or 'somebody'} said no: {title}", status=403, note=answer["note"]
            )
        return answer

    @staticmethod
    def _telling(frame: Frame, path: str, end: dt.datetime | None) -> Frame:
        """Return a frame in which `approval` is readable.

        Its address is a mark: whoever sends the mail puts the signed link there, so that no journal ever holds one.
        """
        run_context = frame.run_context
        mark = f"\ue002{uuid.uuid5(uuid.NAMESPACE_OID, f'{run_context.run.id}:{path}:decision')}\ue002"
        last = end or run_context.now + LINK_LIFETIME
        run_context.links[mark] = {"run_id": run_context.run.id, "path": path, "until": int(last.timestamp())}
        return frame.with_names(approval={"url": mark, "until": last})

    @staticmethod
    def _answer(value: Any) -> dict[str, Any]:
        decision = value if is_dict(value) else {}
        return {
            "approved": decision.get("approved") is True,
            "by": decision.get("by"),
            "at": decision.get("at"),
            "note": decision.get("note"),
            "timed_out": value is None,
        }
