"""The rooms keep their walls: imports flow one way, names say something, files can be held in the head."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "src" / "payloom").rglob("*.py"))
BANNED_NAMES = {"utils", "helpers", "common", "manager", "misc"}
LONGEST = 600


def test_imports_flow_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in SOURCES if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_module_opens_with_what_it_is_for(path: Path) -> None:
    first = path.read_text("utf-8").lstrip()
    assert first.startswith(('"""', "'''", 'r"""')), "begin with one to three sentences on the module's job"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_module_can_be_held_in_the_head(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines: split it by verb"


def test_only_the_clock_reads_the_time() -> None:
    """A direct call of the system's clock makes time travel and replays lie."""
    pattern = re.compile(r"datetime\.(?:now|utcnow)\(|\bdt\.datetime\.now\(|\btime\.time\(\)")
    allowed = {"kit/clock.py", "kit/ids.py"}
    places = [
        f"{path.relative_to(ROOT / 'src/payloom')}:{number}"
        for path in SOURCES
        if str(path.relative_to(ROOT / "src/payloom")) not in allowed
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert places == []


def tracked_files() -> list[str]:
    """Return the paths that git keeps."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def test_a_path_has_a_name_that_no_command_takes_for_an_option() -> None:
    """A tool that takes an option for a file's name leaves such files."""
    assert [name for name in tracked_files() if any(part.startswith("-") for part in name.split("/"))] == []


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(r"(files\.pythonhosted|registry\.npmjs|pypi)\.org")
    files = []
    for name in tracked_files():
        path = ROOT / name
        if name and path.is_file() and path.stat().st_size < 2_000_000 and path != Path(__file__):
            try:
                text = path.read_text("utf-8")
            except UnicodeDecodeError:
                continue
            if hosts.search(text):
                files.append(name)
    assert files == []
