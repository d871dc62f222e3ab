"""What the editor needs of the rest of the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from payloom.workflows.catalog import Catalog
from payloom.workflows.document import Workflow


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
