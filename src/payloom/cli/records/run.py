"""`payloom run WORKFLOW`: start a workflow by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from payloom.cli.support.client import ManagementClient, with_engine
from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_json, print_message, report_errors
from payloom.cli.support.paths import find_project


@report_errors
def run(
    workflow: Annotated[str, typer.Argument(help="The workflow's id: its path below workflows/.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="name=value; values are read as JSON.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Run as the account with this email address.")] = None,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Run a workflow and show its answer; exit code 1 if it failed. Executes the project's Python."""
    body = {"inputs": _inputs(inputs or []), "user": user}

    async def work(api: ManagementClient) -> tuple[Any, bool]:
        return await api.post(f"/workflows/{workflow}/run", body), api.in_process

    done, in_process = with_engine(find_project(project), work, about=f"/workflows/{workflow}")
    if as_json:
        print_json(done)
    else:
        print_message(_ending(done, in_process=in_process))
        if not done["running"]:
            print_json(done["body"])
    sys.exit(1 if done["failed"] else 0)


def _ending(done: Mapping[str, Any], *, in_process: bool) -> str:
    if done["running"]:
        further = "goes on when the project is served" if in_process else "goes on by itself"
        return f"{done['run_id']}: {further}; `payloom runs show {done['run_id']}` says what it waits for"
    return f"{done['run_id']}: {'failed' if done['failed'] else 'done'}"


def _inputs(pairs: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise CommandError(f"--input {pair!r} is not name=value", hint="Write --input quantity=2.")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values
