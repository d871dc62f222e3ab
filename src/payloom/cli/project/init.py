"""`payloom init NAME`: a new project from a template."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from payloom.cli.support.errors import FolderInUse
from payloom.cli.support.output import print_json, print_message, report_errors
from payloom.cli.support.paths import copy_template, template
from payloom.cli.support.team_files import write_team_files


@report_errors
def init(
    name: Annotated[str, typer.Argument(help="The folder to make.")],
    template_name: Annotated[str, typer.Option("--template", "-t", help="The template to begin with.")] = "shop",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Make a new project."""
    target = Path(name).resolve()
    source = template(template_name)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FolderInUse(f"{target} exists and is not empty", hint="Choose another name, or empty the folder.")
    target.mkdir(parents=True, exist_ok=True)
    count = copy_template(source, target)
    count += write_team_files(target, Path(name).name)
    if as_json:
        print_json({"folder": str(target), "template": template_name, "files": count})
        return
    print_message(f"Made {target} from the template {template_name} ({count} files).")
    print_message(f"Next: cd {shlex.quote(name)} && payloom dev")
