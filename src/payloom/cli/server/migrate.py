"""`payloom migrate`: bring the database to what the project needs."""

from __future__ import annotations

from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.settings.load import load_settings


@report_errors
def migrate(project: PROJECT = None, as_json: JSON = False) -> None:
    """Create or bring up to date Payloom's rows and the project's tables; nothing is ever dropped."""
    import asyncio  # noqa: PLC0415

    from payloom.app.asgi import migrate_project  # noqa: PLC0415
    from payloom.project.loader import load_project  # noqa: PLC0415

    settings = load_settings(find_project(project))
    changes = asyncio.run(migrate_project(load_project(settings.root, settings), settings))
    if as_json:
        print_json({"changes": changes})
        return
    for change in changes:
        print_message(f"  {change}")
    print_message("The database is up to date.")
