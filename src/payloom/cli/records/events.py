"""`payloom events`: the inbox."""

from __future__ import annotations

from typing import Annotated

import typer

from payloom.cli.support.client import with_backend
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import reported, say, show_json, show_table
from payloom.cli.support.paths import find_project

app = typer.Typer(help="Look at Stripe's events as they arrived; replay them, fill gaps.", no_args_is_help=True)
EVENT = Annotated[str, typer.Argument(help="The event's id (evt_…).")]


@app.command("list")
@reported
def list_events(
    kind: Annotated[str | None, typer.Option("--type", help="Only events of this type or family.")] = None,
    about: Annotated[str | None, typer.Option("--object", help="Only events about this object (pi_…, cs_…).")] = None,
    limit: LIMIT = 20,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List stored events, newest first."""
    query = {"type": kind, "object": about, "limit": limit}
    found = with_backend(find_project(project), lambda api: api.get("/events", **query))
    if as_json:
        show_json(found)
        return
    if not found["data"]:
        say("No events yet. Stripe sends them to /api/stripe/webhook.")
        return
    columns = ("id", "type", "object_id", "received_at", "source", "deliveries")
    show_table(None, columns, [[one[column] for column in columns] for one in found["data"]])


@app.command("show")
@reported
def show_event(event_id: EVENT, project: PROJECT = None) -> None:
    """Show one event as Stripe sent it, with the runs it started."""
    show_json(with_backend(find_project(project), lambda api: api.get(f"/events/{event_id}")))


@app.command("replay")
@reported
def replay(event_id: EVENT, project: PROJECT = None, as_json: JSON = False) -> None:
    """Run the matching workflows once more for a stored event, as new runs."""
    done = with_backend(find_project(project), lambda api: api.post(f"/events/{event_id}/replay"), engine=True)
    if as_json:
        show_json(done)
    else:
        say(f"Started {len(done['runs'])} run(s): {', '.join(done['runs']) or 'no workflow matches'}")


@app.command("catch-up")
@reported
def catch_up(project: PROJECT = None, as_json: JSON = False) -> None:
    """Ask Stripe for events that never arrived, and take them in."""
    done = with_backend(find_project(project), lambda api: api.post("/events/catch-up"), engine=True)
    if as_json:
        show_json(done)
    else:
        say(f"Looked at {done['seen']} event(s); {done['stored']} had not arrived.")
