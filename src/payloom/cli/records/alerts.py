"""`payloom alerts`: what is watched, what fires, and whether messages arrive."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from payloom.cli.support.client import with_client
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_json, print_message, print_table, report_errors
from payloom.cli.support.paths import find_project

app = typer.Typer(help="List the alerts, and test who gets them.", no_args_is_help=True)


@app.command("list")
@report_errors
def list_alerts(
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if an alert fires.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List every alert with its threshold, its state, and what is measured now."""
    page = with_client(find_project(project), lambda api: api.get("/alerts"))
    firing = [alert for alert in page["data"] if alert["state"] == "firing"]
    if as_json:
        print_json(page)
    else:
        columns = ("rule", "state", "now", "alert", "since", "detail")
        print_table(None, columns, [_row(alert) for alert in page["data"]])
        print_message(
            f"Sent to {', '.join(page['receivers'])}. `payloom explain RULE` prints what to do."
            if page["receivers"]
            else "No one is notified: set `alerts: {email: you@example.com}` in payloom.yaml."
        )
    sys.exit(1 if firing and exit_code else 0)


@app.command("test")
@report_errors
def send_test(project: PROJECT = None, as_json: JSON = False) -> None:
    """Send a test message to every receiver now. Exit code 1 if one could not be reached."""
    results = with_client(find_project(project), lambda api: api.post("/alerts/test"))["data"]
    if as_json:
        print_json(results)
    else:
        print_table(None, ("channel", "to", "result"), [_result(sent) for sent in results])
    sys.exit(0 if all(sent["sent"] for sent in results) else 1)


def _row(alert: dict[str, Any]) -> list[Any]:
    return [alert["rule"], alert["state"], alert["shown"], alert["limit"], alert["since"] or "", alert["detail"]]


def _result(sent: dict[str, Any]) -> list[Any]:
    return [sent["channel"], sent["to"], "sent" if sent["sent"] else sent["error"]]
