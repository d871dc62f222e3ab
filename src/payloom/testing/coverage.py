"""Which steps and cases of workflows no scenario reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.interpreter.verbs.branch import Switch
from payloom.workflows.interpreter.verbs.call import Call
from payloom.workflows.program.node import Node
from payloom.workflows.program.program import Workflow


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A step, or a case of a switch (`label`)."""

    workflow: str
    line: int
    path: str
    what: str


class Coverage:
    """What was reached so far."""

    def __init__(self, workflows: Mapping[str, Workflow]) -> None:
        """workflows: those that could be reached, by id."""
        self._workflows = workflows
        self._reached: set[tuple[str, str]] = set()

    def add(self, executions: Iterable[Execution]) -> None:
        """Take note of where executions have been."""
        seen: set[tuple[str, str, str]] = set()
        for execution in executions:
            for visit in execution.trace:
                if visit.outcome == "skipped" or (execution.workflow.id, visit.path, visit.branch or "") in seen:
                    continue
                seen.add((execution.workflow.id, visit.path, visit.branch or ""))
                self._visit(execution.workflow, visit.path, visit.branch)

    def _visit(self, workflow: Workflow, path: str, branch: str | None) -> None:
        head, _, rest = path.partition(".call.")
        while rest:
            node = workflow.node_at(head)
            if not isinstance(node, Call):
                return
            self._mark(workflow, node, None)
            called = self._workflows.get(node.target)
            if called is None:
                return
            workflow = called
            head, _, rest = rest.partition(".call.")
        node = workflow.node_at(head)
        if node is not None:
            self._mark(workflow, node, branch)

    def _mark(self, workflow: Workflow, node: Node, branch: str | None) -> None:
        self._reached.add((workflow.id, _text(node)))
        if branch is not None:
            self._reached.add((workflow.id, f"{_text(node)} {branch}"))

    def missed(self, names: Iterable[str]) -> list[Spot]:
        """Return what of these workflows was never reached, in the order it stands."""
        return sorted(spot for name in names for spot, key in self._spots(name) if (name, key) not in self._reached)

    def counts(self, names: Iterable[str]) -> tuple[int, int]:
        """Return how many spots were reached and how many there are."""
        spots = [(name, key) for name in names for _, key in self._spots(name)]
        return sum(spot in self._reached for spot in spots), len(spots)

    def _spots(self, name: str) -> Iterator[tuple[Spot, str]]:
        workflow = self._workflows.get(name)
        for node in workflow.nodes() if workflow is not None else ():
            label = f"{node.verb}{f' ({node.id})' if node.id else ''}"
            children = [_text(inner) for _, block in node.all_blocks() for inner in block.nodes]
            # A step around others is reached with the first of them.
            if any((name, child) in self._reached for child in children):
                self._reached.add((name, _text(node)))
            yield Spot(name, node.line, _text(node), label), _text(node)
            if isinstance(node, Switch):
                for label, block in node.blocks():
                    if label != "default" or block.nodes:
                        yield (
                            Spot(name, node.line, _text(node), label.replace("cases.", "case ")),
                            f"{_text(node)} {label}",
                        )


def _text(node: Node) -> str:
    return ".".join(str(part) for part in node.path)
