"""`payloom emulator`: the local Stripe alone, for any project in any language; `trigger` makes its events happen."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from payloom.cli.support.errors import CommandError, NotAProject, NothingFound, ServerUnreachable
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_table, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.json_types import is_dict, is_list
from payloom_emulator.options import parser

DEFAULT_URL = "http://127.0.0.1:12111"
_TIMEOUT = 60.0

app = typer.Typer(help="Run the local Stripe by itself; make its events happen.", invoke_without_command=True)


def _emulator(context: typer.Context, **values: Any) -> None:
    """Run the local Stripe by itself, or use one that runs (`trigger`)."""
    if context.invoked_subcommand is not None:
        return
    from payloom_emulator.__main__ import main

    arguments: list[str] = ["--version"] if values["version"] else []
    for action in _flags():
        arguments += [action.option_strings[0]] if values[action.dest] else []
    for action in _actions():
        value = values[action.dest]
        for item in value if is_list(value) else [value]:
            arguments += [] if item is None else [action.option_strings[0], str(item)]
    sys.exit(main(arguments))


def _actions() -> list[argparse.Action]:
    """Return the options of `payloom-emulator` that take a value."""
    return [action for action in parser()._actions if action.nargs is None]  # noqa: SLF001 - argparse has no public list


def _flags() -> list[argparse.Action]:
    """Return the options of `payloom-emulator` that are there or not."""
    return [action for action in parser()._actions if action.const is True]  # noqa: SLF001 - argparse has no public list


def _signature() -> inspect.Signature:
    """Return the parameters by which Typer offers the options of `payloom-emulator`, which declares them once."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    for action in _actions():
        kind: Any = action.type or str
        annotation = list[kind] if is_list(action.default) else kind | None if action.default is None else kind
        placeholder = "|".join(action.choices) if action.choices else action.metavar
        option = typer.Option(
            action.option_strings[0], help=action.help, metavar=None if placeholder is None else str(placeholder)
        )
        parameters.append(
            inspect.Parameter(action.dest, keyword, default=action.default, annotation=Annotated[annotation, option])
        )
    for action in _flags():
        flag = Annotated[bool, typer.Option(action.option_strings[0], help=action.help)]
        parameters.append(inspect.Parameter(action.dest, keyword, default=False, annotation=flag))
    version = Annotated[bool, typer.Option("--version", help="Show the version and exit.")]
    parameters.append(inspect.Parameter("version", keyword, default=False, annotation=version))
    return inspect.Signature(parameters)


_command = report_errors(_emulator)
_command.__signature__ = _signature()
app.callback()(_command)


@app.command("trigger")
@report_errors
def trigger(
    event: Annotated[str | None, typer.Argument(help="The event's type, e.g. payment_intent.succeeded.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List what can be triggered; no server is needed.")] = False,
    url: Annotated[
        str | None, typer.Option(help=f"The local Stripe; default: the project's, or {DEFAULT_URL}.")
    ] = None,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Trigger an event by making the API calls that cause it."""
    if event is None and not list_all:
        raise CommandError("no event is named", hint="`payloom emulator trigger --list` lists what can be triggered.")
    if list_all:
        names = _events(url)
        print_json(names) if as_json else print_data("\n".join(names))
        return
    address = (url or _running(project) or DEFAULT_URL).rstrip("/")
    answer = _ask(address, "POST", {"event": event})
    if as_json:
        print_json(answer)
        return
    print_table(None, ("event", "id"), [(event["type"], event["id"]) for event in answer["made"]])


def _events(url: str | None) -> list[str]:
    """Return the event types that can be triggered: those of the local Stripe at `url`, else of the one installed."""
    if url is not None:
        return list(_ask(url.rstrip("/"), "GET")["data"])
    from payloom_emulator.http.trigger import TRIGGERS

    return sorted(TRIGGERS)


def _running(project: Path | None) -> str | None:
    """Return the local Stripe that the project around us runs, if it does. Raises NotAProject for a wrong --project."""
    from payloom.settings.local import LocalState

    try:
        root = find_project(project)
    except NotAProject:
        if project is not None:
            raise
        return None
    server = LocalState(root / "data").server()
    if not is_dict(server):
        return None
    if server.get("stripe_url") is None:
        raise CommandError(
            "this project runs with Stripe keys, not with a local Stripe",
            hint="Use Stripe's own command line there, or name a local Stripe with --url.",
        )
    return str(server["stripe_url"])


def _ask(address: str, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    import httpx

    from payloom_emulator.options import control_headers

    options: dict[str, Any] = {"json": body, "timeout": _TIMEOUT, "headers": control_headers()}
    try:
        answer = httpx.request(method, f"{address}/_emulator/trigger", **options, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerUnreachable(
            f"no local Stripe answers at {address} ({error})",
            hint="Start one with `payloom emulator` or `payloom dev`, or name its address with --url.",
        ) from None
    try:
        answered = answer.json()
    except ValueError:
        answered = None
    if answer.is_success and is_dict(answered) and ("made" in answered or "data" in answered):
        return answered
    error = answered.get("error") if is_dict(answered) else None
    if not is_dict(error) or not str(error.get("code")).startswith("emulator_"):
        raise ServerUnreachable(f"what answers at {address} is not a local Stripe", hint="Name its address with --url.")
    kind = NothingFound if error.get("code") == "emulator_unknown_trigger" else CommandError
    raise kind(error["message"], hint=error.get("hint"))
