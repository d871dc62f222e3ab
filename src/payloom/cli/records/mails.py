"""`payloom mails`: the outbox."""

from __future__ import annotations

from typing import Annotated

import typer

from payloom.cli.support.client import with_backend
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import reported, say, show, show_json, show_table
from payloom.cli.support.paths import find_project


@reported
def mails(
    mail_id: Annotated[str | None, typer.Argument(help="Show this mail's text.")] = None,
    to: Annotated[str | None, typer.Option(help="Only mails to this address.")] = None,
    limit: LIMIT = 20,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """List mails, newest first, or show one."""
    root = find_project(project)
    if mail_id is not None:
        mail = with_backend(root, lambda api: api.get(f"/mails/{mail_id}"))
        if as_json:
            show_json(mail)
        else:
            show(f"To: {', '.join(mail['to'])}\nSubject: {mail['subject']}\n\n{mail['text']}")
        return
    found = with_backend(root, lambda api: api.get("/mails", to=to, limit=limit))
    if as_json:
        show_json(found)
        return
    if not found["data"]:
        say("No mails yet.")
        return
    columns = ("id", "to", "subject", "status", "created_at")
    show_table(None, columns, [[one[column] for column in columns] for one in found["data"]])
