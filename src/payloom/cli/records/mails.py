"""`payloom mails`: the outbox."""

from __future__ import annotations

from typing import Annotated

import typer

from payloom.cli.support.client import with_client
from payloom.cli.support.options import JSON, LIMIT, PROJECT
from payloom.cli.support.output import print_data, print_json, print_no_rows, print_table, report_errors
from payloom.cli.support.paths import find_project


@report_errors
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
        mail = with_client(root, lambda api: api.get(f"/mails/{mail_id}"))
        if as_json:
            print_json(mail)
        else:
            print_data(f"To: {', '.join(mail['to'])}\nSubject: {mail['subject']}\n\n{mail['text']}")
        return
    page = with_client(root, lambda api: api.get("/mails", to=to, limit=limit))
    if as_json:
        print_json(page)
        return
    if not page["data"]:
        print_no_rows("mails", to)
        return
    columns = ("id", "to", "subject", "status", "created_at")
    print_table(None, columns, [[mail[column] for column in columns] for mail in page["data"]])
