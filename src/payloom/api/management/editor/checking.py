"""What the checker says about a text, as the editor shows it: findings, outline with result types, lane."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from typing import Any

from payloom.api.management.editor.models import sources as models
from payloom.kit.diagnostics import Diagnostic, Path
from payloom.kit.json_types import is_map
from payloom.project.check_cache import CheckedText
from payloom.project.publisher import ProjectPublisher
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.completion.type_names import fields_of, type_words
from payloom.workflows.program.lane import lane_of
from payloom.workflows.program.node import Node
from payloom.workflows.syntax.outline import Outline, OutlineBranch, OutlineStep, outline_of


class Checker:
    """Checks texts against the catalog of the published project."""

    def __init__(self, publisher: ProjectPublisher) -> None:
        """Create the checker.

        publisher: has the catalog and the cache of checked texts, which publishing fills too.
        """
        self._publisher = publisher

    def check(self, workflow_id: str, text: str) -> CheckedText:
        """Return the result for a text."""
        return self._publisher.checks.check(workflow_id, text, self._publisher.catalog)

    def answer(self, workflow_id: str, text: str) -> dict[str, Any]:
        """Return the fields of models.Check."""
        return answer_of(self.check(workflow_id, text), self._publisher)


def answer_of(checked: CheckedText, publisher: ProjectPublisher) -> dict[str, Any]:
    """Return the fields of models.Check."""
    compiled = checked.draft.compiled
    lane = None
    if compiled is not None:
        chosen = lane_of(compiled.workflow, publisher.workflows)
        lane = models.Lane(name=chosen.name, why=chosen.why)
    outline = outline_of(checked.draft.source)
    workflow = checked.workflow
    return {
        "diagnostics": findings(checked, outline),
        "outline": _outline_view(checked, outline, publisher.catalog) if outline else None,
        "lane": lane,
        "version": workflow.version if workflow else None,
        "syntax_ok": checked.draft.source.data is not None,
        "ok": workflow is not None,
    }


def findings(checked: CheckedText, outline: Outline | None) -> list[models.Finding]:
    """Return the findings with offsets and the step each is about. outline: of the text."""
    lines = Lines(checked.text)
    steps = {step.path: step.run_path for step in outline.walk()} if outline else {}
    data = checked.draft.source.data
    single = is_map(data) and is_map(data.get("on"))
    return [finding(diagnostic, lines, steps, single_trigger=single) for diagnostic in checked.diagnostics]


def finding(
    diagnostic: Diagnostic, lines: Lines, steps: Mapping[Path, str] | None = None, *, single_trigger: bool = False
) -> models.Finding:
    """Return one finding. single_trigger: the file has one trigger and no list of them."""
    path = diagnostic.path
    if single_trigger and path[:2] == ("on", 0):
        path = ("on", *path[2:])
    return models.Finding(
        code=diagnostic.code,
        severity=diagnostic.severity,
        message=diagnostic.message,
        hint=diagnostic.hint,
        path=list(path),
        start=lines.position(diagnostic.line, diagnostic.column),
        end=lines.position(diagnostic.end_line, diagnostic.end_column),
        step=_step_of(path, steps or {}),
        file=diagnostic.file,
        docs=f"reference/language/rules/{diagnostic.code}",
    )


def _step_of(path: Path, steps: Mapping[Path, str]) -> str | None:
    for length in range(len(path), 1, -1):
        step = steps.get(path[:length])
        if step is not None:
            return step
    return None


class Lines:
    """Where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        self.size = len(text)
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def position(self, line: int, column: int) -> models.Position:
        """Return the position of a line and column (from 1)."""
        if line > len(self.starts):
            return models.Position(line=line, column=column, offset=self.size)
        return models.Position(
            line=line, column=column, offset=min(self.starts[line - 1] + max(column - 1, 0), self.size)
        )

    def at(self, offset: int) -> models.Position:
        """Return the position of an offset."""
        line = bisect.bisect_right(self.starts, offset)
        return models.Position(line=line, column=offset - self.starts[line - 1] + 1, offset=offset)


# ------------------------------------------------------------------ outline


def _outline_view(checked: CheckedText, outline: Outline, catalog: Catalog) -> models.Outline:
    lines = Lines(checked.text)
    built = checked.draft.compiled
    nodes = {node.path: node for node in built.workflow.nodes()} if built else {}
    builder = _OutlineBuilder(lines, nodes, catalog)
    return models.Outline(
        name=outline.name,
        description=outline.description,
        triggers=[
            models.OutlineTrigger(
                path=list(trigger.path),
                kind=trigger.kind,
                title=trigger.title,
                start=lines.at(trigger.place.start),
                end=lines.at(trigger.place.end),
            )
            for trigger in outline.triggers
        ],
        inputs=list(outline.inputs),
        steps=[builder.step(step) for step in outline.steps],
        on_error=[builder.step(step) for step in outline.on_error],
    )


class _OutlineBuilder:
    def __init__(self, lines: Lines, nodes: Mapping[Path, Node], catalog: Catalog) -> None:
        self.lines = lines
        self.nodes = nodes
        self.catalog = catalog

    def step(self, step: OutlineStep) -> models.OutlineStep:
        node = self.nodes.get(step.path)
        return models.OutlineStep.model_construct(
            path=list(step.path),
            run_path=step.run_path,
            id=step.id,
            verb=step.verb,
            target=step.target,
            name=step.name,
            title=step.title,
            when=step.when,
            on_error=step.on_error,
            start=self.lines.at(step.place.start),
            end=self.lines.at(step.place.end),
            result=result_of(node, self.catalog) if node is not None else None,
            lane=node.lane if node is not None else None,
            branches=[self.branch(branch) for branch in step.branches],
        )

    def branch(self, branch: OutlineBranch) -> models.Branch:
        return models.Branch.model_construct(
            label=branch.label,
            kind=branch.kind,
            title=branch.title,
            path=list(branch.path),
            present=branch.present,
            steps=[self.step(step) for step in branch.steps],
        )


def result_of(node: Node, catalog: Catalog) -> models.StepResult | None:
    """Return what a step's value is, in words; None when nothing is known about it."""
    schema = node.result_schema(catalog)
    if schema is None:
        return None
    return models.StepResult(type=type_words(schema), fields=fields_of(schema))
