"""What the editor needs of the rest of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from payloom.sandbox.dry_run import EventTrial
from payloom.sandbox.test_run import Mock, Occasion, Rehearsal
from payloom.settings.model import Settings
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.program.program import Workflow


class Publication(Protocol):
    """What came of a publish."""

    @property
    def number(self) -> int:
        """Of this publication; grows."""
        ...

    @property
    def changed(self) -> Sequence[str]:
        """The workflows whose version is new, or that are gone."""
        ...


class Workbench(Protocol):
    """The project as it is served now, and ways to change that."""

    @property
    def root(self) -> Path:
        """The project's folder."""
        ...

    @property
    def editable(self) -> bool:
        """Whether files may be changed from the studio."""
        ...

    @property
    def publish_on_save(self) -> bool:
        """Whether a saved file is published at once, when it has no errors."""
        ...

    @property
    def catalog(self) -> Catalog:
        """What workflows may name."""
        ...

    @property
    def workflows(self) -> Mapping[str, Workflow]:
        """The published workflows, by id."""
        ...

    @property
    def served(self) -> Mapping[str, Workflow]:
        """The published workflows; another object after every publish."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    async def publish(self, author: str | None = None) -> Publication:
        """Make new runs use the files as they are now; raises an error with code `project_has_errors`."""
        ...


class Rehearsals(Protocol):
    """Trying drafts out without anything happening."""

    async def test_run(
        self,
        draft: Workflow,
        occasion: Occasion,
        mocks: Mapping[str, Mock],
        *,
        event: Mapping[str, Any] | None = None,
        local_stripe: bool = False,
    ) -> Rehearsal:
        """Play a draft once; raises an error with code `not_started`."""
        ...

    async def dry_run(self, draft: Workflow, event_ids: Sequence[str] | None, limit: int) -> list[EventTrial]:
        """Try a draft on stored events, and say what would be different."""
        ...

    async def samples(self, draft: Workflow) -> list[dict[str, Any]]:
        """Return what the draft can be tried with."""
        ...
