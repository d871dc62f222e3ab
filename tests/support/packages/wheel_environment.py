"""Wheels in an environment that holds nothing but what they ask for.

The environment is filled from the packages of the one that runs the tests, so that no network is needed.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

from packaging.requirements import Requirement


@dataclasses.dataclass(frozen=True)
class WheelEnvironment:
    """An environment: its folder, and the distributions that the wheels asked for, by name."""

    folder: Path
    needs: dict[str, importlib.metadata.Distribution]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of a command in it: none of the tests' own but the search path."""
        return {"PATH": os.environ["PATH"]}

    def run(
        self, program: str, *arguments: str, cwd: Path | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs and return what it printed, whatever its exit code."""
        command = [str(self.folder / "bin" / program), *arguments]
        return subprocess.run(
            command, cwd=cwd, env=self.variables, capture_output=True, text=True, timeout=timeout, check=False
        )


def build_wheel(project: Path, target: Path) -> Path:
    """Build the wheel of the project in a folder and return its path."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=project, check=True, capture_output=True, timeout=240)
    (wheel,) = target.glob("*.whl")
    return wheel


def install_wheels(folder: Path, *wheels: Path) -> WheelEnvironment:
    """Make an environment with these wheels and what they require."""
    own = {_name(wheel.name.split("-")[0]) for wheel in wheels}
    needs = {
        name: distribution
        for name, distribution in _closure([text for wheel in wheels for text in _requirements(wheel)]).items()
        if name not in own
    }
    venv.create(folder, symlinks=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    for distribution in needs.values():
        _copy(distribution, packages)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*pip, *map(str, wheels)], check=True, capture_output=True, timeout=60)
    return WheelEnvironment(folder, needs)


def _requirements(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(metadata).decode()).get_all("Requires-Dist") or []


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _closure(requirements: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """Return every distribution that these requirements lead to, by name."""
    needs: dict[str, importlib.metadata.Distribution] = {}
    extras_read: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        distribution = importlib.metadata.distribution(requirement.name)
        needs[_name(requirement.name)] = distribution
        for extra_name in ("", *requirement.extras):
            if (_name(requirement.name), extra_name) not in extras_read:
                extras_read.add((_name(requirement.name), extra_name))
                waiting += [(Requirement(text), extra_name) for text in distribution.requires or []]
    return needs


def _copy(distribution: importlib.metadata.Distribution, target: Path) -> None:
    for file in distribution.files or []:
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        source = Path(str(distribution.locate_file(file)))
        _link(source, target / file)
        if file.suffix == ".py" and (compiled := Path(importlib.util.cache_from_source(str(source)))).exists():
            # A link keeps the time of its source, so that the compiled file stays valid.
            _link(compiled, Path(importlib.util.cache_from_source(str(target / file))))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
