"""`payloom runs`: what ran, what it did, and what to do about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from payloom.cli.records.decisions import decision_lines
from payloom.cli.records.waiting import waiting_line
from payloom.cli.support.client import with_client, with_engine
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import (
    moment,
    print_data,
    print_json,
    print_message,
    print_no_rows,
    print_table,
    report_errors,
)
from payloom.cli.support.paths import find_project
from payloom.runs.statuses import RunFilter

app = typer.Typer(help="List and inspect runs; retry and cancel them.", no_args_is_help=True)
RUN = Annotated[str, typer.Argument(help="The run's id (run_…).")]


@app.command("list")
@report_errors
def list_runs(  # noqa: PLR0917 - typer fills them in by name
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    status: Annotated[RunFilter | None, typer.Option(help="Only runs with this status.")] = None,
    search: Annotated[str | None, typer.Option(help="Any id: run_, evt_, pi_, cs_, …")] = None,
    limit: LIMIT = 20,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List runs, newest first."""
    page = with_client(
        find_project(project),
        lambda api: api.get("/runs", workflow=workflow, status=status, search=search, limit=limit),
    )
    if as_json:
        print_json(page)
        return
    if not page["data"]:
        print_no_rows("runs", workflow, status, search)
        return
    rows = [
        (run["id"], run["workflow"], run["status"], run["trigger"], moment(run["created_at"])) for run in page["data"]
    ]
    print_table(None, ("run", "workflow", "status", "trigger", "started"), rows)


@app.command("show")
@report_errors
def show_run(run_id: RUN, project: PROJECT = None, as_json: JSON = False) -> None:
    """Show one run with its steps."""
    run = with_client(find_project(project), lambda api: api.get(f"/runs/{run_id}"))
    if as_json:
        print_json(run)
        return
    print_data(f"{run['id']}  {run['workflow']}  {run['status']}")
    if run["called_by"]:
        print_data(f"  called by {', '.join(run['called_by'])}")
    called = {call["path"]: f"run {call['run_id']}" for call in run["calls"]}
    if run["steps"]:
        print_data(f"  {'step':<24} {'verb':<8} {'action':<32} status")
    for step in run["steps"]:
        failure: dict[str, Any] = step.get("failure") or {}
        detail = "  ".join(filter(None, (called.get(step["path"]), failure.get("message"))))
        print_data(f"  {step['path']:<24} {step['verb']:<8} {step['action']:<32} {step['status']} {detail}")
    for line in run["logs"]:
        print_data(f"  {line['path']:<24} log      {line['level']:<8} {line['text']}")
    for wait in run["waits"]:
        until = f", until {moment(wait['until'])}" if wait["until"] else ""
        print_data(f"  {wait['path']:<24} waits for {wait['family'] or 'a decision'}{until}")
    for line in decision_lines(run):
        print_data(f"  {line}")
    waiting = waiting_line(run)
    if waiting is not None:
        print_data(f"  {waiting}")
    if run.get("failure"):
        print_data(f"  failed: {run['failure'].get('message')}")
        if run["failure"].get("where"):
            print_data(f"  at {run['failure']['where']}")


@app.command("retry")
@report_errors
def retry(run_id: RUN, project: PROJECT = None, as_json: JSON = False) -> None:
    """Retry a failed run from the failed step. Executes the project's Python."""
    _act(run_id, "retry", project, as_json=as_json)


@app.command("cancel")
@report_errors
def cancel(run_id: RUN, project: PROJECT = None, as_json: JSON = False) -> None:
    """End a run at its next step. Executes the project's Python if no server runs."""
    _act(run_id, "cancel", project, as_json=as_json)


def _act(run_id: str, verb: str, project: Any, *, as_json: bool) -> None:
    run = with_engine(find_project(project), lambda api: api.post(f"/runs/{run_id}/{verb}"), about=f"/runs/{run_id}")
    if as_json:
        print_json(run)
    else:
        print_message(f"{run['id']}: {run['status']}")
