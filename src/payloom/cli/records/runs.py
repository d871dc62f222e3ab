"""`payloom runs`: what ran, what it did, and what to do about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from payloom.cli.support.client import with_backend
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import reported, say, show, show_json, show_table
from payloom.cli.support.paths import find_project

app = typer.Typer(help="Look at runs; retry and cancel them.", no_args_is_help=True)
RUN = Annotated[str, typer.Argument(help="The run's id (run_…).")]


@app.command("list")
@reported
def list_runs(  # noqa: PLR0917 - typer fills them in by name
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    status: Annotated[str | None, typer.Option(help="Only runs with this status, e.g. failed.")] = None,
    search: Annotated[str | None, typer.Option(help="Any id: run_, evt_, pi_, cs_, …")] = None,
    limit: LIMIT = 20,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List runs, newest first."""
    found = with_backend(
        find_project(project),
        lambda api: api.get("/runs", workflow=workflow, status=status, search=search, limit=limit),
    )
    if as_json:
        show_json(found)
        return
    if not found["data"]:
        say("No runs yet." if not (workflow or status or search) else "No run matches.")
        return
    rows = [
        (one["id"], one["workflow"], one["status"], one["trigger"], _when(one["created_at"])) for one in found["data"]
    ]
    show_table(None, ("run", "workflow", "status", "trigger", "started"), rows)


@app.command("show")
@reported
def show_run(run_id: RUN, project: PROJECT = None, as_json: JSON = False) -> None:
    """Show one run with its steps."""
    run = with_backend(find_project(project), lambda api: api.get(f"/runs/{run_id}"))
    if as_json:
        show_json(run)
        return
    show(f"{run['id']}  {run['workflow']}  {run['status']}")
    if run["called_by"]:
        show(f"  called by {', '.join(run['called_by'])}")
    called = {one["path"]: f"run {one['run_id']}" for one in run["calls"]}
    for step in run["steps"]:
        failure = step.get("failure") or {}
        said = "  ".join(filter(None, (called.get(step["path"]), failure.get("message"))))
        show(f"  {step['path']:<24} {step['verb']:<8} {step['action']:<32} {step['status']} {said}")
    if failure := run.get("failure"):
        show(f"  failed: {failure.get('message')}")


@app.command("retry")
@reported
def retry(run_id: RUN, project: PROJECT = None, as_json: JSON = False) -> None:
    """Let a failed run go on from the step that failed."""
    _act(run_id, "retry", project, as_json=as_json)


@app.command("cancel")
@reported
def cancel(run_id: RUN, project: PROJECT = None, as_json: JSON = False) -> None:
    """End a run at its next step."""
    _act(run_id, "cancel", project, as_json=as_json)


def _act(run_id: str, verb: str, project: Any, *, as_json: bool) -> None:
    run = with_backend(find_project(project), lambda api: api.post(f"/runs/{run_id}/{verb}"), engine=True)
    if as_json:
        show_json(run)
    else:
        say(f"{run['id']}: {run['status']}")


def _when(moment: str) -> str:
    return moment.replace("T", " ")[:19]
