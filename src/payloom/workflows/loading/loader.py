"""Text of a workflow file in, a compiled workflow and every diagnostic out. The one way a file becomes a workflow."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from payloom.kit.diagnostics import EXPRESSION, SHAPE, Diagnostic, Path, in_order
from payloom.kit.json_types import is_dict
from payloom.kit.yaml.reader import read_source
from payloom.kit.yaml.source import Source
from payloom.workflows.catalog.catalog import Catalog, StaticCatalog
from payloom.workflows.checker.check_workflow import apply_suppressions, check
from payloom.workflows.checker.findings import Findings, file_path
from payloom.workflows.checker.payment_rules import money
from payloom.workflows.checker.rules import RULES
from payloom.workflows.compiler.compile import CompiledWorkflow, compile_workflow, normalize
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.loading import partial_file
from payloom.workflows.program.inputs import BadShorthand, expand_input
from payloom.workflows.program.program import Workflow
from payloom.workflows.syntax.filemodel import problems
from payloom.workflows.syntax.filemodel.file import WorkflowFile

_ROUNDS = 5
"""How far through workflows that call workflows a value is followed."""

__all__ = ["Diagnostic", "Draft", "Loaded", "load_workflow", "read_workflow"]


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """The result of loading a file: the workflow, unless there are errors, and all diagnostics in file order."""

    workflow: Workflow | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the file from running."""
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.severity == "error")


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """A file that was read and compiled but not checked: `compiled` is None when its shape is wrong."""

    source: Source
    compiled: CompiledWorkflow | None


def read_workflow(text: str, *, workflow_id: str, file: str, catalog: Catalog) -> Draft:
    """Read and compile a file's text without the checks that need the catalog.

    Problems are in `.source.diagnostics`.
    """
    source = read_source(text, file, split_hint="split it with `call`")
    if source.data is None:
        if not source.diagnostics:
            source.report(source.place(()), "the file is empty", hint="a workflow needs name, on and steps")
        return Draft(source, None)
    _repair_on(source)
    model = _model(source)
    if model is None:
        return Draft(source, None)
    compiled = _built(source, model, workflow_id, catalog)
    for path, problem in compiled.problems:
        _expression_problem(source, path, problem)
    return Draft(source, compiled)


def load_workflow(text: str, *, workflow_id: str, file: str, catalog: Catalog) -> Loaded:
    """Load a file's text. Never raises for what the text holds.

    workflow_id: the file's path below `workflows/`, without its ending. file: its name as diagnostics show it.
    """
    return finish(read_workflow(text, workflow_id=workflow_id, file=file, catalog=catalog), catalog)


def finish(draft: Draft, catalog: Catalog) -> Loaded:
    """Check a file that was read; every finding says what to do about it."""
    return with_hints(draft, check_draft(draft, catalog))


def check_draft(draft: Draft, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """Return the findings about a file that was read, in order, with the hints of their own only."""
    if draft.compiled is None:
        return in_order(draft.source.diagnostics)
    checked = check(draft.compiled.workflow, draft.source, catalog)
    return in_order(apply_suppressions([*draft.source.diagnostics, *checked], draft.source))


def with_hints(draft: Draft, diagnostics: Iterable[Diagnostic]) -> Loaded:
    """Return a checked draft as a loaded file: a finding without a hint gets the one of its rule."""
    hinted = tuple(_hinted(diagnostic) for diagnostic in diagnostics)
    broken = any(diagnostic.severity == "error" for diagnostic in hinted)
    return Loaded(None if broken or draft.compiled is None else draft.compiled.workflow, hinted)


def _hinted(diagnostic: Diagnostic) -> Diagnostic:
    return (
        diagnostic
        if diagnostic.hint or diagnostic.code not in RULES
        else dataclasses.replace(diagnostic, hint=RULES[diagnostic.code].hint)
    )


def learn_money_inputs(drafts: Mapping[str, Draft], catalog: StaticCatalog) -> None:
    """Note in `catalog.money` which inputs of each workflow reach money, in it or in workflows it calls.

    drafts: all workflows, or those that changed.
    """
    ready = {
        name: draft for name, draft in drafts.items() if draft.compiled is not None and not draft.compiled.problems
    }
    for _ in range(_ROUNDS):
        money_inputs = {
            name: money.money_inputs(Findings(draft.compiled.workflow, draft.source, catalog))
            for name, draft in ready.items()
            if draft.compiled is not None
        }
        settled = all(catalog.money.get(name) == inputs for name, inputs in money_inputs.items())
        catalog.money = {**catalog.money, **money_inputs}
        if settled:
            return


def _repair_on(source: Source) -> None:
    # A file written by a YAML 1.1 library says `true:` where `on:` was meant.
    data = source.data
    if is_dict(data) and "on" not in data and "true" in data:
        source.data = {("on" if key == "true" else key): value for key, value in data.items()}
        source.rename("true", "on")


def _model(source: Source) -> WorkflowFile | None:
    if not is_dict(source.data):
        source.report(source.value_place(()), "a workflow is a map", hint="it needs name, on and steps")
        return None
    try:
        return WorkflowFile.model_validate(source.data)
    except ValidationError as error:
        problems.report(error, source)
    for path, problem in partial_file.problems(source.data):
        _expression_problem(source, path, problem)
    for top in ("input", "output"):
        short = source.data.get(top)
        if is_dict(short):
            _shorthand(source, top, short)
    return None


def _shorthand(source: Source, top: str, short: dict[str, object]) -> bool:
    # Field by field, so that every mistake is found; as a whole when it is a JSON Schema.
    is_schema = short.get("type") == "object" and "properties" in short
    fine = True
    for part in [short] if is_schema else [{name: value} for name, value in short.items()]:
        try:
            expand_input(part)
        except BadShorthand as error:
            path = (top, *error.data.get("path", ()))
            source.report(source.value_place(path), error.message, hint=error.hint, path=path, code=SHAPE)
            fine = False
    return fine


def _built(source: Source, model: WorkflowFile, workflow_id: str, catalog: Catalog) -> CompiledWorkflow:
    broken = {
        top: None
        for top, short in (("input", model.input), ("output", model.output))
        if short is not None and not _shorthand(source, top, short)
    }
    settled = normalize(model.model_copy(update=broken), catalog)

    def locate(path: Path, text: str, span: tuple[int, int]) -> str | None:
        place = source.inside(file_path(source, path), text, span=span)
        return f"{source.file}:{place.line}:{place.column}"

    return compile_workflow(
        settled,
        workflow_id,
        line_of=lambda path: source.place(file_path(source, path)).line,
        locate=locate,
        file_name=source.file,
    )


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
