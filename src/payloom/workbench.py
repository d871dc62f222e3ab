"""The project as it is served now: what the studio looks up, and the one place where that is replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from payloom.project import Project, ProjectCatalog
from payloom.settings import Settings
from payloom.workflows.diagnostics import Diagnostic
from payloom.workflows.document import Workflow


class Workbench:
    """Holds the project; whoever reads it through here sees what is published."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self.project = project
        self.settings = settings

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
    def workflows(self) -> Mapping[str, Workflow]:
        """The published workflows, by id."""
        return PublishedWorkflows(self)

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """What is wrong with the project as it was read last."""
        return PublishedDiagnostics(self)


class PublishedWorkflows(Mapping[str, Workflow]):
    """The workflows of the project that is served at the moment of looking."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def __getitem__(self, key: str) -> Workflow:
        return self._bench.project.workflows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bench.project.workflows)

    def __len__(self) -> int:
        return len(self._bench.project.workflows)


class PublishedDiagnostics(Sequence[Diagnostic]):
    """The findings about the project that is served at the moment of looking."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    @overload
    def __getitem__(self, index: int) -> Diagnostic: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Diagnostic]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._bench.project.diagnostics[index]

    def __len__(self) -> int:
        return len(self._bench.project.diagnostics)
