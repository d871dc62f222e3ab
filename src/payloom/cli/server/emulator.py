"""`payloom emulator`: the local Stripe alone, for any project in any language; `trigger` makes its events happen."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from payloom.cli.support.errors import CommandError, NotAProject, NothingFound, ServerUnreachable
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import reported, show, show_json, show_table
from payloom.cli.support.paths import find_project

DEFAULT_URL = "http://127.0.0.1:12111"
_TIMEOUT = 60.0

app = typer.Typer(help="Run the local Stripe by itself; make its events happen.", invoke_without_command=True)


@app.callback()
@reported
def emulator(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 picks a free one.")] = 12111,
    store: Annotated[Path | None, typer.Option(help="Keep everything in this file.")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="Where to send events.")] = None,
    webhook_secret: Annotated[str | None, typer.Option(help="The secret they are signed with (whsec_…).")] = None,
) -> None:
    """Run the local Stripe by itself, or use one that runs (`trigger`)."""
    if context.invoked_subcommand is not None:
        return
    from payloom_emulator.__main__ import main  # noqa: PLC0415

    arguments = ["--port", str(port)]
    arguments += ["--store", str(store)] if store else []
    arguments += ["--webhook-url", webhook_url] if webhook_url else []
    arguments += ["--webhook-secret", webhook_secret] if webhook_secret else []
    sys.exit(main(arguments))


@app.command("trigger")
@reported
def trigger(
    event: Annotated[str | None, typer.Argument(help="The event's type, e.g. payment_intent.succeeded.")] = None,
    every: Annotated[bool, typer.Option("--list", help="List what can be triggered.")] = False,
    url: Annotated[
        str | None, typer.Option(help=f"The local Stripe; default: the project's, or {DEFAULT_URL}.")
    ] = None,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Make an event happen by the calls that lead to it at Stripe, with all that comes with it."""
    if event is None and not every:
        raise CommandError("say which event", hint="`payloom emulator trigger --list` lists what can be triggered.")
    address = (url or _running(project) or DEFAULT_URL).rstrip("/")
    if every:
        names = _ask(address, "GET")["data"]
        show_json(names) if as_json else show("\n".join(names))
        return
    answer = _ask(address, "POST", {"event": event})
    if as_json:
        show_json(answer)
        return
    show_table(None, ("event", "id"), [(made["type"], made["id"]) for made in answer["made"]])


def _running(project: Path | None) -> str | None:
    """Return the local Stripe that the project around us runs, if it does. Raises NotAProject for a wrong --project."""
    from payloom.settings.local import LocalState  # noqa: PLC0415

    try:
        root = find_project(project)
    except NotAProject:
        if project is not None:
            raise
        return None
    server = LocalState(root / "data").read().get("server")
    if not isinstance(server, dict):
        return None
    if server.get("stripe_url") is None:
        raise CommandError(
            "this project runs with Stripe keys, not with a local Stripe",
            hint="Use Stripe's own command line there, or name a local Stripe with --url.",
        )
    return str(server["stripe_url"])


def _ask(address: str, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    import httpx  # noqa: PLC0415

    try:
        answer = httpx.request(method, f"{address}/_emulator/trigger", json=body, timeout=_TIMEOUT, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerUnreachable(
            f"no local Stripe answers at {address} ({error})",
            hint="Start one with `payloom emulator` or `payloom dev`, or name its address with --url.",
        ) from None
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.is_success and isinstance(found, dict) and ("made" in found or "data" in found):
        return found
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(error, dict) or not str(error.get("code")).startswith("emulator_"):
        raise ServerUnreachable(f"what answers at {address} is not a local Stripe", hint="Name its address with --url.")
    kind = NothingFound if error.get("code") == "emulator_unknown_trigger" else CommandError
    raise kind(error["message"], hint=error.get("hint"))
