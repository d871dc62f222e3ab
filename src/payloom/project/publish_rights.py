"""May this person publish the project's files? The setting `studio.publish` says who.

`admin`: admins; others save drafts. `two_people`: editors and admins, but never the user who saved the file last.
`editor`: editors, which is for development.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.runs.errors import NotAllowed
from payloom.runs.models import cursors
from payloom.runs.start_rights import RANKS, Person
from payloom.settings.file import PublishPolicy
from payloom.settings.studio_roles import StudioRole

PREFIX = "saved:"
"""How the names of the rows begin that remember who saved a file."""
_DRAFTS = 50
_LEAST_RANK: dict[PublishPolicy, StudioRole] = {"editor": "editor", "admin": "admin", "two_people": "editor"}


class PublishRights:
    """Decides who publishes, and remembers who saved each file last."""

    def __init__(self, database: Database, clock: Clock, policy: PublishPolicy) -> None:
        """Wire the service. policy: the setting `studio.publish`."""
        self._database = database
        self._clock = clock
        self._policy: PublishPolicy = policy

    def may_publish(self, person: Person) -> bool:
        """Whether this user can publish a file that another user saved."""
        return RANKS.index(person.rank) >= RANKS.index(_LEAST_RANK[self._policy])

    def require(self, person: Person) -> None:
        """Raise `NotAllowed` unless `may_publish`."""
        if not self.may_publish(person):
            raise NotAllowed(
                f"publishing needs the role {_LEAST_RANK[self._policy]}",
                hint="Save the file as a draft, and ask an admin to publish it.",
            )

    async def note_saved(self, workflow_id: str, person: Person, text: str | None, live: str | None) -> None:
        """Remember who saves a draft before it is written, so that no publish comes in between.

        The writing may still be refused, because somebody else was quicker. So each text has its own saver.

        text: None if the file is deleted. live: the published version, which a restart must not replace by the draft.
        """
        name, now = _name(workflow_id), self._clock.now()

        def work(tx: sa.Connection) -> None:
            self._database.write_lock(tx, name)
            before: dict[str, Any] = tx.execute(sa.select(cursors.c.value).where(cursors.c.name == name)).scalar() or {}
            draft = draft_hash(text)
            drafts = [*before.get("drafts", []), draft][-_DRAFTS:]
            savers = {name: by for name, by in before.get("savers", {}).items() if name in drafts} | {draft: person.by}
            kept_live = before["live"] if before.get("drafts") else live
            value = {"workflow": workflow_id, "by": person.by, "drafts": drafts, "savers": savers, "live": kept_live}
            values = {"value": value, "at": now}
            if tx.execute(sa.update(cursors).where(cursors.c.name == name).values(values)).rowcount == 0:
                tx.execute(sa.insert(cursors).values(name=name, **values))

        await self._database.write(work)

    async def note_published(self, unpublished: Collection[str] = ()) -> None:
        """Forget that files were drafts: a publish makes all of them live, but for `unpublished`."""

        def work(tx: sa.Connection) -> None:
            for row in tx.execute(sa.select(cursors).where(cursors.c.name.startswith(PREFIX, autoescape=True))).all():
                if row.value.get("drafts") and row.value["workflow"] not in unpublished:
                    value = {"workflow": row.value["workflow"], "by": row.value["by"]}
                    tx.execute(sa.update(cursors).where(cursors.c.name == row.name).values(value=value))

        await self._database.write(work)

    async def review(self, person: Person, changed: Collection[str], texts: Mapping[str, str]) -> None:
        """Raise `NotAllowed` if this person may not publish these workflows. texts: of the files as they are now."""
        self.require(person)
        if self._policy != "two_people" or not changed:
            return
        names = {_name(change): change for change in changed}
        query = sa.select(cursors.c.name, cursors.c.value).where(cursors.c.name.in_(sorted(names)))
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        own = sorted(change for row in rows if _saver(row.value, texts.get(change := names[row.name])) == person.by)
        if own:
            raise NotAllowed(
                f"you saved {', '.join(own[:5])} last, so another user must publish it",
                hint="Ask another editor or admin to look at it and publish it.",
            )


def least_publisher(policy: PublishPolicy) -> StudioRole:
    """Return the least role in the studio that publishes."""
    return _LEAST_RANK[policy]


def draft_hash(text: str | None) -> str:
    """Return what tells whether a file still is the draft that somebody saved; None: the file is gone."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def _saver(saved: Mapping[str, Any], text: str | None) -> str:
    """Return who saved this text; of a text that nobody saved in the studio, who saved the file last."""
    return saved.get("savers", {}).get(draft_hash(text)) or saved["by"]


def _name(workflow_id: str) -> str:
    return f"{PREFIX}{hashlib.sha256(workflow_id.encode()).hexdigest()[:40]}"
