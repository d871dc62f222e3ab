"""`payloom audit`: who did what."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.audit.actions import ACTIONS, OUTCOMES
from payloom.cli.support.client import with_client
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import print_json, print_no_rows, print_table, report_errors, write_data
from payloom.cli.support.paths import find_project

app = typer.Typer(help="List and export the audit trail: who did what, from where and when.", no_args_is_help=True)

_ACTIONS = dict.fromkeys((*ACTIONS, *(name.partition(".")[0] for name in ACTIONS)))
if TYPE_CHECKING:

    class ActionName(enum.StrEnum):
        """One of the names that the line below lists."""

    class OutcomeName(enum.StrEnum):
        """One of the names that the line below lists."""

else:
    ActionName = enum.StrEnum("ActionName", {name: name for name in _ACTIONS})
    OutcomeName = enum.StrEnum("OutcomeName", {name: name for name in OUTCOMES})


class ExportFormat(enum.StrEnum):
    """How the trail is written."""

    csv = "csv"
    jsonl = "jsonl"


ACTION = Annotated[
    ActionName | None,
    typer.Option("--action", metavar="ACTION", help="Only this action (row.updated), or all of a kind (row)."),
]
ACTOR = Annotated[str | None, typer.Option("--actor", help="Only what this person did: an email address or an id.")]
TARGET = Annotated[str | None, typer.Option("--target", help="Only what was done to this id.")]
OUTCOME = Annotated[OutcomeName | None, typer.Option("--outcome", help="Only what ended so.")]
SINCE = Annotated[str | None, typer.Option("--since", help="Only from this moment on (2026-01-31T12:00:00Z).")]
UNTIL = Annotated[str | None, typer.Option("--until", help="Only before this moment.")]


@app.command("list")
@report_errors
def list_entries(  # noqa: PLR0917 - typer fills them in by name
    action: ACTION = None,
    actor: ACTOR = None,
    target: TARGET = None,
    outcome: OUTCOME = None,
    since: SINCE = None,
    until: UNTIL = None,
    limit: LIMIT = 20,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List entries, newest first."""
    query = _query(outcome=outcome, action=action, actor=actor, target=target, since=since, until=until) | {
        "limit": limit
    }
    page = with_client(find_project(project), lambda api: api.get("/audit", **query))
    if as_json:
        print_json(page["data"])
        return
    if not page["data"]:
        print_no_rows("entries", action, actor, target, outcome, since, until)
        return
    columns = ("at", "actor", "title", "target", "outcome", "address")
    print_table(None, columns, [[entry[column] or "" for column in columns] for entry in page["data"]])


@app.command("export")
@report_errors
def export(  # noqa: PLR0917 - typer fills them in by name
    action: ACTION = None,
    actor: ACTOR = None,
    target: TARGET = None,
    outcome: OUTCOME = None,
    since: SINCE = None,
    until: UNTIL = None,
    file_format: Annotated[
        ExportFormat, typer.Option("--format", help="csv, or one JSON object per line.")
    ] = ExportFormat.csv,
    project: PROJECT = None,
) -> None:
    """Write every entry to stdout, newest first."""
    query = _query(outcome=outcome, action=action, actor=actor, target=target, since=since, until=until) | {
        "format": file_format.value
    }
    write_data(with_client(find_project(project), lambda api: api.get_text("/audit/export", **query)))


def _query(**values: str | None) -> dict[str, Any]:
    return {name: None if value is None else str(value) for name, value in values.items()}
