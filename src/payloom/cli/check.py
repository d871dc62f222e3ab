"""`payloom check`: everything that is wrong with a project, with its place."""

from __future__ import annotations

import sys

from payloom.cli.options import JSON, PROJECT
from payloom.cli.output import reported, say, show, show_json
from payloom.cli.places import find_project


@reported
def check(project: PROJECT = None, as_json: JSON = False) -> None:
    """Check tables, workflows, pages and settings; exit code 1 if there are errors."""
    from payloom.project import load_project  # noqa: PLC0415
    from payloom.settings import load_settings  # noqa: PLC0415

    root = find_project(project)
    loaded = load_project(root, load_settings(root, keep=False))
    errors = len(loaded.errors)
    if as_json:
        show_json({"errors": errors, "diagnostics": [one.to_dict() for one in loaded.diagnostics]})
    else:
        for one in loaded.diagnostics:
            mark = {"error": "error", "warning": "warning"}.get(one.severity, "advice")
            show(f"{one.file}:{one.line}:{one.column}: {mark}: {one.message} [{one.code}]")
            if one.hint:
                show(f"  hint: {one.hint}")
        kinds = f"{len(loaded.sources)} workflows, {len(loaded.tables)} tables, {len(loaded.pages)} pages"
        say(f"Checked {kinds}: {errors or 'no'} error{'' if errors == 1 else 's'}.")
    sys.exit(1 if errors else 0)
