"""`payloom dry-run FILE`: a draft on recorded events, with all effects held back."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.visible_text import count

if TYPE_CHECKING:
    from payloom.sandbox.dry_run_file import EventDryRun


@report_errors
def dry_run(
    file: Annotated[Path, typer.Argument(help="The draft: a workflow file, in workflows/ or elsewhere.", exists=True)],
    events: Annotated[
        list[str] | None, typer.Option("--events", "-e", help="last-7d, last-12h, or ids of events. Default: last-7d.")
    ] = None,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Show what a draft would do with recorded events, and what the current version did. Nothing is stored or sent."""
    from payloom.sandbox.dry_run_file import dry_run as run

    results = asyncio.run(run(find_project(project), file, events or ["last-7d"]))
    if as_json:
        print_json([dataclasses.asdict(result) for result in results])
        return
    started = [result for result in results if result.draft.ended is not None or result.recorded.ended is not None]
    for result in started:
        _show(result)
    changed = sum(bool(result.difference) for result in started)
    counts = f"{count(len(results), 'event')}, {len(started)} for this workflow, {changed} with a difference"
    print_message(f"{counts}. Nothing was stored or sent.")


def _show(event: EventDryRun) -> None:
    print_data(f"{event.event} {event.type}: {event.draft.ended or 'does not start'}")
    for line in event.draft.lines:
        print_data(f"    {line}")
    if event.difference:
        print_data(
            "  different from what the recorded run did:" if event.recorded.ended else "  there is no recorded run:"
        )
        for text in event.difference:
            print_data(f"    {text}")
