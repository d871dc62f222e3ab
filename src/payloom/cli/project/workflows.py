"""`payloom workflows`: the project's workflows, with what starts each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.support.errors import NothingFound
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, print_table, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from payloom.workflows.program.program import Trigger


@report_errors
def workflows(
    search: Annotated[str | None, typer.Argument(help="A part of the id.")] = None,
    events: Annotated[
        bool, typer.Option("--events", help="List the event types to select for the endpoint in Stripe's dashboard.")
    ] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List the project's workflows with their triggers. Reads the files; needs no database and no server."""
    from payloom.project.event_types import event_types
    from payloom.project.loader import load_project
    from payloom.settings.offline import load_offline_settings

    root = find_project(project)
    loaded = load_project(root, load_offline_settings(root))
    if events:
        _print_event_types(event_types(loaded), as_json=as_json)
        return
    chosen = [workflow for name, workflow in sorted(loaded.workflows.items()) if not search or search in name]
    if search and not chosen:
        hint = did_you_mean(search, loaded.workflows) or "`payloom workflows` lists all ids."
        raise NothingFound(f"no workflow has {search!r} in its id", hint=hint)
    rows = [
        {"id": workflow.id, "name": workflow.name, "triggers": [trigger_text(trigger) for trigger in workflow.triggers]}
        for workflow in chosen
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_message("This project has no workflows. Write one in workflows/NAME.yaml.")
    else:
        print_table(None, ("id", "name", "on"), [(row["id"], row["name"], "; ".join(row["triggers"])) for row in rows])
    if broken := sorted(set(loaded.sources) - set(loaded.workflows)):
        print_message(f"Not listed because of errors: {', '.join(broken)}. Run `payloom check`.")


def _print_event_types(types: Mapping[str, Sequence[str]], *, as_json: bool) -> None:
    if as_json:
        print_json([{"type": name, "for": users} for name, users in types.items()])
        return
    for name in types:
        print_data(name)
    if not types:
        print_message("No workflow starts on an event of Stripe or waits for one.")


def trigger_text(trigger: Trigger) -> str:
    """Return a trigger in a few words, such as `stripe invoice: paid` or `POST /checkout`."""
    match trigger.kind:
        case "api":
            return f"{trigger.method} {trigger.path}"
        case "stripe":
            return f"stripe {trigger.family}" + (f": {', '.join(trigger.actions)}" if trigger.actions else "")
        case "schedule":
            return f"schedule {trigger.cron} ({trigger.timezone})"
        case "table":
            return f"table {trigger.table}: {', '.join(trigger.on)}"
        case kind:
            return kind
