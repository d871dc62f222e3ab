"""`payloom check`: everything that is wrong with a project, with its place."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from payloom.kit.diagnostics import Diagnostic
    from payloom.workflows.program.program import Workflow

EXPLAIN = Annotated[bool, typer.Option("--explain", help="Say which lane each workflow takes, and why; its schedules.")]

RUN_ACTIONS = Annotated[
    bool,
    typer.Option("--run-actions", help="Also import actions/, to find its errors. Executes the project's Python."),
]


@report_errors
def check(
    project: PROJECT = None, explain: EXPLAIN = False, run_actions: RUN_ACTIONS = False, as_json: JSON = False
) -> None:
    """Check tables, workflows, pages and settings; exit code 1 if there are errors."""
    from payloom.project.loader import load_project
    from payloom.project.loader import run_actions as with_actions
    from payloom.settings.offline import load_offline_settings

    root = find_project(project)
    loaded = load_project(root, load_offline_settings(root))
    if run_actions:
        loaded = with_actions(loaded)
    errors = len(loaded.errors)
    if as_json:
        answer: dict[str, Any] = {
            "errors": errors,
            "diagnostics": [diagnostic.to_dict() for diagnostic in loaded.diagnostics],
        }
        if explain:
            answer["workflows"] = list(lanes(loaded.workflows))
        print_json(answer)
    else:
        for diagnostic in loaded.diagnostics:
            mark = {"error": "error", "warning": "warning"}.get(diagnostic.severity, "advice")
            print_data(
                f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}: {mark}: {diagnostic.message} [{diagnostic.code}]"
            )
            if diagnostic.hint:
                print_data(f"  hint: {diagnostic.hint}")
            if os.environ.get("GITHUB_ACTIONS") == "true":
                print_data(_annotation(diagnostic, root))
        for lane in lanes(loaded.workflows) if explain else ():
            print_data(f"{lane['workflow']}: {lane['lane']} lane: {lane['why']}")
            for schedule in lane["schedules"]:
                print_data(
                    f"  at {schedule['schedule']} ({schedule['timezone']}), missed moments: {schedule['catch_up']}"
                )
        kinds = f"{len(loaded.sources)} workflows, {len(loaded.tables)} tables, {len(loaded.pages)} pages"
        print_message(f"Checked {kinds}: {errors or 'no'} error{'' if errors == 1 else 's'}.")
    sys.exit(1 if errors else 0)


def _annotation(diagnostic: Diagnostic, root: Path) -> str:
    """Return a diagnostic as GitHub Actions reads it: it then appears beside its line in the pull request."""
    level = {"error": "error", "warning": "warning"}.get(diagnostic.severity, "notice")
    file = os.path.relpath(root / diagnostic.file, os.environ.get("GITHUB_WORKSPACE", root))
    text = f"{diagnostic.message}\n{diagnostic.hint}" if diagnostic.hint else diagnostic.message
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{level} file={file},line={diagnostic.line},col={diagnostic.column},title={diagnostic.code}::{escaped}"


def lanes(workflows: Mapping[str, Workflow]) -> Iterator[dict[str, Any]]:
    """Yield `{workflow, lane, why, steps, schedules}` for each workflow, by id.

    lane: `fast` or `durable`. steps: the places (file:line) of those that keep it from being done with its event.
    """
    from payloom.workflows.program.lane import lane_of
    from payloom.workflows.program.program import ScheduleTrigger

    for name in sorted(workflows):
        workflow = workflows[name]
        lane = lane_of(workflow, workflows)
        yield {
            "workflow": name,
            "lane": lane.name,
            "why": lane.why,
            "steps": [f"{workflow.file or name}:{line}" for line in lane.lines],
            "schedules": [
                {"schedule": trigger.cron, "timezone": trigger.timezone, "catch_up": trigger.catch_up}
                for trigger in workflow.triggers
                if isinstance(trigger, ScheduleTrigger)
            ],
        }
