"""The layers of the local Stripe: no file imports itself by a detour, also not for types or inside a function."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from tests.support.packages.source_trees import statements

import payloom_emulator

ROOT = Path(payloom_emulator.__file__).parent


def modules(root: Path) -> dict[str, Path]:
    named = {".".join(("payloom_emulator", *p.relative_to(root).with_suffix("").parts)): p for p in root.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def imported(path: Path, known: set[str]) -> set[str]:
    names: set[str] = set()
    for node in statements(path):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
            names.add(node.module)
    return names & known


def graph(root: Path) -> dict[str, set[str]]:
    files = modules(root)
    return {name: imported(path, set(files)) - {name} for name, path in files.items()}


def test_no_file_imports_itself_by_a_detour() -> None:
    TopologicalSorter(graph(ROOT)).prepare()


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("def run():\n    from payloom_emulator import two\n")
    (tmp_path / "two.py").write_text("from payloom_emulator.one import run\n")
    with pytest.raises(CycleError):
        TopologicalSorter(graph(tmp_path)).prepare()


def test_a_package_imports_nothing() -> None:
    for path in ROOT.rglob("__init__.py"):
        assert not [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import | ast.ImportFrom)], (
            path
        )
