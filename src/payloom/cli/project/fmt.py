"""`payloom fmt`: workflow files in the one canonical style."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.visible_text import count


@report_errors
def fmt(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 if something would.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Write workflow files in the canonical style; comments and meaning stay."""
    from payloom.workflows.edit.formatting import format_text, unreadable

    root = find_project(project)
    changed: list[str] = []
    broken: list[dict[str, Any]] = []
    for path in sorted((root / "workflows").rglob("*.yaml")):
        name = path.relative_to(root).as_posix()
        try:
            before = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            broken.append({"file": name, "line": 1, "column": 1, "message": f"the file can't be read: {error}"})
            continue
        if problem := unreadable(before):
            broken.append({"file": name, "line": problem.line, "column": problem.column, "message": problem.message})
            continue
        after = format_text(before)
        if after != before:
            changed.append(name)
            if not check:
                path.write_text(after, "utf-8")
    if as_json:
        print_json({"changed": changed, "unreadable": broken})
    else:
        for name in changed:
            print_data(name)
        for diagnostic in broken:
            print_message(
                f"{diagnostic['file']}:{diagnostic['line']}:{diagnostic['column']}: left alone: {diagnostic['message']}"
            )
        print_message(f"{count(len(changed), 'file')} {'would change' if check else 'changed'}.")
    sys.exit(1 if broken or (check and changed) else 0)
