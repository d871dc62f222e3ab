"""`payloom events`: the inbox."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from payloom.cli.records.decisions import values_met
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
from payloom.kit.visible_text import count
from payloom.views.event_state import State

if TYPE_CHECKING:

    class StateName(enum.StrEnum):
        """One of the names that the line below lists."""

else:
    StateName = enum.StrEnum("StateName", {name: name for name in get_args(State)})

app = typer.Typer(help="List, inspect, replay, and backfill Stripe events.", no_args_is_help=True)
CATCH_UP_WITHIN = 3600.0
"""Seconds: after a long outage, there are thousands of events to store."""
EVENT = Annotated[str, typer.Argument(help="The event's id (evt_…).")]


@app.command("list")
@report_errors
def list_events(  # noqa: PLR0917 - typer fills them in by name
    kind: Annotated[str | None, typer.Option("--type", help="Only events of this type or family.")] = None,
    about: Annotated[str | None, typer.Option("--object", help="Only events about this object (pi_…, cs_…).")] = None,
    state: Annotated[StateName | None, typer.Option("--state", help="Only events in this state.")] = None,
    limit: LIMIT = 20,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List stored events, newest first. For one that is `set_aside`, `show` says what to do."""
    query = {"type": kind, "object": about, "state": state.value if state else None, "limit": limit}
    page = with_client(find_project(project), lambda api: api.get("/events", **query))
    if as_json:
        print_json(page)
        return
    if not page["data"]:
        print_no_rows("events", kind, about, state, hint="Stripe sends them to /api/stripe/webhook.")
        return
    columns = ("id", "type", "object_id", "state", "received_at", "source", "deliveries")
    print_table(None, columns, [[event[column] for column in columns] for event in page["data"]])


@app.command("show")
@report_errors
def show_event(event_id: EVENT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Show one event: what came of it in each workflow, and its payload as Stripe sent it."""
    event = with_client(find_project(project), lambda api: api.get(f"/events/{event_id}"))
    if as_json:
        print_json(event)
        return
    print_data(f"{event['id']}  {event['type']}  {event['state']}")
    account = f", of account {event['account']}" if event["account"] else ""
    mode = "live" if event["livemode"] else "test"
    print_data(f"  about {event['object_id'] or 'nothing'}{account}, {mode} mode, API version {event['api_version']}")
    times = count(event["deliveries"], "time")
    received = f"received {moment(event['received_at'])} by {event['source']}"
    print_data(f"  {received}, {times}, {event['signature']}")
    if event["set_aside"]:
        print_data(f"  set aside ({event['set_aside']['reason']}): {event['set_aside']['message']}")
        print_data(f"  what to do: {event['set_aside']['hint']}")
    for run in event["runs"]:
        print_data(f"  run {run['id']}  {run['workflow']}  {run['status']}")
    for explanation in event["explanations"]:
        if explanation["reason"] == "no_trigger":
            continue
        detail = f"{explanation['message']}{values_met(explanation['values'])}"
        if explanation["where"]:
            detail += f"  {explanation['where']}"
        print_data(f"  {explanation['workflow']:<28} {explanation['reason']:<10} {detail}")
    print_json(event["payload"])


@app.command("replay")
@report_errors
def replay(event_id: EVENT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Start new runs of the matching workflows for a stored event. Executes the project's Python."""
    done = with_engine(
        find_project(project), lambda api: api.post(f"/events/{event_id}/replay"), about=f"/events/{event_id}"
    )
    if as_json:
        print_json(done)
    else:
        print_message(f"Started {count(len(done['runs']), 'run')}: {', '.join(done['runs']) or 'no workflow matches'}")


@app.command("catch-up")
@report_errors
def catch_up(project: PROJECT = None, as_json: JSON = False) -> None:
    """Ask Stripe for events that never arrived, and store them (backfill). Executes the project's Python."""
    root = find_project(project)
    done = with_engine(root, lambda api: api.post("/events/catch-up", within=CATCH_UP_WITHIN))
    if as_json:
        print_json(done)
    else:
        print_message(f"Looked at {count(done['seen'], 'event')}; {done['stored']} had not arrived.")
