"""Text of a workflow file in, a compiled workflow and every diagnostic out. The one way a file becomes a workflow."""

from __future__ import annotations

import dataclasses

from pydantic import ValidationError

from payloom.workflows import source as sources
from payloom.workflows.build import Built, build, normalised
from payloom.workflows.catalog import Catalog
from payloom.workflows.checker import check
from payloom.workflows.diagnostics import EXPRESSION, SHAPE, Diagnostic, Path, in_order
from payloom.workflows.document import Workflow
from payloom.workflows.expressions import ExpressionError
from payloom.workflows.filemodel import WorkflowFile, problems
from payloom.workflows.inputs import BadShorthand
from payloom.workflows.source import Source

__all__ = ["Diagnostic", "Loaded", "load_workflow"]


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file: the workflow, unless there are errors, and all diagnostics in the order they stand."""

    workflow: Workflow | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the file from running."""
        return tuple(one for one in self.diagnostics if one.severity == "error")


def load_workflow(text: str, *, workflow_id: str, file: str, catalog: Catalog) -> Loaded:
    """Load a file's text. Never raises for what the text holds.

    workflow_id: the file's path below `workflows/`, without its ending. file: its name as diagnostics show it.
    """
    source = sources.read_source(text, file)
    if source.data is None:
        if not source.diagnostics:
            source.report(source.place(()), "the file is empty", hint="a workflow needs name, on and steps")
        return Loaded(None, in_order(source.diagnostics))
    _repair_on(source)
    model = _model(source)
    built = _built(source, model, workflow_id, catalog) if model is not None else None
    if built is None:
        return Loaded(None, in_order(source.diagnostics))
    for path, problem in built.problems:
        _expression_problem(source, path, problem)
    found = [*source.diagnostics, *check(built.workflow, source, catalog)]
    broken = any(one.severity == "error" for one in found)
    return Loaded(None if broken else built.workflow, in_order(found))


def _repair_on(source: Source) -> None:
    # A file written by a YAML 1.1 library says `true:` where `on:` was meant.
    data = source.data
    if isinstance(data, dict) and "on" not in data and "true" in data:
        source.data = {("on" if key == "true" else key): value for key, value in data.items()}
        source.rename("true", "on")


def _model(source: Source) -> WorkflowFile | None:
    if not isinstance(source.data, dict):
        source.report(source.value_place(()), "a workflow is a map", hint="it needs name, on and steps")
        return None
    try:
        return WorkflowFile.model_validate(source.data)
    except ValidationError as error:
        problems.report(error, source)
        return None


def _built(source: Source, model: WorkflowFile, workflow_id: str, catalog: Catalog) -> Built | None:
    try:
        settled = normalised(model, catalog)
    except BadShorthand as error:
        top = "input" if _is_in(model, error) else "output"
        path = (top, *error.data.get("path", ()))
        source.report(source.value_place(path), error.message, hint=error.hint, path=path, code=SHAPE)
        settled = normalised(model.model_copy(update={"input": None, "output": None}), catalog)

    def locate(path: Path, text: str, span: tuple[int, int]) -> str | None:
        place = source.inside(file_path(source, path), text, span=span)
        return f"{source.file}:{place.line}:{place.column}"

    return build(
        settled,
        workflow_id,
        line_of=lambda path: source.place(file_path(source, path)).line,
        locate=locate,
        file_name=source.file,
    )


def _is_in(model: WorkflowFile, error: BadShorthand) -> bool:
    from payloom.workflows.inputs import expand_input  # noqa: PLC0415

    try:
        expand_input(model.input or {})
    except BadShorthand as other:
        return other.message == error.message
    return False


def file_path(source: Source, path: Path) -> Path:
    """Return where in the file a place of the model is: the model lists its triggers, the file may hold just one."""
    if (
        path[:1] == ("on",)
        and len(path) > 1
        and isinstance(source.data, dict)
        and isinstance(source.data.get("on"), dict)
    ):
        return ("on", *path[2:])
    return path


def _expression_problem(source: Source, path: Path, error: ExpressionError) -> None:
    at = (*file_path(source, path), *error.path)
    place = source.inside(at, error.source, span=error.span) if error.source else source.value_place(at)
    hint = error.hint
    scalar = source.scalars.get(at)
    if (
        scalar
        and scalar.style is None
        and "${{" in source.text[scalar.place.start : scalar.place.end]
        and " #" in _line(source, scalar.place.start)
    ):
        hint = "quote this value: in YAML ` #` begins a comment"
    code = "F001" if error.message.startswith("unknown") else EXPRESSION
    source.report(place, error.message, hint=hint, code=code, path=path)


def _line(source: Source, start: int) -> str:
    end = source.text.find("\n", start)
    return source.text[start : end if end >= 0 else None]
