"""Which of the workflows that were just read can be published: one broken file holds up nobody else's."""

from __future__ import annotations

from collections.abc import Mapping

from payloom.kit.diagnostics import NAME, Diagnostic, Place
from payloom.project.endpoints import endpoint_problems
from payloom.project.loader import Project
from payloom.settings.file import FILE_NAME
from payloom.workflows.program.program import Workflow


def publishable(
    published: Mapping[str, Workflow], read: Project
) -> tuple[dict[str, Workflow], dict[str | None, Diagnostic]]:
    """Return the workflows as they are to be served, and why each of the others is left out, by id.

    A workflow that is left out stays as it is published. It is left out if its file has errors, if it calls a workflow
    that nobody has published, or if its address is taken by one that stays. None: no workflow can be published.
    """
    unpublished: dict[str | None, Diagnostic] = {}
    files = {f"workflows/{name}.yaml": name for name in read.sources}
    for error in read.errors:
        if error.file == FILE_NAME:
            unpublished.setdefault(None, error)
        elif error.file in files or error.file.startswith("workflows/"):
            name = error.file.removeprefix("workflows/").removesuffix(".yaml")
            unpublished.setdefault(name, error)
    while True:
        workflows = {name: workflow for name, workflow in read.workflows.items() if name not in unpublished}
        workflows |= {name: workflow for name, workflow in published.items() if name in unpublished}
        more = {name: problem for name, problem in _problems(workflows, published).items() if name not in unpublished}
        if not more:
            return dict(sorted(workflows.items())), unpublished
        unpublished |= more


def _problems(workflows: Mapping[str, Workflow], published: Mapping[str, Workflow]) -> dict[str, Diagnostic]:
    """Return why workflows cannot be served together, by the one that gives way: never one that is published so."""
    problems: dict[str, Diagnostic] = {}
    for name, workflow in workflows.items():
        for called in sorted(workflow.calls - workflows.keys()):
            message = f"{name} calls {called}, which has errors and was never published"
            problems.setdefault(name, _problem(name, message, f"Fix workflows/{called}.yaml."))
    stays = [name for name in workflows if name in published and published[name].version == workflows[name].version]
    in_order = {name: workflows[name] for name in [*stays, *workflows]}
    for name, message, hint in endpoint_problems(in_order):
        problems.setdefault(name, _problem(name, message, hint))
    return problems


def _problem(name: str, message: str, hint: str | None) -> Diagnostic:
    return Diagnostic.at(Place(1, 1, 1, 2), NAME, message, hint=hint, file=f"workflows/{name}.yaml")


def changed_workflows(before: Mapping[str, Workflow], after: Mapping[str, Workflow]) -> frozenset[str]:
    """Return the ids of workflows that are new, gone, or of another version."""
    return frozenset(
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or before[name].version != after[name].version
    )
