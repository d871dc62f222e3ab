"""The project as it is served now: what the studio looks up, and the one place where that is replaced.

A publish reads the files, leaves out those with errors, stores the versions, and swaps everything at once: endpoints,
triggers, schedules and called versions change between two requests. Runs stay on their versions.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, overload

import structlog
from sqlalchemy import exc

from payloom.kit.clock import Clock
from payloom.kit.diagnostics import Diagnostic
from payloom.kit.errors import PayloomError
from payloom.pages.document import Page
from payloom.project.catalog import ProjectCatalog
from payloom.project.check_cache import CheckCache
from payloom.project.live_tables import FILE as TABLES_FILE
from payloom.project.live_tables import LiveTables
from payloom.project.loader import Project, reload_workflows
from payloom.project.publishable import changed_workflows, publishable
from payloom.runs.publishing.publications import Author
from payloom.runs.publishing.versions import Versions
from payloom.settings.model import Settings
from payloom.workflows.program.program import Workflow

log = structlog.get_logger("payloom.app.asgi")

FOLLOW_EVERY = 2.0
"""Seconds between two looks for what other workers published: one read of one index entry."""
WATCH_EVERY = 1.0
"""Seconds between two looks at the files, in development."""


class NotPublished(PayloomError):
    """The project has errors, so Payloom published nothing."""

    code: ClassVar[str] = "project_has_errors"
    status: ClassVar[int] = 422


Review = Callable[[frozenset[str], Mapping[str, str]], Awaitable[None]]


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """Result of a publish. changed: workflow ids whose version is new, or that are gone.

    unpublished: by workflow id, why its file was left out; the workflow stays as it was published before.
    """

    number: int
    changed: tuple[str, ...]
    unpublished: Mapping[str, Diagnostic] = dataclasses.field(default_factory=dict[str, Diagnostic])


FILES = "files"
"""Who publishes when the watched files changed."""


class ProjectPublisher:
    """Holds the project. Readers of this see the published version."""

    def __init__(self, project: Project, settings: Settings, versions: Versions, clock: Clock) -> None:
        self.project = project
        self.settings = settings
        self._versions = versions
        self._clock = clock
        self._diagnostics: Sequence[Diagnostic] = project.diagnostics
        self._swapping = asyncio.Lock()
        self.checks = CheckCache()
        """The texts that a publish or the editor checked last."""
        self.live_tables: LiveTables | None = None
        """Follows tables.yaml, in development. None: the tables are those of the start."""
        self.record_publish_by_files: Callable[[], None] = lambda: None
        """Has the next publication recorded in the audit trail, in its transaction."""
        self.on_workflow_changed: Callable[[str, str | None], None] = lambda _name, _version: None
        """Told of every workflow that changed, with its new version (None: it is gone)."""
        self.on_files_changed: Callable[[], None] = lambda: None
        """Told when the watched files changed, whether that published anything or not."""

    async def publish(
        self, author: str | None = None, review: Review | None = None, *, needed: str | None = None
    ) -> Publication:
        """Make new runs use the files as they are now. A workflow whose file has errors stays as it is published.

        review: is told what would change, and raises if the author may not publish it.
        needed: the workflow that the publish is about. Raises NotPublished with the diagnostics if it has errors, if
        the settings have, or, without `needed`, if only files with errors changed.
        """
        async with self._swapping:
            await self.apply_remote_publications()
            read = await self._read()
            self._diagnostics = read.diagnostics
            workflows, unpublished = publishable(self.project.workflows, read)
            changing = changed_workflows(self.project.workflows, workflows)
            if None in unpublished or needed in unpublished or (needed is None and unpublished and not changing):
                raise self._refusal(read, unpublished.get(needed) or next(iter(unpublished.values())))
            if review is not None:
                await review(changing, read.sources)
            sources = {name: text for name, text in read.sources.items() if name not in unpublished}
            if author == FILES:
                self.record_publish_by_files()
            number, changes = await self._versions.publish(
                workflows.values(), sources, announce=Author(author, self._clock.now())
            )
            # No await between the versions and this: no request meets one without the other.
            self.project = dataclasses.replace(read, workflows=workflows)
        if changes:
            log.info("published", number=number, workflows=sorted(changes), by=author)
            for name, version in changes.items():
                self.on_workflow_changed(name, version)
        return Publication(number, tuple(sorted(changes)), {name: unpublished[name] for name in unpublished if name})

    async def _read(self) -> Project:
        """Return the project as its files are now. Tables that changed are in use, whatever is published of it."""
        before = self.project
        tables = None if self.live_tables is None else await self.live_tables.follow(before.root, before.tables)
        read = await asyncio.to_thread(reload_workflows, before, self.settings, self.checks, tables)
        if read.tables is not before.tables:
            # What is published was checked against other tables: read it all anew if this is not published.
            self.project = dataclasses.replace(before, tables=read.tables, catalog=read.catalog, sources={})
        return read

    @staticmethod
    def _refusal(project: Project, reason: Diagnostic) -> NotPublished:
        hint = "Fix the error and publish again. Published workflows are not affected."
        unused = next((diagnostic for diagnostic in project.diagnostics if diagnostic.file == TABLES_FILE), None)
        if unused is not None:
            hint += f" The server does not use tables.yaml as it is now: {unused.message}"
            hint += f" ({unused.hint})." if unused.hint else "."
        return NotPublished(
            f"nothing was published: {reason.format()}",
            hint=hint,
            diagnostics=[diagnostic.to_dict() for diagnostic in project.diagnostics],
        )

    async def apply_remote_publications(self) -> None:
        """Take over what other workers published since the last look."""
        changes = await self._versions.news()
        if not changes:
            return
        workflows = dict(self.project.workflows)
        for name, workflow in changes.items():
            if workflow is None:
                workflows.pop(name, None)
            else:
                workflows[name] = workflow
        # What another worker published is not what this machine's files say: read them all anew next time.
        self.project = dataclasses.replace(self.project, workflows=workflows, sources={})
        log.info("published_elsewhere", workflows=sorted(changes))
        for name, workflow in changes.items():
            self.on_workflow_changed(name, workflow.version if workflow else None)

    async def poll_publications(self) -> None:
        """Take over what other workers publish, until canceled; failures are logged and tried again."""
        while True:
            await asyncio.sleep(FOLLOW_EVERY)
            try:
                async with self._swapping:
                    await self.apply_remote_publications()
            except (PayloomError, exc.SQLAlchemyError) as error:
                log.warning("follow_failed", error=str(error), again_in=FOLLOW_EVERY)

    async def watch(self) -> None:
        """Publish files that change on disk, until canceled; with errors in them, say so and wait for the next change.

        A change is taken up when two looks in a row see the same: editors write in several goes.
        """
        seen = before = await asyncio.to_thread(self._fingerprint)
        while True:
            await asyncio.sleep(WATCH_EVERY)
            now = await asyncio.to_thread(self._fingerprint)
            if now != seen and now == before:
                seen = now
                await self._publish_change()
                self.on_files_changed()
            before = now

    async def _publish_change(self) -> None:
        try:
            done = await self.publish(FILES)
            for name, reason in done.unpublished.items():
                log.warning("not_published", workflow=name, reason=reason.format(), hint="The others are published.")
        except NotPublished as error:
            log.warning("not_published", reason=error.message, hint=error.hint)
        except (PayloomError, exc.SQLAlchemyError) as error:
            log.warning("not_published", reason=str(error))

    def _fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Return what tells whether a workflow file, a template or tables.yaml has changed."""
        stamps: list[tuple[str, int, int]] = []
        for folder, pattern in (
            ("workflows", "**/*.yaml"),
            ("emails", "**/*.j2"),
            ("pages", "**/*.j2"),
            (".", TABLES_FILE),
        ):
            for path in sorted((self.root / folder).glob(pattern)):
                try:
                    stat = path.stat()
                except OSError:
                    continue
                stamps.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(stamps)

    def pages(self) -> Sequence[Page]:
        """Return the pages there are now; another sequence after they were read again."""
        return self.project.pages

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.project.root

    @property
    def editable(self) -> bool:
        """Whether files may be changed from the studio."""
        return self.settings.studio_edit

    @property
    def publish_on_save(self) -> bool:
        """Whether a saved file is published at once: on a developer's machine."""
        return self.settings.is_dev

    @property
    def catalog(self) -> ProjectCatalog:
        """What workflows may name."""
        return self.project.catalog

    @property
    def latest_diagnostics(self) -> Sequence[Diagnostic]:
        """What is wrong with the files as they were read last, published or not."""
        return self._diagnostics

    @property
    def published(self) -> Mapping[str, Workflow]:
        """The published workflows; another object after every publish."""
        return self.project.workflows

    @property
    def workflows(self) -> Mapping[str, Workflow]:
        """The published workflows, by id."""
        return PublishedWorkflows(self)

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """What is wrong with the files as they were read last, as a view."""
        return PublishedDiagnostics(self)


class PublishedWorkflows(Mapping[str, Workflow]):
    """The workflows of the project that is served at the moment of looking."""

    def __init__(self, publisher: ProjectPublisher) -> None:
        self._publisher = publisher

    def __getitem__(self, key: str) -> Workflow:
        return self._publisher.project.workflows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._publisher.project.workflows)

    def __len__(self) -> int:
        return len(self._publisher.project.workflows)


class PublishedDiagnostics(Sequence[Diagnostic]):
    """The findings of the latest reading at the moment of looking."""

    def __init__(self, publisher: ProjectPublisher) -> None:
        self._publisher = publisher

    @overload
    def __getitem__(self, index: int) -> Diagnostic: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Diagnostic]: ...
    def __getitem__(self, index: int | slice) -> Diagnostic | Sequence[Diagnostic]:
        return self._publisher.latest_diagnostics[index]

    def __len__(self) -> int:
        return len(self._publisher.latest_diagnostics)
