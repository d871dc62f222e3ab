"""`payloom fmt`: workflow files in the one canonical style."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from payloom.cli.options import JSON, PROJECT
from payloom.cli.output import reported, say, show, show_json
from payloom.cli.places import find_project


@reported
def fmt(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 if something would.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Write workflow files in the canonical style; comments and meaning stay."""
    from payloom.workflows.formatting import format_text  # noqa: PLC0415

    root = find_project(project)
    changed = []
    for path in sorted((root / "workflows").rglob("*.yaml")):
        before = path.read_text("utf-8")
        after = format_text(before)
        if after != before:
            changed.append(path.relative_to(root).as_posix())
            if not check:
                path.write_text(after, "utf-8")
    if as_json:
        show_json({"changed": changed})
    else:
        for name in changed:
            show(name)
        say(f"{len(changed)} file(s) {'would change' if check else 'changed'}.")
    sys.exit(1 if check and changed else 0)
