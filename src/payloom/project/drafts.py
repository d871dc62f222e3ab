"""What a start makes live: the files, but for drafts that somebody saved in the studio and nobody published.

Otherwise a restart would publish them, past everybody whose right or second look a publish needs. A file that was
replaced since, as by a deploy, is no draft.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa
import structlog

from payloom.db.database import Database
from payloom.project.loader import Project
from payloom.project.publish_rights import PREFIX, draft_hash
from payloom.runs.errors import VersionUnknown
from payloom.runs.models import cursors
from payloom.runs.publishing.versions import Versions

log = structlog.get_logger("payloom.app.asgi")


async def without_drafts(project: Project, versions: Versions, database: Database) -> Project:
    """Return the project with the published version of each workflow whose file is a draft."""
    saved = await database.read(_saved)
    workflows, sources = dict(project.workflows), dict(project.sources)
    drafts: list[str] = []
    for value in saved:
        name, live = value["workflow"], value.get("live")
        if draft_hash(project.sources.get(name)) not in value.get("drafts", []):
            continue
        drafts.append(name)
        workflows.pop(name, None)
        # Read anew when somebody publishes.
        sources.pop(name, None)
        if live is not None:
            try:
                await database.read(lambda tx, name=name, live=live: versions.ensure(tx, [(name, live)]))
                workflows[name] = versions.get(name, live)
            except VersionUnknown:
                log.warning("published_version_missing", workflow=name, version=live)
    if not drafts:
        return project
    log.info("drafts_not_published", workflows=sorted(drafts), hint="Publish them in the studio.")
    return dataclasses.replace(project, workflows=workflows, sources=sources)


def _saved(tx: sa.Connection) -> list[dict[str, Any]]:
    query = sa.select(cursors.c.value).where(cursors.c.name.startswith(PREFIX, autoescape=True))
    return [value for value in tx.execute(query).scalars() if value.get("drafts")]
