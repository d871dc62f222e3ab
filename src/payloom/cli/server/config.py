"""`payloom config`: the settings that hold, and where each comes from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from payloom.cli.support.errors import NothingFound
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import fail, print_json, print_message, print_table, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.suggest import did_you_mean

if TYPE_CHECKING:
    from payloom.settings.reporting.effective import EffectiveSetting


@report_errors
def config(
    name: Annotated[
        str | None, typer.Argument(help="Only this setting, or those below it: `email`, `email.from`.")
    ] = None,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out the defaults.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Show every setting with its value and its source. Secrets are only shown as set or not set."""
    from payloom.settings.reporting.effective import effective_settings

    settings, problem = effective_settings(find_project(project))
    chosen = [entry for entry in settings if name is None or entry.name == name or entry.name.startswith(f"{name}.")]
    if not chosen:
        known = {*(entry.name for entry in settings), *(entry.name.partition(".")[0] for entry in settings)}
        raise NothingFound(f"there is no setting {name!r}", hint=did_you_mean(name or "", known))
    chosen = [entry for entry in chosen if not changed or entry.source != "default"]
    if as_json:
        print_json([dataclasses.asdict(entry) for entry in chosen])
    else:
        _print(chosen)
    if problem is not None:
        fail(problem)


def _print(chosen: Sequence[EffectiveSetting]) -> None:
    rows = [(entry.name, _text(entry.value), entry.source, entry.variable or "") for entry in chosen]
    print_table(None, ("setting", "value", "source", "variable"), rows)
    if any(entry.value == "not set" for entry in chosen):
        print_message("Set a variable in the environment, in a file that NAME_FILE names, or in development in .env.")


def _text(value: object) -> str:
    if value is None or value == []:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
