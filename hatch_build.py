"""Build hook: the wheel's dependencies are read from requirements/runtime.in, so they are declared once."""

from __future__ import annotations

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class DependenciesFromRequirements(MetadataHookInterface):
    """Fill `project.dependencies` from requirements/runtime.in."""

    def update(self, metadata: dict[str, object]) -> None:
        """Read one requirement per line, leaving out comments."""
        lines = (Path(self.root) / "requirements" / "runtime.in").read_text("utf-8").splitlines()
        metadata["dependencies"] = [
            line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")
        ]
