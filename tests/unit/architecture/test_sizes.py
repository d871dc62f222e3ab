"""Functions have at most 60 lines and files at most 400; an import inside a function says why it is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.packages.source_trees import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
SOURCES = sorted(
    path
    for folder in ("src", "emulator/src", "bench")
    for path in (ROOT / folder).rglob("*.py")
    if not any(generated in path.as_posix() for generated in ("migrations/versions", "payloom_emulator/objects/"))
)
WITH_REASONS = sorted(
    path
    for folder in ("src", "emulator", "bench", "tests", "studio")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts and path != Path(__file__)
)
LONGEST_FUNCTION = 60
LONGEST_FILE = 400
_BARE_IMPORT = re.compile(r"#\s*noqa:[^-]*\bPLC0415\b(?!.* - \S)")
_BARE = re.compile(r"#\s*noqa\b(?!.* - \S)|#\s*(?:type|pyright):\s*ignore\b(?!.* - \S)")
FULLEST_FOLDER = 12  # without its __init__.py
# Folders that may hold more, each with how many and why. The list only shrinks.
FULLER_FOLDERS = {
    "emulator/src/payloom_emulator/objects/params": (45, "generated: one file for each resource of Stripe"),
}


def relative(path: Path) -> str:
    """Return a path as it is seen from the repository."""
    return path.relative_to(ROOT).as_posix()


def long_functions(path: Path) -> Iterator[str]:
    """Yield the functions of a file that are too long."""
    for node in statements(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{relative(path)}:{node.lineno} {node.name}: {lines} lines"


def test_no_function_is_longer_than_sixty_lines() -> None:
    assert [breach for path in SOURCES for breach in long_functions(path)] == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def files_of_folders() -> dict[str, int]:
    """Return how many files each folder holds: of Python and templates, sources and tests; of the studio, sources."""
    roots = ("src", "emulator/src", "emulator/tests", "bench", "tests")
    paths = [path for root in roots for path in (ROOT / root).rglob("*.py") if path.name != "__init__.py"]
    paths += [path for root in ("src", "emulator/src") for path in (ROOT / root).rglob("templates/**/*.html")]
    paths += [path for path in (ROOT / "studio" / "src").rglob("*.ts*") if ".test." not in path.name]
    return Counter(relative(path.parent) for path in paths if "migrations/versions" not in path.as_posix())


def test_no_folder_holds_more_files_than_can_be_overlooked() -> None:
    allowed = {folder: most for folder, (most, _) in FULLER_FOLDERS.items()}
    counts = files_of_folders()
    assert {name: count for name, count in counts.items() if count > allowed.get(name, FULLEST_FOLDER)} == {}


@pytest.mark.parametrize("folder", FULLER_FOLDERS)
def test_a_folder_that_may_hold_more_still_does(folder: str) -> None:
    assert files_of_folders()[folder] > FULLEST_FOLDER, "take it off the list"


def test_an_import_inside_a_function_says_why() -> None:
    """Ruff asks for the `noqa`; this asks for the reason behind it."""
    breaches = [
        f"{relative(path)}:{number}"
        for path in WITH_REASONS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _BARE_IMPORT.search(line)
    ]
    assert breaches == []


def test_an_exception_to_a_rule_says_why() -> None:
    breaches = [
        f"{relative(path)}:{number}"
        for path in WITH_REASONS
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _BARE.search(line)
    ]
    assert breaches == []


def test_an_import_without_its_reason_would_be_found() -> None:
    assert _BARE_IMPORT.search("    import json  # noqa: PLC0415")
    assert _BARE_IMPORT.search("    import json  # noqa: PLC0415 -")
    assert _BARE.search("x = eval(y)  # noqa: S307")
    assert not _BARE_IMPORT.search("    import json  # noqa: PLC0415 - loads on first use")


def test_a_long_function_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the tests above can fail."""
    path = tmp_path / "long.py"
    body = "    x = 1\n"
    path.write_text(f"def f():\n{body * LONGEST_FUNCTION}def g():\n{body * (LONGEST_FUNCTION - 1)}")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert list(long_functions(path)) == ["long.py:1 f: 61 lines"]


def test_all_statements_of_a_file_are_looked_at(tmp_path: Path) -> None:
    """So that the tests above, and others over all sources, miss none: the same as a walk through all nodes."""
    path = tmp_path / "statements.py"
    parts = [
        "class A:\n async def f(self):\n  async with a as b, c:\n   async for d in e:\n    x = 1\n   else:\n    pass",
        "try:\n import a\nexcept* B:\n import b\nelse:\n import c\nfinally:\n import d",
        "match a:\n case 1 if b:\n  import e\n case _:\n  while f:\n   import g\n  else:\n   import h",
        "if i:\n import j\nelif k:\n import l\nelse:\n m = lambda: [n for n in o]",
    ]
    path.write_text("\n".join(parts))
    walked = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.stmt)]
    assert sorted(map(ast.dump, statements(path))) == sorted(map(ast.dump, walked))
