"""From a file's model to a compiled workflow. Used for files just loaded and for versions read back from the store."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from payloom.kit import strict_json
from payloom.kit.diagnostics import Path, path_text
from payloom.kit.durations import parse_rate
from payloom.kit.json_types import is_list
from payloom.kit.validation.messages import message
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.errors import BrokenModel
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.interpreter.verbs.call import Call
from payloom.workflows.interpreter.verbs.nodes import make_node
from payloom.workflows.program import program
from payloom.workflows.program.inputs import expand_input
from payloom.workflows.program.node import StepCompiler
from payloom.workflows.program.program import Auth, Workflow, model_data
from payloom.workflows.syntax.filemodel import triggers
from payloom.workflows.syntax.filemodel.file import WorkflowFile


@dataclasses.dataclass(frozen=True, slots=True)
class CompiledWorkflow:
    """A workflow and the expressions in it that do not compile. With problems the workflow must not run."""

    workflow: Workflow
    problems: tuple[tuple[Path, ExpressionError], ...]


def normalize(file: WorkflowFile, catalog: Catalog | None = None) -> WorkflowFile:
    """Return the file's model in its one canonical form.

    Triggers are a list, defaults of state families are filled in, inputs are a schema. Raises BadShorthand.
    """
    listed = file.on if is_list(file.on) else [file.on]
    return file.model_copy(
        update={
            "on": [_normalize_trigger(trigger, catalog) for trigger in listed],
            "input": None if file.input is None else expand_input(file.input),
            "output": None if file.output is None else expand_input(file.output),
        }
    )


def _normalize_trigger(trigger: triggers.TriggerHead, catalog: Catalog | None) -> triggers.TriggerHead:
    if not isinstance(trigger, triggers.StripeEvent) or catalog is None:
        return trigger
    family = catalog.family(trigger.stripe)
    stateful = bool(family and family.stateful)
    fresh = trigger.fresh
    if fresh is None:
        fresh = bool(stateful and family and family.retrieve)
    queue: str | bool | None = trigger.queue
    if queue is None and stateful:
        queue = program.LANE_OF_OBJECT
    return trigger.model_copy(update={"fresh": fresh or None, "queue": queue or None})


def compile_workflow(
    file: WorkflowFile,
    workflow_id: str,
    *,
    line_of: Callable[[Path], int] = lambda _path: 0,
    locate: program.Locate | None = None,
    file_name: str | None = None,
    language: int | None = None,
) -> CompiledWorkflow:
    """Compile a normalized model. language: in which it was stored; else the current one."""
    language = language or program.languages(once=file.once, output=file.output)[-1]
    compiler = StepCompiler(make_node, line_of)
    assert is_list(file.on)
    compiled_triggers = tuple(_trigger(trigger, compiler, ("on", at)) for at, trigger in enumerate(file.on))
    once = compiler.maybe_template(file.once, ("once",))
    variables = compiler.template(file.vars, ("vars",)) if file.vars else None
    steps = compiler.block(file.steps, ("steps",))
    on_error = compiler.block(file.on_error, ("on_error",)) if file.on_error else None
    nodes = [node for block in (steps, on_error) if block for step in block.nodes for node in step.walk()]
    workflow = Workflow(
        workflow_id,
        file.name,
        file.description,
        compiled_triggers,
        file.input,
        file.output,
        once,
        variables,
        steps,
        on_error,
        version_of(file, language),
        frozenset(node.target for node in nodes if isinstance(node, Call)),
        "durable" if any(node.lane == "durable" for node in nodes) else "fast",
        tuple(dict.fromkeys((*steps.ids, *(on_error.ids if on_error else ())))),
        tuple(compiler.sites),
        file,
        file_name,
        language=language,
        **({} if locate is None else {"locate": locate}),
    )
    return CompiledWorkflow(workflow, tuple(compiler.problems))


def version_of(file: WorkflowFile, language: int | None = None) -> str:
    """Return the SHA-256 (hex) of a normalized model."""
    return hashlib.sha256(strict_json.canonical(model_data(file, language)).encode()).hexdigest()


def load_model(data: Mapping[str, Any], workflow_id: str) -> Workflow:
    """Return the workflow of a stored model; raises BrokenModel."""
    content = dict(data)
    language = content.pop("language", None)
    known = program.languages(once=content.get("once"), output=content.get("output"))
    if language not in known:
        raise BrokenModel(f"the version was stored by language {language!r}, this is {known[-1]}", where=workflow_id)
    try:
        file = WorkflowFile.model_validate(content)
    except ValidationError as error:
        raise BrokenModel(f"a stored version does not fit: {message(error.errors()[0])}", where=workflow_id) from None
    built = compile_workflow(file, workflow_id, language=language)
    if built.problems:
        path, problem = built.problems[0]
        raise BrokenModel(f"a stored expression does not compile: {problem.message}", where=path_text(path))
    return built.workflow


def _auth(value: str | list[str]) -> Auth:
    return tuple(value) if is_list(value) else value  # pyright: ignore[reportReturnType] - a tuple of what the list held


def _trigger(model: triggers.TriggerHead, compiler: StepCompiler, path: Path) -> program.Trigger:
    match model:
        case triggers.Api():
            method, _, route = model.api.partition(" ")
            limit = program.RateLimit(*parse_rate(model.rate_limit)) if model.rate_limit else None
            dedupe = compiler.maybe_template(model.dedupe, (*path, "dedupe"))
            return program.ApiTrigger(method, route, _auth(model.auth), dedupe, limit, tuple(model.cors or ()))
        case triggers.StripeEvent():
            return program.StripeTrigger(
                model.stripe,
                tuple(model.actions or ()),
                compiler.maybe_expression(model.match, (*path, "match")),
                bool(model.fresh),
                compiler.maybe_template(model.queue or None, (*path, "queue")),
                compiler.maybe_template(model.account, (*path, "account")),
                model.livemode,
            )
        case triggers.Schedule():
            return program.ScheduleTrigger(model.schedule, model.timezone, model.catch_up)
        case triggers.Manual():
            return program.ManualTrigger(_auth(model.auth))
        case triggers.TableChange():
            match = compiler.maybe_expression(model.match, (*path, "match"))
            return program.TableTrigger(model.table, tuple(model.on), match)
        case _:
            return program.CalledTrigger()
